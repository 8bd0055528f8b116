//! Support tickets: what a customer asked for, and what became of it.

mod targets;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{self, Id},
    mcp_servers::SupportTicketType,
    organizations::Person,
    text::Email,
    time::Timestamp,
};

pub use targets::{Promise, Target};

/// How far a ticket has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    /// Nobody can be answered yet.
    NeedsEmail,
    /// Nobody has looked yet.
    Pending,
    /// Somebody is on it.
    InProgress,
    /// Answered.
    Resolved,
    /// Done with, answered or not.
    Closed,
}

impl TicketStatus {
    /// Every status, in the order of a ticket's life.
    pub const ALL: [Self; 5] = [Self::NeedsEmail, Self::Pending, Self::InProgress, Self::Resolved, Self::Closed];

    /// Whether nothing is left to do.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Resolved | Self::Closed)
    }
}

/// How much a ticket matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// When there is time.
    Low,
    /// As it comes.
    #[default]
    Medium,
    /// Soon.
    High,
    /// Now.
    Critical,
}

/// A request for help.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ticket {
    /// Its id.
    pub id: Id<id::Ticket>,
    /// Its number within the organization, from 1.
    pub number: i64,
    /// One line.
    pub title: String,
    /// What is wrong.
    pub concise_summary: String,
    /// What else may help.
    pub context: Option<String>,
    /// How far it has come.
    pub status: TicketStatus,
    /// How much it matters.
    pub priority: Priority,
    /// Where an answer reaches the person who asked.
    pub email: Option<Email>,
    /// Who is on it.
    pub assignee: Option<Person>,
    /// Where it went.
    pub method: SupportTicketType,
    /// The server it came through.
    pub server_id: Option<Id<id::McpServer>>,
    /// That server's name.
    pub server_name: Option<String>,
    /// That server's subdomain.
    pub server_slug: Option<String>,
    /// Who asked; null for a ticket that came otherwise, or of somebody who was forgotten.
    pub mcp_user_id: Option<Id<id::McpUser>>,
    /// The visit it came from.
    pub mcp_session_id: Option<Id<id::McpSession>>,
    /// When it was filed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it was settled.
    pub resolved_at: Option<Timestamp>,
    /// When somebody first answered.
    pub first_response_at: Option<Timestamp>,
    /// Until when somebody means to answer first.
    pub first_response_due_at: Option<Timestamp>,
    /// Until when it is meant to be settled.
    pub resolution_due_at: Option<Timestamp>,
    /// The next of the two that still stands; null where none does.
    pub due_at: Option<Timestamp>,
    /// Which of the two was not kept.
    pub missed: Vec<Promise>,
    /// Where else it can be seen.
    pub external_url: Option<String>,
}

impl Ticket {
    /// A ticket to be filed at Guildhall, of nobody in particular; its number comes with the filing.
    #[must_use]
    pub const fn new(id: Id<id::Ticket>, title: String, concise_summary: String, now: Timestamp) -> Self {
        Self {
            id,
            number: 0,
            title,
            concise_summary,
            context: None,
            status: TicketStatus::Pending,
            priority: Priority::Medium,
            email: None,
            assignee: None,
            method: SupportTicketType::Dashboard,
            server_id: None,
            server_name: None,
            server_slug: None,
            mcp_user_id: None,
            mcp_session_id: None,
            created_at: now,
            updated_at: now,
            resolved_at: None,
            first_response_at: None,
            first_response_due_at: None,
            resolution_due_at: None,
            due_at: None,
            missed: Vec::new(),
            external_url: None,
        }
    }

    /// This ticket in another status.
    #[must_use]
    pub fn moved(self, status: TicketStatus, now: Timestamp) -> Self {
        let settled_before = self.resolved_at.filter(|_| self.status.is_settled());
        let resolved_at = if status.is_settled() { Some(settled_before.unwrap_or(now)) } else { None };
        Self { status, resolved_at, updated_at: now, ..self }.dated()
    }

    /// This ticket once somebody of the organization has answered who asked.
    #[must_use]
    pub fn answered(self, now: Timestamp) -> Self {
        let first_response_at = Some(self.first_response_at.unwrap_or(now));
        Self { first_response_at, updated_at: now, ..self }.dated()
    }
}

/// What an entry of a ticket's history is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ActivityType {
    /// Somebody said something.
    Comment,
    /// It moved.
    StatusChange,
    /// Somebody took it or gave it away.
    Assignment,
    /// A field changed.
    FieldUpdate,
    /// Guildhall itself has something to say.
    System,
}

/// How an entry's content is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContentType {
    /// Plain text.
    #[default]
    Text,
    /// Markdown.
    Markdown,
    /// JSON.
    Json,
}

/// One entry of a ticket's history.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Its id.
    pub id: Id<id::Activity>,
    /// When it was written.
    pub created_at: Timestamp,
    /// What it is.
    pub activity_type: ActivityType,
    /// What it says.
    pub content: String,
    /// How that is written.
    pub content_type: ContentType,
    /// Facts for programs.
    pub metadata: Value,
    /// Who wrote it; null for an end user and for Guildhall.
    pub user_name: Option<String>,
    /// The writer's address.
    pub user_email: Option<Email>,
    /// Whether the person who asked may see it.
    pub is_public: bool,
    /// When it was last edited.
    pub edited_at: Option<Timestamp>,
}

/// What its visit knew when a ticket was filed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The visit.
    pub mcp_session_id: Id<id::McpSession>,
    /// The visit's calls that had failed, the latest first: five at the most.
    pub failed_calls: Vec<FailedCall>,
    /// The step of a walkthrough that the person was at.
    pub step: Option<StepOrigin>,
}

/// A call that failed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedCall {
    /// Its id.
    pub id: Id<id::ToolCall>,
    /// Which tool.
    pub tool_name: String,
    /// What it answered, as far as the server keeps it.
    pub message: Option<String>,
    /// When it began.
    pub created_at: Timestamp,
}

/// A step that somebody was at.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepOrigin {
    /// The walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
    /// Its name.
    pub walkthrough_title: String,
    /// The step.
    pub step_id: Id<id::Step>,
    /// Its name.
    pub step_title: String,
    /// Its place, from 0.
    pub display_order: i32,
}

/// A ticket with the person who asked.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketWithMcpUser {
    /// The ticket's id.
    pub ticket_id: Id<id::Ticket>,
    /// Its one line.
    pub title: String,
    /// How far it has come.
    pub status: TicketStatus,
    /// When it was filed.
    pub created_at: Timestamp,
    /// How the customer's page calls the person.
    pub mcp_user_tracking_id: Option<String>,
    /// The person's address.
    pub mcp_user_email: Option<Email>,
    /// When the person was first seen.
    pub mcp_user_first_seen: Option<Timestamp>,
    /// The server it came through; null for a ticket that came otherwise.
    pub mcp_server_name: Option<String>,
    /// That server's subdomain.
    pub mcp_server_slug: Option<String>,
}
