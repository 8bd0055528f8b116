//! Support tickets.
pub(crate) mod deliver;
mod get_support;
mod linear;
mod queries;
mod slack;
mod update_status;

use guildhall_domain::{
    Error, Id, Resource, Result, id,
    text::Email,
    tickets::{Priority, Ticket},
};
use guildhall_repositories::Tenant;

pub use get_support::{Filed, GetSupport};
pub use queries::{GetActivities, GetTicket, GetWithMcpUser, ListTickets, Sort, StatusCounts, TicketPage};
pub use update_status::UpdateTicketStatus;

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

#[cfg(test)]
mod example {
    use guildhall_domain::{
        Id, Timestamp,
        mcp_servers::SupportTicketType,
        tickets::{Priority, Ticket, TicketStatus},
    };

    /// A ticket with that title and that summary.
    pub(super) fn ticket(title: &str, concise_summary: &str) -> Ticket {
        let at = Timestamp::from_millis(0);
        Ticket {
            id: Id::from_uuid(uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001)),
            number: 7,
            title: title.to_owned(),
            concise_summary: concise_summary.to_owned(),
            context: None,
            status: TicketStatus::Pending,
            priority: Priority::High,
            email: Some("a@example.test".parse().unwrap()),
            assignee: None,
            method: SupportTicketType::Slack,
            server_name: Some("Help".to_owned()),
            server_slug: Some("help-server".to_owned()),
            mcp_session_id: None,
            created_at: at,
            updated_at: at,
            resolved_at: None,
            first_response_at: None,
            external_url: None,
        }
    }
}
