//! `cargo xtask <command>`: what cargo alone cannot do. One file a command; each prints problems with their remedy and
//! ends with a status other than zero.
mod api;
mod bench;
mod call;
mod ci;
mod clients;
mod contract;
mod crash;
mod deny;
mod matrix;
mod node;
mod postgres;
mod process;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

/// What cargo alone cannot do for Guildhall.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
enum Command {
    /// Everything CI checks, in order; stops at the first failure. With names, only those steps.
    Ci(ci::Options),
    /// Licences, layer walls, version floors and sources of dependencies; advisories where their database can be had.
    Deny,
    /// What the compiler cannot see: long files, procedures nobody listed, exceptions that multiply.
    Tidy,
    /// Who may call what, as a table.
    Matrix(matrix::Options),
    /// The TypeScript contract.
    Contract,
    /// One procedure, called in process; the same as `guildhall call`.
    Call(Box<call::Options>),
    /// A command with a PostgreSQL of its own, which is thrown away afterwards.
    Postgres(postgres::Options),
    /// The official clients against nodes started for them.
    Clients(clients::Options),
    /// Kills the server again and again under load, and counts what it had acknowledged.
    Crash(crash::Options),
    #[command(flatten)]
    Admin(guildhall::Task),
    /// Requests per second and their delays, beside what they could be at best.
    Bench(Box<bench::Options>),
    /// What `bench` compares procedures with; it starts this itself.
    #[command(hide = true)]
    Floor(bench::floor::Options),
}

/// As the server's own, so that what runs in this process is not slower for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    process::mind_interrupts();
    let command = Command::parse();
    match run(command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Ci(options) => tokio::task::spawn_blocking(move || ci::run(&options)).await?,
        Command::Deny => tokio::task::spawn_blocking(deny::run).await?,
        Command::Tidy => tidy::run(),
        Command::Matrix(options) => matrix::run(options),
        Command::Contract => contract::run(),
        Command::Call(options) => call::run(*options).await,
        Command::Postgres(options) => tokio::task::spawn_blocking(move || postgres::run(&options)).await?,
        Command::Clients(options) => tokio::task::spawn_blocking(move || clients::run(&options)).await?,
        Command::Crash(options) => crash::run(options).await,
        Command::Admin(task) => process::say(&guildhall::carry_out(task).await?),
        Command::Bench(options) => bench::run(*options).await,
        Command::Floor(options) => bench::floor::run(options).await,
    }
}
