//! How far end users are: a run is one person's way through one walkthrough on one server.

use std::collections::HashSet;

use guildhall_domain::{
    Id, id,
    walkthroughs::{Progress, Step, Walkthrough, WalkthroughStatus},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    RelationDef, Select,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use crate::{
    Result, Tenant,
    asked::one_of,
    columns::{same, word},
    entities::{walkthrough, walkthrough_assignment, walkthrough_completion, walkthrough_run, walkthrough_step},
};

/// How far an organization's end users are.
#[derive(Clone, Copy, Debug)]
pub struct Runs<'a>(pub(crate) Tenant<'a>);

/// A walkthrough that an end user can take, with how far that person is.
#[derive(Clone, Debug)]
pub struct Offered {
    /// The walkthrough.
    pub walkthrough: Walkthrough,
    /// The person's latest run and its number; none where it was never started.
    pub run: Option<(Id<id::Run>, i32)>,
    /// How far the person is in it.
    pub progress: Progress,
}

/// A walkthrough's steps in order, and which of them somebody has done. What a step says is read when it is asked for.
#[derive(Clone, Debug, Default)]
pub struct Course {
    steps: Vec<walkthrough_step::Model>,
    done: HashSet<Uuid>,
}

impl Course {
    /// How far somebody is.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let done = self.steps.iter().filter(|step| self.done.contains(&step.id)).count();
        Progress::new(count(done), count(self.steps.len()))
    }

    /// The first step that is not done.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn next(self) -> Result<Option<Step>> {
        self.steps.into_iter().find(|step| !self.done.contains(&step.id)).map(TryInto::try_into).transpose()
    }
}

#[derive(FromQueryResult)]
struct OfferedRow {
    #[sea_orm(nested)]
    walkthrough: walkthrough::Model,
    run_id: Option<Uuid>,
    attempt: Option<i32>,
    done: i64,
}

impl Runs<'_> {
    /// What `server` offers to `person`, in the server's order, with how far the person is: published, enabled, and
    /// with steps.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn offered(self, server: Id<id::McpServer>, person: Id<id::McpUser>) -> Result<Vec<Offered>> {
        let mut select = self.0.select::<walkthrough::Entity>().filter(open());
        let assigned = Condition::all()
            .add(same(walkthrough_assignment::Column::OrganizationId, walkthrough::Column::OrganizationId))
            .add(same(walkthrough_assignment::Column::WalkthroughId, walkthrough::Column::Id))
            .add(walkthrough_assignment::Column::ServerId.eq(server.uuid()))
            .add(walkthrough_assignment::Column::IsEnabled.eq(true));
        // The latest run, if any: none of the same has a higher number.
        let latest = self.of(server, person).select_only().expr(walkthrough_run::Column::Attempt.max());
        let latest = latest.filter(same(walkthrough_run::Column::WalkthroughId, walkthrough::Column::Id)).into_query();
        let run = Condition::all()
            .add(same(walkthrough_run::Column::OrganizationId, walkthrough::Column::OrganizationId))
            .add(same(walkthrough_run::Column::WalkthroughId, walkthrough::Column::Id))
            .add(walkthrough_run::Column::ServerId.eq(server.uuid()))
            .add(walkthrough_run::Column::McpUserId.eq(person.uuid()))
            .add(Expr::col((walkthrough_run::Entity, walkthrough_run::Column::Attempt)).in_subquery(latest));
        let done = self
            .0
            .select::<walkthrough_completion::Entity>()
            .join(JoinType::InnerJoin, its_step())
            .select_only()
            .expr(walkthrough_completion::Column::StepId.count())
            .filter(same(walkthrough_completion::Column::RunId, walkthrough_run::Column::Id))
            .into_query();
        let query = QuerySelect::query(&mut select);
        query
            .inner_join(walkthrough_assignment::Entity, assigned)
            .left_join(walkthrough_run::Entity, run)
            .expr_as(Expr::col((walkthrough_run::Entity, walkthrough_run::Column::Id)), "run_id")
            .expr_as(Expr::col((walkthrough_run::Entity, walkthrough_run::Column::Attempt)), "attempt")
            .expr_as(one_of(done), "done");
        let rows = select.order_by_asc(walkthrough_assignment::Column::DisplayOrder).into_model::<OfferedRow>();
        let read = |row: OfferedRow| {
            let walkthrough: Walkthrough = row.walkthrough.try_into()?;
            let total = u32::try_from(walkthrough.step_count).unwrap_or(0);
            let progress = Progress::new(u32::try_from(row.done).unwrap_or(0), total);
            Ok(Offered { walkthrough, run: row.run_id.map(Id::from_uuid).zip(row.attempt), progress })
        };
        rows.all(&self.0.executor()).await?.into_iter().map(read).collect()
    }

    /// The steps of `walkthrough`, in order, and which of them were done in `run`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn course(self, walkthrough: &Walkthrough, run: Option<Id<id::Run>>) -> Result<Course> {
        let mut select = self.0.select::<walkthrough_step::Entity>();
        select = select.filter(walkthrough_step::Column::WalkthroughId.eq(walkthrough.id.uuid()));
        let done = Condition::all()
            .add(same(walkthrough_completion::Column::OrganizationId, walkthrough_step::Column::OrganizationId))
            .add(same(walkthrough_completion::Column::StepId, walkthrough_step::Column::Id))
            .add(walkthrough_completion::Column::RunId.eq(run.map(Id::uuid).unwrap_or_default()));
        QuerySelect::query(&mut select).left_join(walkthrough_completion::Entity, done);
        let rows = select.select_also(walkthrough_completion::Entity);
        let rows = rows.order_by_asc(walkthrough_step::Column::DisplayOrder).all(&self.0.executor()).await?;
        let done = rows.iter().filter_map(|(_, done)| done.as_ref()).map(|done| done.step_id).collect();
        Ok(Course { steps: rows.into_iter().map(|(step, _)| step).collect(), done })
    }

    fn of(self, server: Id<id::McpServer>, person: Id<id::McpUser>) -> Select<walkthrough_run::Entity> {
        let runs = self.0.select::<walkthrough_run::Entity>();
        let runs = runs.filter(walkthrough_run::Column::ServerId.eq(server.uuid()));
        runs.filter(walkthrough_run::Column::McpUserId.eq(person.uuid()))
    }
}

/// Whether end users can take a walkthrough, wherever it is assigned.
pub(super) fn open() -> Condition {
    let published = walkthrough::Column::Status.eq(word(WalkthroughStatus::Published));
    Condition::all().add(published).add(walkthrough::Column::StepCount.gt(0))
}

pub(super) fn its_step() -> RelationDef {
    use walkthrough_completion::Column as Completion;
    use walkthrough_step::Column as Step;
    let relation = walkthrough_completion::Entity::belongs_to(walkthrough_step::Entity);
    relation.from((Completion::OrganizationId, Completion::StepId)).to((Step::OrganizationId, Step::Id)).into()
}
