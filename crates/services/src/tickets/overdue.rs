//! Promises that were not kept: noted once, by whichever node looks first.

use guildhall_domain::{
    Id, Result, Timestamp,
    event::{Actor, Audience, Event},
    id,
    tickets::{ActivityType, Promise},
};
use guildhall_repositories::NewActivity;
use serde_json::json;

use crate::{App, Happened};

/// The most tickets that are looked at in one go; more wait for the next.
const MOST: u64 = 100;

impl App {
    /// Notes which tickets were not answered or settled in time, each with an entry of its history and an event; answers how
    /// many. Any number of nodes may do this at once.
    ///
    /// # Errors
    /// Where the database fails; what was noted by then stays noted.
    pub async fn note_overdue(&self) -> Result<usize> {
        let mut noted = 0_usize;
        let due = self.database().read().system().tickets_to_look_at(self.now(), MOST).await?;
        for (organization, ticket) in due {
            while let Some(happened) = self.miss(organization, ticket, self.now()).await? {
                self.announce(happened);
                noted = noted.saturating_add(1);
            }
        }
        Ok(noted)
    }

    /// Notes one promise of a ticket that was not kept, if there is one that nobody has noted yet.
    async fn miss(
        &self,
        organization: Id<id::Organization>,
        ticket: Id<id::Ticket>,
        now: Timestamp,
    ) -> Result<Option<Happened>> {
        let access = self.database().write().await?;
        let tickets = access.tenant(organization).tickets();
        let found = tickets.find_to_change(ticket).await?;
        let Some((ticket, what)) = found.and_then(|ticket| ticket.overdue(now)) else { return Ok(None) };
        tickets.save(&ticket).await?;
        let content = match what {
            Promise::FirstResponse => "Nobody has answered in the time that was promised.",
            Promise::Resolution => "It was not settled in the time that was promised.",
        };
        let (id, metadata) = (self.fresh_id(), json!({ "missed": what }));
        let activity = NewActivity::inward(id, ActivityType::System, content.to_owned(), metadata, None);
        tickets.note(ticket.id, activity, now).await?;
        let event = Event::TicketOverdue { ticket_id: ticket.id, what };
        let happened = self.note(&access, Actor::System, Audience::Organization(organization), event).await?;
        access.commit().await?;
        Ok(Some(happened))
    }
}
