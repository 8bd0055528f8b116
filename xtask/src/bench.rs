//! Requests per second and their delays. Client and server share the cores, so a figure says little without the one beside
//! it, of the same run: what SQL alone costs, what HTTP alone costs, what another size or another server costs.
mod auth;
mod dataset;
pub(crate) mod floor;
mod ingest;
mod live;
mod load;
mod mcp;
mod scenarios;
mod search;
mod soak;
mod table;
mod whole;
mod wire;

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueEnum;

use crate::{
    node::{self, Node, Place, free_port, fresh_folder},
    postgres::Cluster,
};

const CLIENTS: [usize; 3] = [1, 16, 64];

#[derive(clap::Args)]
pub(crate) struct Options {
    /// What is measured.
    #[arg(default_value = "whole")]
    what: What,
    /// Seconds for each figure: 1 in each round, of `auth`, `mcp` and `search` 2, of `live` 60, with `--one-organization` 10 for each rate.
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
    #[command(flatten)]
    whole: whole::Extent,
    /// This binary instead of a release build.
    #[arg(long)]
    binary: Option<PathBuf>,
}

impl Options {
    const fn seconds(&self) -> u64 {
        match (self.seconds, self.what) {
            (Some(seconds), _) => seconds,
            (None, What::Whole | What::Soak) => 1,
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
    /// A million calls of a hundred organizations: procedures over HTTP, calls kept, and memory.
    Whole,
    /// Memory under a mixed load for a long time, on the same data.
    Soak,
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
    if let What::Whole | What::Soak = options.what {
        return whole::run(&options).await;
    }
    let binary = options.binary.clone().map_or_else(|| node::build(true), Ok)?;
    let ground = Ground { binary, cluster: options.postgres.then(Cluster::start).transpose()? };
    match options.what {
        What::Whole | What::Soak => Ok(()),
        What::Auth => auth::run(&options, &ground).await,
        What::Mcp => mcp::run(&options, &ground).await,
        What::Search => search::run(&options, &ground).await,
        What::Live => live::run(&options, &ground).await,
    }
}
