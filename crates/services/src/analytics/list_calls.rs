use guildhall_domain::{
    Id, Result, Timestamp,
    access::Permission,
    analytics::ListedCall,
    id,
    page::{Cursor, Page, PageLimit, PageRequest},
    text::Text,
};
use guildhall_repositories::CallFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query, sessions::are_there};

/// Calls of tools, the last begun first, as far back as calls are kept. What a call was given and what it answered is in
/// `sessions.getToolCalls`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListToolCalls {
    /// How many.
    #[serde(default)]
    pub limit: PageLimit,
    /// After which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Of this server only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<Id<id::McpServer>>,
    /// Of this end user only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_user_id: Option<Id<id::McpUser>>,
    /// Of the tool of this name only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_name: Option<Text<1, 200>>,
    /// Only those that failed, or only those that did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_error: Option<bool>,
    /// Begun then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Begun before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

impl Procedure for ListToolCalls {
    const NAME: &'static str = "toolCalls.list";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadServers;
    type Output = Page<ListedCall>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Page<ListedCall>> {
        are_there(cx.tenant(), self.server_id, self.mcp_user_id).await?;
        let filter = CallFilter {
            server: self.server_id,
            person: self.mcp_user_id,
            tool_name: self.tool_name.map(String::from),
            is_error: self.is_error,
            from: self.from,
            to: self.to,
        };
        Ok(cx.tenant().tool_calls().list(filter, PageRequest::new(self.limit, self.cursor)).await?)
    }
}
