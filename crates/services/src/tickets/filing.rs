//! Filing a ticket, whoever does it.

use guildhall_domain::{
    Id, Result, id,
    tickets::{ActivityType, Ticket},
};
use guildhall_repositories::{NewActivity, Tenant};
use serde_json::Value;

use super::deliver;
use crate::{Cx, Reach};

/// How a ticket came in, as its history begins.
pub(super) struct Beginning {
    /// In a sentence.
    pub(super) content: &'static str,
    /// Facts for programs.
    pub(super) metadata: Value,
    /// Who wrote it down; none where an end user's agent did.
    pub(super) author: Option<Id<id::User>>,
}

/// Files `ticket` with the first entry of its history, and has it taken where its method says.
pub(super) async fn file<R: Reach>(
    cx: &Cx<'_, R>,
    tenant: Tenant<'_>,
    ticket: Ticket,
    beginning: Beginning,
) -> Result<Ticket> {
    let ticket = tenant.tickets().file(ticket, cx.now()).await?;
    let Beginning { content, metadata, author } = beginning;
    let activity = NewActivity::inward(cx.fresh_id(), ActivityType::System, content.to_owned(), metadata, author);
    tenant.tickets().note(ticket.id, activity, cx.now()).await?;
    deliver::dispatch(cx, tenant.id(), ticket.id, ticket.method).await?;
    Ok(ticket)
}
