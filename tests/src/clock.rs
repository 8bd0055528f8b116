use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use guildhall_domain::Timestamp;
use guildhall_services::ports::Clock;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that shows noon of a day in 2026.
    #[must_use]
    pub const fn new() -> Self {
        Self(AtomicI64::new(1_781_524_800_000))
    }

    /// Moves it on.
    pub fn advance(&self, span: Duration) {
        self.0.fetch_add(i64::try_from(span.as_millis()).expect("a short span"), Ordering::SeqCst);
    }

    /// Sets it.
    pub fn set(&self, at: Timestamp) {
        self.0.store(at.millis(), Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}
