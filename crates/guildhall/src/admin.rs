//! What an administrator does from the command line.

use std::{io::Read, path::PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use clap::Subcommand;
use guildhall_domain::{
    Error,
    access::Role,
    error::Reason,
    text::{Email, Slug, Text},
};
use guildhall_services::{
    Purged,
    auth::Password,
    ports::{Random, SystemRandom},
};
use serde_json::Value;

use crate::{Guildhall, Settings, call::describe, demo, ingest::ingest};

/// One task of an administrator. Every one is safe beside running nodes, which act on it within 5 seconds.
#[derive(Clone, Subcommand)]
pub enum Task {
    /// Make an account, whose address counts as verified.
    CreateUser {
        /// Its address.
        email: Email,
        /// What others see.
        #[arg(long)]
        name: Option<Text<1, 100>>,
        /// Read the password from standard input; without, one is made and printed.
        #[arg(long)]
        password_stdin: bool,
        /// Of which installation.
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Give an account a role in an organization, and a place where it has none.
    SetRole {
        /// Whose role.
        email: Email,
        /// Where: the organization's slug.
        organization: Slug,
        /// owner, admin, member or viewer
        #[arg(value_parser = role)]
        role: Role,
        /// Of which installation.
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Put back an organization that was deleted less than 30 days ago.
    RestoreOrganization {
        /// Its slug.
        slug: Slug,
        /// Who becomes its owner; needed where the last owner's account is gone.
        #[arg(long)]
        owner: Option<Email>,
        /// Of which installation.
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Do away with what was deleted more than 30 days ago.
    Purge {
        /// Of which installation.
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Count all calls, visits and people again from the rows themselves, and make right what differs.
    RebuildCounters {
        /// Of which installation.
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Sign with a new key: within 10 seconds, once every node knows it.
    RotateKeys {
        /// The old keys leaked: whatever they signed is void at once. Clients go on with their refresh tokens; browsers
        /// sign in again.
        #[arg(long)]
        drop_old: bool,
        /// Of which installation.
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// Make a namespace exactly what a folder of documents is: Markdown, MDX, HTML and text.
    Ingest {
        /// The folder.
        folder: PathBuf,
        /// The namespace; made where it is missing.
        #[arg(long)]
        namespace: Text<1, 100>,
        /// In whose name.
        #[arg(long = "as", default_value = demo::EMAIL)]
        email: Email,
        /// In which organization, by id or slug; without, the demo's, or the account's own.
        #[arg(long)]
        organization: Option<String>,
        /// Of which installation.
        #[command(flatten)]
        settings: Box<Settings>,
    },
    /// End every session of an account, or of everybody.
    SignOutEverywhere {
        /// Of this account.
        #[arg(required_unless_present = "all")]
        email: Option<Email>,
        /// Of everybody.
        #[arg(long, conflicts_with = "email")]
        all: bool,
        /// Of which installation.
        #[command(flatten)]
        settings: Box<Settings>,
    },
}

impl Task {
    fn settings(&self) -> &Settings {
        match self {
            Self::CreateUser { settings, .. }
            | Self::SetRole { settings, .. }
            | Self::RestoreOrganization { settings, .. }
            | Self::Purge { settings }
            | Self::RebuildCounters { settings }
            | Self::RotateKeys { settings, .. }
            | Self::Ingest { settings, .. }
            | Self::SignOutEverywhere { settings, .. } => settings,
        }
    }
}

/// Carries a task out; answers what to print.
///
/// # Errors
/// Where it cannot be done; the message says why.
pub async fn carry_out(task: Task) -> Result<String> {
    let app = Guildhall::open(task.settings()).await?.app;
    Ok(match task {
        Task::CreateUser { email, name, password_stdin, .. } => {
            let (text, made) = if password_stdin { (typed()?, false) } else { (made(), true) };
            let password: Password<12, 128> = text.clone().try_into().map_err(|why: String| anyhow!(why))?;
            let user = app.create_user(email, name, &password).await.map_err(told)?;
            let said = format!("{} is {}", user.email, user.id);
            if made { format!("{said}\npassword {text}") } else { said }
        }
        Task::SetRole { email, organization, role, .. } => {
            let member = app.set_role(&email, &organization, role).await.map_err(told)?;
            format!("{} is {} of {organization}", member.email, wire(member.role)?)
        }
        Task::RestoreOrganization { slug, owner, .. } => {
            let id = app.restore_organization(&slug, owner.as_ref()).await.map_err(|error| match error {
                Error::Conflict(Reason::LastOwner) => {
                    anyhow!("nobody owns {slug} any more: name somebody with --owner")
                }
                other => told(other),
            })?;
            format!("{slug} ({id}) is back")
        }
        Task::Purge { .. } => {
            let Purged { organizations, left } = app.purge().await.map_err(told)?;
            ensure!(
                left == 0,
                "{organizations} organizations are gone for good; {left} are left, and the log says why"
            );
            format!("{organizations} organizations are gone for good")
        }
        Task::RebuildCounters { .. } => {
            let differences = app.rebuild_counters().await.map_err(told)?;
            let count = differences.len();
            let said = if count == 0 { "every counter was right".to_owned() } else { format!("{count} were wrong") };
            differences.into_iter().chain([said]).collect::<Vec<_>>().join("\n")
        }
        Task::RotateKeys { drop_old: false, .. } => {
            format!("{} signs in some 10 seconds, once every node knows it", app.rotate_keys().await.map_err(told)?)
        }
        Task::RotateKeys { drop_old: true, .. } => {
            format!("{} is the only key from now on", app.replace_keys().await.map_err(told)?)
        }
        Task::Ingest { folder, namespace, email, organization, .. } => {
            ingest(&app, &folder, namespace, &email, organization).await?
        }
        Task::SignOutEverywhere { email, .. } => {
            format!("{} accounts are signed out", app.sign_out_everywhere(email.as_ref()).await.map_err(told)?)
        }
    })
}

fn told(error: Error) -> anyhow::Error {
    match error {
        Error::Internal(cause) => anyhow!(cause),
        other => describe(&other),
    }
}

fn role(text: &str) -> Result<Role, String> {
    serde_json::from_value(Value::String(text.to_owned())).map_err(|_| "owner, admin, member or viewer".to_owned())
}

fn wire(role: Role) -> Result<String> {
    Ok(serde_json::to_value(role)?.as_str().unwrap_or_default().to_owned())
}

fn typed() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read the password from standard input")?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A password that nobody can guess.
pub(crate) fn made() -> String {
    let mut bytes = [0; 12];
    SystemRandom.fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
