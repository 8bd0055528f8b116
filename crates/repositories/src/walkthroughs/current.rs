//! Where end users are right now: the one statement of everybody who asks for the next step at once.

use guildhall_domain::{
    Id, id,
    walkthroughs::{Progress, Step},
};
use sea_orm::{
    ColumnTrait, Condition, QueryResult,
    sea_query::{Expr, ExprTrait, Func, SelectStatement},
};
use serde::Serialize;
use uuid::Uuid;

use super::runs::open;
use crate::{
    Result,
    asked::{Asked, Composed, hex_id, one_of, subquery},
    columns::same,
    database::Access,
    entities::{walkthrough, walkthrough_assignment, walkthrough_completion, walkthrough_run, walkthrough_step},
};

/// Who asks where they are.
#[derive(Clone, Copy, Debug)]
pub struct Asking {
    /// The server's organization.
    pub organization: Id<id::Organization>,
    /// The server.
    pub server: Id<id::McpServer>,
    /// The person.
    pub person: Id<id::McpUser>,
    /// The step that the person has just done.
    pub done: Option<Id<id::Step>>,
}

/// A person's latest run on a server: of the walkthrough that a step is of, or else whichever was last active.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its id.
    pub id: Id<id::Run>,
    /// The walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
    /// The walkthrough's name.
    pub walkthrough_title: String,
    /// Whether the step that the person has just done was done before.
    pub was_done: bool,
    /// How far the person is, with that step.
    pub progress: Progress,
    /// The first step that is not done.
    pub next: Option<Step>,
}

/// By whether a step was just done.
static STATEMENTS: [Composed<bool>; 2] = [Composed::new(false, composed), Composed::new(true, composed)];

// What stands where in a question; 0 is its own place.
const ORGANIZATION: u8 = 1;
const SERVER: u8 = 2;
const PERSON: u8 = 3;
const DONE: u8 = 4;

fn question(place: usize, asking: &Asking) -> impl Serialize {
    let (organization, server, person) = (asking.organization.uuid(), asking.server.uuid(), asking.person.uuid());
    (place, hex_id(organization), hex_id(server), hex_id(person), asking.done.map(|step| hex_id(step.uuid())))
}

/// Where everybody is who asks; none where there is no run or the server no longer offers its walkthrough.
pub(crate) async fn find(access: &Access, askings: &[Asking]) -> Result<Vec<Option<Run>>> {
    let mut found = vec![None; askings.len()];
    for statement in &STATEMENTS {
        let theirs = askings.iter().enumerate().filter(|(_, asking)| asking.done.is_some() == statement.shape);
        let questions: Vec<_> = theirs.map(|(place, asking)| question(place, asking)).collect();
        let put = |answer: &mut Option<Run>, row: &QueryResult, is_of_a_step| {
            *answer = read(row, is_of_a_step)?;
            Ok(())
        };
        statement.ask(access, &questions, &mut found, put).await?;
    }
    Ok(found)
}

fn composed(asked: Asked, is_of_a_step: bool) -> SelectStatement {
    let run = Condition::all()
        .add(walkthrough_run::Column::OrganizationId.into_expr().eq(asked.id(ORGANIZATION)))
        .add(Expr::col((walkthrough_run::Entity, walkthrough_run::Column::Id)).eq(newest(asked, is_of_a_step)));
    let its_walkthrough = Condition::all()
        .add(same(walkthrough::Column::OrganizationId, walkthrough_run::Column::OrganizationId))
        .add(same(walkthrough::Column::Id, walkthrough_run::Column::WalkthroughId));
    let next_step = Condition::all()
        .add(same(walkthrough_step::Column::OrganizationId, walkthrough_run::Column::OrganizationId))
        .add(Expr::col((walkthrough_step::Entity, walkthrough_step::Column::Id)).eq(next(asked, is_of_a_step)));
    let was_done = if is_of_a_step {
        // Counted, not asked whether it exists: for that PostgreSQL may read all there is of everybody.
        one_of(
            completions_of(Func::count(Expr::val(1)))
                .and_where(walkthrough_completion::Column::StepId.into_expr().eq(asked.id(DONE)))
                .take(),
        )
        .gt(0)
    } else {
        Expr::value(false)
    };
    let mut query = asked.select();
    query
        .left_join(walkthrough_run::Entity, run)
        .left_join(walkthrough::Entity, its_walkthrough)
        .left_join(walkthrough_step::Entity, next_step)
        .expr(Expr::col((walkthrough_run::Entity, walkthrough_run::Column::Id)))
        .expr(Expr::col((walkthrough::Entity, walkthrough::Column::Id)))
        .expr(Expr::col((walkthrough::Entity, walkthrough::Column::Title)))
        .expr(one_of(all_steps()))
        .expr(one_of(done_steps()))
        .expr(was_done)
        .exprs(STEP_COLUMNS.map(|column| Expr::col((walkthrough_step::Entity, column))));
    query
}

/// The columns of a step that a row ends with, in its order.
const STEP_COLUMNS: [walkthrough_step::Column; 8] = [
    walkthrough_step::Column::Id,
    walkthrough_step::Column::OrganizationId,
    walkthrough_step::Column::WalkthroughId,
    walkthrough_step::Column::Title,
    walkthrough_step::Column::DisplayOrder,
    walkthrough_step::Column::ContentFields,
    walkthrough_step::Column::CreatedAt,
    walkthrough_step::Column::UpdatedAt,
];

