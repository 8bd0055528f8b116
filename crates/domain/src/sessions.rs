//! End users of an organization's MCP servers, their visits, and what they call.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    id::{self, Id},
    text::{Email, checked_text},
    time::Timestamp,
};
use std::fmt;

/// How the customer's own page calls the person who is reading: 1 to 128 of `A-Za-z0-9_.-`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrackingId(String);

impl TryFrom<String> for TrackingId {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let legal = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
        if legal && (1..=128).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err("1 to 128 letters, digits, underscores, dots and hyphens".to_owned())
        }
    }
}

checked_text!(
    [] TrackingId,
    "TrackingId".into(),
    json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_.-]{1,128}$" })
);

/// An end user of an organization's MCP servers; never somebody with an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpUser {
    /// Its id.
    pub id: Id<id::McpUser>,
    /// How the customer's own page calls the person.
    pub tracking_id: Option<TrackingId>,
    /// The person's address, proven.
    pub email: Option<Email>,
    /// What the person is called.
    pub display_name: Option<String>,
    /// When it was seen first.
    pub first_seen_at: Timestamp,
    /// When it was last heard of.
    pub last_seen_at: Timestamp,
    /// How many visits it made.
    pub session_count: i64,
}

/// One visit of an end user to one server.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpSession {
    /// Its id.
    pub id: Id<id::McpSession>,
    /// Whose visit.
    pub mcp_user_id: Id<id::McpUser>,
    /// The server's name.
    pub server_name: String,
    /// The server's subdomain.
    pub server_slug: String,
    /// What the client calls itself.
    pub client_name: Option<String>,
    /// Its version.
    pub client_version: Option<String>,
    /// The MCP revision it speaks.
    pub protocol_version: Option<String>,
    /// What the visit was about.
    pub title: Option<String>,
    /// When it began.
    pub connected_at: Timestamp,
    /// When it was last heard of.
    pub last_seen_at: Timestamp,
    /// How many calls it made.
    pub tool_call_count: i64,
}

/// One recorded call of a tool.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// Its id.
    pub id: Id<id::ToolCall>,
    /// Which tool.
    pub tool_name: String,
    /// What it was given, as far as the server keeps it.
    pub input: Value,
    /// What it answered, as far as the server keeps it.
    pub output: Value,
    /// Whether it failed.
    pub is_error: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// The server's name.
    pub server_name: String,
    /// The server's subdomain.
    pub server_slug: String,
}
