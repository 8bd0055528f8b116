//! `guildhall`: the server, and what an administrator does where there is no checkout.

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use guildhall::{Guildhall, Settings, Task};
use tokio::net::TcpListener;
use tracing_subscriber::{EnvFilter, layer::SubscriberExt, util::SubscriberInitExt};

/// A call's rows are made on one thread and dropped on another, where the system's allocator waits for itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Publish MCP servers for your customers, and see what they need.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Serve (what happens without a command).
    Serve {
        #[command(flatten)]
        settings: Settings,
    },
    /// Do what only an administrator of the installation may.
    Admin {
        #[command(subcommand)]
        task: Task,
    },
    /// Call one procedure and print its answer.
    Call {
        /// Such as organization.get
        procedure: String,
        /// The input as JSON.
        #[arg(default_value = "{}")]
        input: String,
        /// In the name of this account.
        #[arg(long = "as")]
        email: Option<String>,
        /// In the organization of this id or slug.
        #[arg(long)]
        organization: Option<String>,
        #[command(flatten)]
        settings: Settings,
    },
}

#[tokio::main]
async fn main() -> Result<()> {
    let cli = Cli::parse();
    match cli.command {
        None => serve(cli.settings).await,
        Some(Command::Serve { settings }) => serve(settings).await,
        Some(Command::Admin { task }) => {
            log(false);
            println!("{}", guildhall::carry_out(task).await?);
            Ok(())
        }
        Some(Command::Call { procedure, input, email, organization, settings }) => {
            log(settings.log_json);
            let guildhall = Guildhall::open(&settings).await?;
            let answer = guildhall::call(&guildhall, &procedure, &input, email.as_deref(), organization).await?;
            println!("{answer:#}");
            Ok(())
        }
    }
}

async fn serve(settings: Settings) -> Result<()> {
    log(settings.log_json);
    let metrics = Guildhall::count()?;
    let listener = TcpListener::bind(settings.listen).await;
    let listener = listener.with_context(|| format!("cannot listen on {}", settings.listen))?;
    let guildhall = Guildhall::open_at(&settings, listener.local_addr()?, None).await?;
    println!("Guildhall listens on {}", guildhall.public_url);
    println!("  API            {}/docs", guildhall.public_url);
    if let Some(demo) = guildhall.demo().await? {
        println!("  Demo sign-in   {}  password {}", demo.email, demo.password);
        println!("  Demo MCP URL   {}", demo.mcp_url);
    }
    guildhall.serve(listener, metrics, stop()).await
}

fn log(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,sea_orm=warn"));
    // Below `error` rmcp logs what clients send and what they are answered: that never belongs in a log.
    let filter = match "rmcp=error".parse() {
        Ok(quiet) => filter.add_directive(quiet),
        Err(_) => filter,
    };
    let registry = tracing_subscriber::registry().with(filter);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    if json { registry.with(lines.json()).init() } else { registry.with(lines).init() }
}

/// Ends when somebody asks the process to.
async fn stop() {
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
    tracing::info!("stopping");
}
