//! What the recorder writes of an organization at once: calls, steps that are done, and the events that say so.

use std::collections::HashSet;

use guildhall_domain::{Id, id};
use sea_orm::{ConnectionTrait as _, QueryResult};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    NewCall, NewCompletion, NewEvent, Result, Tenant, asked::hex_id, columns, events, tool_calls, words::Words,
};

/// What the recorder writes of an organization.
#[derive(Clone, Copy, Debug)]
pub struct Recording<'a>(pub(crate) Tenant<'a>);

/// A step of a run.
pub type Done = (Id<id::Run>, Id<id::Step>);

impl Recording<'_> {
    /// Keeps `calls`, marks steps done, and writes down the event of each that was not done before: of two who did it at
    /// once, the first one's. Answers which were not done before.
    ///
    /// # Errors
    /// [`crate::Error::Taken`] where one of the calls was kept before; where a run is not there any more, or whoever made
    /// a call was forgotten a moment ago.
    pub async fn write(self, calls: &[NewCall], done: &[(NewCompletion, NewEvent)]) -> Result<HashSet<Done>> {
        if done.is_empty() {
            self.0.tool_calls().record(calls).await?;
            return Ok(HashSet::new());
        }
        if self.0.access.is_postgres() { self.at_once(calls, done).await } else { self.in_turn(calls, done).await }
    }

    /// SQLite has no statement that writes several tables, and no way to it that would be worth saving.
    async fn in_turn(self, calls: &[NewCall], done: &[(NewCompletion, NewEvent)]) -> Result<HashSet<Done>> {
        let completions: Vec<_> = done.iter().map(|(completion, _)| completed(completion)).collect();
        let fresh = read(self.0.pour_returning(&COMPLETE, &completions).await?)?;
        let mut told = HashSet::new();
        let first = |new: &&(NewCompletion, NewEvent)| {
            let key = (new.0.run, new.0.step);
            fresh.contains(&key) && told.insert(key)
        };
        let happened: Vec<_> = done.iter().filter(first).map(|(_, event)| event.clone()).collect();
        self.0.events().record(&happened).await?;
        self.0.tool_calls().record(calls).await?;
        Ok(fresh)
    }

    async fn at_once(self, calls: &[NewCall], done: &[(NewCompletion, NewEvent)]) -> Result<HashSet<Done>> {
        let told = |(completion, event): &(NewCompletion, NewEvent)| Ok((completed(completion), events::told(event)?));
        let done = done.iter().map(told).collect::<Result<Vec<_>>>()?;
        let calls: Vec<_> = calls.iter().map(tool_calls::row).collect();
        let statement = self.0.statement(&AT_ONCE, [columns::json(&done)?.into(), columns::json(&calls)?.into()]);
        read(self.0.executor().query_all_raw(statement).await?)
    }
}

/// A completion as a row of JSON.
fn completed(new: &NewCompletion) -> impl Serialize + use<> {
    (hex_id(new.run.uuid()), hex_id(new.step.uuid()), new.at.millis())
}

fn read(rows: Vec<QueryResult>) -> Result<HashSet<Done>> {
    let read = |row: QueryResult| {
        let (run, step): (Uuid, Uuid) = (row.try_get_by_index(0)?, row.try_get_by_index(1)?);
        Ok((Id::from_uuid(run), Id::from_uuid(step)))
    };
    rows.into_iter().map(read).collect()
}

/// In one order everywhere, so that two nodes cannot wait for each other in a circle.
const IN_ORDER: &str = " where true order by 2, 3 on conflict do nothing returning run_id, step_id";

const COMPLETIONS: &str = "insert into walkthrough_completions (organization_id, run_id, step_id, completed_at) \
    select $1, {id 0}, {id 1}, {number 2} from ";

static COMPLETE: Words = Words::new(&[COMPLETIONS, "{rows}", IN_ORDER]);

/// One way to the database for all of it; PostgreSQL only. `$2`: completions, each with its event; `$3`: calls.
static AT_ONCE: Words = Words::new(&[
    "with fresh as (",
    COMPLETIONS,
    "(select value -> 0 as value from jsonb_array_elements($2::jsonb)) as r",
    IN_ORDER,
    "), told as (",
    events::INSERT,
    "(select distinct on (value -> 0 ->> 0, value -> 0 ->> 1) value -> 1 as value, (value -> 0 ->> 0)::uuid as run_id, \
       (value -> 0 ->> 1)::uuid as step_id from jsonb_array_elements($2::jsonb) with ordinality as done (value, place) \
       order by value -> 0 ->> 0, value -> 0 ->> 1, place) as r join fresh using (run_id, step_id)), kept as (",
    tool_calls::INSERT,
    "{rows 3}) select run_id, step_id from fresh",
]);
