//! What is used most, and by whom.

use guildhall_domain::analytics::{Span, TopTool, TopUser, Width, share};
use sea_orm::{
    ColumnTrait, Condition, FromQueryResult, Order, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait},
};

use super::Counters;
use crate::{
    Result,
    columns::same,
    entities::{mcp_user, person_day, tool_call, tool_count},
    mcp_users,
};

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
        let tools = summed(tools, Column::Calls.sum(), Column::Errors.sum()).order_by_asc(Column::ToolName);
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
        let its = Condition::all()
            .add(same(Column::OrganizationId, mcp_user::Column::OrganizationId))
            .add(same(Column::McpUserId, mcp_user::Column::Id))
            .add(Column::StartsAt.gte(span.from.millis()))
            .add(Column::StartsAt.lt(span.until.millis()));
        let mut people = self.people();
        QuerySelect::query(&mut people).inner_join(person_day::Entity, its);
        // Who only came has called nothing.
        let people = people.having(Column::Calls.sum().gt(0));
        self.top_users(summed(people, Column::Calls.sum(), Column::Errors.sum()), limit).await
    }

    /// The same from the calls themselves, which are read: for a day at the most.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn top_users_of_calls(self, span: Span, limit: u64) -> Result<Vec<TopUser>> {
        use tool_call::Column;
        let its = Condition::all()
            .add(same(Column::OrganizationId, mcp_user::Column::OrganizationId))
            .add(same(Column::McpUserId, mcp_user::Column::Id))
            .add(Column::CreatedAt.gte(span.from.millis()))
            .add(Column::CreatedAt.lt(span.until.millis()));
        let mut people = self.people();
        QuerySelect::query(&mut people).inner_join(tool_call::Entity, its);
        let failed: Expr = Expr::case(Column::IsError.into_expr(), 1).finally(0).into();
        self.top_users(summed(people, Column::Id.count(), failed.sum()), limit).await
    }

    /// Everybody; other names of somebody are not somebody.
    fn people(self) -> Select<mcp_user::Entity> {
        self.0
            .select::<mcp_user::Entity>()
            .filter(mcp_user::Column::MergedInto.is_null())
            .group_by(mcp_user::Column::Id)
    }

    async fn top_users(self, people: Select<mcp_user::Entity>, limit: u64) -> Result<Vec<TopUser>> {
        let people = people.order_by_asc(mcp_user::Column::Id).limit(limit);
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

/// With sums beside each group, the most calls first.
fn summed<E: sea_orm::EntityTrait>(groups: Select<E>, calls: Expr, errors: Expr) -> Select<E> {
    let groups = groups.expr_as(calls.cast_as("bigint"), "calls").expr_as(errors.cast_as("bigint"), "errors");
    groups.order_by(Expr::col("calls"), Order::Desc)
}
