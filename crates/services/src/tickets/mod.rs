//! Support tickets.
mod create_live_token;
mod get_support;
mod live;
mod queries;
mod update_status;

use guildhall_domain::{Error, Id, Resource, Result, id, tickets::Ticket};
use guildhall_repositories::Tenant;

pub use create_live_token::{CreateLiveToken, LiveTokenMade};
pub use get_support::{Filed, GetSupport};
pub use live::{LiveTickets, TicketChange, TicketNews};
pub use queries::{GetActivities, GetTicket, GetWithMcpUser, ListTickets, Sort, StatusCounts, TicketPage};
pub use update_status::UpdateTicketStatus;

/// The organization's ticket of that id.
async fn find(tenant: Tenant<'_>, id: Id<id::Ticket>) -> Result<Ticket> {
    tenant.tickets().find(id).await?.ok_or(Error::NotFound(Resource::Ticket))
}
