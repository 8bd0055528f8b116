//! Where people leave a walkthrough: one statement, whatever the number of runs.

use guildhall_domain::{
    Id,
    analytics::{FunnelStep, Span, WalkthroughFunnel},
    id,
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, Order, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait, RelationDef,
    sea_query::{Expr, ExprTrait, Frame, FrameType, Func, SelectStatement, WindowStatement},
};
use uuid::Uuid;

use super::runs::{Runs, its_step};
use crate::{
    Result,
    asked::{one_of, subquery},
    columns::same,
    entities::{walkthrough, walkthrough_completion, walkthrough_run, walkthrough_step},
};

#[derive(FromQueryResult)]
struct FunnelRow {
    #[sea_orm(nested)]
    walkthrough: walkthrough::Model,
    runs: i64,
    step_id: Option<Uuid>,
    step_title: Option<String>,
    step_place: Option<i32>,
    completed: Option<i64>,
    in_turn: Option<i64>,
    median_ms: Option<f64>,
}

// What the subqueries and their columns are called.
const DONE: &str = "done";
const TIMED: &str = "timed";
const RANKED: &str = "ranked";
const FIGURES: &str = "figures";
const STEP: &str = "step";
const PLACE: &str = "place";
const STARTED: &str = "started";
const AT: &str = "at";
const RANK: &str = "rank";
const BEFORE: &str = "before";
const IS_IN_TURN: &str = "is_in_turn";
const TOOK: &str = "took";
const TIMES: &str = "times";

impl Runs<'_> {
    /// How far the runs of a walkthrough came that were started in `span`, or ever; none where there is no such
    /// walkthrough.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn funnel(self, id: Id<id::Walkthrough>, span: Option<Span>) -> Result<Option<WalkthroughFunnel>> {
        use walkthrough_step::Column as Step;
        let its_steps = Condition::all()
            .add(same(Step::OrganizationId, walkthrough::Column::OrganizationId))
            .add(same(Step::WalkthroughId, walkthrough::Column::Id));
        let its_figures = Expr::col((FIGURES, STEP)).eq(Step::Id.into_expr());
        let runs = self.0.select::<walkthrough_run::Entity>().filter(begun(id, span)).select_only();
        let runs = runs.expr(walkthrough_run::Column::Id.count()).into_query();
        let mut select = self.0.select::<walkthrough::Entity>().filter(walkthrough::Column::Id.eq(id.uuid()));
        QuerySelect::query(&mut select)
            .left_join(walkthrough_step::Entity, its_steps)
            .join_subquery(JoinType::LeftJoin, figures(ranked(timed(self.each_done(id, span)))), FIGURES, its_figures)
            .expr_as(one_of(runs), "runs")
            .expr_as(Step::Id.into_expr(), "step_id")
            .expr_as(Step::Title.into_expr(), "step_title")
            .expr_as(Step::DisplayOrder.into_expr(), "step_place")
            .columns([(FIGURES, "completed"), (FIGURES, "in_turn"), (FIGURES, "median_ms")]);
        let rows = select.order_by_asc(Step::DisplayOrder).into_model::<FunnelRow>().all(&self.0.executor()).await?;
        read(rows)
    }

    /// What was done of steps that exist: which step, when the run started, when it was done, how many-th of its run's done
    /// steps in the order of today, and when the last of those before it was done.
    fn each_done(self, id: Id<id::Walkthrough>, span: Option<Span>) -> SelectStatement {
        use walkthrough_completion::Column;
        let of_run = || {
            let mut window = WindowStatement::partition_by(Column::RunId.as_column_ref());
            window.order_by(walkthrough_step::Column::DisplayOrder.as_column_ref(), Order::Asc).take()
        };
        let before = of_run().frame_between(FrameType::Rows, Frame::UnboundedPreceding, Frame::Preceding(1)).take();
        let done = self.0.select::<walkthrough_completion::Entity>().filter(begun(id, span));
        let done = done.join(JoinType::InnerJoin, its_run()).join(JoinType::InnerJoin, its_step());
        let mut done = done.filter(walkthrough_step::Column::WalkthroughId.eq(id.uuid())).select_only().into_query();
        done.expr_as(Column::StepId.into_expr(), STEP)
            .expr_as(walkthrough_step::Column::DisplayOrder.into_expr(), PLACE)
            .expr_as(walkthrough_run::Column::StartedAt.into_expr(), STARTED)
            .expr_as(Column::CompletedAt.into_expr(), AT)
            .expr_window_as(Func::cust("row_number"), of_run(), RANK)
            .expr_window_as(Column::CompletedAt.into_expr().max(), before, BEFORE)
            .take()
    }
}

