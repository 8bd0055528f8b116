//! The kill -9 ledger: what the server acknowledged is there once it is back, exactly once, and its counters agree.
mod ledger;
mod writers;

use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Parser;
use guildhall::{Guildhall, Settings};

use crate::{
    api::Api,
    node::{self, Node, Place, free_port, fresh_folder},
    postgres::Cluster,
    process,
};
use ledger::Ledger;
use writers::Load;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// How often the server is killed.
    #[arg(long, default_value_t = 20)]
    rounds: u32,
    /// What is called meanwhile; where it is not said, one load after the other.
    #[arg(long)]
    load: Option<Load>,
    /// On PostgreSQL.
    #[arg(long)]
    postgres: bool,
    /// The release build.
    #[arg(long)]
    release: bool,
    /// This binary instead of building one.
    #[arg(long)]
    binary: Option<PathBuf>,
}

impl Options {
    /// As CI asks.
    pub(crate) const fn usual(postgres: bool) -> Self {
        Self { rounds: 20, load: None, postgres, release: false, binary: None }
    }
}

pub(crate) async fn run(options: Options) -> Result<()> {
    let binary = options.binary.clone().map_or_else(|| node::build(options.release), Ok)?;
    let cluster = options.postgres.then(Cluster::start).transpose()?;
    let database_url = cluster.as_ref().map(|cluster| cluster.database("guildhall")).transpose()?;
    let (data, port) = (fresh_folder("crash")?, free_port()?);
    let place = Place { binary, data, database_url, port, shared: None, flags: &[] };
    let mut node = Node::start(&place)?;
    let seeded = Api::new(&node.url)?.seed(3).await?;
    let mut ledger = Ledger::default();
    for round in 1..=options.rounds {
        ensure!(!process::interrupted(), "interrupted");
        let (load, time) = (options.load.unwrap_or_else(|| Load::of(round)), load_time(round));
        let before = ledger.acknowledged();
        writers::until_killed(node, &seeded.slug, (round, load), time, &mut ledger).await?;
        node = restart(&place)?;
        let more = ledger.acknowledged().saturating_sub(before);
        println!(
            "round {round:>2}, {}: killed {:>4} ms after the first answer, {more} calls acknowledged",
            load.describe(),
            time.as_millis()
        );
        ensure!(more > 0, "nothing was acknowledged in this round, so it shows nothing");
    }
    let owner = seeded.owner.at(&node.url)?;
    let judged =
        ledger.judge(&owner, &seeded.slug).await.with_context(|| format!("the log ends\n{}", node.last_words()))?;
    node.kill()?;
    let differences = recount(&place, &seeded.organization).await?;
    let problems: Vec<String> = judged.problems.into_iter().chain(differences).collect();
    for problem in &problems {
        eprintln!("{problem}");
    }
    println!("\n{} kills, {} calls acknowledged, {} of them tickets", options.rounds, judged.calls, judged.tickets);
    println!("{} calls and {} tickets were kept without an acknowledgement", judged.more_calls, judged.more_tickets);
    println!("{} passed, {} failed", judged.passed, problems.len());
    ensure!(problems.is_empty(), "the data of this run: {}", place.data.display());
    Ok(())
}

/// The node again, on what the killed one left.
fn restart(place: &Place) -> Result<Node> {
    let began = Instant::now();
    let node = Node::start(place)?;
    let took = began.elapsed();
    ensure!(took < Duration::from_secs(30), "the node took {} s to come back", took.as_secs());
    Ok(node)
}

/// From 200 to 2000 ms.
fn load_time(round: u32) -> Duration {
    let chance = RandomState::new().hash_one(round) % 1801;
    Duration::from_millis(chance.saturating_add(200))
}

/// The counters against the rows, in process, now that no node runs.
async fn recount(place: &Place, organization: &str) -> Result<Vec<String>> {
    let guildhall = Guildhall::open(&settings(&place.data, place.database_url.clone())?).await?;
    let organization = organization.parse().map_err(|problem| anyhow!("{organization}: {problem}"))?;
    Ok(guildhall.app.recount(organization).await?)
}

fn settings(data: &Path, database_url: Option<String>) -> Result<Settings> {
    /// What a command line would say.
    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }
    let line = Line::try_parse_from(["guildhall".as_ref(), "--no-demo".as_ref(), "--data".as_ref(), data.as_os_str()])?;
    Ok(Settings { database_url, secret: None, ..line.settings })
}
