//! Calls as a list shows them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    id::{self, Id},
    sessions::McpUser,
    time::Timestamp,
};

/// One recorded call of a tool, without what it was given and what it answered: those may be long, and
/// `sessions.getToolCalls` shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedCall {
    /// Its id.
    pub id: Id<id::ToolCall>,
    /// Which tool.
    pub tool_name: String,
    /// Whether it failed.
    pub is_error: bool,
    /// How long it took, in milliseconds.
    pub duration_ms: i64,
    /// When it began.
    pub created_at: Timestamp,
    /// In which visit.
    pub session_id: Id<id::McpSession>,
    /// Of which server.
    pub server_id: Id<id::McpServer>,
    /// The server's name.
    pub server_name: String,
    /// The server's subdomain.
    pub server_slug: String,
    /// Who made it.
    pub mcp_user: McpUser,
}
