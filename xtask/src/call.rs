//! One procedure, called in process.

use anyhow::Result;
use guildhall::{Guildhall, Settings};

use crate::process::say;

#[derive(clap::Args)]
pub(crate) struct Options {
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
}

pub(crate) async fn run(options: Options) -> Result<()> {
    let guildhall = Guildhall::open(&options.settings).await?;
    let Options { procedure, input, email, organization, .. } = options;
    let answer = guildhall::call(&guildhall, &procedure, &input, email.as_deref(), organization).await?;
    say(&format!("{answer:#}"))
}