/// The runs that are looked at.
fn begun(id: Id<id::Walkthrough>, span: Option<Span>) -> Condition {
    use walkthrough_run::Column;
    Condition::all()
        .add(Column::WalkthroughId.eq(id.uuid()))
        .add_option(span.map(|span| Column::StartedAt.gte(span.from.millis())))
        .add_option(span.map(|span| Column::StartedAt.lt(span.until.millis())))
}

/// Whether a step was done in turn, which is when all before it were done as well: places have no gaps. And how long it
/// took from there.
fn timed(done: SelectStatement) -> SelectStatement {
    let column = |name: &'static str| Expr::col((DONE, name));
    let is_in_turn = || column(RANK).eq(column(PLACE).add(1));
    let reached = || Expr::from(Func::coalesce([column(BEFORE), column(STARTED)]));
    let took = column(AT).sub(reached());
    subquery()
        .from_subquery(done, DONE)
        .expr_as(column(STEP), STEP)
        .expr_as(Expr::case(is_in_turn(), 1).finally(0), IS_IN_TURN)
        .expr_as(Expr::case(is_in_turn().and(column(AT).gte(reached())), took), TOOK)
        .take()
}

/// The same with the place of each time among its step's, and how many times there are.
fn ranked(timed: SelectStatement) -> SelectStatement {
    let column = |name: &'static str| Expr::col((TIMED, name));
    let of_step = || WindowStatement::partition_by((TIMED, STEP));
    // The databases do not agree on where nothing is sorted.
    let nothing_last: Expr = Expr::case(column(TOOK).is_null(), 1).finally(0).into();
    let by_time = of_step().order_by_expr(nothing_last, Order::Asc).order_by((TIMED, TOOK), Order::Asc).take();
    subquery()
        .from_subquery(timed, TIMED)
        .columns([(TIMED, STEP), (TIMED, IS_IN_TURN), (TIMED, TOOK)])
        .expr_window_as(Func::cust("row_number"), by_time, RANK)
        .expr_window_as(column(TOOK).count(), of_step(), TIMES)
        .take()
}

/// Each step's figures. The median is the time in the middle, or halfway between the two in the middle.
fn figures(ranked: SelectStatement) -> SelectStatement {
    let column = |name: &'static str| Expr::col((RANKED, name));
    let twice = || column(RANK).mul(2);
    let is_middle = twice().gte(column(TIMES)).and(twice().lte(column(TIMES).add(2)));
    let middle: Expr = Expr::case(column(TOOK).is_not_null().and(is_middle), column(TOOK)).into();
    subquery()
        .from_subquery(ranked, RANKED)
        .expr_as(column(STEP), STEP)
        .expr_as(column(STEP).count(), "completed")
        .expr_as(column(IS_IN_TURN).sum().cast_as("bigint"), "in_turn")
        .expr_as(middle.avg().cast_as("double precision"), "median_ms")
        .add_group_by([column(STEP)])
        .take()
}

fn read(rows: Vec<FunnelRow>) -> Result<Option<WalkthroughFunnel>> {
    let Some(first) = rows.first() else { return Ok(None) };
    let (walkthrough, runs) = (first.walkthrough.clone().try_into()?, first.runs);
    // Who came as far as the step before, and has not done this one, has reached it and left (or is still at it).
    let mut came = runs;
    let steps = rows.into_iter().filter_map(|row| {
        let completed = row.completed.unwrap_or(0);
        let in_turn = row.in_turn.unwrap_or(0);
        let step = FunnelStep {
            step_id: Id::from_uuid(row.step_id?),
            title: row.step_title?,
            display_order: row.step_place?,
            reached: completed.saturating_add(came.saturating_sub(in_turn)),
            completed,
            median_minutes: row.median_ms.map(|millis| millis / 60_000.0),
            drop_off: None,
        };
        came = in_turn;
        Some(step.with_drop_off())
    });
    Ok(Some(WalkthroughFunnel { steps: steps.collect(), walkthrough, runs }))
}

fn its_run() -> RelationDef {
    use walkthrough_completion::Column as Completion;
    use walkthrough_run::Column as Run;
    let relation = walkthrough_completion::Entity::belongs_to(walkthrough_run::Entity);
    relation.from((Completion::OrganizationId, Completion::RunId)).to((Run::OrganizationId, Run::Id)).into()
}
