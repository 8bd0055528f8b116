//! Calls in a list, without their payloads.

use guildhall_domain::{
    Id, Timestamp,
    analytics::ListedCall,
    id,
    page::{Cursor, Page, PageRequest},
};
use sea_orm::{
    ColumnTrait, Condition, FromQueryResult, IdenStatic, JoinType, Order, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::ToolCalls;
use crate::{
    Result,
    columns::{after, same, time},
    entities::{mcp_server, mcp_user, tool_call},
    mcp_users,
};

/// What a page of calls is called that others are joined to.
const CALLS: &str = "calls";

/// Which calls.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// Of this server.
    pub server: Option<Id<id::McpServer>>,
    /// Of this person.
    pub person: Option<Id<id::McpUser>>,
    /// Of the tool of this name.
    pub tool_name: Option<String>,
    /// Whether they failed.
    pub is_error: Option<bool>,
    /// Begun then or later.
    pub from: Option<Timestamp>,
    /// Begun before.
    pub to: Option<Timestamp>,
}

/// A call without what it was given and what it answered, and whose it is.
#[derive(FromQueryResult)]
struct ListedRow {
    #[sea_orm(nested)]
    person: mcp_user::Model,
    call_id: Uuid,
    tool_name: String,
    is_error: bool,
    duration_ms: i64,
    created_at: i64,
    mcp_session_id: Uuid,
    server_id: Uuid,
    server_name: String,
    server_slug: String,
}

impl ToolCalls<'_> {
    /// Calls, the last begun first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(self, filter: CallFilter, page: PageRequest) -> Result<Page<ListedCall>> {
        use tool_call::Column;
        // Not compared with a value, so that an index of failures alone can be used.
        let failed =
            |is_error: bool| if is_error { Column::IsError.into_expr() } else { Column::IsError.into_expr().not() };
        let mut which = Condition::all()
            .add_option(filter.server.map(|id| Column::ServerId.eq(id.uuid())))
            .add_option(filter.person.map(|id| Column::McpUserId.eq(id.uuid())))
            .add_option(filter.tool_name.map(|name| Column::ToolName.eq(name)))
            .add_option(filter.is_error.map(failed))
            .add_option(filter.from.map(|at| Column::CreatedAt.gte(at.millis())))
            .add_option(filter.to.map(|at| Column::CreatedAt.lt(at.millis())));
        if let Some(Cursor { key, id }) = page.cursor {
            which = which.add(after(Column::CreatedAt, key, Column::Id, id, Order::Desc));
        }
        let calls = self.0.select::<tool_call::Entity>().filter(which).select_only();
        let calls =
            calls.column_as(Column::Id, "call_id").columns([Column::ToolName, Column::IsError, Column::DurationMs]);
        let calls = calls.columns([Column::CreatedAt, Column::McpSessionId, Column::ServerId, Column::McpUserId]);
        let calls = calls.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id);
        // Before whose they are is looked up: PostgreSQL takes so few to have somebody that it would look up all of them.
        let calls = calls.limit(page.limit.saturating_add(1)).into_query();
        let of = |column: Column| Expr::col((CALLS, column));
        let mut listed = self.0.select::<mcp_user::Entity>();
        let its_server = Condition::all()
            .add(same(mcp_server::Column::OrganizationId, mcp_user::Column::OrganizationId))
            .add(mcp_server::Column::Id.into_expr().eq(of(Column::ServerId)));
        let its_person = mcp_user::Column::Id.into_expr().eq(of(Column::McpUserId));
        QuerySelect::query(&mut listed)
            .join_subquery(JoinType::InnerJoin, calls, CALLS, its_person)
            .inner_join(mcp_server::Entity, its_server);
        for column in [Column::ToolName, Column::IsError, Column::DurationMs, Column::CreatedAt, Column::McpSessionId] {
            listed = listed.expr_as(of(column), column.as_str());
        }
        let listed = listed
            .expr_as(of(Column::ServerId), "server_id")
            .expr_as(Expr::col((CALLS, "call_id")), "call_id")
            .column_as(mcp_server::Column::Name, "server_name")
            .column_as(mcp_server::Column::Slug, "server_slug")
            .order_by_desc(of(Column::CreatedAt))
            .order_by_desc(Expr::col((CALLS, "call_id")));
        let rows = listed.into_model::<ListedRow>();
        let calls = rows.all(&self.0.executor()).await?.into_iter().map(read).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(calls, page.limit, |call| Cursor { key: call.created_at.millis(), id: call.id.uuid() }))
    }
}

fn read(row: ListedRow) -> Result<ListedCall> {
    Ok(ListedCall {
        id: Id::from_uuid(row.call_id),
        tool_name: row.tool_name,
        is_error: row.is_error,
        duration_ms: row.duration_ms,
        created_at: time(row.created_at),
        session_id: Id::from_uuid(row.mcp_session_id),
        server_id: Id::from_uuid(row.server_id),
        server_name: row.server_name,
        server_slug: row.server_slug,
        mcp_user: mcp_users::view(row.person)?,
    })
}
