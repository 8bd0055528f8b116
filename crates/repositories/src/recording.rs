//! What the recorder writes of an organization at once: calls, what people did in walkthroughs, and the events that say so.
//! One statement on either database, and so a transaction of its own: while it runs, whoever comes next waits.

use std::collections::HashSet;

use guildhall_domain::{Id, Timestamp, id};
use sea_orm::{ConnectionTrait as _, QueryResult, Statement};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::json;
use uuid::Uuid;

use crate::{NewCall, NewEvent, Result, Tenant, asked::hex_id, columns, events, tool_calls, words::Words};

/// What the recorder writes of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a>(pub(crate) Tenant<'a>);

/// What somebody did in a walkthrough.
#[derive(Clone, Copy, Debug)]
pub enum Move {
    /// Began it.
    Began(NewRun),
    /// Came back to a run, which is the person's latest again.
    Resumed {
        /// Which.
        run: Id<id::Run>,
        /// When.
        at: Timestamp,
    },
    /// Did a step of it.
    Completed(NewCompletion),
}

/// A person's way through a walkthrough on a server, to be begun.
#[derive(Clone, Copy, Debug)]
pub struct NewRun {
    /// Its id.
    pub id: Id<id::Run>,
    /// Of whom.
    pub person: Id<id::McpUser>,
    /// Where.
    pub server: Id<id::McpServer>,
    /// Through which walkthrough.
    pub walkthrough: Id<id::Walkthrough>,
    /// Which of the person's it is there, from 1.
    pub attempt: i32,
    /// When.
    pub at: Timestamp,
}

/// A step to be marked done.
#[derive(Clone, Copy, Debug)]
pub struct NewCompletion {
    /// In which run.
    pub run: Id<id::Run>,
    /// Which step.
    pub step: Id<id::Step>,
    /// When.
    pub at: Timestamp,
}

impl Recording<'_> {
    /// Keeps `calls`, and `moves` with the event that says so. Of two who begin the same or do the same step at once, only
    /// the first did, and only its event is written. Whoever resumes a run was told in an earlier batch that it began. Answers
    /// which events were written.
    ///
    /// # Errors
    /// [`crate::Error::Taken`] where one of the calls was kept before; where what a move is about is not there any more, or
    /// whoever made a call was forgotten a moment ago.
    pub async fn write(self, calls: &[NewCall], moves: &[(Move, NewEvent)]) -> Result<HashSet<Id<id::Event>>> {
        if moves.is_empty() {
            self.0.tool_calls().record(calls).await?;
            return Ok(HashSet::new());
        }
        let mut seen = HashSet::new();
        let first = moves.iter().filter(|(made, _)| made.once().is_none_or(|once| seen.insert(once)));
        let moves = columns::json(first.map(row).collect::<Result<Vec<_>>>()?)?;
        let rows: Vec<_> = calls.iter().map(tool_calls::row).collect();
        let mut values = vec![moves.into(), columns::json(rows)?.into()];
        if self.0.access.is_postgres() {
            let rows = self.answers(self.0.statement(&POSTGRES, values)).await?;
            return rows.into_iter().map(|row| Ok(Id::from_uuid(row.try_get_by_index(0)?))).collect();
        }
        values.push(tool_calls::counts(calls)?.into());
        read_json(self.answers(self.0.statement(&SQLITE, values)).await?)
    }

    async fn answers(self, statement: Statement) -> Result<Vec<QueryResult>> {
        Ok(self.0.executor().query_all_raw(statement).await?)
    }
}

impl Move {
    /// What only the first can do.
    fn once(&self) -> Option<([Uuid; 3], i32)> {
        match self {
            Self::Began(run) => Some(([run.person.uuid(), run.server.uuid(), run.walkthrough.uuid()], run.attempt)),
            Self::Completed(new) => Some(([new.run.uuid(), new.step.uuid(), Uuid::nil()], 0)),
            Self::Resumed { .. } => None,
        }
    }
}

