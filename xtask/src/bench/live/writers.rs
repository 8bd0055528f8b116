//! Changes of tickets at a fixed rate, whatever becomes of those before: who is answered late does not ask less, and what
//! is late counts from when it was due.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use reqwest::StatusCode;
use serde_json::json;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::desks::Desk;
use crate::{api::Api, process};

/// No title is what the ticket had before: that would be no change.
static TITLES: AtomicUsize = AtomicUsize::new(0);

/// A change that was made; times in microseconds since the clock began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// When it was due to be sent.
    pub(super) due: u32,
    /// When it was answered, so committed.
    pub(super) answered: u32,
}

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    /// The changes of each ticket of each organization, in order.
    pub(super) changes: Vec<Vec<Vec<Change>>>,
    /// How many were due and not made: the node said that it has too much to do, or was so late that time was over.
    pub(super) unmade: usize,
}

/// When what is written is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Schedule {
    /// What times count from.
    pub(super) clock: Instant,
    /// When the first is due.
    pub(super) begin: Instant,
    /// How long.
    pub(super) time: Duration,
    /// So many a second, of all organizations together.
    pub(super) rate: u32,
}

impl Schedule {
    /// Changes that are due in all.
    pub(super) fn count(&self) -> u32 {
        self.time.as_millis().saturating_mul(self.rate.into()).div_euclid(1000).try_into().unwrap_or(u32::MAX)
    }

    fn due(&self, number: u32) -> Instant {
        self.begin + Duration::from_secs(1).saturating_mul(number) / self.rate.max(1)
    }
}

/// Microseconds from one to the other, as they are kept: for an hour.
pub(super) fn since(clock: Instant, then: Instant) -> u32 {
    then.saturating_duration_since(clock).as_micros().try_into().unwrap_or(u32::MAX)
}

/// Changes one organization's ticket after the other's, in turns.
pub(super) async fn write(desks: &[Desk], schedule: Schedule) -> Result<Written> {
    let mut writing = JoinSet::new();
    let most = desks.iter().map(|desk| desk.tickets.len()).max().unwrap_or(0);
    let turns: Vec<(usize, usize)> =
        (0..most).flat_map(|ticket| (0..desks.len()).map(move |desk| (desk, ticket))).collect();
    let step = u32::try_from(turns.len())?;
    for ((desk, ticket), first) in turns.into_iter().zip(0..) {
        let of = desks.get(desk).context("no such organization")?;
        let Some(id) = of.tickets.get(ticket) else { continue };
        let writer = Writer { owner: of.owner.clone(), ticket: id.clone(), schedule, first, step };
        writing.spawn(async move { anyhow::Ok(((desk, ticket), writer.write().await?)) });
    }
    let mut changes: Vec<_> = desks.iter().map(|desk| vec![Vec::new(); desk.tickets.len()]).collect();
    let mut unmade = 0_usize;
    while let Some(done) = writing.join_next().await {
        let ((desk, ticket), (made, not)) = done??;
        *changes.get_mut(desk).and_then(|of| of.get_mut(ticket)).context("no such ticket")? = made;
        unmade = unmade.saturating_add(not);
    }
    Ok(Written { changes, unmade })
}

/// Changes one ticket: every `step`th change from the `first` on.
struct Writer {
    owner: Api,
    ticket: String,
    schedule: Schedule,
    first: u32,
    step: u32,
}

impl Writer {
    async fn write(self) -> Result<(Vec<Change>, usize)> {
        let Schedule { clock, begin, time, .. } = self.schedule;
        let (mut made, mut unmade) = (Vec::new(), 0_usize);
        let mut number = self.first;
        while number < self.schedule.count() {
            let due = self.schedule.due(number);
            sleep_until(due).await;
            if process::interrupted() {
                bail!("interrupted");
            }
            let title = format!("Change {}", TITLES.fetch_add(1, Ordering::Relaxed));
            let input = json!({ "ticketId": self.ticket, "title": title });
            let is_over = Instant::now() > begin + time.saturating_mul(2);
            let status =
                if is_over { None } else { Some(self.owner.ask("supportTickets.updateFields", &input).await?) };
            match status.map(|said| (said.status, said.body)) {
                Some((StatusCode::OK, _)) => {
                    made.push(Change { due: since(clock, due), answered: since(clock, Instant::now()) });
                }
                None | Some((StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, _)) => {
                    unmade = unmade.saturating_add(1);
                }
                Some((status, body)) => bail!("supportTickets.updateFields answered {status}: {body}"),
            }
            number = number.saturating_add(self.step);
        }
        Ok((made, unmade))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Schedule, since};

    #[test]
    fn what_is_due_is_due_at_a_fixed_rate() {
        let clock = Instant::now();
        let schedule =
            Schedule { clock, begin: clock + Duration::from_secs(1), time: Duration::from_millis(2500), rate: 4 };
        assert_eq!(schedule.count(), 10);
        assert_eq!(since(clock, schedule.due(0)), 1_000_000);
        assert_eq!(since(clock, schedule.due(9)), 3_250_000);
        assert_eq!(since(clock + Duration::from_secs(9), clock), 0, "not before the clock began");
    }
}
