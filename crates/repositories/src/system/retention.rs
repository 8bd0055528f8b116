//! How long calls are kept: room is made for those to come, and old ones go.
//!
//! What was counted of a call stays when it goes for its age. So it is first said since when calls are kept, in a
//! transaction of its own: whoever takes one away uncounts it only if it is of that time.
#![expect(clippy::disallowed_methods, reason = "the calls of all organizations grow old together")]

use std::time::Duration;

use guildhall_domain::{Timestamp, analytics::Width};
use sea_orm::{ConnectionTrait as _, Statement, Value};

use super::System;
use crate::Result;

/// What a node holds that makes or drops a month of calls on PostgreSQL.
const TURN: i64 = 4_716_052_020;
/// Months are made and dropped under a lock that nobody writes calls beside. Whoever waits for it holds up those who
/// come after, so nobody waits long.
const NOT_LONG: &str = "set local lock_timeout = '500ms'";
/// Longer than any month, and shorter than any two.
const A_MONTH: Duration = Duration::from_hours(24 * 32);

// At most a thousand at once: the one writer must not be held long.
const SQLITE_OLD: &str = "delete from tool_calls where rowid in (select c.rowid from organizations o
    cross join tool_calls c on c.organization_id = o.id and c.created_at < (select calls_since from retained) limit 1000)";

// Straight from the table of the others: no trigger of the whole is asked.
const POSTGRES_OLD: &str = "delete from tool_calls_others where ctid = any (array(
    select ctid from tool_calls_others where created_at < (select calls_since from retained) limit 1000))";

// Months are named so that the order of their names is theirs.
const POSTGRES_OLD_MONTH: &str = "select c.relname::text collate \"C\" as month
    from pg_inherits i join pg_class c on c.oid = i.inhrelid, retained r
    where i.inhparent = 'tool_calls'::regclass and c.relname ~ '^tool_calls_[0-9]{4}_[0-9]{2}$'
      and c.relname::text collate \"C\"
        < to_char(to_timestamp(r.calls_since / 1000) at time zone 'UTC', '\"tool_calls_\"YYYY_MM')
    order by 1 limit 1";

impl System<'_> {
    /// Makes room for the calls of this month and the two after it, where each month has a table: on PostgreSQL. A call
    /// for which there is none lies with the others until there is. Does nothing where another node is at it.
    ///
    /// # Errors
    /// [`crate::Error::Contended`] where too many are writing calls; where the database fails.
    pub async fn make_room_for_calls(self, now: Timestamp) -> Result<u64> {
        if !self.access.is_postgres() || !self.takes_turn().await? {
            return Ok(0);
        }
        let mut month = now.start_of_month();
        for _ in 0..3 {
            self.run("select make_month_of_calls($1)", [month.millis().into()]).await?;
            month = month.plus(A_MONTH).start_of_month();
        }
        Ok(0)
    }

    /// Says that calls before `then` need not be there any more: to the day on SQLite, to the month on PostgreSQL. What
    /// was said before is not taken back.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn keep_calls_since(self, then: Timestamp) -> Result<u64> {
        let since = if self.access.is_postgres() { then.start_of_month() } else { then.floor(Width::Day.millis()) };
        self.run("update retained set calls_since = $1 where calls_since < $1", [since.millis().into()]).await
    }

    /// Holds that where it is until this transaction ends: what is counted again from the calls must not be of another
    /// time than what was forgotten of them.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn hold_calls_since(self) -> Result<()> {
        if self.access.is_postgres() {
            self.run("select calls_since from retained for share", []).await?; // SQLite has one writer
        }
        Ok(())
    }

    /// Lets some calls go that are older than those that are kept: a month on PostgreSQL, a thousand on SQLite. Answers
    /// how many tables or calls went; none where there are no more, or another node is at it.
    ///
    /// # Errors
    /// [`crate::Error::Contended`] where too many are writing calls; where the database fails.
    pub async fn let_old_calls_go(self) -> Result<u64> {
        if !self.access.is_postgres() {
            return self.run(SQLITE_OLD, []).await;
        }
        if !self.takes_turn().await? {
            return Ok(0);
        }
        let statement = Statement::from_string(self.access.backend(), POSTGRES_OLD_MONTH);
        match self.access.executor().query_one_raw(statement).await? {
            Some(row) => {
                let month: String = row.try_get_by_index(0)?;
                self.access.executor().execute_unprepared(&format!("drop table if exists {month}")).await?;
                Ok(1)
            }
            None => self.run(POSTGRES_OLD, []).await,
        }
    }

    /// Whether this node is the one that makes and drops months, until its transaction ends.
    async fn takes_turn(self) -> Result<bool> {
        let executor = self.access.executor();
        executor.execute_unprepared(NOT_LONG).await?;
        let take = "select pg_try_advisory_xact_lock($1)";
        let take = Statement::from_sql_and_values(self.access.backend(), take, [TURN.into()]);
        let row = executor.query_one_raw(take).await?;
        Ok(row.map(|row| row.try_get_by_index(0)).transpose()?.unwrap_or(false))
    }

    async fn run(self, sql: &str, values: impl IntoIterator<Item = Value>) -> Result<u64> {
        let statement = Statement::from_sql_and_values(self.access.backend(), sql, values);
        Ok(self.access.executor().execute_raw(statement).await?.rows_affected())
    }
}
