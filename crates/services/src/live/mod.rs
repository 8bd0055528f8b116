//! Following what happens: one reading of the log for all who follow the same on this node, and none while nobody does.
//!
//! **Invariant:** what is told comes from the log, in its order, and nothing else is told. What wakes the reading (this
//! node's own calls, PostgreSQL's notices, a look every second and a half) only says that it is worth looking, so whatever is
//! missed is met with the next look. And whoever may no longer listen is noticed by the watch, on every node alike.
mod channel;
mod following;
mod standing;
pub(crate) mod tokens;
mod watch;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use guildhall_domain::{
    Id,
    event::{Audience, Event},
    id::{self, Kind as _},
};
use tokio::sync::{Notify, broadcast, watch as state};

pub use channel::News;
use channel::{Channel, Read};
pub use following::{Ending, Following};
use standing::Lost;
pub(crate) use standing::{Place, Who};

use crate::{App, Happened, lasting::until_done};

/// Who follows what on this node.
#[derive(Debug, Default)]
pub(crate) struct Live {
    followed: Mutex<Followed>,
    /// Somebody may have lost the right to listen.
    doubted: Notify,
}

#[derive(Debug, Default)]
struct Followed {
    channels: BTreeMap<(Id<id::Organization>, &'static str), Channel>,
    places: HashMap<Place, state::Sender<Option<Lost>>>,
    is_watched: bool,
}

impl Live {
    fn lock(&self) -> MutexGuard<'_, Followed> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hears what happened on this node, so that its own followers need not wait for a look.
    pub(crate) fn hear(&self, happened: &Happened) {
        if may_end_access(&happened.event) {
            self.doubted.notify_one();
        }
        let Audience::Organization(organization) = happened.audience else { return };
        let followed = self.lock();
        // Tickets are all that there is to follow.
        if !followed.channels.is_empty() && happened.event.subject().starts_with(id::Ticket::PREFIX) {
            followed.wake(organization);
        }
    }

    /// Takes a place among those who follow a feed. `head` is where the log ended a moment ago.
    fn take(
        &self,
        app: &App,
        (feed, read): (&'static str, Read),
        place: Place,
        head: i64,
    ) -> (broadcast::Receiver<Arc<News>>, state::Receiver<Option<Lost>>) {
        let mut followed = self.lock();
        let channel = followed.channels.entry((place.organization, feed));
        let news = channel.or_insert_with(|| Channel::open(app, read, place.organization, head)).subscribe();
        let lost = followed.places.entry(place).or_insert_with(|| state::channel(None).0).subscribe();
        if !std::mem::replace(&mut followed.is_watched, true) {
            let app = app.clone();
            tokio::spawn(until_done("watching for those who follow", move || watch::watch(app.clone())));
        }
        (news, lost)
    }
}

impl Followed {
    /// The feeds of an organization that are followed.
    fn of(&self, organization: Id<id::Organization>) -> impl Iterator<Item = &Channel> {
        let its = self.channels.range((organization, "")..).take_while(move |((of, _), _)| *of == organization);
        its.map(|(_, channel)| channel)
    }

    fn wake(&self, organization: Id<id::Organization>) {
        self.of(organization).for_each(Channel::wake);
    }

    fn wake_all(&self) {
        self.channels.values().for_each(Channel::wake);
    }

    /// Lets go of what nobody follows any more; whether anything is left.
    fn are_left(&mut self) -> bool {
        self.channels.retain(|_, channel| channel.is_followed());
        self.places.retain(|_, lost| lost.receiver_count() > 0);
        self.is_watched = !self.channels.is_empty();
        self.is_watched
    }
}

/// Whether somebody who follows may have to stop.
const fn may_end_access(event: &Event) -> bool {
    matches!(
        event,
        Event::SessionEnded { .. }
            | Event::SessionReuseDetected { .. }
            | Event::SessionsEnded { .. }
            | Event::UserDeleted { .. }
            | Event::PasswordChanged { .. }
            | Event::PasswordReset { .. }
            | Event::OrganizationDeleted { .. }
            | Event::OwnershipTransferred { .. }
            | Event::MemberRoleChanged { .. }
            | Event::MemberRemoved { .. }
            | Event::MemberLeft { .. }
    )
}
