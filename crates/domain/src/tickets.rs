//! Support tickets: what a customer asked for, and what became of it.

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

/// What an organization promises of its tickets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Promise {
    /// That somebody answers.
    FirstResponse,
    /// That it is settled.
    Resolution,
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
    pub server_name: Option<String>,
    /// That server's subdomain.
    pub server_slug: Option<String>,
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
    /// Where else it can be seen.
    pub external_url: Option<String>,
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
