use std::collections::HashMap;

use guildhall_domain::{Id, Result, access::Permission, id, tickets::Ticket};
use guildhall_repositories::{NumberedEvent, Tenant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Feed;

/// Tells what happens to support tickets, as it happens. Whoever was away and says the last id it got gets what it missed
/// first. A ticket is shown as it is when it is told; one that is gone by then is passed over.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LiveTickets {}

/// Something happened to a ticket.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct TicketNews {
    /// What.
    #[serde(rename = "type")]
    pub kind: TicketChange,
    /// The ticket as it is now.
    pub ticket: Ticket,
}

/// What can happen to a ticket; the events of these names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "the names say it")]
pub enum TicketChange {
    #[serde(rename = "ticket.created")]
    Created,
    #[serde(rename = "ticket.status_changed")]
    StatusChanged,
    #[serde(rename = "ticket.updated")]
    Updated,
    #[serde(rename = "ticket.assigned")]
    Assigned,
    #[serde(rename = "ticket.commented")]
    Commented,
    #[serde(rename = "ticket.replied")]
    Replied,
    #[serde(rename = "ticket.comment_edited")]
    CommentEdited,
    #[serde(rename = "ticket.comment_deleted")]
    CommentDeleted,
    #[serde(rename = "ticket.delivered")]
    Delivered,
    #[serde(rename = "ticket.delivery_failed")]
    DeliveryFailed,
    #[serde(rename = "ticket.overdue")]
    Overdue,
}

impl Feed for LiveTickets {
    const NAME: &'static str = "supportTickets.live";
    const NEEDS: Permission = Permission::ReadTickets;
    type Item = TicketNews;

    async fn tell(tenant: Tenant<'_>, events: &[NumberedEvent]) -> Result<Vec<(i64, TicketNews)>> {
        let told: Vec<_> = events.iter().filter_map(change).collect();
        let mut ids: Vec<_> = told.iter().map(|(_, _, ticket)| *ticket).collect();
        ids.sort_unstable();
        ids.dedup();
        let tickets = tenant.tickets().find_many(&ids).await?;
        let tickets: HashMap<_, _> = tickets.into_iter().map(|ticket| (ticket.id, ticket)).collect();
        let news = told.into_iter().filter_map(|(number, kind, ticket)| {
            let ticket = tickets.get(&ticket)?.clone();
            Some((number, TicketNews { kind, ticket }))
        });
        Ok(news.collect())
    }
}

/// What happened to which ticket; none where the event is of something else, or of a kind that only newer nodes know.
fn change(event: &NumberedEvent) -> Option<(i64, TicketChange, Id<id::Ticket>)> {
    let kind = serde_json::from_value(Value::String(event.name.clone())).ok()?;
    Some((event.sequence, kind, event.subject.parse().ok()?))
}
