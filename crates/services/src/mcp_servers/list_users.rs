use guildhall_domain::{
    Id, Result,
    access::Permission,
    id,
    page::{Cursor, Page, PageLimit, PageRequest},
    sessions::McpUser,
    text::Text,
};
use guildhall_repositories::McpUserFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query};

/// The end users of the organization's servers, the newest first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListMcpUsers {
    /// How many.
    #[serde(default)]
    pub limit: PageLimit,
    /// After which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Visitors of this server only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<Id<id::McpServer>>,
    /// With these words in the trackingId, the address or the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Text<1, 10_000>>,
}

impl Procedure for ListMcpUsers {
    const NAME: &'static str = "mcpServers.listUsers";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadServers;
    type Output = Page<McpUser>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Page<McpUser>> {
        if let Some(server) = self.server_id {
            super::find(cx.tenant(), server).await?;
        }
        let filter = McpUserFilter { server: self.server_id, search: self.search.map(String::from) };
        Ok(cx.tenant().mcp_users().list(&filter, PageRequest::new(self.limit, self.cursor)).await?)
    }
}
