use guildhall_domain::{
    Error, Id, Resource, Result, Timestamp,
    access::Permission,
    id,
    page::{Cursor, Page, PageLimit, PageRequest},
    sessions::{McpSession, ToolCall},
    tickets::TicketStatus,
};
use guildhall_repositories::{SessionFilter, StoredVisit, Tenant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query, mcp_servers};

/// Visits of end users, the latest first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListSessions {
    /// How many.
    #[serde(default)]
    pub limit: PageLimit,
    /// After which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// To this server only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<Id<id::McpServer>>,
    /// Of this end user only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mcp_user_id: Option<Id<id::McpUser>>,
    /// Begun then or later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Begun before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
}

impl Procedure for ListSessions {
    const NAME: &'static str = "sessions.list";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadServers;
    type Output = Page<McpSession>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Page<McpSession>> {
        are_there(cx.tenant(), self.server_id, self.mcp_user_id).await?;
        let filter = SessionFilter { server: self.server_id, person: self.mcp_user_id, from: self.from, to: self.to };
        Ok(cx.tenant().visits().list(filter, PageRequest::new(self.limit, self.cursor)).await?)
    }
}

/// The calls of a visit, oldest first; of more than 1,000 the newest.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetToolCalls {
    /// Which visit.
    pub session_id: Id<id::McpSession>,
}

impl Procedure for GetToolCalls {
    const NAME: &'static str = "sessions.getToolCalls";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadServers;
    type Output = Vec<ToolCall>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<ToolCall>> {
        let visit = find(cx.tenant(), self.session_id).await?;
        Ok(cx.tenant().tool_calls().of_visit(&visit).await?)
    }
}

/// The support tickets filed in a visit, oldest first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetSupportTickets {
    /// Which visit.
    pub session_id: Id<id::McpSession>,
}

/// A ticket as a visit shows it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionTicket {
    /// Its id.
    pub id: Id<id::Ticket>,
    /// One line.
    pub title: String,
    /// What is wrong.
    pub concise_summary: String,
    /// How far it has come.
    pub status: TicketStatus,
    /// When it was filed.
    pub created_at: Timestamp,
    /// The server's name.
    pub server_name: String,
    /// The server's subdomain.
    pub server_slug: String,
}

impl Procedure for GetSupportTickets {
    const NAME: &'static str = "sessions.getSupportTickets";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadTickets;
    type Output = Vec<SessionTicket>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<SessionTicket>> {
        let visit = find(cx.tenant(), self.session_id).await?;
        let tickets = cx.tenant().tickets().of_visit(visit.session.id).await?;
        let view = |ticket: guildhall_domain::tickets::Ticket| SessionTicket {
            id: ticket.id,
            title: ticket.title,
            concise_summary: ticket.concise_summary,
            status: ticket.status,
            created_at: ticket.created_at,
            server_name: visit.session.server_name.clone(),
            server_slug: visit.session.server_slug.clone(),
        };
        Ok(tickets.into_iter().map(view).collect())
    }
}

async fn find(tenant: Tenant<'_>, id: Id<id::McpSession>) -> Result<StoredVisit> {
    tenant.visits().find(id).await?.ok_or(Error::NotFound(Resource::McpSession))
}

/// Whether the server and the person that a list is asked of are the organization's, where it is asked of one.
///
/// # Errors
/// `RESOURCE_NOT_FOUND` where one is not.
pub(crate) async fn are_there(
    tenant: Tenant<'_>,
    server: Option<Id<id::McpServer>>,
    person: Option<Id<id::McpUser>>,
) -> Result<()> {
    if let Some(server) = server {
        mcp_servers::find(tenant, server).await?;
    }
    if let Some(person) = person
        && !tenant.visits().knows(person).await?
    {
        return Err(Error::NotFound(Resource::McpUser));
    }
    Ok(())
}
