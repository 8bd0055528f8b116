//! What is used most, and by whom.

use guildhall_domain::analytics::{Span, TopTool, TopUser, Width, share};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait},
};

use super::Counters;
use crate::{
    Result,
    entities::{mcp_user, person_day, tool_call, tool_count},
    mcp_users,
};

/// What sums are called that people are joined to.
const SUMS: &str = "sums";

#[derive(FromQueryResult)]
struct ToolRow {
    tool_name: String,
    calls: i64,
    errors: i64,
}

#[derive(FromQueryResult)]
struct UserRow {
    #[sea_orm(nested)]
    person: mcp_user::Model,
    calls: i64,
    errors: i64,
}

impl Counters<'_> {
    /// The tools that were called most, of equals the first by name.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn top_tools(self, width: Width, span: Span, limit: u64) -> Result<Vec<TopTool>> {
        use tool_count::Column;
        let counts = self
            .0
            .select::<tool_count::Entity>()
            .filter(Column::ServerId.is_null())
            .filter(Column::Width.eq(width.millis()))
            .filter(Column::StartsAt.gte(span.from.millis()))
            .filter(Column::StartsAt.lt(span.until.millis()));
        let tools = counts.select_only().column(Column::ToolName).group_by(Column::ToolName);
        let tools = summed(tools, Column::Calls.sum(), Column::Errors.sum());
        let tools = tools.order_by_desc(Expr::col("calls")).order_by_asc(Column::ToolName);
        let rows = tools.limit(limit).into_model::<ToolRow>().all(&self.0.executor()).await?;
        let read = |row: ToolRow| TopTool {
            error_rate: share(row.errors, row.calls).unwrap_or_default(),
            tool_name: row.tool_name,
            calls: row.calls,
            errors: row.errors,
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// The end users who called most in some days, of equals whoever was known first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn top_users_of_days(self, span: Span, limit: u64) -> Result<Vec<TopUser>> {
        use person_day::Column;
        let days = self.0.select::<person_day::Entity>();
        let days =
            days.filter(Column::StartsAt.gte(span.from.millis())).filter(Column::StartsAt.lt(span.until.millis()));
        let sums = summed(days.select_only(), Column::Calls.sum(), Column::Errors.sum());
        // Who only came has called nothing.
        let sums = sums.having(Column::Calls.sum().gt(0));
        self.top_users(sums.column(Column::McpUserId).group_by(Column::McpUserId), limit).await
    }

    /// The same from the calls themselves, which are read: for a day at the most.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn top_users_of_calls(self, span: Span, limit: u64) -> Result<Vec<TopUser>> {
        use tool_call::Column;
        let calls = self.0.select::<tool_call::Entity>();
        let calls =
            calls.filter(Column::CreatedAt.gte(span.from.millis())).filter(Column::CreatedAt.lt(span.until.millis()));
        let failed: Expr = Expr::case(Column::IsError.into_expr(), 1).finally(0).into();
        let sums = summed(calls.select_only(), Column::Id.count(), failed.sum());
        self.top_users(sums.column(Column::McpUserId).group_by(Column::McpUserId), limit).await
    }

    /// Whose `sums` are the highest. Added up before anybody is looked up, who may have many rows to be added.
    async fn top_users<E: EntityTrait>(self, sums: Select<E>, limit: u64) -> Result<Vec<TopUser>> {
        let sum = |column: &'static str| Expr::col((SUMS, column));
        let person = Expr::col((mcp_user::Entity, mcp_user::Column::Id));
        // Other names of somebody are not somebody.
        let mut people = self.0.select::<mcp_user::Entity>().filter(mcp_user::Column::MergedInto.is_null());
        let whose = sum("mcp_user_id").eq(person);
        QuerySelect::query(&mut people).join_subquery(JoinType::InnerJoin, sums.into_query(), SUMS, whose);
        let people = people.expr_as(sum("calls"), "calls").expr_as(sum("errors"), "errors");
        let people = people.order_by_desc(sum("calls")).order_by_asc(mcp_user::Column::Id).limit(limit);
        let rows = people.into_model::<UserRow>().all(&self.0.executor()).await?;
        let read = |row: UserRow| {
            Ok(TopUser {
                mcp_user: mcp_users::view(row.person)?,
                error_rate: share(row.errors, row.calls).unwrap_or_default(),
                calls: row.calls,
                errors: row.errors,
            })
        };
        rows.into_iter().map(read).collect()
    }
}

/// With sums beside each group.
fn summed<E: EntityTrait>(groups: Select<E>, calls: Expr, errors: Expr) -> Select<E> {
    groups.expr_as(calls.cast_as("bigint"), "calls").expr_as(errors.cast_as("bigint"), "errors")
}
