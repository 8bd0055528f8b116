//! What happened, told to history and to those who listen.

use guildhall_domain::{
    Error, Id, Result,
    event::{Actor, Audience, Event},
    id,
};
use guildhall_repositories::{Access, NewEvent};
use tokio::sync::broadcast;

use super::App;
use crate::pipeline::Reach;

/// Something happened and is committed: what listeners are woken with.
#[derive(Clone, Debug)]
pub struct Happened {
    /// The event's id.
    pub id: Id<id::Event>,
    /// Whose history it is in.
    pub audience: Audience,
    /// What it was.
    pub event: Event,
}

/// Events that a listener may fall behind before it must read the log instead.
pub(super) const HAPPENINGS_KEPT: usize = 1024;

impl App {
    /// Listens to what happens on this node from now on.
    #[must_use]
    pub fn happenings(&self) -> broadcast::Receiver<Happened> {
        self.0.happenings.subscribe()
    }

    /// Wakes the listeners of this node; nobody listening is no failure.
    pub(crate) fn announce(&self, happened: Happened) {
        self.0.live.hear(&happened);
        let _ = self.0.happenings.send(happened);
    }

    /// Writes what a call answered with into the history that it belongs to.
    pub(super) async fn write_down<R: Reach>(
        &self,
        access: &Access,
        reach: &R,
        event: Option<Event>,
    ) -> Result<Option<Happened>> {
        let Some(event) = event else { return Ok(None) };
        Ok(Some(self.note(access, reach.actor(), audience(reach, &event)?, event).await?))
    }

    /// Writes an event into a history, in the transaction of what happened.
    pub(crate) async fn note(
        &self,
        access: &Access,
        actor: Actor,
        audience: Audience,
        event: Event,
    ) -> Result<Happened> {
        let happened = [self.fresh_event(actor, audience, event)];
        access.system().record(&happened).await?;
        let [happened] = &happened;
        Ok(Happened::of(happened))
    }

    pub(super) fn fresh_event(&self, actor: Actor, audience: Audience, event: Event) -> NewEvent {
        NewEvent { id: self.fresh_id(), actor, audience, event, at: self.now() }
    }
}

impl Happened {
    pub(super) fn of(new: &NewEvent) -> Self {
        Self { id: new.id, audience: new.audience, event: new.event.clone() }
    }
}

/// Whose history an event belongs to.
pub(super) fn audience<R: Reach>(reach: &R, event: &Event) -> Result<Audience> {
    let audience = event.home().or_else(|| reach.audience());
    audience.ok_or_else(|| Error::internal("an event that belongs to nobody's history"))
}
