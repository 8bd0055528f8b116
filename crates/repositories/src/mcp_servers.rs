//! The MCP servers an organization publishes.

use guildhall_domain::{
    Id, Timestamp, id,
    mcp_servers::{AuthType, PayloadCapture, Subdomain, SupportTicketType},
};
use sea_orm::{
    ColumnTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Func, LockType, SelectStatement},
};

use crate::{
    Result, Tenant,
    columns::{read, time, word},
    entities::{mcp_server, mcp_session, ticket},
};

/// The MCP servers an organization publishes.
#[derive(Clone, Copy, Debug)]
pub struct McpServers<'a>(pub(crate) Tenant<'a>);

/// A server as it is kept: all but its address, which depends on where Guildhall runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredServer {
    /// Its id.
    pub id: Id<id::McpServer>,
    /// What people call it.
    pub name: String,
    /// Its subdomain.
    pub slug: Subdomain,
    /// What it helps with.
    pub product_platform_or_tool: Option<String>,
    /// How an end user proves who it is.
    pub auth_type: AuthType,
    /// Where its tickets go.
    pub support_ticket_type: SupportTicketType,
    /// Whether it offers walkthroughs.
    pub walkthrough_tools_enabled: bool,
    /// Whether it offers documentation.
    pub knowledge_tools_enabled: bool,
    /// How end users sign in somewhere else.
    pub custom_oauth_config_id: Option<Id<id::OauthConfig>>,
    /// How much of a call is kept.
    pub payload_capture: PayloadCapture,
    /// Whether it lets nobody in for now.
    pub is_paused: bool,
    /// When it was published.
    pub created_at: Timestamp,
}

/// How much there is of a server.
#[derive(Clone, Copy, Debug)]
pub struct ServerCounts {
    /// Different end users.
    pub users: i64,
    /// Visits.
    pub sessions: i64,
    /// Calls.
    pub calls: i64,
    /// Tickets.
    pub tickets: i64,
}

#[derive(FromQueryResult)]
struct CountsRow {
    users: i64,
    sessions: i64,
    calls: i64,
    tickets: i64,
}

