//! Calling a procedure from the command line.

use anyhow::{Context, Result, anyhow};
use guildhall_domain::Error;
use guildhall_services::Caller;
use serde_json::Value;

use crate::Guildhall;

/// Calls the procedure of that name with `input` as JSON, in the name of the account of `email` where one is given.
///
/// # Errors
/// What the procedure answers, with every problem of the input on a line of its own.
pub async fn call(
    guildhall: &Guildhall,
    name: &str,
    input: &str,
    email: Option<&str>,
    organization: Option<String>,
) -> Result<Value> {
    let names = || guildhall.catalogue.iter().map(|entry| entry.name).collect::<Vec<_>>().join("\n  ");
    let entry =
        guildhall.catalogue.get(name).ok_or_else(|| anyhow!("no procedure {name}; there are\n  {}", names()))?;
    let input: Value = serde_json::from_str(input).context("the input is not JSON")?;
    let mut caller = Caller::nobody();
    if let Some(email) = email {
        let email = email.parse().map_err(|problem: String| anyhow!("{email}: {problem}"))?;
        caller = Caller::vouched(guildhall.app.account_of(&email).await?.id);
    }
    if let Some(named) = organization {
        caller = caller.in_organization(named);
    }
    entry.call(&guildhall.app, &caller, input).await.map_err(|error| describe(&error))
}

pub(crate) fn describe(error: &Error) -> anyhow::Error {
    let (code, _) = error.code();
    let Error::BadRequest(issues) = error else { return anyhow!("{code}: {error}") };
    let lines: Vec<String> = issues.iter().map(|issue| format!("  {issue}")).collect();
    anyhow!("{code}:\n{}", lines.join("\n"))
}
