//! Everything counted again from the rows themselves, in the database.
//!
//! Buckets before `retained.calls_since` are left alone: their calls need not be there any more.

use sea_orm::{ConnectionTrait as _, QueryResult};

use super::Counters;
use crate::{Result, words::Words};

/// One kind of counter.
struct Kind {
    name: &'static str,
    /// What differs: what it is, what was counted, and what there is.
    differing: Words,
    /// What makes it right: emptying the table, where it is one of counters alone, and filling it.
    emptying: Option<Words>,
    filling: Words,
}

impl Counters<'_> {
    /// A line for each counter that is not what the rows themselves say; of each kind the first 1,000.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn recount(self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for kind in &KINDS {
            lines.append(&mut self.differing(kind).await?);
        }
        Ok(lines)
    }

    /// Makes right what differs, however long it takes; answers what [`Self::recount`] does. Calls may be recorded meanwhile: whoever counts waits for the
    /// counter, or is seen with its call.
    ///
    /// # Errors
    /// Where the database fails; [`crate::Error::Taken`] where a call was counted in a bucket that has just begun.
    pub async fn rebuild(self) -> Result<Vec<String>> {
        if self.0.access.is_postgres() {
            self.0.executor().query_all_raw(self.0.statement(&PATIENTLY, [])).await?;
        }
        let mut lines = Vec::new();
        for kind in &KINDS {
            let mut differing = self.differing(kind).await?;
            if !differing.is_empty() {
                for words in kind.emptying.iter().chain([&kind.filling]) {
                    self.0.executor().execute_raw(self.0.statement(words, [])).await?;
                }
            }
            lines.append(&mut differing);
        }
        Ok(lines)
    }

    async fn differing(self, kind: &Kind) -> Result<Vec<String>> {
        let rows = self.0.executor().query_all_raw(self.0.statement(&kind.differing, [])).await?;
        let line = |row: QueryResult| {
            let [what, counted, actual]: [String; 3] =
                [row.try_get_by_index(0)?, row.try_get_by_index(1)?, row.try_get_by_index(2)?];
            Ok(format!("{} {what}: counted {counted}, there are {actual}", kind.name))
        };
        rows.into_iter().map(line).collect()
    }
}

