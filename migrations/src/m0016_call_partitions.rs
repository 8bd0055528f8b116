//! On PostgreSQL, calls lie in a table for each month of UTC, so that old ones go by dropping a table.
//!
//! Months are made ahead by whoever sweeps (`make_month_of_calls`); a call of a month that is not there lies with the
//! others, so none is refused. The triggers count calls of the whole table, and what is done to one of its months alone
//! is not counted. SQLite has one table, as before.
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::run;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // All or nothing: a start that is killed must not leave half a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            return Ok(());
        }
        run(manager, BEFORE).await?;
        run(manager, &table("primary key (id, created_at)", "partition by range (created_at)")).await?;
        run(manager, MONTHS).await?;
        run(manager, AFTER).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Sqlite {
            return Ok(());
        }
        run(manager, BEFORE).await?;
        run(manager, &table("primary key (id)", "")).await?;
        run(manager, AFTER).await?;
        run(manager, "drop function make_month_of_calls(bigint)").await
    }
}

// However many calls there are, they are moved.
const BEFORE: &str = "
set local statement_timeout = 0;
drop trigger count_calls on tool_calls;
drop trigger uncount_calls on tool_calls;
drop index tool_calls_by_session;
drop index tool_calls_by_time;
drop index tool_calls_by_user;
drop index tool_calls_by_server;
drop index tool_calls_by_tool;
drop index tool_calls_failed;
alter index tool_calls_pkey rename to tool_calls_before_pkey;
alter table tool_calls rename to tool_calls_before;
";

fn table(key: &str, parts: &str) -> String {
    format!(
        "create table tool_calls (
          id uuid not null, organization_id uuid not null, server_id uuid not null, mcp_user_id uuid not null,
          mcp_session_id uuid not null, tool_name text not null, input text not null, output text not null,
          is_error boolean not null, duration_ms bigint not null, created_at bigint not null, {key},
          foreign key (organization_id, server_id) references mcp_servers (organization_id, id) on delete cascade,
          foreign key (organization_id, mcp_user_id) references mcp_users (organization_id, id) on delete cascade,
          foreign key (organization_id, mcp_session_id) references mcp_sessions (organization_id, id) on delete cascade)
        {parts};
        create index tool_calls_by_session on tool_calls (organization_id, mcp_session_id, created_at, id);
        create index tool_calls_by_time on tool_calls (organization_id, created_at, id);
        create index tool_calls_by_user on tool_calls (organization_id, mcp_user_id, created_at, id);
        create index tool_calls_by_server on tool_calls (organization_id, server_id, created_at, id);
        create index tool_calls_by_tool on tool_calls (organization_id, tool_name, created_at, id);
        create index tool_calls_failed on tool_calls (organization_id, created_at, id) where is_error;"
    )
}

// Nobody may write while the others are looked through, or a call would be in neither place.
const MONTHS: &str = "
create table tool_calls_others partition of tool_calls default;

create function make_month_of_calls(at bigint) returns void language plpgsql as $$
declare
  first timestamp := date_trunc('month', to_timestamp(at / 1000.0) at time zone 'UTC');
  since bigint := extract(epoch from first)::bigint * 1000;
  until bigint := extract(epoch from first + interval '1 month')::bigint * 1000;
  month text := to_char(first, '\"tool_calls_\"YYYY_MM');
begin
  if to_regclass(month) is not null then
    return;
  end if;
  lock table only tool_calls in access exclusive mode;
  execute format('create table %I (like tool_calls including all)', month);
  execute format('with early as (delete from tool_calls_others where created_at >= %s and created_at < %s returning *)
    insert into %I select * from early', since, until, month);
  execute format('alter table tool_calls attach partition %I for values from (%s) to (%s)', month, since, until);
end $$;

select make_month_of_calls(extract(epoch from at)::bigint * 1000)
  from (select distinct date_trunc('month', to_timestamp(created_at / 1000.0) at time zone 'UTC') as at
      from tool_calls_before
    union select date_trunc('month', now() at time zone 'UTC') + ahead
      from (values (interval '0 months'), (interval '1 month'), (interval '2 months')) as months (ahead)) as wanted;
";

const AFTER: &str = "
insert into tool_calls (id, organization_id, server_id, mcp_user_id, mcp_session_id, tool_name, input, output, is_error,
    duration_ms, created_at)
  select id, organization_id, server_id, mcp_user_id, mcp_session_id, tool_name, input, output, is_error, duration_ms,
    created_at from tool_calls_before;
drop table tool_calls_before;
create trigger count_calls after insert on tool_calls referencing new table as fresh
  for each statement execute function count_calls();
create trigger uncount_calls after delete on tool_calls referencing old table as gone
  for each statement execute function uncount_calls();
";
