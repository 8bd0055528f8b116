//! The hosted endpoint's tools: procedures that an end user's agent calls.

use guildhall_domain::{Error, Result};
use guildhall_services::{App, Caller, Effect, Guest, Procedure, Served, Tool};
use serde_json::{Value, json};

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
    /// The input's JSON Schema (2020-12).
    pub input: Value,
    /// The structured answer's JSON Schema; describes an object.
    pub output: Value,
    shape: Shape,
    offered: fn(&Served) -> bool,
    call: Call,
}

type Call = for<'a> fn(&'a App, &'a Guest, Value) -> Pending<'a, Answer>;

/// What a tool answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What an agent reads.
    pub text: String,
    /// The same for programs.
    pub structured: Value,
    /// Whether it says that something was wrong with the call.
    pub is_error: bool,
}

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
            read_only: !<T as Procedure>::Effect::WRITES,
            shape: Shape::of(&input),
            input,
            output: shape::output_schema::<T::Output>(),
            offered: T::offered,
            call: |app, guest, input| {
                Box::pin(async move {
                    let output = app.call(&Caller::guest(guest.clone()), shape::read::<T>(input)?).await?;
                    let text = T::text(&output, &app.fresh_suffix());
                    let is_error = T::is_error(&output);
                    Ok(Answer { text, structured: serde_json::to_value(output).map_err(Error::internal)?, is_error })
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

    /// Calls the tool with JSON for `guest`.
    ///
    /// # Errors
    /// `BAD_REQUEST` with every problem and its path where `input` does not fit; else what the tool answers.
    pub async fn call(&self, app: &App, guest: &Guest, input: Value) -> Result<Answer> {
        let input = if input.is_null() { json!({}) } else { input };
        self.shape.check(&input)?;
        (self.call)(app, guest, input).await
    }
}
