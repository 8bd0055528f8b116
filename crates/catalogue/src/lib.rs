//! The list of everything Guildhall can do, and the documents made from it. No sockets.
mod dates;
mod definitions;
mod failures;
mod list;
pub mod openapi;
mod shape;
mod tools;
pub mod typescript;

use std::{collections::HashMap, fmt, pin::Pin};

use guildhall_domain::{Error, Issue, Result, access::Permission};
use guildhall_services::{
    App, Attachment, Caller, Effect, Feed, FileField, Following, InOrganization, Procedure, Reach,
};
use serde_json::Value;

pub use dates::DateShape;
pub use list::{catalogue, tools};
pub use tools::{ToolEntry, Tools};

use shape::Shape;

/// All procedures and feeds, in the order of the manual.
#[derive(Debug, Default)]
pub struct Catalogue {
    entries: Vec<Entry>,
    by_name: HashMap<&'static str, usize>,
}

/// One procedure or feed, with its types forgotten.
#[derive(Debug)]
pub struct Entry {
    /// `namespace.verbNoun`
    pub name: &'static str,
    /// `query`, `mutation` or `feed`.
    pub effect: &'static str,
    /// `public`, `user` or `org`.
    pub reach: &'static str,
    /// What the caller must be allowed to do in the organization.
    pub permission: Option<Permission>,
    /// The most bytes an input may have, where it may have more than most.
    pub most_bytes: Option<usize>,
    /// The field of the input that is a file, where there is one.
    pub file: Option<FileField>,
    /// The input's JSON Schema (2020-12); its description is the procedure's.
    pub input: Value,
    /// The output's JSON Schema; a feed's is that of each item.
    pub output: Value,
    /// Where the output has dates.
    pub dates: DateShape,
    shape: Shape,
    act: Act,
}

/// What a procedure answered, its type forgotten: to be written as whoever asked wants it.
pub struct Answer(Box<dyn erased_serde::Serialize + Send + Sync>);

impl Answer {
    /// As a value, for whoever looks into it.
    ///
    /// # Errors
    /// `INTERNAL_SERVER_ERROR` where it cannot be written, which is a bug.
    pub fn value(&self) -> Result<Value> {
        serde_json::to_value(&*self.0).map_err(Error::internal)
    }

    /// As text of JSON, at once.
    ///
    /// # Errors
    /// As for [`Answer::value`].
    pub fn text(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(&*self.0).map_err(Error::internal)
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Answer")
    }
}

/// What there is to do with an entry.
#[derive(Debug)]
enum Act {
    Call { call: Call, admits: Admits },
    Follow(Follow),
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;
type Call = for<'a> fn(&'a App, &'a Caller, Value, Vec<Attachment>) -> Pending<'a, Answer>;
type Admits = for<'a> fn(&'a App, &'a Caller) -> Pending<'a, ()>;
type Follow = for<'a> fn(&'a App, &'a Caller, Value, Option<i64>) -> Pending<'a, Following>;

impl Catalogue {
    /// Every procedure and feed, in the order of the manual.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The procedure or feed of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.by_name.get(name).and_then(|index| self.entries.get(*index))
    }

    fn with<P: Procedure>(self) -> Self {
        let input = shape::schema::<P>();
        let output = shape::output_schema::<P::Output>();
        let entry = Entry {
            name: P::NAME,
            effect: P::Effect::NAME,
            reach: P::Reach::NAME,
            permission: P::Reach::permission(P::NEEDS),
            most_bytes: P::MOST_BYTES,
            file: P::FILE,
            shape: Shape::of(&input),
            dates: DateShape::of(&output),
            input,
            output,
            act: Act::Call {
                call: |app, caller, input, files| {
                    Box::pin(async move {
                        let mut input = shape::read::<P>(input)?;
                        if let (Some(field), Some(attachment)) = (P::FILE, input.attachment()) {
                            attachment.accept(field.name, &files)?;
                        }
                        Ok(Answer(Box::new(app.call(caller, input).await?)))
                    })
                },
                admits: |app, caller| Box::pin(app.admits::<P>(caller)),
            },
        };
        self.list(entry)
    }

    fn feed<F: Feed>(self) -> Self {
        let input = shape::schema::<F>();
        let output = shape::output_schema::<F::Item>();
        let entry = Entry {
            name: F::NAME,
            effect: "feed",
            reach: InOrganization::NAME,
            permission: Some(F::NEEDS),
            most_bytes: None,
            file: None,
            shape: Shape::of(&input),
            dates: DateShape::of(&output),
            input,
            output,
            act: Act::Follow(|app, caller, input, since| {
                Box::pin(async move { app.follow(caller, shape::read::<F>(input)?, since).await })
            }),
        };
        self.list(entry)
    }

    fn list(mut self, entry: Entry) -> Self {
        self.by_name.insert(entry.name, self.entries.len());
        self.entries.push(entry);
        self
    }
}

impl Entry {
    /// Whether inputs are checked against the schema before they are read; the laws tests refuse an entry that is not.
    #[must_use]
    pub const fn is_checked(&self) -> bool {
        self.shape.is_checked()
    }

    /// Calls the procedure with JSON; no input is an empty object.
    ///
    /// # Errors
    /// `BAD_REQUEST` with every problem and its path where `input` does not fit; else what the procedure answers.
    pub async fn call(&self, app: &App, caller: &Caller, input: Value) -> Result<Value> {
        self.call_with(app, caller, input, Vec::new()).await?.value()
    }

    /// Whether `caller` may call the procedure at all, asked before a file of its is taken.
    ///
    /// # Errors
    /// Whatever the call would answer.
    pub async fn admits(&self, app: &App, caller: &Caller) -> Result<()> {
        match &self.act {
            Act::Call { admits, .. } => admits(app, caller).await,
            Act::Follow(_) => Err(not_a_call()),
        }
    }

    /// Whether it is followed rather than called.
    #[must_use]
    pub const fn is_feed(&self) -> bool {
        matches!(self.act, Act::Follow(_))
    }

    /// Follows a feed with JSON, from after the event of number `since` on, or from now on.
    ///
    /// # Errors
    /// As for [`Entry::call`].
    pub async fn follow(&self, app: &App, caller: &Caller, input: Value, since: Option<i64>) -> Result<Following> {
        let Act::Follow(follow) = &self.act else { return Err(Error::BadRequest(vec![Issue::at([], "is no feed")])) };
        follow(app, caller, self.checked(input)?, since).await
    }

    /// An input that fits the schema; no input is an empty object.
    fn checked(&self, input: Value) -> Result<Value> {
        let input = if input.is_null() { Value::Object(serde_json::Map::new()) } else { input };
        self.shape.check(&input)?;
        Ok(input)
    }

    /// The same with files that came beside the input, in which each stands as its SHA-256.
    ///
    /// # Errors
    /// As for [`Entry::call`].
    pub async fn call_with(&self, app: &App, caller: &Caller, input: Value, files: Vec<Attachment>) -> Result<Answer> {
        let Act::Call { call, .. } = &self.act else { return Err(not_a_call()) };
        call(app, caller, self.checked(input)?, files).await
    }
}

fn not_a_call() -> Error {
    Error::BadRequest(vec![Issue::at([], "is a stream, to be followed rather than called")])
}
