//! Who is where in a walkthrough.

use std::collections::HashMap;

use guildhall_domain::{
    Id,
    page::{Cursor, Page, PageRequest},
    walkthroughs::{PersonProgress, Progress, Walkthrough},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::runs::{Runs, its_step};
use crate::{
    Error, Result,
    columns::time,
    entities::{mcp_user, walkthrough_completion, walkthrough_run},
    mcp_users,
};

/// What of a run is done, among the steps that still exist.
#[derive(FromQueryResult)]
struct DoneRow {
    run_id: Uuid,
    steps: i64,
    last_done_at: i64,
}

impl Runs<'_> {
    /// How far everybody is in `walkthrough`: of each person the latest run on each server, the last begun first. Two
    /// statements, whatever the number. Ids of runs are made as they begin, so they alone are the order.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn progress(self, walkthrough: &Walkthrough, page: PageRequest) -> Result<Page<PersonProgress>> {
        use walkthrough_run::Column;
        let mut select = self.0.select::<walkthrough_run::Entity>();
        select = select.filter(Column::WalkthroughId.eq(walkthrough.id.uuid()));
        select = select.filter(Expr::col((LATER, Column::Id)).is_null());
        if let Some(cursor) = page.cursor {
            select = select.filter(Column::Id.lt(cursor.id));
        }
        QuerySelect::query(&mut select).join_as(JoinType::LeftJoin, walkthrough_run::Entity, LATER, is_later());
        let rows = select.join(JoinType::InnerJoin, its_person()).select_also(mcp_user::Entity);
        let rows = rows.order_by_desc(Column::Id).limit(page.limit.saturating_add(1)).all(&self.0.executor()).await?;
        let done = self.done(rows.iter().map(|(run, _)| run.id).collect()).await?;

        let total = u32::try_from(walkthrough.step_count).unwrap_or(0);
        let read = |(run, person): (walkthrough_run::Model, Option<mcp_user::Model>)| {
            let person = person.ok_or_else(|| Error::Unreadable("a run of nobody".to_owned()))?;
            let done = done.get(&run.id);
            let progress = Progress::new(done.map_or(0, |done| u32::try_from(done.steps).unwrap_or(0)), total);
            let view = PersonProgress {
                mcp_user: mcp_users::view(person)?,
                server_id: Id::from_uuid(run.server_id),
                progress,
                started_at: time(run.started_at),
                last_activity_at: time(run.last_activity_at),
                completed_at: done.filter(|_| progress.is_complete()).map(|done| time(done.last_done_at)),
            };
            Ok((run.id, view))
        };
        let read: Vec<(Uuid, PersonProgress)> = rows.into_iter().map(read).collect::<Result<_>>()?;
        let cursor = |(id, view): &(Uuid, PersonProgress)| Cursor { key: view.started_at.millis(), id: *id };
        Ok(Page::cut(read, page.limit, cursor).map(|(_, view)| view))
    }

    async fn done(self, runs: Vec<Uuid>) -> Result<HashMap<Uuid, DoneRow>> {
        use walkthrough_completion::Column;
        let done = self.0.select::<walkthrough_completion::Entity>().filter(Column::RunId.is_in(runs));
        let done = done.join(JoinType::InnerJoin, its_step()).select_only().column(Column::RunId);
        let done = done.expr_as(Column::StepId.count(), "steps").expr_as(Column::CompletedAt.max(), "last_done_at");
        let rows = done.group_by(Column::RunId).into_model::<DoneRow>().all(&self.0.executor()).await?;
        Ok(rows.into_iter().map(|row| (row.run_id, row)).collect())
    }
}

/// Another run of the same person, server and walkthrough, begun later.
const LATER: &str = "later";

fn is_later() -> Condition {
    use walkthrough_run::Column;
    let same = [Column::OrganizationId, Column::McpUserId, Column::ServerId, Column::WalkthroughId];
    let later = |column| Expr::col((LATER, column));
    let this = |column| Expr::col((walkthrough_run::Entity, column));
    let all = same.into_iter().fold(Condition::all(), |all, column| all.add(later(column).eq(this(column))));
    all.add(later(Column::Attempt).gt(this(Column::Attempt)))
}

fn its_person() -> RelationDef {
    use mcp_user::Column as Person;
    use walkthrough_run::Column as Run;
    let relation = walkthrough_run::Entity::belongs_to(mcp_user::Entity);
    relation.from((Run::OrganizationId, Run::McpUserId)).to((Person::OrganizationId, Person::Id)).into()
}
