use guildhall_domain::{
    Id, Result, access::Permission, id, mcp_servers::McpServer, ticket_destinations::TicketDestination,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query};

/// The organization's servers, the oldest first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListMcpServers {}

impl Procedure for ListMcpServers {
    const NAME: &'static str = "mcpServers.list";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadServers;
    type Output = Vec<McpServer>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<McpServer>> {
        let servers = cx.tenant().mcp_servers().list().await?;
        Ok(servers.into_iter().map(|server| super::view(server, cx.settings())).collect())
    }
}

/// One server, with how much there is of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetMcpServer {
    /// Which server.
    pub server_id: Id<id::McpServer>,
}

/// A server and how much there is of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServerDetail {
    /// The server.
    #[serde(flatten)]
    pub server: McpServer,
    /// Different end users.
    pub user_count: i64,
    /// Their visits.
    pub session_count: i64,
    /// Their calls.
    pub tool_call_count: i64,
    /// Their tickets.
    pub ticket_count: i64,
    /// Where its tickets can go besides Guildhall, whatever is chosen now.
    pub ticket_destinations: Vec<TicketDestination>,
}

impl Procedure for GetMcpServer {
    const NAME: &'static str = "mcpServers.get";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadServers;
    type Output = McpServerDetail;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<McpServerDetail> {
        let server = super::find(cx.tenant(), self.server_id).await?;
        let destinations = cx.tenant().ticket_destinations().of(server.id).await?;
        let counts = cx.tenant().mcp_servers().counts(&server).await?;
        Ok(McpServerDetail {
            server: super::view(server, cx.settings()),
            user_count: counts.users,
            session_count: counts.sessions,
            tool_call_count: counts.calls,
            ticket_count: counts.tickets,
            ticket_destinations: destinations.into_iter().map(TicketDestination::from).collect(),
        })
    }
}
