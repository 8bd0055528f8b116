//! Figures of a range and of the one before, each from what was counted as it happened.

use guildhall_domain::analytics::{Compared, CountedDuration, Counts, Span, Width};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect, QueryTrait, Select,
    sea_query::{Expr, ExprTrait, SelectStatement, UnionType},
};

use super::Counters;
use crate::{
    Result,
    entities::{connection_count, connection_mark, duration_count, ticket, tool_count},
};

/// One figure of one of the two ranges.
#[derive(FromQueryResult)]
struct FigureRow {
    figure: String,
    is_current: bool,
    total: i64,
}

#[derive(FromQueryResult)]
struct DurationRow {
    is_current: bool,
    duration_ms: i64,
    calls: i64,
}

const CALLS: &str = "calls";
const ERRORS: &str = "errors";
const USERS: &str = "users";
const VISITS: &str = "visits";
const OPENED: &str = "opened";
const RESOLVED: &str = "resolved";

impl Counters<'_> {
    /// What was counted in two ranges that follow each other, in buckets of `width`. One statement.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn counts(self, width: Width, spans: Compared<Span>) -> Result<Compared<Counts>> {
        let calls = || {
            let counts = self.0.select::<tool_count::Entity>().filter(tool_count::Column::ServerId.is_null());
            counts.filter(tool_count::Column::Width.eq(width.millis()))
        };
        let visits = self.0.select::<connection_count::Entity>().filter(connection_count::Column::ServerId.is_null());
        let visits = visits.filter(connection_count::Column::Width.eq(width.millis()));
        // Whoever comes in several buckets is one.
        let users = self.0.select::<connection_mark::Entity>().filter(connection_mark::Column::ServerId.is_null());
        let users = users.filter(connection_mark::Column::Width.eq(width.millis()));
        let tickets = || self.0.select::<ticket::Entity>();
        let at = tool_count::Column::StartsAt;
        let mut figures = within(calls(), at, spans);
        name(QuerySelect::query(&mut figures), CALLS, tool_count::Column::Calls.sum());
        let others = [
            figure(ERRORS, calls(), at, spans, tool_count::Column::Errors.sum()),
            figure(VISITS, visits, connection_count::Column::StartsAt, spans, connection_count::Column::Visits.sum()),
            figure(USERS, users, connection_mark::Column::StartsAt, spans, distinct(connection_mark::Column::Identity)),
            figure(OPENED, tickets(), ticket::Column::CreatedAt, spans, ticket::Column::Id.count()),
            figure(RESOLVED, tickets(), ticket::Column::ResolvedAt, spans, ticket::Column::Id.count()),
        ];
        QuerySelect::query(&mut figures).unions(others.map(|other| (UnionType::All, other)));
        let rows = figures.into_model::<FigureRow>().all(&self.0.executor()).await?;
        let total = |figure: &str, is_current| {
            let row = rows.iter().find(|row| row.figure == figure && row.is_current == is_current);
            row.map_or(0, |row| row.total)
        };
        let of = |is_current| Counts {
            calls: total(CALLS, is_current),
            errors: total(ERRORS, is_current),
            users: total(USERS, is_current),
            visits: total(VISITS, is_current),
            tickets_opened: total(OPENED, is_current),
            tickets_resolved: total(RESOLVED, is_current),
        };
        Ok(Compared { current: of(true), previous: of(false) })
    }

    /// How long calls took in two ranges that follow each other: as many rows as there are different durations, two of
    /// their digits counting.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn durations(self, width: Width, spans: Compared<Span>) -> Result<Compared<Vec<CountedDuration>>> {
        use duration_count::Column;
        let counts = self.0.select::<duration_count::Entity>().filter(Column::Width.eq(width.millis()));
        let counts = within(counts, Column::StartsAt, spans).column(Column::DurationMs).group_by(Column::DurationMs);
        let counts = counts.expr_as(Column::Calls.sum().cast_as("bigint"), "calls");
        let rows = counts.into_model::<DurationRow>().all(&self.0.executor()).await?;
        let of = |is_current| {
            let rows = rows.iter().filter(|row| row.is_current == is_current);
            rows.map(|row| CountedDuration { duration_ms: row.duration_ms, calls: row.calls }).collect()
        };
        Ok(Compared { current: of(true), previous: of(false) })
    }
}

/// The rows of both ranges by `at`, grouped by which of the two it is.
fn within<E: EntityTrait>(rows: Select<E>, at: E::Column, spans: Compared<Span>) -> Select<E> {
    let rows = rows.filter(at.gte(spans.previous.from.millis())).filter(at.lt(spans.current.until.millis()));
    let is_current = at.into_expr().gte(spans.current.from.millis());
    rows.select_only().expr_as(is_current, "is_current").group_by(Expr::col("is_current"))
}

fn figure<E: EntityTrait>(
    figure: &str,
    rows: Select<E>,
    at: E::Column,
    spans: Compared<Span>,
    total: Expr,
) -> SelectStatement {
    let mut rows = within(rows, at, spans).into_query();
    name(&mut rows, figure, total);
    rows
}

fn name(rows: &mut SelectStatement, figure: &str, total: Expr) {
    rows.expr_as(Expr::value(figure), "figure").expr_as(total.cast_as("bigint"), "total");
}

fn distinct(column: impl ColumnTrait) -> Expr {
    column.into_expr().count_distinct()
}