/// The marks come before those whom they count.
static KINDS: [Kind; 6] = [
    Kind {
        name: "calls",
        differing: Words::new(&[
            SINCE,
            CALLS,
            "select cast(width as text) || ' ' || cast(starts_at as text) || ' ' || coalesce({hex server_id}, '-') || ' ' \
               || tool_name, cast(sum(counted) as text) || '/' || cast(sum(counted_errors) as text), \
               cast(sum(calls) as text) || '/' || cast(sum(errors) as text) \
             from (select width, starts_at, server_id, tool_name, 0 as counted, 0 as counted_errors, calls, errors \
               from actual union all select width, starts_at, server_id, tool_name, calls, errors, 0, 0 \
               from tool_counts, since where organization_id = $1 and starts_at >= since.at) d \
             group by width, starts_at, server_id, tool_name \
             having sum(counted) <> sum(calls) or sum(counted_errors) <> sum(errors)",
            MOST,
        ]),
        emptying: Some(Words::new(&["delete from tool_counts where organization_id = $1 \
                and starts_at >= (select calls_since from retained)"])),
        filling: Words::new(&[
            "insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors) ",
            SINCE,
            CALLS,
            "select $1, width, starts_at, server_id, tool_name, calls, errors from actual",
        ]),
    },
    Kind {
        name: "durations",
        differing: Words::new(&[
            SINCE,
            DURATIONS,
            "select cast(width as text) || ' ' || cast(starts_at as text) || ' ' || cast(duration_ms as text), \
               cast(sum(counted) as text), cast(sum(calls) as text) \
             from (select width, starts_at, duration_ms, 0 as counted, calls from actual \
               union all select width, starts_at, duration_ms, calls, 0 \
               from duration_counts, since where organization_id = $1 and starts_at >= since.at) d \
             group by width, starts_at, duration_ms having sum(counted) <> sum(calls)",
            MOST,
        ]),
        emptying: Some(Words::new(&["delete from duration_counts where organization_id = $1 \
                and starts_at >= (select calls_since from retained)"])),
        filling: Words::new(&[
            "insert into duration_counts (organization_id, width, starts_at, duration_ms, calls) ",
            SINCE,
            DURATIONS,
            "select $1, width, starts_at, duration_ms, calls from actual",
        ]),
    },
    Kind {
        name: "days of people",
        differing: Words::new(&[
            SINCE,
            DAYS,
            "select cast(starts_at as text) || ' ' || {hex mcp_user_id}, \
               cast(sum(counted_visits) as text) || '/' || cast(sum(counted) as text) || '/' \
                 || cast(sum(counted_errors) as text), \
               cast(sum(visits) as text) || '/' || cast(sum(calls) as text) || '/' || cast(sum(errors) as text) \
             from (select starts_at, mcp_user_id, 0 as counted_visits, 0 as counted, 0 as counted_errors, visits, calls, \
                 errors from actual \
               union all select starts_at, mcp_user_id, visits, calls, errors, 0, 0, 0 \
               from person_days, since where organization_id = $1 and starts_at >= since.at) d \
             group by starts_at, mcp_user_id having sum(counted_visits) <> sum(visits) or sum(counted) <> sum(calls) \
               or sum(counted_errors) <> sum(errors)",
            MOST,
        ]),
        emptying: Some(Words::new(&["delete from person_days where organization_id = $1 \
                and starts_at >= (select calls_since from retained)"])),
        filling: Words::new(&[
            "insert into person_days (organization_id, starts_at, mcp_user_id, visits, calls, errors) ",
            SINCE,
            DAYS,
            "select $1, starts_at, mcp_user_id, visits, calls, errors from actual",
        ]),
    },
    Kind {
        name: "marks",
        differing: Words::new(&[
            WIDTHS,
            MARKS,
            "select cast(width as text) || ' ' || cast(starts_at as text) || ' ' || coalesce({hex server_id}, '-') || ' ' \
               || identity, cast(sum(counted) as text), cast(sum(there) as text) \
             from (select width, starts_at, server_id, identity, 0 as counted, 1 as there from actual \
               union all select width, starts_at, server_id, identity, 1, 0 from connection_marks \
               where organization_id = $1) d \
             group by width, starts_at, server_id, identity having sum(counted) <> sum(there)",
            MOST,
        ]),
        emptying: Some(Words::new(&["delete from connection_marks where organization_id = $1"])),
        filling: Words::new(&[
            "insert into connection_marks (organization_id, width, starts_at, server_id, identity) ",
            WIDTHS,
            MARKS,
            "select $1, width, starts_at, server_id, identity from actual",
        ]),
    },
    Kind {
        name: "connections",
        differing: Words::new(&[
            WIDTHS,
            CONNECTIONS,
            "select cast(width as text) || ' ' || cast(starts_at as text) || ' ' || coalesce({hex server_id}, '-'), \
               cast(sum(counted) as text) || '/' || cast(sum(counted_visits) as text), \
               cast(sum(users) as text) || '/' || cast(sum(visits) as text) \
             from (select width, starts_at, server_id, 0 as counted, 0 as counted_visits, users, visits from actual \
               union all select width, starts_at, server_id, users, visits, 0, 0 from connection_counts \
               where organization_id = $1) d \
             group by width, starts_at, server_id having sum(counted) <> sum(users) or sum(counted_visits) <> sum(visits)",
            MOST,
        ]),
        emptying: Some(Words::new(&["delete from connection_counts where organization_id = $1"])),
        filling: Words::new(&[
            "insert into connection_counts (organization_id, width, starts_at, server_id, users, visits) ",
            WIDTHS,
            CONNECTIONS,
            "select $1, width, starts_at, server_id, users, visits from actual",
        ]),
    },
    Kind {
        name: "calls of visits",
        differing: Words::new(&[
            VISITS,
            "select {hex id}, cast(tool_call_count as text), cast(calls as text) from actual where tool_call_count <> calls",
            MOST,
        ]),
        emptying: None,
        filling: Words::new(&[
            VISITS,
            "update mcp_sessions set tool_call_count = (select calls from actual where actual.id = mcp_sessions.id) \
                 where organization_id = $1 and id in (select id from actual where tool_call_count <> calls)",
        ]),
    },
];

