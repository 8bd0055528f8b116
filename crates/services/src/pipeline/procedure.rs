//! What a procedure is.

use std::time::Duration;

use guildhall_domain::{Error, Id, Issue, Result, event::Event, id};
use guildhall_repositories::Move;
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};

use super::{AtServer, Attachment, Cx, Desk, FileField, Prepared, Reach};
use crate::{
    sessions::Served,
    settings::{Limits, Rate, Settings},
};

/// One thing Guildhall can do. The implementing struct is the input: its fields are the wire's fields and its doc
/// comment is the manual's entry.
pub trait Procedure: Clone + Serialize + DeserializeOwned + JsonSchema + Send + Sync + Sized + 'static {
    /// `namespace.verbNoun`
    const NAME: &'static str;
    /// [`Query`], [`Mutation`] or [`Recording`].
    type Effect: Effect;
    /// How far it reaches, and so who may call it.
    type Reach: Reach;
    /// What the caller must be allowed to do there.
    const NEEDS: <Self::Reach as Reach>::Needs;
    /// What it answers.
    type Output: Serialize + DeserializeOwned + JsonSchema + Send + Sync + 'static;

    /// The most bytes an input may have on the wire, where it may have more than most.
    const MOST_BYTES: Option<usize> = None;

    /// The field that is a file, where there is one.
    const FILE: Option<FileField> = None;

    /// How long an answer is kept for a caller who comes with the same `Idempotency-Key`. Answers with tokens are kept for
    /// as long as a spent token is answered, and no longer.
    const ANSWER_KEPT: Duration = Duration::from_hours(24);

    /// Whether it ends the session that calls it, so that a repetition can prove itself by its signature alone.
    const ENDS_ITS_SESSION: bool = false;

    /// What is wrong across fields; what is wrong within one, its type has refused already.
    fn check(&self) -> Vec<Issue> {
        Vec::new()
    }

    /// The value of the field that is a file.
    fn attachment(&mut self) -> Option<&mut Attachment> {
        None
    }

    /// The organization that the input names by id or slug, where it names one; else it is the caller's.
    fn organization(&self) -> Option<String> {
        None
    }

    /// How often this may be called, and by what the calls are counted.
    fn throttles(&self, _: &Limits) -> Vec<Throttle> {
        Vec::new()
    }

    /// How long an answer takes at the least, where its time would say what it does not.
    fn pace(_: &Settings) -> Option<Duration> {
        None
    }

    /// Does what takes long and needs no transaction, such as hashing a password, before one is opened.
    fn prepare(&self, _: &Desk<'_>) -> impl Future<Output = Result<Prepared>> + Send {
        async { Ok(Prepared::default()) }
    }

    /// Does it. Only the pipeline can make a [`Cx`], so nothing runs without its checks.
    fn run(
        self,
        cx: &Cx<Self::Reach>,
    ) -> impl Future<Output = Result<<Self::Effect as Effect>::Answer<Self::Output>>> + Send;
}

/// A procedure that an end user's agent calls at a hosted MCP server.
pub trait Tool: Procedure<Reach = AtServer> {
    /// What people call it.
    const TITLE: &'static str;
    /// Whether it answers where an email is wanted first and none is known.
    const BEFORE_EMAIL: bool = false;
    /// Whether a server offers it as it is configured now.
    fn offered(server: &Served) -> bool;
    /// What the agent reads. `suffix` is fresh and cannot be guessed.
    fn text(output: &Self::Output, suffix: &str) -> String;
    /// Whether the answer says that something was wrong with the call.
    fn is_error(_: &Self::Output) -> bool {
        false
    }
    /// Who the caller turned out to be, where the call has shown that.
    fn person(_: &Self::Output) -> Option<Id<id::McpUser>> {
        None
    }
}

/// A count of calls and what happens above it.
#[derive(Clone, Debug)]
pub enum Throttle {
    /// Counted by what the input names, such as an account.
    Key(&'static str, String, Rate),
    /// Counted by the caller's network address; callers without one are counted as one.
    Address(&'static str, Rate),
    /// Counted by the user who calls.
    Caller(&'static str, Rate),
}

/// Whether a procedure may change anything.
pub trait Effect: 'static {
    /// `query` or `mutation`.
    const NAME: &'static str;
    /// Whether it may.
    const WRITES: bool;
    /// Whether what it writes is written through a transaction of its own.
    const OPENS: bool = Self::WRITES;
    /// What `run` answers with.
    type Answer<T: Send>: Send;
    /// The caller's part of the answer, and the history's.
    fn settle<T: Send>(answer: Self::Answer<T>) -> Settled<T>;
}

/// An answer taken apart.
#[derive(Debug)]
pub struct Settled<T> {
    /// What the caller gets.
    pub answer: Result<T>,
    /// What the history gets.
    pub event: Option<Event>,
    /// What is left to the recorder.
    pub(crate) left: Option<Move>,
}

/// Changes nothing.
#[derive(Debug)]
pub enum Query {}

impl Effect for Query {
    const NAME: &'static str = "query";
    const WRITES: bool = false;
    type Answer<T: Send> = T;
    fn settle<T: Send>(answer: T) -> Settled<T> {
        Settled { answer: Ok(answer), event: None, left: None }
    }
}

/// May change something, and then says what.
#[derive(Debug)]
pub enum Mutation {}

impl Effect for Mutation {
    const NAME: &'static str = "mutation";
    const WRITES: bool = true;
    type Answer<T: Send> = Outcome<T>;
    fn settle<T: Send>(answer: Outcome<T>) -> Settled<T> {
        match answer {
            Outcome::Changed(output, event) => Settled { answer: Ok(output), event: Some(event), left: None },
            Outcome::Unchanged(output) => Settled { answer: Ok(output), event: None, left: None },
            Outcome::Refused(error, event) => Settled { answer: Err(error), event: Some(event), left: None },
        }
    }
}

/// A mutation's answer: there is no way to change something without saying what happened.
#[derive(Debug)]
pub enum Outcome<T> {
    /// Something happened.
    Changed(T, Event),
    /// It already was so.
    Unchanged(T),
    /// The caller is refused, and what was done about it stays done: an attack was noticed.
    Refused(Error, Event),
}

/// Changes something small, and often: it reads, decides, and leaves the writing to the recorder, which does it for many
/// callers at once.
#[derive(Debug)]
pub enum Recording {}

impl Effect for Recording {
    const NAME: &'static str = "mutation";
    const WRITES: bool = true;
    const OPENS: bool = false;
    type Answer<T: Send> = Recorded<T>;
    fn settle<T: Send>(answer: Recorded<T>) -> Settled<T> {
        match answer {
            Recorded::Moved(output, left, event) => {
                Settled { answer: Ok(output), event: Some(event), left: Some(left) }
            }
            Recorded::Unchanged(output) => Settled { answer: Ok(output), event: None, left: None },
        }
    }
}

/// The answer of a mutation that leaves the writing to the recorder.
#[derive(Debug)]
pub enum Recorded<T> {
    /// Somebody did something in a walkthrough; the event is one only where nobody else was faster.
    Moved(T, Move, Event),
    /// It already was so.
    Unchanged(T),
}
