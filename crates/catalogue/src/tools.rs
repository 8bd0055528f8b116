//! The hosted endpoint's tools: procedures that an end user's agent calls.

use guildhall_domain::Result;
use guildhall_services::{Answer, App, Begun, Effect, Guest, Procedure, Served, Tool};
use serde_json::Value;

use crate::{
    Pending,
    shape::{self, Shape},
};

/// All tools, in their fixed order.
#[derive(Debug, Default)]
pub struct Tools(Vec<ToolEntry>);

/// One tool, with its types forgotten.
#[derive(Debug)]
pub struct ToolEntry {
    /// Its name on the wire.
    pub name: &'static str,
    /// What people call it.
    pub title: &'static str,
    /// What it does, for an agent.
    pub description: String,
    /// Whether it changes nothing.
    pub read_only: bool,
    /// Whether it answers where an email is wanted first and none is known.
    pub before_email: bool,
    /// The input's JSON Schema (2020-12).
    pub input: Value,
    /// The structured answer's JSON Schema; describes an object.
    pub output: Value,
    shape: Shape,
    offered: fn(&Served) -> bool,
    call: Call,
}

type Call = for<'a> fn(&'a App, &'a Guest, Value, Begun) -> Pending<'a, Answer>;

impl Tools {
    /// Every tool, in its fixed order.
    pub fn iter(&self) -> impl Iterator<Item = &ToolEntry> {
        self.0.iter()
    }

    /// The tool of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ToolEntry> {
        self.0.iter().find(|tool| tool.name == name)
    }

    pub(crate) fn with<T: Tool>(mut self) -> Self {
        let input = shape::schema::<T>();
        self.0.push(ToolEntry {
            name: T::NAME,
            title: T::TITLE,
            description: input["description"].as_str().unwrap_or_default().to_owned(),
            before_email: T::BEFORE_EMAIL,
            read_only: !<T as Procedure>::Effect::WRITES,
            shape: Shape::of(&input),
            input,
            output: shape::output_schema::<T::Output>(),
            offered: T::offered,
            call: |app, guest, given, begun| {
                Box::pin(async move {
                    match shape::read::<T>(&given) {
                        Ok(input) => app.use_tool(guest, input, &given, begun).await,
                        Err(error) => app.refuse_tool(guest, T::NAME, &given, &error, begun).await,
                    }
                })
            },
        });
        self
    }
}

impl ToolEntry {
    /// Whether a server offers it as it is configured now.
    #[must_use]
    pub fn offered(&self, server: &Served) -> bool {
        (self.offered)(server)
    }

    /// Calls the tool with JSON for `guest`; returns when the call is durable. Input that does not fit is answered with
    /// every problem and its path.
    ///
    /// # Errors
    /// Where the call could not be kept; then nothing was changed either.
    pub async fn call(&self, app: &App, guest: &Guest, given: Value) -> Result<Answer> {
        let begun = app.begun();
        match self.shape.check(&given) {
            Ok(()) => (self.call)(app, guest, given, begun).await,
            Err(error) => app.refuse_tool(guest, self.name, &given, &error, begun).await,
        }
    }
}
