//! Support tickets.
mod add_comment;
mod assign;
mod check_support;
mod create;
mod create_live_token;
mod delete_comment;
pub(crate) mod deliver;
mod edit_comment;
mod filing;
mod get_support;
mod letters;
mod linear;
mod live;
mod overdue;
mod queries;
mod reply_to_support;
mod set_targets;
mod slack;
mod update_fields;
mod update_status;

use guildhall_domain::{
    Error, Id, Issue, Resource, Result, id,
    text::{Email, Text},
    tickets::{ActivityType, ContentType, Priority, Ticket},
};
use guildhall_repositories::{NewActivity, StoredActivity, Tenant};
use serde_json::Value;

pub use add_comment::{AddComment, Commented};
pub use assign::AssignTicket;
pub use check_support::{CheckSupport, Message, OwnTicket, OwnTickets, Speaker};
pub use create::CreateTicket;
pub use create_live_token::{CreateLiveToken, LiveTokenMade};
pub use delete_comment::DeleteComment;
pub use edit_comment::EditComment;
pub use get_support::{Filed, GetSupport};
pub use live::{LiveTickets, TicketChange, TicketNews};
pub use queries::{
    GetActivities, GetTargets, GetTicket, GetWithMcpUser, ListTickets, Sort, StatusCounts, TicketDetail, TicketPage,
};
pub use reply_to_support::{Replied, ReplyToSupport};
pub use set_targets::SetTargets;
pub use update_fields::UpdateTicketFields;
pub use update_status::UpdateTicketStatus;

use crate::{AtServer, Cx, Guest, InOrganization};

/// What else than its words is told of a ticket outside, each with its name.
fn facts(ticket: &Ticket) -> impl Iterator<Item = (&'static str, String)> {
    let priority = match ticket.priority {
        Priority::Low => "low",
        Priority::Medium => "medium",
        Priority::High => "high",
        Priority::Critical => "critical",
    };
    let asked_by = ticket.email.as_ref().map_or_else(|| "somebody without an address".to_owned(), Email::to_string);
    let server = ticket.server_name.clone().map(|name| ("Server", name));
    [("Priority", priority.to_owned())].into_iter().chain(server).chain([("Asked by", asked_by)])
}

/// The organization's ticket of that id.
async fn find(tenant: Tenant<'_>, id: Id<id::Ticket>) -> Result<Ticket> {
    tenant.tickets().find(id).await?.ok_or(Error::NotFound(Resource::Ticket))
}

/// The same, so that nobody else changes it before the call is over.
async fn find_to_change(tenant: Tenant<'_>, id: Id<id::Ticket>) -> Result<Ticket> {
    tenant.tickets().find_to_change(id).await?.ok_or(Error::NotFound(Resource::Ticket))
}

/// A ticket that was found, where it is the guest's own: another person's does not exist.
fn find_own(cx: &Cx<'_, AtServer>, found: Option<Ticket>) -> Result<Ticket> {
    let own = found.filter(|ticket| ticket.mcp_user_id == Some(cx.guest().person()));
    own.ok_or(Error::NotFound(Resource::Ticket))
}

/// The organization's comment of that id; what a ticket's history says otherwise cannot be edited.
async fn find_comment(tenant: Tenant<'_>, id: Id<id::Activity>) -> Result<StoredActivity> {
    let found = tenant.tickets().activity(id).await?;
    let comment = found.filter(|stored| stored.activity.activity_type == ActivityType::Comment);
    comment.ok_or(Error::NotFound(Resource::Activity))
}

/// The guest's address, where that was proven.
fn proven_email(guest: &Guest) -> Result<Option<Email>> {
    guest.email().map(str::parse).transpose().map_err(|e: String| Error::internal(e))
}

/// Writes down what the caller did to a ticket.
async fn note(
    cx: &Cx<'_, InOrganization>,
    ticket: Id<id::Ticket>,
    activity_type: ActivityType,
    content: String,
    metadata: Value,
) -> Result<()> {
    let activity = NewActivity::inward(cx.fresh_id(), activity_type, content, metadata, Some(cx.user()));
    Ok(cx.tenant().tickets().note(ticket, activity, cx.now()).await?)
}

/// What is wrong with a comment that says it is JSON.
fn unfit(content: &Text<1, 10_000>, content_type: ContentType) -> Vec<Issue> {
    let is_json = || serde_json::from_str::<serde::de::IgnoredAny>(content.as_str()).is_ok();
    if content_type == ContentType::Json && !is_json() {
        return vec![Issue::at(["content".into()], "is not JSON")];
    }
    Vec::new()
}

#[cfg(test)]
mod example {
    use guildhall_domain::{
        Id, Timestamp,
        tickets::{Priority, Ticket},
    };

    /// A ticket with that title and that summary.
    pub(super) fn ticket(title: &str, concise_summary: &str) -> Ticket {
        let id = Id::from_uuid(uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001));
        Ticket {
            number: 7,
            priority: Priority::High,
            email: Some("a@example.test".parse().unwrap()),
            server_name: Some("Help".to_owned()),
            ..Ticket::new(id, title.to_owned(), concise_summary.to_owned(), Timestamp::from_millis(0))
        }
    }
}
