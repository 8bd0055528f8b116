//! How many calls a person has made in these five minutes, kept in the row that every call of the person touches anyway.
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::run;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // All or nothing, also on SQLite: a start that is killed must not leave half a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            run(manager, &format!("alter table mcp_users add column {column} bigint not null default 0")).await?;
        }
        count_recent(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            run(manager, "drop trigger count_calls").await?;
            run(manager, &sqlite("last_seen_at = max(last_seen_at, new.created_at)")).await?;
        } else {
            run(manager, &postgres("last_seen_at = greatest(last_seen_at, seen.at)")).await?;
        }
        for column in COLUMNS.iter().rev() {
            run(manager, &format!("alter table mcp_users drop column {column}")).await?;
        }
        Ok(())
    }
}

/// Has a call counted among its person's recent ones.
pub(crate) async fn count_recent(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Sqlite {
        run(manager, "drop trigger count_calls").await?;
        return run(manager, &sqlite(SQLITE_PERSON)).await;
    }
    run(manager, &postgres(POSTGRES_PERSON)).await
}

// recent_since: the five minutes, by the clock, that recent_calls is about.
const COLUMNS: [&str; 2] = ["recent_since", "recent_calls"];

/// What a call changes of its person.
const SQLITE_PERSON: &str = "last_seen_at = max(last_seen_at, new.created_at),
    recent_calls = case when recent_since < new.created_at - new.created_at % 300000 then 1 else recent_calls + 1 end,
    recent_since = max(recent_since, new.created_at - new.created_at % 300000)";

/// The trigger as it was made, but for what it changes of a call's person.
fn sqlite(person: &str) -> String {
    format!(
        "create trigger count_calls after insert on tool_calls begin
          insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors)
            select new.organization_id, w.column1, new.created_at - new.created_at % w.column1, new.server_id,
              new.tool_name, 1, new.is_error
            from (values (300000), (3600000)) as w where true
            on conflict (organization_id, width, starts_at, server_id, tool_name)
            do update set calls = calls + 1, errors = errors + excluded.errors;
          update mcp_sessions set tool_call_count = tool_call_count + 1, last_seen_at = max(last_seen_at, new.created_at)
            where id = new.mcp_session_id;
          update mcp_users set {person} where id = new.mcp_user_id;
        end;"
    )
}

/// What a batch of calls changes of each of its people; a batch across the turn of five minutes counts for the later.
const POSTGRES_PERSON: &str = "last_seen_at = greatest(last_seen_at, seen.at),
    recent_calls = case when recent_since < seen.at - seen.at % 300000 then seen.calls else recent_calls + seen.calls end,
    recent_since = greatest(recent_since, seen.at - seen.at % 300000)";

/// The function as it was made, but for what it changes of the calls' people.
fn postgres(person: &str) -> String {
    format!(
        "create or replace function count_calls() returns trigger language plpgsql as $$ begin
          insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors)
            select organization_id, w, created_at - created_at % w, server_id, tool_name, count(*),
              count(*) filter (where is_error)
            from fresh, (values (300000::bigint), (3600000)) as widths (w)
            group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
            on conflict (organization_id, width, starts_at, server_id, tool_name)
            do update set calls = tool_counts.calls + excluded.calls, errors = tool_counts.errors + excluded.errors;
          perform 1 from mcp_users where id in (select mcp_user_id from fresh) order by id for no key update;
          perform 1 from mcp_sessions where id in (select mcp_session_id from fresh) order by id for no key update;
          update mcp_users set {person}
            from (select mcp_user_id, max(created_at) as at, count(*) as calls from fresh group by 1) as seen
            where id = seen.mcp_user_id;
          update mcp_sessions set tool_call_count = tool_call_count + seen.calls,
              last_seen_at = greatest(last_seen_at, seen.at)
            from (select mcp_session_id, count(*) as calls, max(created_at) as at from fresh group by 1) as seen
            where id = seen.mcp_session_id;
          return null;
        end $$;"
    )
}
