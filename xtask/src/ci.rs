//! Everything CI checks, in one order; `.ci/run` installs what is missing and calls this.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use clap::ValueEnum;
use tokio::runtime::Handle;

use crate::{
    clients, crash, deny, matrix,
    postgres::Cluster,
    process::{self, root},
    tidy,
};

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only these steps, in the order given.
    steps: Vec<Step>,
}

/// One thing CI checks, cheap and telling things first.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Step {
    /// Nobody argues about white space.
    Fmt,
    /// What the compiler cannot see.
    Tidy,
    /// Clippy; a warning is a failure.
    Clippy,
    /// `cargo test`, on SQLite.
    Test,
    /// The tests that need a database, on PostgreSQL.
    TestPostgres,
    /// The tests of this very program.
    Xtask,
    /// Dependencies.
    Deny,
    /// Who may call what.
    Matrix,
    /// The official clients and the story: SQLite, PostgreSQL, two nodes.
    Clients,
    /// kill -9 under load, SQLite.
    Crash,
    /// kill -9 under load, PostgreSQL.
    CrashPostgres,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let steps = if options.steps.is_empty() { Step::value_variants() } else { &options.steps };
    let mut took: Vec<(Step, Duration)> = Vec::new();
    for step in steps {
        println!("\n── {step:?}");
        let began = Instant::now();
        let done = step.run();
        let time = began.elapsed();
        done.with_context(|| format!("{step:?} failed after {} s", time.as_secs()))?;
        println!("── {step:?}: fine, {:.1} s", time.as_secs_f64());
        took.push((*step, time));
    }
    println!();
    for (step, time) in &took {
        println!("{:<14} {:>7.1} s", format!("{step:?}"), time.as_secs_f64());
    }
    let whole: Duration = took.iter().map(|(_, time)| *time).sum();
    println!("{} steps passed in {:.1} s", took.len(), whole.as_secs_f64());
    Ok(())
}

impl Step {
    fn run(self) -> Result<()> {
        match self {
            Self::Fmt => cargo(&["fmt", "--all", "--check"]),
            Self::Tidy => tidy::run(),
            Self::Clippy => cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"]),
            Self::Test => cargo(&["test"]),
            Self::TestPostgres => test_postgres(),
            Self::Xtask => cargo(&["test", "--locked", "--package", "xtask"]),
            Self::Deny => deny::run(),
            Self::Matrix => matrix::run(matrix::Options::check()),
            Self::Clients => clients::run(&clients::Options::default()),
            Self::Crash => Handle::current().block_on(crash::run(crash::Options::usual(false))),
            Self::CrashPostgres => Handle::current().block_on(crash::run(crash::Options::usual(true))),
        }
    }
}

/// The same packages as `cargo test`, so that nothing is compiled twice; only `it` has a database.
fn test_postgres() -> Result<()> {
    let cluster = Cluster::start()?;
    let mut command = Command::new("cargo");
    command.current_dir(root()?).args(["test", "--test", "it"]).env("TEST_DATABASE", cluster.url("postgres"));
    process::run(&mut command)
}

fn cargo(arguments: &[&str]) -> Result<()> {
    process::run(Command::new("cargo").current_dir(root()?).args(arguments).env_remove("TEST_DATABASE"))
}