static PATIENTLY: Words =
    Words::new(&["select set_config('statement_timeout', '0', true) from organizations where id = $1"]);

const MOST: &str = " limit 1000";

const WIDTHS: &str = "with widths as (select 300000 as width union all select 3600000 union all select 86400000), ";

const SINCE: &str = "with since as (select calls_since as at from retained), \
    widths as (select 300000 as width union all select 3600000 union all select 86400000), ";

const CALLS: &str = "actual as (
    select w.width, c.created_at - c.created_at % w.width as starts_at, c.server_id, c.tool_name, count(*) as calls, \
      sum(case when c.is_error then 1 else 0 end) as errors \
    from tool_calls c cross join widths w cross join since where c.organization_id = $1 and c.created_at >= since.at \
    group by w.width, c.created_at - c.created_at % w.width, c.server_id, c.tool_name \
    union all \
    select w.width, c.created_at - c.created_at % w.width, cast(null as {uuid}), c.tool_name, count(*), \
      sum(case when c.is_error then 1 else 0 end) \
    from tool_calls c cross join widths w cross join since where c.organization_id = $1 and c.created_at >= since.at \
    group by w.width, c.created_at - c.created_at % w.width, c.tool_name) ";

/// As the domain's `kept_duration` cuts it.
const DURATIONS: &str = "kept as (select created_at, case when duration_ms < 100 then duration_ms \
      when duration_ms < 1000 then duration_ms - duration_ms % 10 \
      when duration_ms < 10000 then duration_ms - duration_ms % 100 \
      when duration_ms < 100000 then duration_ms - duration_ms % 1000 \
      when duration_ms < 1000000 then duration_ms - duration_ms % 10000 \
      else duration_ms - duration_ms % 100000 end as duration_ms \
    from tool_calls, since where organization_id = $1 and created_at >= since.at), \
    actual as (select w.width, k.created_at - k.created_at % w.width as starts_at, k.duration_ms, count(*) as calls \
    from kept k cross join widths w group by w.width, k.created_at - k.created_at % w.width, k.duration_ms) ";

const DAYS: &str = "actual as (select starts_at, mcp_user_id, sum(visits) as visits, sum(calls) as calls, \
      sum(errors) as errors \
    from (select connected_at - connected_at % 86400000 as starts_at, mcp_user_id, 1 as visits, 0 as calls, 0 as errors \
        from mcp_sessions, since where organization_id = $1 and connected_at >= since.at \
      union all select created_at - created_at % 86400000, mcp_user_id, 0, 1, case when is_error then 1 else 0 end \
        from tool_calls, since where organization_id = $1 and created_at >= since.at) e \
    group by starts_at, mcp_user_id) ";

const MARKS: &str = "actual as ( \
    select distinct w.width, s.connected_at - s.connected_at % w.width as starts_at, s.server_id, s.identity \
    from mcp_sessions s cross join widths w where s.organization_id = $1 \
    union all \
    select distinct w.width, s.connected_at - s.connected_at % w.width, cast(null as {uuid}), s.identity \
    from mcp_sessions s cross join widths w where s.organization_id = $1) ";

const CONNECTIONS: &str = "actual as ( \
    select w.width, s.connected_at - s.connected_at % w.width as starts_at, s.server_id, \
      count(distinct s.identity) as users, count(*) as visits \
    from mcp_sessions s cross join widths w where s.organization_id = $1 \
    group by w.width, s.connected_at - s.connected_at % w.width, s.server_id \
    union all \
    select w.width, s.connected_at - s.connected_at % w.width, cast(null as {uuid}), count(distinct s.identity), count(*) \
    from mcp_sessions s cross join widths w where s.organization_id = $1 \
    group by w.width, s.connected_at - s.connected_at % w.width) ";

/// Visits that began since then: all their calls are there.
const VISITS: &str = "with actual as (select s.id, s.tool_call_count, \
      (select count(*) from tool_calls c where c.organization_id = $1 and c.mcp_session_id = s.id) as calls \
    from mcp_sessions s, retained where s.organization_id = $1 and s.connected_at >= retained.calls_since) ";
