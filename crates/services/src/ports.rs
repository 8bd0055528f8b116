//! What the services need from the world and a user may swap: time, chance, mail, and what others publish.

use std::{error::Error as StdError, pin::Pin, sync::Arc};

use guildhall_domain::{Timestamp, error::Unreachable, mail::Letter, text::WebUrl};
use serde_json::Value;

/// Everything the services need from the world.
#[derive(Clone)]
pub struct Ports {
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Where secrets come from.
    pub random: Arc<dyn Random>,
    /// What carries letters to people.
    pub mail: Arc<dyn Mail>,
    /// What reads documents at addresses that tenants name.
    pub fetch: Arc<dyn Fetch>,
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

/// Asks at addresses that tenants name, and nowhere that is not meant for everybody: no address of a private network is
/// called, and no redirect is followed.
pub trait Fetch: Send + Sync + 'static {
    /// What is answered with 200 (or with what the question heeds besides), of a limited size and in a limited time. Never called while a transaction is open.
    fn send<'a>(&'a self, question: &'a Question) -> Fetching<'a>;
}

/// What is asked at somebody else's address.
#[derive(Clone)]
pub struct Question {
    /// Where.
    pub url: WebUrl,
    /// What is sent there.
    pub body: Body,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// A status besides 200 whose body is an answer as well: GraphQL servers say with 400 what was wrong.
    pub also: Option<u16>,
}

/// What is sent with a question.
#[derive(Clone)]
pub enum Body {
    /// Nothing: what is there is read.
    Nothing,
    /// The fields of a form.
    Form(Vec<(&'static str, String)>),
    /// JSON.
    Json(Value),
}

impl Question {
    /// What is at `url`?
    #[must_use]
    pub const fn get(url: WebUrl) -> Self {
        Self { url, body: Body::Nothing, authorization: None, also: None }
    }

    /// Takes `url` this?
    #[must_use]
    pub const fn post(url: WebUrl, body: Body) -> Self {
        Self { url, body, authorization: None, also: None }
    }
}

// Secrets are in it, and the address of a webhook is one.
impl std::fmt::Debug for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Question(…)")
    }
}

/// A document on its way in.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, Unreachable>> + Send + 'a>>;

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
