//! What was counted as it happened, and the recount from the rows themselves.

use std::collections::BTreeMap;

use guildhall_domain::{
    Id, Timestamp,
    analytics::{CallCount, ConnectionCount, Width},
    id,
};
use sea_orm::{
    ColumnTrait, Condition, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use crate::{
    Result, Tenant,
    columns::time,
    entities::{connection_count, mcp_server, mcp_session, tool_call, tool_count},
};

/// What was counted.
#[derive(Clone, Copy, Debug)]
pub struct Counters<'a>(pub(crate) Tenant<'a>);

#[derive(FromQueryResult)]
struct CallRow {
    start: i64,
    tool_name: String,
    calls: i64,
}

#[derive(FromQueryResult)]
struct ConnectionRow {
    start: Option<i64>,
    users: Option<i64>,
}

#[derive(FromQueryResult)]
struct RecountRow {
    start: i64,
    server_id: Option<Uuid>,
    name: String,
    total: i64,
}

/// One counter: its kind and width, its bucket, its server (none: the whole organization), its tool.
type Counter = (&'static str, i64, i64, Option<Uuid>, String);

impl Counters<'_> {
    /// Calls by tool and bucket, from `from` on. Days are sums of hours.
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
        let kept = if width == Width::Day { Width::Hour } else { width };
        let start = floored(Expr::col(Column::StartsAt), width.millis());
        let mut counts = self
            .0
            .select::<tool_count::Entity>()
            .filter(Column::Width.eq(kept.millis()))
            .filter(Column::StartsAt.gte(from.millis()));
        if let Some(server) = server {
            counts = counts.filter(Column::ServerId.eq(server.uuid()));
        }
        let sums = counts
            .select_only()
            .expr_as(start, "start")
            .column(Column::ToolName)
            .expr_as(Expr::col(Column::Calls).sum().cast_as("bigint"), "calls")
            .group_by(Expr::col("start"))
            .group_by(Column::ToolName);
        let rows = sums.into_model::<CallRow>().all(&self.0.executor()).await?;
        let read = |row: CallRow| CallCount { start: time(row.start), tool_name: row.tool_name, calls: row.calls };
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

    /// Counts everything again from the rows themselves; answers a line for each counter that differs.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn recount(self) -> Result<Vec<String>> {
        let mut counted: BTreeMap<Counter, i64> = BTreeMap::new();
        for row in self.0.select::<tool_count::Entity>().all(&self.0.executor()).await? {
            counted.insert(("calls", row.width, row.starts_at, Some(row.server_id), row.tool_name), row.calls);
        }
        for row in self.0.select::<connection_count::Entity>().all(&self.0.executor()).await? {
            counted.insert(("connections", row.width, row.starts_at, row.server_id, String::new()), row.users);
        }
        for row in self.0.select::<mcp_session::Entity>().all(&self.0.executor()).await? {
            counted.insert(("session", 0, 0, Some(row.id), String::new()), row.tool_call_count);
        }
        let actual = self.actual().await?;
        let keys: std::collections::BTreeSet<&Counter> = counted.keys().chain(actual.keys()).collect();
        let differs =
            |key: &&Counter| counted.get(*key).copied().unwrap_or(0) != actual.get(*key).copied().unwrap_or(0);
        let line = |key: &Counter| format!("{key:?}: counted {:?}, there are {:?}", counted.get(key), actual.get(key));
        Ok(keys.into_iter().filter(differs).map(line).collect())
    }

    async fn actual(self) -> Result<BTreeMap<Counter, i64>> {
        let mut actual = BTreeMap::new();
        let all = Expr::col(tool_call::Column::Id).count();
        for width in [Width::FiveMinutes, Width::Hour] {
            let start = floored(Expr::col(tool_call::Column::CreatedAt), width.millis());
            let calls = self.0.select::<tool_call::Entity>().select_only();
            let calls = calls.expr_as(start, "start").column(tool_call::Column::ServerId);
            let calls = calls.expr_as(Expr::col(tool_call::Column::ToolName), "name").expr_as(all.clone(), "total");
            let calls = calls
                .group_by(Expr::col("start"))
                .group_by(tool_call::Column::ServerId)
                .group_by(tool_call::Column::ToolName);
            for row in calls.into_model::<RecountRow>().all(&self.0.executor()).await? {
                actual.insert(("calls", width.millis(), row.start, row.server_id, row.name), row.total);
            }
        }
        let visits = self.0.select::<mcp_session::Entity>().all(&self.0.executor()).await?;
        for width in [Width::FiveMinutes, Width::Hour, Width::Day] {
            let mut people = std::collections::HashSet::new();
            for visit in &visits {
                let start = time(visit.connected_at).floor(width.millis()).millis();
                for server in [None, Some(visit.server_id)] {
                    if people.insert((start, server, &visit.identity)) {
                        let count: &mut i64 =
                            actual.entry(("connections", width.millis(), start, server, String::new())).or_default();
                        *count = count.saturating_add(1);
                    }
                }
            }
        }
        let by_visit = self.0.select::<tool_call::Entity>().select_only();
        let by_visit = by_visit.expr_as(Expr::value(0_i64), "start").expr_as(Expr::value(""), "name");
        let by_visit = by_visit.expr_as(Expr::col(tool_call::Column::McpSessionId), "server_id").expr_as(all, "total");
        let by_visit = by_visit.group_by(tool_call::Column::McpSessionId);
        for row in by_visit.into_model::<RecountRow>().all(&self.0.executor()).await? {
            actual.insert(("session", 0, 0, row.server_id, String::new()), row.total);
        }
        Ok(actual)
    }
}

/// The latest multiple of `width` that is not after `at`, in the database.
fn floored(at: Expr, width: i64) -> Expr {
    at.clone().sub(at.modulo(width))
}
