//! Places for those who listen: each holds a connection open for as long as it likes.
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use guildhall_domain::{Error, Result};

use crate::network;

/// When it is worth trying again.
const WAIT_MS: u64 = 30_000;

/// The places of this node.
#[derive(Debug)]
pub struct Seats {
    most: usize,
    most_from_one: usize,
    taken: Mutex<HashMap<Place, usize>>,
}

/// What is listened to, such as a server or a feed, and the network that is called from.
type Place = (String, String);

/// One place, until it is dropped.
#[derive(Debug)]
pub struct Seat {
    seats: Arc<Seats>,
    place: Place,
}

impl Seats {
    /// So many places, and so many at one thing from one address: many people may share one.
    #[must_use]
    pub fn new(most: usize, most_from_one: usize) -> Arc<Self> {
        Arc::new(Self { most, most_from_one, taken: Mutex::default() })
    }

    /// Takes one at `what`, if there is one.
    ///
    /// # Errors
    /// `SERVICE_UNAVAILABLE` where the node has no more, `TOO_MANY_REQUESTS` where the address has too many.
    pub fn take(self: &Arc<Self>, what: &str, address: Option<IpAddr>) -> Result<Seat> {
        let place = (what.to_owned(), address.map(network).unwrap_or_default());
        let mut taken = self.lock();
        if taken.values().sum::<usize>() >= self.most {
            return Err(Error::Unavailable);
        }
        let here = taken.entry(place.clone()).or_default();
        if *here >= self.most_from_one {
            return Err(Error::TooManyRequests { retry_after_ms: WAIT_MS });
        }
        *here = here.saturating_add(1);
        Ok(Seat { seats: Arc::clone(self), place })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, usize>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.lock();
        if let Some(here) = taken.get_mut(&self.place) {
            *here = here.saturating_sub(1);
            if *here == 0 {
                taken.remove(&self.place);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use guildhall_domain::Error;

    use super::Seats;

    #[test]
    fn a_server_and_an_address_share_places_and_a_node_has_only_so_many() {
        let seats = Seats::new(4, 3);
        let take = |slug: &str, address: &str| seats.take(slug, Some(address.parse().unwrap()));
        let mut held: Vec<_> = (0..3).map(|_| take("acme-help", "2001:db8::1").unwrap()).collect();
        assert!(matches!(take("acme-help", "2001:db8::2"), Err(Error::TooManyRequests { .. })), "of one network");

        held.push(take("acme-help", "192.0.2.1").unwrap());
        assert!(matches!(take("other-help", "192.0.2.2"), Err(Error::Unavailable)), "of the node");

        held.clear();
        assert!(seats.lock().is_empty());
        take("other-help", "192.0.2.2").unwrap();
    }
}
