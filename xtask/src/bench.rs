//! Requests per second and their delays, beside the ceiling of the same run: what `/healthz`, which does nothing, reaches
//! with the same client on the same machine. Client and server share the cores, so the ratio says more than the rate.
mod auth;
mod live;
mod load;
mod mcp;
mod search;
mod table;

use std::{path::PathBuf, thread, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde_json::{Value, json};

use crate::{
    api::{Api, Seeded},
    node::{self, Node, Place, free_port, fresh_folder},
    postgres::Cluster,
    process,
};
use load::{Figures, Subject};

const CLIENTS: [usize; 3] = [1, 16, 64];
const READERS: usize = 16;
const TURNS: usize = 20;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What is measured.
    #[arg(default_value = "calls")]
    what: What,
    /// Seconds for each figure: 2, of `live` 60, with `--one-organization` 10 for each rate.
    #[arg(long)]
    seconds: Option<u64>,
    /// On PostgreSQL.
    #[arg(long)]
    postgres: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// People whose memory is measured (`mcp`); 0: nobody's.
    #[arg(long, default_value_t = 10_000)]
    users: usize,
    /// The documents that are searched (`search`).
    #[arg(long)]
    docs: Option<PathBuf>,
    #[command(flatten)]
    live: live::Scale,
    /// This binary instead of a release build.
    #[arg(long)]
    binary: Option<PathBuf>,
}

impl Options {
    const fn seconds(&self) -> u64 {
        match (self.seconds, self.what) {
            (Some(seconds), _) => seconds,
            (None, What::Live) => 60,
            (None, _) => 2,
        }
    }

    const fn database(&self) -> &'static str {
        if self.postgres { "PostgreSQL" } else { "SQLite" }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// Procedures and tools.
    Calls,
    /// Signing in: how often, what others notice, and who learns whether somebody has an account.
    Auth,
    /// `get_next_step` beside the same tool on the official TypeScript SDK, and what ten thousand users weigh.
    Mcp,
    /// How well the documents in `--docs` are found, beside plain BM25, and what reading them takes.
    Search,
    /// Thousands of WebSockets that follow tickets: how late they hear, what they weigh, and what one that stalls does.
    Live,
}

/// Where nodes are started to be measured.
struct Ground {
    binary: PathBuf,
    cluster: Option<Cluster>,
}

impl Ground {
    /// A node of that name on an empty database, and where its data is.
    fn start(&self, name: &str, flags: &'static [&'static str]) -> Result<(Node, PathBuf)> {
        let place = self.place(name, flags)?;
        Ok((Node::start(&place)?, place.data))
    }

    /// An empty database for a node of that name.
    fn place(&self, name: &str, flags: &'static [&'static str]) -> Result<Place> {
        let database_url = self.cluster.as_ref().map(|cluster| cluster.database(name)).transpose()?;
        let (binary, data) = (self.binary.clone(), fresh_folder(name)?);
        Ok(Place { binary, data, database_url, port: free_port()?, shared: None, flags })
    }
}

pub(crate) async fn run(options: Options) -> Result<()> {
    let binary = options.binary.clone().map_or_else(|| node::build(true), Ok)?;
    let ground = Ground { binary, cluster: options.postgres.then(Cluster::start).transpose()? };
    match options.what {
        What::Calls => calls(&options, &ground).await,
        What::Auth => auth::run(&options, &ground).await,
        What::Mcp => mcp::run(&options, &ground).await,
        What::Search => search::run(&options, &ground).await,
        What::Live => live::run(&options, &ground).await,
    }
}

async fn calls(options: &Options, ground: &Ground) -> Result<()> {
    let (node, _) = ground.start("bench", &[])?;
    let seeded = Api::new(&node.url)?.seed(5).await?;
    let subjects = subjects(&seeded, &fill(&seeded).await?).await?;
    let mut rows = Vec::new();
    for clients in CLIENTS {
        let mut ceiling = None;
        for subject in &subjects {
            ensure!(!process::interrupted(), "interrupted");
            let figures = load::measure(&seeded, subject, clients, Duration::from_secs(options.seconds())).await;
            let figures = figures.with_context(|| format!("{}; the log ends\n{}", subject.name, node.last_words()))?;
            let ratio = figures.per_second / *ceiling.get_or_insert(figures.per_second);
            rows.push(Row { name: subject.name, clients, figures, ratio });
        }
    }
    let (database, cores) = (options.database(), thread::available_parallelism()?.get());
    if options.json {
        let rows: Vec<Value> = rows.iter().map(Row::json).collect();
        println!("{:#}", json!({ "database": database, "cores": cores, "seconds": options.seconds(), "rows": rows }));
        return Ok(());
    }
    println!("{database}, {cores} cores shared with the client, {} s each\n", options.seconds());
    println!("{:<30} {:>7} {:>9} {:>9} {:>9} {:>9}", "subject", "clients", "per s", "p50 ms", "p99 ms", "of ceiling");
    for row in &rows {
        let Figures { per_second, p50, p99, .. } = row.figures;
        println!(
            "{:<30} {:>7} {per_second:>9.0} {p50:>9.2} {p99:>9.2} {:>8.0} %",
            row.name,
            row.clients,
            row.ratio * 100.0
        );
    }
    Ok(())
}

struct Row {
    name: &'static str,
    clients: usize,
    figures: Figures,
    ratio: f64,
}

impl Row {
    fn json(&self) -> Value {
        let Figures { requests, per_second, p50, p99 } = self.figures;
        json!({ "subject": self.name, "clients": self.clients, "requests": requests, "perSecond": per_second,
            "p50Ms": p50, "p99Ms": p99, "ofCeiling": self.ratio })
    }
}

/// Readers who did something, so that there is something to read; the id of a ticket.
async fn fill(seeded: &Seeded) -> Result<Value> {
    let mut ticket = Value::Null;
    for number in 0..READERS {
        let reader = format!("filler-{number}");
        let tool = async |tool: &str, input: Value| seeded.owner.tool(&seeded.slug, &reader, tool, &input).await;
        tool("start_walkthrough", json!({})).await?;
        for _ in 0..TURNS {
            tool("get_next_step", json!({})).await?;
        }
        let filed = tool("get_support", json!({ "title": "Help", "problemDescription": "Nothing moves." })).await?;
        ticket = filed["ticketId"].clone();
    }
    Ok(ticket)
}

/// The ceiling first.
async fn subjects(seeded: &Seeded, ticket: &Value) -> Result<Vec<Subject>> {
    let sessions = seeded.owner.everything("sessions.list").await?;
    let session = &sessions.first().context("no session")?["id"];
    let procedure = |name, input| Subject { name, work: load::Work::Procedure(input) };
    Ok(vec![
        Subject { name: "/healthz", work: load::Work::Nothing },
        procedure("toolCalls.getChart", json!({ "timeRange": "1d", "serverId": seeded.server })),
        procedure("sessions.getToolCalls", json!({ "sessionId": session })),
        procedure("supportTickets.getWithMcpUser", json!({ "ticketId": ticket })),
        Subject { name: "tools/call get_next_step", work: load::Work::Tool("get_next_step") },
    ])
}