/// By place: reading a row by name takes longer than finding it.
fn read(row: &QueryResult, is_of_a_step: bool) -> Result<Option<Run>> {
    let Some(id) = row.try_get_by_index::<Option<Uuid>>(1)? else { return Ok(None) };
    let was_done: bool = row.try_get_by_index(6)?;
    let count = |place| Ok::<_, crate::Error>(u32::try_from(row.try_get_by_index::<i64>(place)?).unwrap_or(u32::MAX));
    let done = count(5)?.saturating_add(u32::from(is_of_a_step && !was_done));
    let next = match row.try_get_by_index::<Option<Uuid>>(7)? {
        Some(id) => Some(Step::try_from(walkthrough_step::Model {
            id,
            organization_id: row.try_get_by_index(8)?,
            walkthrough_id: row.try_get_by_index(9)?,
            title: row.try_get_by_index(10)?,
            display_order: row.try_get_by_index(11)?,
            content_fields: row.try_get_by_index(12)?,
            metadata: None,
            created_at: row.try_get_by_index(13)?,
            updated_at: row.try_get_by_index(14)?,
        })?),
        None => None,
    };
    Ok(Some(Run {
        id: Id::from_uuid(id),
        walkthrough_id: Id::from_uuid(row.try_get_by_index(2)?),
        walkthrough_title: row.try_get_by_index(3)?,
        was_done,
        progress: Progress::new(done, count(4)?),
        next,
    }))
}

/// The id of the run that a question is about.
fn newest(asked: Asked, is_of_a_step: bool) -> Expr {
    use walkthrough_run::Column as Its;
    let assigned = Condition::all()
        .add(same(walkthrough_assignment::Column::OrganizationId, Its::OrganizationId))
        .add(same(walkthrough_assignment::Column::WalkthroughId, Its::WalkthroughId))
        .add(same(walkthrough_assignment::Column::ServerId, Its::ServerId))
        .add(walkthrough_assignment::Column::IsEnabled.eq(true));
    let published = Condition::all()
        .add(same(walkthrough::Column::OrganizationId, Its::OrganizationId))
        .add(same(walkthrough::Column::Id, Its::WalkthroughId))
        .add(open());
    let its = |column: Its| Expr::col((walkthrough_run::Entity, column));
    let mut runs = subquery();
    runs.expr(its(Its::Id))
        .from(walkthrough_run::Entity)
        .inner_join(walkthrough_assignment::Entity, assigned)
        .inner_join(walkthrough::Entity, published)
        .and_where(its(Its::OrganizationId).eq(asked.id(ORGANIZATION)))
        .and_where(its(Its::ServerId).eq(asked.id(SERVER)))
        .and_where(its(Its::McpUserId).eq(asked.id(PERSON)));
    if is_of_a_step {
        let of_step = subquery()
            .expr(Expr::col((walkthrough_step::Entity, walkthrough_step::Column::WalkthroughId)))
            .from(walkthrough_step::Entity)
            .and_where(walkthrough_step::Column::OrganizationId.into_expr().eq(asked.id(ORGANIZATION)))
            .and_where(walkthrough_step::Column::Id.into_expr().eq(asked.id(DONE)))
            .take();
        // Of one, not in a list of one: PostgreSQL would join, and look through the walkthrough's runs for the person's.
        runs.and_where(its(Its::WalkthroughId).eq(one_of(of_step)));
        // The order of the index that begins with the person: it alone is of use, and PostgreSQL sees it without statistics.
        runs.order_by_expr(its(Its::Attempt), sea_orm::Order::Desc);
    } else {
        runs.order_by_expr(its(Its::LastActivityAt), sea_orm::Order::Desc);
        runs.order_by_expr(its(Its::Id), sea_orm::Order::Desc);
    }
    one_of(runs.limit(1).take())
}

/// What was done in the run that was found.
fn completions() -> SelectStatement {
    completions_of(Expr::value(1))
}

fn completions_of(what: impl Into<Expr>) -> SelectStatement {
    subquery()
        .expr(what.into())
        .from(walkthrough_completion::Entity)
        .and_where(same(walkthrough_completion::Column::OrganizationId, walkthrough_run::Column::OrganizationId))
        .and_where(same(walkthrough_completion::Column::RunId, walkthrough_run::Column::Id))
        .take()
}

/// The steps of the run's walkthrough.
fn steps() -> SelectStatement {
    subquery()
        .from(walkthrough_step::Entity)
        .and_where(same(walkthrough_step::Column::OrganizationId, walkthrough_run::Column::OrganizationId))
        .and_where(same(walkthrough_step::Column::WalkthroughId, walkthrough_run::Column::WalkthroughId))
        .take()
}

/// The id of the first step that is not done.
fn next(asked: Asked, is_of_a_step: bool) -> Expr {
    let its =
        completions().and_where(same(walkthrough_completion::Column::StepId, walkthrough_step::Column::Id)).take();
    let mut next = steps();
    next.expr(walkthrough_step::Column::Id.into_expr()).and_where(Expr::exists(its).not());
    if is_of_a_step {
        next.and_where(walkthrough_step::Column::Id.into_expr().ne(asked.id(DONE)));
    }
    next.order_by((walkthrough_step::Entity, walkthrough_step::Column::DisplayOrder), sea_orm::Order::Asc);
    one_of(next.limit(1).take())
}

/// How many steps there are.
fn all_steps() -> SelectStatement {
    steps().expr(Func::count(Expr::col((walkthrough_step::Entity, walkthrough_step::Column::Id)))).take()
}

/// How many of them are done.
fn done_steps() -> SelectStatement {
    let done =
        completions().and_where(same(walkthrough_completion::Column::StepId, walkthrough_step::Column::Id)).take();
    all_steps().and_where(Expr::exists(done)).take()
}
