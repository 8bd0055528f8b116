//! What was counted as it happened.
mod overview;
mod recount;
mod retention;
mod top;

use guildhall_domain::{
    Id, Timestamp,
    analytics::{CallCount, ConnectionCount, Width},
    id,
};
use sea_orm::{
    ColumnTrait, Condition, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    Result, Tenant,
    columns::time,
    entities::{connection_count, mcp_server, tool_count},
};

/// What was counted.
#[derive(Clone, Copy, Debug)]
pub struct Counters<'a>(pub(crate) Tenant<'a>);

#[derive(FromQueryResult)]
struct ConnectionRow {
    start: Option<i64>,
    users: Option<i64>,
}

impl Counters<'_> {
    /// Calls by tool and bucket, from `from` on: of the whole organization, or of one server.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn calls(
        self,
        width: Width,
        from: Timestamp,
        server: Option<Id<id::McpServer>>,
    ) -> Result<Vec<CallCount>> {
        use tool_count::Column;
        let whose = match server {
            Some(server) => Column::ServerId.eq(server.uuid()),
            None => Column::ServerId.is_null(),
        };
        let counts = self.0.select::<tool_count::Entity>().filter(whose).filter(Column::Width.eq(width.millis()));
        let counts = counts.filter(Column::StartsAt.gte(from.millis())).select_only();
        let columns = counts.columns([Column::StartsAt, Column::ToolName, Column::Calls]);
        let rows: Vec<(i64, String, i64)> = columns.into_tuple().all(&self.0.executor()).await?;
        let read = |(start, tool_name, calls)| CallCount { start: time(start), tool_name, calls };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Different end users of one server by bucket, from `from` on; none where there is no such server.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn connections_of(
        self,
        server: Id<id::McpServer>,
        width: Width,
        from: Timestamp,
    ) -> Result<Option<Vec<ConnectionCount>>> {
        let count = |column| Expr::col((connection_count::Entity, column));
        let its = Condition::all()
            .add(count(connection_count::Column::OrganizationId).eq(self.0.organization.uuid()))
            .add(count(connection_count::Column::ServerId).eq(server.uuid()))
            .add(connection_count::Column::Width.eq(width.millis()))
            .add(connection_count::Column::StartsAt.gte(from.millis()));
        let living = self.0.select::<mcp_server::Entity>().filter(mcp_server::Column::DeletedAt.is_null());
        let mut select = living.filter(mcp_server::Column::Id.eq(server.uuid())).select_only();
        QuerySelect::query(&mut select)
            .left_join(connection_count::Entity, its)
            .expr_as(count(connection_count::Column::StartsAt), "start")
            .expr_as(count(connection_count::Column::Users), "users");
        let rows = select.into_model::<ConnectionRow>().all(&self.0.executor()).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let read = |row: ConnectionRow| Some(ConnectionCount { start: time(row.start?), users: row.users? });
        Ok(Some(rows.into_iter().filter_map(read).collect()))
    }

    /// Different end users of the whole organization by bucket, from `from` on.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn connections(self, width: Width, from: Timestamp) -> Result<Vec<ConnectionCount>> {
        use connection_count::Column;
        let counts = self
            .0
            .select::<connection_count::Entity>()
            .filter(Column::Width.eq(width.millis()))
            .filter(Column::StartsAt.gte(from.millis()))
            .filter(Column::ServerId.is_null());
        let rows = counts.all(&self.0.executor()).await?;
        Ok(rows.into_iter().map(|row| ConnectionCount { start: time(row.starts_at), users: row.users }).collect())
    }
}
