//! One command that measures Guildhall on a big data set: procedures, calls kept, and memory.

use std::{
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::{Options, What, dataset, dataset::Kept, ingest, scenarios, soak, table::Table};
use crate::{
    node::{self, Node},
    process,
};

/// Until a node that has just started rests.
const REST: Duration = Duration::from_secs(3);
const NODE: &str = "bench_node";
const INGEST: &str = "bench_ingest";

#[derive(clap::Args)]
pub(super) struct Extent {
    /// Times a million calls, 200,000 visits and 50,000 end users (`whole`, `soak`).
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// Loads the data set again, however fresh what was kept is (`whole`, `soak`).
    #[arg(long)]
    reload: bool,
    /// Of all this procedure alone, such as `toolCalls.getChart` (`whole`).
    #[arg(long)]
    only: Option<String>,
    /// On SQLite, then on PostgreSQL (`whole`, `soak`).
    #[arg(long, conflicts_with = "postgres")]
    both: bool,
    /// How often each figure is taken, in turns with what it is compared with (`whole`).
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// How long it goes on (`soak`).
    #[arg(long, default_value_t = 30.0)]
    minutes: f64,
}

pub(super) async fn run(options: &Options) -> Result<()> {
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => node::build(true)?,
    };
    if options.binary.is_none() && cfg!(debug_assertions) {
        return tokio::task::spawn_blocking(move || again(&binary)).await?;
    }
    let databases = if options.whole.both { vec![false, true] } else { vec![options.postgres] };
    let mut said = Vec::new();
    for postgres in databases {
        let kept = dataset::keep(postgres, options.whole.scale, options.whole.reload).await?;
        let report = match options.what {
            What::Soak => soak(options, &kept, binary.clone()).await?,
            _ => whole(options, &kept, binary.clone()).await?,
        };
        said.push(report.head(options, &kept, postgres)?);
    }
    if options.json {
        let said: Vec<Value> = said.iter().map(Report::json).collect();
        println!("{:#}", Value::from(said));
    } else {
        said.iter().for_each(Report::print);
    }
    Ok(())
}

/// The same in a release build: a slow client would hide what the server costs.
fn again(binary: &Path) -> Result<()> {
    let mut command = Command::new(binary.with_file_name("xtask"));
    process::run(command.args(std::env::args_os().skip(1)).arg("--binary").arg(binary))
}

async fn whole(options: &Options, kept: &Kept, binary: PathBuf) -> Result<Report> {
    let (rounds, time) = (options.whole.rounds, Duration::from_secs(options.seconds()));
    let only = options.whole.only.as_deref();
    let place = kept.copy(NODE, &binary)?;
    let node = Node::start(&place)?;
    tokio::time::sleep(REST).await;
    let idle = node.resident();
    let outcome = scenarios::measure(&node, &place, only, rounds, time).await?;
    tokio::time::sleep(REST).await;
    let mut memory = Table::new(&["memory, MB", "idle", "after the load", "at the most"]);
    let most = node.memory().map(|(_, most)| most);
    memory.push(vec!["the node".into(), idle.into(), node.resident().into(), most.into()]);
    node.kill()?;
    let mut tables = vec![("procedures", outcome.table()), ("sizes", outcome.sizes()), ("memory", memory)];
    if only.is_none() {
        let place = kept.copy(INGEST, &binary)?;
        let calls = ingest::measure(&place, rounds, time.max(Duration::from_secs(2))).await?;
        tables.insert(2, ("ingest", calls));
    }
    Ok(Report { tables, ..Report::default() })
}

async fn soak(options: &Options, kept: &Kept, binary: PathBuf) -> Result<Report> {
    let place = kept.copy(NODE, &binary)?;
    let node = Node::start(&place)?;
    tokio::time::sleep(REST).await;
    let time = Duration::from_secs_f64(options.whole.minutes * 60.0);
    let measured = soak::measure(&node, time).await;
    let table = measured.with_context(|| format!("the log ends\n{}", node.last_words()))?;
    Ok(Report { tables: vec![("soak", table)], ..Report::default() })
}

/// What was measured on one database.
#[derive(Debug, Default)]
struct Report {
    head: Map<String, Value>,
    tables: Vec<(&'static str, Table)>,
}

impl Report {
    fn head(mut self, options: &Options, kept: &Kept, postgres: bool) -> Result<Self> {
        let (seconds, counting) = kept.took;
        let head = json!({ "database": if postgres { "PostgreSQL" } else { "SQLite" }, "scale": options.whole.scale,
            "dataEnds": kept.end.rfc3339(), "loadSeconds": seconds, "countingSeconds": counting,
            "megabytes": kept.bytes / (1 << 20), "cores": thread::available_parallelism()?.get(),
            "clients": scenarios::CLIENTS, "rounds": options.whole.rounds, "seconds": options.seconds() });
        if let Value::Object(head) = head {
            self.head = head;
        }
        Ok(self)
    }

    fn json(&self) -> Value {
        let tables = self.tables.iter().map(|(name, table)| ((*name).to_owned(), table.json()));
        Value::Object(self.head.clone().into_iter().chain(tables).collect())
    }

    fn print(&self) {
        let head: Vec<String> = self.head.iter().map(|(name, value)| format!("{name} {value}")).collect();
        println!("{}\n", head.join(", "));
        for (_, table) in &self.tables {
            println!("{}", table.text());
        }
    }
}
