//! Where people leave a walkthrough: one statement, whatever the number of runs.

use guildhall_domain::{
    Id,
    analytics::{FunnelStep, Span, WalkthroughFunnel},
    id,
};
use sea_orm::{ConnectionTrait as _, FromQueryResult, QueryResult};
use uuid::Uuid;

use super::Runs;
use crate::{Result, entities::walkthrough, words::Words};

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

impl Runs<'_> {
    /// How far the runs of a walkthrough came that were started in `span`, or ever; none where there is no such
    /// walkthrough.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn funnel(self, id: Id<id::Walkthrough>, span: Option<Span>) -> Result<Option<WalkthroughFunnel>> {
        let (from, until) = span.map_or((i64::MIN, i64::MAX), |span| (span.from.millis(), span.until.millis()));
        let statement = self.0.statement(&FUNNEL, [id.uuid().into(), from.into(), until.into()]);
        let rows = self.0.executor().query_all_raw(statement).await?;
        let row = |row: QueryResult| Ok(FunnelRow::from_query_result(&row, "")?);
        read(rows.into_iter().map(row).collect::<Result<_>>()?)
    }
}

/// `done`: what was done of steps that exist, which of its run's it is in the order of today, and when all before it were
/// done. Places have no gaps, so a step was done in turn, all before it being done as well, where it is the one of its place.
/// The median is the time in the middle, or halfway between the two in the middle.
static FUNNEL: Words = Words::new(&["with runs as ( \
       select id, started_at from walkthrough_runs \
       where organization_id = $1 and walkthrough_id = $2 and started_at >= $3 and started_at < $4), \
     done as ( \
       select c.step_id, s.display_order, c.completed_at, row_number() over way as nth, \
         coalesce(max(c.completed_at) over (way rows between unbounded preceding and 1 preceding), r.started_at) \
           as reached_at \
       from runs r join walkthrough_completions c on c.organization_id = $1 and c.run_id = r.id \
         join walkthrough_steps s on s.organization_id = $1 and s.walkthrough_id = $2 and s.id = c.step_id \
       window way as (partition by c.run_id order by s.display_order)), \
     timed as ( \
       select step_id, case when nth = display_order + 1 then 1 else 0 end as in_turn, \
         case when nth = display_order + 1 and completed_at >= reached_at then completed_at - reached_at end as took \
       from done), \
     ranked as ( \
       select step_id, in_turn, took, count(took) over (partition by step_id) as times, \
         row_number() over (partition by step_id order by case when took is null then 1 else 0 end, took) as nth \
       from timed), \
     figures as ( \
       select step_id, count(*) as completed, cast(sum(in_turn) as bigint) as in_turn, \
         cast(avg(case when took is not null and nth * 2 between times and times + 2 then took end) as double precision) \
           as median_ms \
       from ranked group by step_id) \
     select w.*, (select count(*) from runs) as runs, s.id as step_id, s.title as step_title, \
       s.display_order as step_place, f.completed, f.in_turn, f.median_ms \
     from walkthroughs w \
       left join walkthrough_steps s on s.organization_id = w.organization_id and s.walkthrough_id = w.id \
       left join figures f on f.step_id = s.id \
     where w.organization_id = $1 and w.id = $2 order by s.display_order"]);

fn read(rows: Vec<FunnelRow>) -> Result<Option<WalkthroughFunnel>> {
    let Some(first) = rows.first() else { return Ok(None) };
    let (walkthrough, runs) = (first.walkthrough.clone().try_into()?, first.runs);
    // Who has done all before a step and not the step itself has reached it too.
    let mut came = runs;
    let steps = rows.into_iter().filter_map(|row| {
        let (completed, in_turn) = (row.completed.unwrap_or(0), row.in_turn.unwrap_or(0));
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
