//! Who comes back.

use guildhall_domain::{
    Timestamp,
    analytics::{Span, Week, WeekCount},
};
use sea_orm::{
    ColumnTrait, Condition, FromQueryResult, QueryFilter, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, UnionType},
};

use super::Counters;
use crate::{
    Result,
    columns::{same, time},
    entities::{mcp_user, person_day},
};

#[derive(FromQueryResult)]
struct WeekRow {
    first_seen: i64,
    active: Option<i64>,
    people: i64,
}

impl Counters<'_> {
    /// Of those who were seen first in `span`, by the week of it: how many they are, and how many were active in each week.
    /// One statement.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn weeks(self, span: Span) -> Result<Vec<WeekCount>> {
        use mcp_user::Column as Person;
        let people = || {
            let people = self.0.select::<mcp_user::Entity>();
            // Other names of somebody are not somebody.
            let people = people.filter(Person::MergedInto.is_null());
            let people = people.filter(Person::FirstSeenAt.gte(span.from.millis()));
            let people = people.filter(Person::FirstSeenAt.lt(span.until.millis())).select_only();
            let people = people.expr_as(week(Person::FirstSeenAt), "first_seen");
            people.expr_as(Person::Id.into_expr().count_distinct(), "people").group_by(Expr::col("first_seen"))
        };
        let their_days = Condition::all()
            .add(same(person_day::Column::OrganizationId, Person::OrganizationId))
            .add(same(person_day::Column::McpUserId, Person::Id))
            .add(person_day::Column::StartsAt.gte(span.from.millis()))
            .add(person_day::Column::StartsAt.lt(span.until.millis()));
        let mut active = people().expr_as(week(person_day::Column::StartsAt), "active").group_by(Expr::col("active"));
        QuerySelect::query(&mut active).inner_join(person_day::Entity, their_days);
        let all = people().expr_as(Expr::value(None::<i64>).cast_as("bigint"), "active").into_query();
        QuerySelect::query(&mut active).union(UnionType::All, all);
        let rows = active.into_model::<WeekRow>().all(&self.0.executor()).await?;
        let read = |row: WeekRow| WeekCount {
            first_seen: time(row.first_seen),
            active: row.active.map(Timestamp::from_millis),
            people: row.people,
        };
        Ok(rows.into_iter().map(read).collect())
    }
}

/// The start of the week, in the database.
fn week(at: impl ColumnTrait) -> Expr {
    at.into_expr().sub(at.into_expr().sub(Week::FIRST).modulo(Week::MILLIS))
}
