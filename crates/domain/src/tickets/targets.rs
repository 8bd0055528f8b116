//! How soon an organization means to answer: what it promises of a ticket, and whether that was kept.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Priority, Ticket};
use crate::time::Timestamp;

/// What an organization promises of its tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// That somebody answers.
    FirstResponse,
    /// That it is settled.
    Resolution,
}

/// How soon tickets of one priority are to be answered and settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// Of this priority.
    pub priority: Priority,
    /// The first answer, in minutes from the filing; none is promised where it is left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = 525_600), extend("x-nullable" = true))]
    pub first_response_minutes: Option<u32>,
    /// The settlement, likewise.
    #[serde(default)]
    #[schemars(range(min = 1, max = 525_600), extend("x-nullable" = true))]
    pub resolution_minutes: Option<u32>,
}

impl Ticket {
    /// This ticket with what is promised of its priority, from when it was filed. What turns out to be still ahead has not
    /// been missed.
    #[must_use]
    pub fn promised(mut self, targets: &[Target], now: Timestamp) -> Self {
        let target = targets.iter().find(|target| target.priority == self.priority);
        let due = |minutes: Option<u32>| {
            let minutes = std::time::Duration::from_mins(minutes?.into());
            Some(self.created_at.plus(minutes))
        };
        self.first_response_due_at = due(target.and_then(|target| target.first_response_minutes));
        self.resolution_due_at = due(target.and_then(|target| target.resolution_minutes));
        let missed = std::mem::take(&mut self.missed);
        self.missed = missed.into_iter().filter(|what| self.due(*what).is_some_and(|due| due <= now)).collect();
        self.dated()
    }

    /// When it is worth looking whether a promise was kept; none where nothing is left to be missed.
    #[must_use]
    pub fn next_look(&self) -> Option<Timestamp> {
        self.standing().filter(|what| !self.missed.contains(what)).filter_map(|what| self.due(what)).min()
    }

    /// The promise that was not kept by `now` and that nobody has noted yet, with the ticket that says so.
    #[must_use]
    pub fn overdue(self, now: Timestamp) -> Option<(Self, Promise)> {
        let is_over = |what: &Promise| self.due(*what).is_some_and(|due| due <= now) && !self.missed.contains(what);
        let what = self.standing().find(is_over)?;
        let missed = self.missed.iter().copied().chain([what]).collect();
        Some((Self { missed, ..self }, what))
    }

    /// The same, due when the next promise is that still stands.
    pub(super) fn dated(self) -> Self {
        let due_at = self.standing().filter_map(|what| self.due(what)).min();
        Self { due_at, ..self }
    }

    /// What is still to be kept.
    fn standing(&self) -> impl Iterator<Item = Promise> {
        let (is_settled, is_answered) = (self.status.is_settled(), self.first_response_at.is_some());
        let stands = move |what: &Promise| !is_settled && (*what == Promise::Resolution || !is_answered);
        [Promise::FirstResponse, Promise::Resolution].into_iter().filter(stands)
    }

    const fn due(&self, what: Promise) -> Option<Timestamp> {
        match what {
            Promise::FirstResponse => self.first_response_due_at,
            Promise::Resolution => self.resolution_due_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Promise, Target};
    use crate::{
        Id, Timestamp,
        tickets::{Priority, Ticket, TicketStatus},
    };

    const MINUTE: i64 = 60_000;

    fn at(minute: i64) -> Timestamp {
        Timestamp::from_millis(minute * MINUTE)
    }

    fn ticket() -> Ticket {
        let new = Ticket::new(Id::from_uuid(uuid::Uuid::nil()), String::new(), String::new(), at(0));
        Ticket { priority: Priority::High, ..new }
    }

    fn targets() -> [Target; 2] {
        let of = |priority, first, all| Target { priority, first_response_minutes: first, resolution_minutes: all };
        [of(Priority::High, Some(10), Some(60)), of(Priority::Low, None, Some(600))]
    }

    #[test]
    fn what_stands_is_due_and_what_was_kept_is_not() {
        let ticket = ticket().promised(&targets(), at(0));
        assert_eq!((ticket.due_at, ticket.next_look()), (Some(at(10)), Some(at(10))));

        let answered = ticket.answered(at(5));
        assert_eq!((answered.due_at, answered.next_look()), (Some(at(60)), Some(at(60))));

        let settled = answered.moved(TicketStatus::Resolved, at(6));
        assert_eq!((settled.due_at, settled.next_look()), (None, None));
        let reopened = settled.moved(TicketStatus::InProgress, at(7));
        assert_eq!(reopened.due_at, Some(at(60)));
    }

    #[test]
    fn each_promise_is_missed_once() {
        let ticket = ticket().promised(&targets(), at(0));
        assert!(ticket.clone().overdue(at(9)).is_none());

        let (ticket, what) = ticket.overdue(at(10)).unwrap();
        assert_eq!(what, Promise::FirstResponse);
        assert_eq!((ticket.due_at, ticket.next_look()), (Some(at(10)), Some(at(60))), "it is due all the same");
        assert!(ticket.clone().overdue(at(59)).is_none());

        let (ticket, what) = ticket.overdue(at(61)).unwrap();
        assert_eq!(what, Promise::Resolution);
        assert_eq!((ticket.next_look(), ticket.overdue(at(1000)).is_none()), (None, true));
    }

    #[test]
    fn another_priority_promises_something_else_from_the_filing_on() {
        let (missed, _) = ticket().promised(&targets(), at(0)).overdue(at(61)).unwrap();
        let (missed, _) = missed.overdue(at(61)).unwrap();

        let low = Ticket { priority: Priority::Low, ..missed }.promised(&targets(), at(62));
        assert_eq!((low.due_at, low.missed.as_slice()), (Some(at(600)), &[][..]), "it is ahead again");

        let medium = Ticket { priority: Priority::Medium, ..low }.promised(&targets(), at(63));
        assert_eq!((medium.due_at, medium.next_look()), (None, None));
    }
}
