//! Listening for what changes in an organization: one look at the event log a second for all who listen on this node, and
//! none while nobody does.
//!
//! **Invariant:** an event says only that it is worth looking; what changed, whoever listens finds out by looking. So
//! waking too often costs a statement and is no mistake, and a change that is missed is met with the next look.

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use guildhall_domain::{Id, Result, error::chain, id};
use tokio::{sync::watch, time::MissedTickBehavior};

use super::greet::Visitor;
use crate::App;

/// How often the log is looked at.
const PACE: Duration = Duration::from_secs(1);
/// An event is dated when it happens and seen when it is committed; and nodes' clocks differ a little.
const LATEST: Duration = Duration::from_secs(5);

/// Whom to wake.
#[derive(Debug, Default)]
pub(crate) struct Listeners(Mutex<Listening>);

#[derive(Debug, Default)]
struct Listening {
    woken: HashMap<Id<id::Organization>, watch::Sender<()>>,
    is_watched: bool,
}

/// Wakes somebody who listens.
#[derive(Debug)]
pub struct Changes(watch::Receiver<()>);

impl Changes {
    /// Ends when something has happened in the organization, on any node, after which it is worth looking again.
    pub async fn next(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await; // nobody is left who could say something
        }
    }
}

impl App {
    /// Listens to what happens in the organization of the server that `visitor` is at, from now on. Look once more before
    /// waiting: something may have happened since the visitor was greeted.
    #[must_use]
    pub fn listen(&self, visitor: &Visitor) -> Changes {
        let mut listening = self.listeners().lock();
        let woken = listening.woken.entry(visitor.organization).or_insert_with(|| watch::channel(()).0).subscribe();
        if !std::mem::replace(&mut listening.is_watched, true) {
            tokio::spawn(watch(self.clone()));
        }
        Changes(woken)
    }

    /// Greets a visitor once more: the server, the person and what lets them in may have changed.
    ///
    /// # Errors
    /// As for [`App::greet`].
    pub async fn greet_again(&self, visitor: &Visitor) -> Result<Visitor> {
        self.greet(&visitor.visit).await
    }

    /// How long what lets `visitor` in is good, where that is known.
    #[must_use]
    pub fn time_left(&self, visitor: &Visitor) -> Option<Duration> {
        let left = visitor.token_expires_at?.millis().saturating_sub(self.now().millis());
        Some(Duration::from_millis(u64::try_from(left).unwrap_or(0)))
    }
}

impl Listeners {
    fn lock(&self) -> MutexGuard<'_, Listening> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody listens any more; then the watch is over.
    fn are_gone(&self) -> bool {
        let mut listening = self.lock();
        listening.woken.retain(|_, woken| woken.receiver_count() > 0);
        listening.is_watched = !listening.woken.is_empty();
        !listening.is_watched
    }
}

/// Looks at the log while anybody listens.
async fn watch(app: App) {
    let mut beat = tokio::time::interval(PACE);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut known = HashSet::new();
    loop {
        beat.tick().await;
        if app.listeners().are_gone() {
            return;
        }
        if let Err(error) = look(&app, &mut known).await {
            tracing::warn!(error = chain(&error), "the log was not looked at; the next look will");
        }
    }
}

/// Wakes those who listen to an organization of which there is news.
async fn look(app: &App, known: &mut HashSet<Id<id::Event>>) -> Result<()> {
    let events = app.database().read().system().stirred(app.now().minus(LATEST)).await?;
    let listening = app.listeners().lock();
    for (event, organization) in &events {
        if !known.contains(event)
            && let Some(woken) = listening.woken.get(organization)
        {
            woken.send_replace(());
        }
    }
    drop(listening);
    *known = events.into_iter().map(|(event, _)| event).collect();
    Ok(())
}
