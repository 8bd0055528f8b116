//! Walkthroughs: steps that a person's agent takes the person through.

mod document;
mod progress;
mod render;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use document::{Document, DocumentStep, DocumentVersion, DocumentWalkthrough};
pub use progress::{PersonProgress, Progress};
pub use render::{Preview, PreviewStep, PreviewWalkthrough, Sheet, agent_text, html, quoted};

use crate::{
    id::{self, Id},
    text::Text,
    time::Timestamp,
};

/// The most steps a walkthrough has; its steps are read as a whole.
pub const MAX_STEPS: usize = 500;

/// What a walkthrough is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WalkthroughType {
    /// Learning.
    Course,
    /// Installing.
    Installer,
    /// Finding out what is wrong.
    Troubleshooting,
    /// Joining two things.
    Integration,
    /// Getting going.
    Quickstart,
}

/// Whether end users can see a walkthrough.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WalkthroughStatus {
    /// Not yet.
    Draft,
    /// Yes, where it is assigned.
    Published,
    /// No longer.
    Archived,
}

/// A walkthrough, without its steps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Walkthrough {
    /// Its id.
    pub id: Id<id::Walkthrough>,
    /// Its name.
    pub title: Text<1, 100>,
    /// What it leads to.
    pub description: Option<Text<0, 500>>,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: WalkthroughType,
    /// Whether end users can see it.
    pub status: WalkthroughStatus,
    /// Words to find it by.
    pub tags: Vec<Text<1, 50>>,
    /// How long it takes, in minutes.
    pub estimated_duration_minutes: Option<i32>,
    /// How many steps it has.
    pub step_count: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it or one of its steps last changed.
    pub updated_at: Timestamp,
}

/// The layout of a step's content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ContentVersion {
    /// Four texts.
    #[default]
    #[serde(rename = "v1")]
    V1,
}

/// One of a step's four texts.
pub type Content = Text<0, 50_000>;

/// What a step says, to whom.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContentFields {
    /// Its layout.
    pub version: ContentVersion,
    /// To the agent: what the step is for.
    #[serde(default)]
    pub introduction_for_agent: Content,
    /// To the agent: background.
    #[serde(default)]
    pub context_for_agent: Content,
    /// To the person, word for word.
    #[serde(default)]
    pub content_for_user: Content,
    /// To the agent: what to do.
    #[serde(default)]
    pub operations_for_agent: Content,
}

/// Changes to a step's texts; what is not given stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContentPatch {
    /// Its layout.
    pub version: ContentVersion,
    /// To the agent: what the step is for.
    pub introduction_for_agent: Option<Content>,
    /// To the agent: background.
    pub context_for_agent: Option<Content>,
    /// To the person, word for word.
    pub content_for_user: Option<Content>,
    /// To the agent: what to do.
    pub operations_for_agent: Option<Content>,
}

impl ContentFields {
    /// These texts with those of `patch` in their place.
    #[must_use]
    pub fn merged(self, patch: ContentPatch) -> Self {
        Self {
            version: patch.version,
            introduction_for_agent: patch.introduction_for_agent.unwrap_or(self.introduction_for_agent),
            context_for_agent: patch.context_for_agent.unwrap_or(self.context_for_agent),
            content_for_user: patch.content_for_user.unwrap_or(self.content_for_user),
            operations_for_agent: patch.operations_for_agent.unwrap_or(self.operations_for_agent),
        }
    }
}

/// One step of a walkthrough.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// Its id.
    pub id: Id<id::Step>,
    /// Whose step.
    pub walkthrough_id: Id<id::Walkthrough>,
    /// Its name.
    pub title: Text<1, 200>,
    /// Its place, from 0, dense and without ties.
    pub display_order: i32,
    /// What it says.
    pub content_fields: ContentFields,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A walkthrough's place on a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    /// Which walkthrough.
    pub walkthrough: Walkthrough,
    /// Its place in the server's list.
    pub display_order: i32,
    /// Whether the server offers it.
    pub is_enabled: bool,
}
