//! Promises that were not kept: noted once, by whichever node looks first.

use guildhall_domain::{
    Id, Result, Timestamp,
    error::chain,
    event::{Actor, Audience, Event},
    id,
    tickets::{ActivityType, Promise},
};
use guildhall_repositories::NewActivity;
use serde_json::json;

use crate::{App, Happened};

/// The most tickets that are looked for at once.
const MOST: u64 = 100;

impl App {
    /// Notes which tickets were not answered or settled in time, each with an entry of its history and an event; answers how
    /// many. Any number of nodes may do this at once.
    ///
    /// # Errors
    /// Where the database fails; what was noted by then stays noted. One ticket that cannot be noted is passed over.
    pub async fn note_overdue(&self) -> Result<usize> {
        let (mut noted, mut passed) = (0_usize, 0);
        loop {
            let due = self.database().read().system().tickets_to_look_at(self.now(), (passed, MOST)).await?;
            for (organization, ticket) in &due {
                match self.miss_all(*organization, *ticket).await {
                    Ok(missed) => noted = noted.saturating_add(missed),
                    // One that cannot be noted is nobody else's matter.
                    Err(error) => {
                        tracing::warn!(%ticket, error = chain(&error), "a broken promise was not noted");
                        passed = passed.saturating_add(1);
                    }
                }
            }
            if u64::try_from(due.len()).is_ok_and(|looked_at| looked_at < MOST) {
                return Ok(noted);
            }
        }
    }

    async fn miss_all(&self, organization: Id<id::Organization>, ticket: Id<id::Ticket>) -> Result<usize> {
        let mut missed = 0_usize;
        while let Some(happened) = self.miss(organization, ticket, self.now()).await? {
            self.announce(happened);
            missed = missed.saturating_add(1);
        }
        Ok(missed)
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
