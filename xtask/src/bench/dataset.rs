//! A big data set that is the same in every run but for when it ends: the last full hour before it was made.
//!
//! What was loaded is kept in target/bench-data, a folder for each database, scale and schema, and copied for each run.
pub(super) mod chance;
mod generate;
mod loader;
pub(super) mod plan;
mod rows;
mod walkthroughs;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use guildhall::{Guildhall, Settings};
use guildhall_domain::Timestamp;
use serde_json::{Value, json};

use crate::{
    api::PASSWORD,
    node::{Place, free_port, fresh_folder},
    postgres::Cluster,
    process::root,
};
use generate::{HOUR, History};
use loader::Loader;
pub(super) use rows::slug;

/// Who owns all organizations.
pub(super) const OWNER: &str = "owner@example.test";
/// After so many hours it is loaded again: it would end too long ago.
const GOOD_FOR: i64 = 6;
const DATABASE: &str = "dataset";
const SQLITE_FILE: &str = "guildhall.sqlite";
/// What lies beside SQLite's file while it is open; all of it is in the file once it is loaded.
const SQLITE_BESIDE: &str = "-shm";
const SQLITE_LOG: &str = "-wal";
const MARK: &str = "loaded.json";

/// Where a data set is kept; on PostgreSQL for as long as this lives.
#[derive(Debug)]
pub(super) struct Kept {
    folder: PathBuf,
    cluster: Option<Cluster>,
    /// When it ends.
    pub(super) end: Timestamp,
    /// How long it took to load, in seconds, and how long of that to count what was loaded.
    pub(super) took: (f64, f64),
    /// Bytes of the database.
    pub(super) bytes: u64,
}

/// Finds the data set of that scale, or loads it.
pub(super) async fn keep(postgres: bool, scale: f64, reload: bool) -> Result<Kept> {
    let name = if postgres { "postgres" } else { "sqlite" };
    let folder = root()?.join("target/bench-data").join(format!("{name}-{scale}-{}", schema()?));
    let now = guildhall_services::ports::SystemClock;
    let now = guildhall_services::ports::Clock::now(&now);
    if let Some(mark) = read_mark(&folder).filter(|_| !reload) {
        let end = Timestamp::from_millis(mark["end"].as_i64().unwrap_or(0));
        let hours = (now.millis() - end.millis()) / HOUR;
        if (0..GOOD_FOR).contains(&hours) {
            eprintln!("{}: kept from before, ends {hours} h ago; --reload makes it anew", folder.display());
            let cluster = postgres.then(|| Cluster::kept(&folder.join("cluster"))).transpose()?;
            let seconds = |name: &str| mark[name].as_f64().unwrap_or(0.0);
            let (took, bytes) = ((seconds("seconds"), seconds("counting")), mark["bytes"].as_u64().unwrap_or(0));
            return Ok(Kept { folder, cluster, end, took, bytes });
        }
    }
    load(folder, postgres, scale, now.floor(HOUR)).await
}

impl Kept {
    /// A copy for a run of that name, to be used up, and how a node is started on it.
    pub(super) fn copy(&self, name: &str, binary: &Path) -> Result<Place> {
        let data = fresh_folder(&format!("bench/{name}"))?;
        for entry in fs::read_dir(self.folder.join("data"))?.flatten() {
            let name = entry.file_name();
            let beside = [SQLITE_BESIDE, SQLITE_LOG].iter().any(|end| name.to_string_lossy().ends_with(end));
            if entry.path().is_file() && !beside {
                fs::copy(entry.path(), data.join(name))?;
            }
        }
        let database_url = self.cluster.as_ref().map(|cluster| {
            cluster.drop_database(name)?;
            cluster.copy(DATABASE, name)
        });
        let (binary, database_url) = (binary.to_owned(), database_url.transpose()?);
        Ok(Place { binary, data, database_url, port: free_port()?, shared: None, flags: &[] })
    }
}

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

/// The settings of a Guildhall of this process in that place, but for `more`.
pub(super) fn settings(data: &Path, database_url: Option<&str>, more: &[String]) -> Result<Settings> {
    let data = format!("--data={}", data.display());
    let fixed = ["xtask".to_owned(), data, "--no-demo".to_owned(), "--base-domain=localhost".to_owned()];
    let database = database_url.map(|url| format!("--database-url={url}"));
    let line = Line::try_parse_from(fixed.into_iter().chain(database).chain(more.iter().cloned()))?;
    // What an operator set for a server of their own is not for these.
    Ok(Settings { database_url: database_url.map(str::to_owned), secret: None, ..line.settings })
}

async fn load(folder: PathBuf, postgres: bool, scale: f64, end: Timestamp) -> Result<Kept> {
    eprintln!("{}: loading", folder.display());
    let began = Instant::now();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let data = folder.join("data");
    fs::create_dir_all(&data)?;
    let cluster = postgres.then(|| Cluster::kept(&folder.join("cluster"))).transpose()?;
    let url = cluster.as_ref().map(|cluster| cluster.database(DATABASE)).transpose()?;
    let settings = settings(&data, url.as_deref(), &[])?;
    let guildhall = Guildhall::open(&settings).await?;
    let said = |problem: String| anyhow!(problem);
    let password = PASSWORD.to_owned().try_into().map_err(said)?;
    let owner = guildhall.app.create_user(OWNER.parse().map_err(said)?, None, &password).await?;
    let history = History::until(end.millis(), scale);
    let mut loader = match &url {
        Some(url) => Loader::postgres(url).await?,
        None => Loader::sqlite(&data.join(SQLITE_FILE)).await?,
    };
    let triggers = loader.disarm().await?;
    rows::write(&mut loader, &history, owner.id.uuid()).await?;
    walkthroughs::write(&mut loader, &history).await?;
    loader.commit().await?;
    let counting = Instant::now();
    guildhall.app.rebuild_counters().await?;
    let counting = counting.elapsed().as_secs_f64();
    drop(guildhall);
    loader.finish(triggers).await?;
    let took = (began.elapsed().as_secs_f64(), counting);
    let bytes = match &cluster {
        Some(cluster) => cluster.size(DATABASE)?,
        None => fs::metadata(data.join(SQLITE_FILE))?.len(),
    };
    let mark = json!({ "end": end.millis(), "seconds": took.0, "counting": took.1, "bytes": bytes });
    fs::write(folder.join(MARK), mark.to_string())?;
    eprintln!("{}: loaded {} calls in {:.0} s", folder.display(), history.calls.len(), took.0);
    Ok(Kept { folder, cluster, end, took, bytes })
}

fn read_mark(folder: &Path) -> Option<Value> {
    serde_json::from_str(&fs::read_to_string(folder.join(MARK)).ok()?).ok()
}

/// The name of the last migration.
fn schema() -> Result<String> {
    let files = fs::read_dir(root()?.join("migrations/src"))?.flatten();
    let names = files.filter_map(|file| file.file_name().into_string().ok());
    let last = names.filter(|name| name.starts_with("m0")).max().context("no migration")?;
    let name = last.trim_end_matches(".rs");
    ensure!(!name.is_empty(), "a migration without a name");
    Ok(name.to_owned())
}