impl McpServers<'_> {
    /// Publishes a server.
    ///
    /// # Errors
    /// [`crate::Error::Taken`] where the subdomain is, by a living server or a deleted one.
    pub async fn publish(self, server: &StoredServer) -> Result<()> {
        let row = mcp_server::Model {
            id: server.id.uuid(),
            organization_id: self.0.organization.uuid(),
            name: server.name.clone(),
            slug: word(&server.slug),
            product_platform_or_tool: server.product_platform_or_tool.clone(),
            auth_type: word(server.auth_type),
            support_ticket_type: word(server.support_ticket_type),
            walkthrough_tools_enabled: server.walkthrough_tools_enabled,
            knowledge_tools_enabled: server.knowledge_tools_enabled,
            custom_oauth_config_id: server.custom_oauth_config_id.map(Id::uuid),
            payload_capture: word(server.payload_capture),
            created_at: server.created_at.millis(),
            updated_at: server.created_at.millis(),
            deleted_at: None,
            is_paused: server.is_paused,
        };
        self.0.insert::<mcp_server::Entity>(vec![row]).await
    }

    /// The server, unless it is missing, deleted or somebody else's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, id: Id<id::McpServer>) -> Result<Option<StoredServer>> {
        let row = self.living().filter(mcp_server::Column::Id.eq(id.uuid())).one(&self.0.executor()).await?;
        row.map(StoredServer::try_from).transpose()
    }

    /// The same, so that nobody else can change what it offers before this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_to_change(self, id: Id<id::McpServer>) -> Result<Option<StoredServer>> {
        let mut select = self.living().filter(mcp_server::Column::Id.eq(id.uuid()));
        if self.0.access.is_postgres() {
            select = select.lock(LockType::NoKeyUpdate); // SQLite has one writer
        }
        select.one(&self.0.executor()).await?.map(StoredServer::try_from).transpose()
    }

    /// All of them, the oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(self) -> Result<Vec<StoredServer>> {
        let rows = self.living().order_by_asc(mcp_server::Column::Id).all(&self.0.executor()).await?;
        rows.into_iter().map(StoredServer::try_from).collect()
    }

    /// How much there is of `server`, in one statement.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn counts(self, server: &StoredServer) -> Result<ServerCounts> {
        let id = server.id.uuid();
        let visits = self.0.select::<mcp_session::Entity>().filter(mcp_session::Column::ServerId.eq(id));
        let users = visits.clone().select_only().expr(Expr::col(mcp_session::Column::McpUserId).count_distinct());
        let sessions = visits.clone().select_only().expr(mcp_session::Column::Id.count());
        let calls =
            visits.clone().select_only().expr(Expr::col(mcp_session::Column::ToolCallCount).sum().cast_as("bigint"));
        let tickets = self.0.select::<ticket::Entity>().filter(ticket::Column::ServerId.eq(id));
        let subquery = |mut select: SelectStatement| Expr::SubQuery(None, Box::new(select.take().into()));
        let row = self
            .living()
            .filter(mcp_server::Column::Id.eq(id))
            .select_only()
            .expr_as(subquery(sea_orm::QueryTrait::into_query(users)), "users")
            .expr_as(subquery(sea_orm::QueryTrait::into_query(sessions)), "sessions")
            .expr_as(
                Expr::expr(Func::coalesce([subquery(sea_orm::QueryTrait::into_query(calls)), Expr::value(0_i64)])),
                "calls",
            )
            .expr_as(
                subquery(sea_orm::QueryTrait::into_query(tickets.select_only().expr(ticket::Column::Id.count()))),
                "tickets",
            )
            .into_model::<CountsRow>()
            .one(&self.0.executor())
            .await?;
        let row = row.unwrap_or(CountsRow { users: 0, sessions: 0, calls: 0, tickets: 0 });
        Ok(ServerCounts { users: row.users, sessions: row.sessions, calls: row.calls, tickets: row.tickets })
    }

    /// Changes how `server` knows its users and where its tickets go.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn configure(
        self,
        server: StoredServer,
        auth_type: AuthType,
        support_ticket_type: SupportTicketType,
        config: Option<Id<id::OauthConfig>>,
        now: Timestamp,
    ) -> Result<StoredServer> {
        let update = self
            .0
            .update::<mcp_server::Entity>()
            .col_expr(mcp_server::Column::AuthType, Expr::value(word(auth_type)))
            .col_expr(mcp_server::Column::SupportTicketType, Expr::value(word(support_ticket_type)))
            .col_expr(mcp_server::Column::CustomOauthConfigId, Expr::value(config.map(Id::uuid)))
            .col_expr(mcp_server::Column::UpdatedAt, Expr::value(now.millis()))
            .filter(mcp_server::Column::Id.eq(server.id.uuid()));
        update.exec(&self.0.executor()).await?;
        Ok(StoredServer { auth_type, support_ticket_type, custom_oauth_config_id: config, ..server })
    }

    /// Writes down what `edited`, which must have been read to be changed, is called and offers now.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn update(self, edited: &StoredServer, now: Timestamp) -> Result<()> {
        use mcp_server::Column;
        let update = self
            .0
            .update::<mcp_server::Entity>()
            .col_expr(Column::Name, Expr::value(edited.name.clone()))
            .col_expr(Column::ProductPlatformOrTool, Expr::value(edited.product_platform_or_tool.clone()))
            .col_expr(Column::WalkthroughToolsEnabled, Expr::value(edited.walkthrough_tools_enabled))
            .col_expr(Column::KnowledgeToolsEnabled, Expr::value(edited.knowledge_tools_enabled))
            .col_expr(Column::PayloadCapture, Expr::value(word(edited.payload_capture)))
            .col_expr(Column::IsPaused, Expr::value(edited.is_paused))
            .col_expr(Column::UpdatedAt, Expr::value(now.millis()));
        update.filter(Column::Id.eq(edited.id.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

    /// Takes `server` out of every answer. The row stays, with what its end users did; so its subdomain stays taken. How
    /// they signed in somewhere else is needed by it no longer.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete(self, server: &StoredServer, now: Timestamp) -> Result<()> {
        let delete = self
            .0
            .update::<mcp_server::Entity>()
            .col_expr(mcp_server::Column::DeletedAt, Expr::value(now.millis()))
            .col_expr(mcp_server::Column::CustomOauthConfigId, Expr::value(None::<uuid::Uuid>))
            .col_expr(mcp_server::Column::UpdatedAt, Expr::value(now.millis()));
        delete.filter(mcp_server::Column::Id.eq(server.id.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

    fn living(self) -> sea_orm::Select<mcp_server::Entity> {
        self.0.select::<mcp_server::Entity>().filter(mcp_server::Column::DeletedAt.is_null())
    }
}

impl TryFrom<mcp_server::Model> for StoredServer {
    type Error = crate::Error;
    fn try_from(row: mcp_server::Model) -> Result<Self> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            name: row.name,
            slug: read(row.slug)?,
            product_platform_or_tool: row.product_platform_or_tool,
            auth_type: read(row.auth_type)?,
            support_ticket_type: read(row.support_ticket_type)?,
            walkthrough_tools_enabled: row.walkthrough_tools_enabled,
            knowledge_tools_enabled: row.knowledge_tools_enabled,
            custom_oauth_config_id: row.custom_oauth_config_id.map(Id::from_uuid),
            payload_capture: read(row.payload_capture)?,
            is_paused: row.is_paused,
            created_at: time(row.created_at),
        })
    }
}
