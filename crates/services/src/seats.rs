//! Places for those who listen: each holds a connection open for as long as it likes.
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use guildhall_domain::Error;
use guildhall_services::network;

/// The most who listen at one server from one address; many people may share one, such as those of a hosted client.
const MOST_AT_ONCE: usize = 64;
/// When it is worth trying again.
const WAIT_MS: u64 = 30_000;

/// The places of this node.
#[derive(Debug)]
pub(crate) struct Seats {
    most: usize,
    taken: Mutex<HashMap<Place, usize>>,
}

/// A server's slug, and the network that its clients call from.
type Place = (String, String);

/// One place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    seats: Arc<Seats>,
    place: Place,
}

impl Seats {
    /// So many places.
    pub(crate) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, taken: Mutex::default() })
    }

    /// Takes one, if there is one.
    pub(crate) fn take(self: &Arc<Self>, slug: &str, address: Option<IpAddr>) -> Result<Seat, Error> {
        let place = (slug.to_owned(), address.map(network).unwrap_or_default());
        let mut taken = self.lock();
        if taken.values().sum::<usize>() >= self.most {
            return Err(Error::Unavailable);
        }
        let here = taken.entry(place.clone()).or_default();
        if *here >= MOST_AT_ONCE {
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

    use super::{MOST_AT_ONCE, Seats};

    #[test]
    fn a_server_and_an_address_share_places_and_a_node_has_only_so_many() {
        let seats = Seats::new(MOST_AT_ONCE + 1);
        let take = |slug: &str, address: &str| seats.take(slug, Some(address.parse().unwrap()));
        let mut held: Vec<_> = (0..MOST_AT_ONCE).map(|_| take("acme-help", "2001:db8::1").unwrap()).collect();
        assert!(matches!(take("acme-help", "2001:db8::2"), Err(Error::TooManyRequests { .. })), "of one network");

        held.push(take("acme-help", "192.0.2.1").unwrap());
        assert!(matches!(take("other-help", "192.0.2.2"), Err(Error::Unavailable)), "of the node");

        held.clear();
        assert!(seats.lock().is_empty());
        take("other-help", "192.0.2.2").unwrap();
    }
}
