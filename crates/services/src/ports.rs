//! What the services need from the world and a user may swap: time, chance and mail.

use std::{error::Error as StdError, pin::Pin, sync::Arc};

use guildhall_domain::{Timestamp, mail::Letter};

/// Everything the services need from the world.
#[derive(Clone)]
pub struct Ports {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where secrets come from.
    pub random: Arc<dyn Random>,
    /// What carries letters to people.
    pub mail: Arc<dyn Mail>,
}

/// What time it is.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// Where secrets come from.
pub trait Random: Send + Sync + 'static {
    /// Fills `bytes` with bytes nobody can guess.
    fn fill(&self, bytes: &mut [u8]);
}

/// Carries letters to people.
pub trait Mail: Send + Sync + 'static {
    /// Hands `letter` over to whoever delivers it. Called again with the same letter where it fails, or where the
    /// process ends before the answer is written down.
    fn send<'a>(&'a self, letter: &'a Letter) -> Sending<'a>;
}

/// A letter on its way.
pub type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Undelivered>> + Send + 'a>>;

/// A letter that was not taken.
#[derive(Debug)]
pub enum Undelivered {
    /// Worth trying again: the mail server is away or busy.
    Later(Box<dyn StdError + Send + Sync>),
    /// Not worth it: there is no such mailbox, or the letter cannot be written.
    Never(Box<dyn StdError + Send + Sync>),
}

/// The machine's own clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is where time comes from")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(clippy::expect_used, reason = "without randomness no secret is one: stopping is the only safe answer")]
    fn fill(&self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).expect("the operating system has randomness");
    }
}