/// A move as a row of JSON: its kind, its event's id, what it is of, its event.
fn row((made, event): &(Move, NewEvent)) -> Result<impl Serialize + use<>> {
    let (kind, of) = match made {
        Move::Began(run) => {
            let ids = [run.id.uuid(), run.person.uuid(), run.server.uuid(), run.walkthrough.uuid()].map(hex_id);
            let [id, person, server, walkthrough] = ids;
            ("begun", json!([id, person, server, walkthrough, run.attempt, run.at.millis()]))
        }
        Move::Resumed { run, at } => ("resumed", json!([hex_id(run.uuid()), at.millis()])),
        Move::Completed(new) => {
            ("completed", json!([hex_id(new.run.uuid()), hex_id(new.step.uuid()), new.at.millis()]))
        }
    };
    Ok((kind, hex_id(event.id.uuid()), of, events::told(event)?))
}

/// The moves that were made, as they were sent.
fn read_json(rows: Vec<QueryResult>) -> Result<HashSet<Id<id::Event>>> {
    #[derive(Deserialize)]
    struct Made(IgnoredAny, Uuid, IgnoredAny, IgnoredAny);

    let mut events = HashSet::new();
    for row in rows {
        let made: Vec<Made> = columns::parse(&row.try_get_by_index::<String>(0)?)?;
        events.extend(made.into_iter().map(|Made(_, event, ..)| Id::from_uuid(event)));
    }
    Ok(events)
}

/// `$2`: moves; `$3`: calls. In one order everywhere, so that two nodes cannot wait for each other in a circle.
static POSTGRES: Words = Words::new(&[
    "with moves as (select value from jsonb_array_elements($2::jsonb)), \
     begun as (insert into walkthrough_runs (organization_id, id, mcp_user_id, server_id, walkthrough_id, attempt, \
         started_at, last_activity_at) \
       select $1, {id 0}, {id 1}, {id 2}, {id 3}, (r.value ->> 4)::integer, {number 5}, {number 5} \
       from (select value -> 2 as value from moves where value ->> 0 = 'begun') as r \
       order by 3, 4, 5 on conflict do nothing returning id), \
     completed as (insert into walkthrough_completions (organization_id, run_id, step_id, completed_at) \
       select $1, {id 0}, {id 1}, {number 2} \
       from (select value -> 2 as value from moves where value ->> 0 = 'completed') as r \
       order by 2, 3 on conflict do nothing returning run_id, step_id), \
     resumed as (update walkthrough_runs set last_activity_at = greatest(last_activity_at, \
         (select max({number 1}) from (select value -> 2 as value from moves where value ->> 0 = 'resumed') as r \
           where {id 0} = walkthrough_runs.id)) \
       where organization_id = $1 and id = any(array(select (value -> 2 ->> 0)::uuid from moves \
         where value ->> 0 = 'resumed'))), \
     told as (",
    events::INSERT,
    "(select value -> 3 as value from moves where case value ->> 0 \
         when 'begun' then (value -> 2 ->> 0)::uuid in (select id from begun) \
         when 'completed' then ((value -> 2 ->> 0)::uuid, (value -> 2 ->> 1)::uuid) in (select run_id, step_id from completed) \
         else true end) as r returning id), \
     kept as (",
    tool_calls::INSERT,
    "{rows 3}) select id from told",
]);

/// The same, and `$4`: what the calls come to. The trigger `keep_recording` makes whatever moves are not made yet.
static SQLITE: Words = Words::new(&["insert into recordings (organization_id, moves, calls, counts) \
    select $1, (select jsonb_group_array(jsonb(r.value)) from jsonb_each($2) as r where case r.value ->> 0 \
        when 'begun' then not exists (select 1 from walkthrough_runs where organization_id = $1 \
          and mcp_user_id = unhex(r.value -> 2 ->> 1) and server_id = unhex(r.value -> 2 ->> 2) \
          and walkthrough_id = unhex(r.value -> 2 ->> 3) and attempt = r.value -> 2 ->> 4) \
        when 'completed' then not exists (select 1 from walkthrough_completions where organization_id = $1 \
          and run_id = unhex(r.value -> 2 ->> 0) and step_id = unhex(r.value -> 2 ->> 1)) \
        else true end), jsonb($3), jsonb($4) \
    returning json(moves)"]);
