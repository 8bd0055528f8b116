use guildhall_domain::{
    Id, Patch, Result,
    access::Permission,
    event::Event,
    id,
    mcp_servers::{McpServer, PayloadCapture},
    text::Text,
};
use guildhall_repositories::StoredServer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Changes what a server is called, what it offers, how much of a call it keeps and whether it lets anybody in; the next
/// request on any node meets the change. What is left out stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateMcpServer {
    /// Which server.
    pub server_id: Id<id::McpServer>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<1, 100>>,
    /// What it helps with; null clears.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub product_platform_or_tool: Patch<Text<1, 10_000>>,
    /// Whether it offers walkthroughs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walkthrough_tools_enabled: Option<bool>,
    /// Whether it offers documentation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub knowledge_tools_enabled: Option<bool>,
    /// How much of a call's input and output is kept, from the next call on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_capture: Option<PayloadCapture>,
    /// Whether every MCP request is told to come back later. People stay signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_paused: Option<bool>,
}

impl Procedure for UpdateMcpServer {
    const NAME: &'static str = "mcpServers.update";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteServers;
    type Output = McpServer;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<McpServer>> {
        let before = super::find_to_change(cx.tenant(), self.server_id).await?;
        let edited = StoredServer {
            name: self.name.map_or_else(|| before.name.clone(), String::from),
            product_platform_or_tool: self.product_platform_or_tool.apply(before.product_platform_or_tool.clone()),
            walkthrough_tools_enabled: self.walkthrough_tools_enabled.unwrap_or(before.walkthrough_tools_enabled),
            knowledge_tools_enabled: self.knowledge_tools_enabled.unwrap_or(before.knowledge_tools_enabled),
            payload_capture: self.payload_capture.unwrap_or(before.payload_capture),
            is_paused: self.is_paused.unwrap_or(before.is_paused),
            ..before.clone()
        };
        if edited == before {
            return Ok(Outcome::Unchanged(super::view(before, cx.settings())));
        }
        cx.tenant().mcp_servers().update(&edited, cx.now()).await?;
        let event = Event::McpServerUpdated { server_id: edited.id };
        Ok(Outcome::Changed(super::view(edited, cx.settings()), event))
    }
}
