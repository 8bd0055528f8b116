//! Organizations with tickets, and people who are signed in to follow them.

use anyhow::Result;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::json;

use crate::api::{Api, text};

/// Tickets of all organizations together: a ticket changes once at a time, so many can change at once.
const TICKETS: usize = 200;
/// Sign-ins of all organizations together, which their readers share: the node asks of each whether it still holds.
const SIGN_INS: usize = 1000;
const AT_ONCE: usize = 8;

/// An organization.
#[derive(Debug)]
pub(super) struct Desk {
    /// Whoever changes its tickets.
    pub(super) owner: Api,
    /// The ids of its tickets.
    pub(super) tickets: Vec<String>,
    /// What its readers follow with.
    pub(super) tokens: Vec<String>,
}

/// So many organizations for so many readers.
pub(super) async fn open(nobody: &Api, count: usize, readers: usize) -> Result<Vec<Desk>> {
    let mut desks = Vec::new();
    for number in 0..count {
        let email = format!("owner-{number}@example.test");
        let (owner, _) = nobody.clone().found(&email, &format!("under-test-{number}")).await?;
        let mut tickets = Vec::new();
        for number in 0..TICKETS.div_ceil(count) {
            let ticket = json!({ "title": format!("Ticket {number}"), "conciseSummary": "Nothing moves any more.",
                "email": "ann@example.test" });
            tickets.push(text(&owner.call("supportTickets.create", &ticket).await?["id"])?);
        }
        let sign_ins = SIGN_INS.min(readers).div_ceil(count);
        let tokens = stream::iter(0..sign_ins).map(|_| nobody.sign_in(&email)).buffer_unordered(AT_ONCE);
        desks.push(Desk { owner, tickets, tokens: tokens.try_collect().await? });
    }
    Ok(desks)
}
