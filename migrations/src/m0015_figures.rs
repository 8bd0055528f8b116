//! What every figure reads: calls of whole organizations, durations and days of people, counted like the rest.
//!
//! All that counts is written anew here, so that it stands in one place: `m0015_figures/`.
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::{drop_tables, m0003_mcp_servers, m0007_forgetting, m0010_recent_calls, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: &[&str] = &["tool_counts", "duration_counts", "person_days", "retained"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // All or nothing, also on SQLite: a start that is killed must not leave half a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        run(manager, if sqlite { SQLITE_BEFORE } else { POSTGRES_BEFORE }).await?;
        run(manager, &digits(include_str!("m0015_figures/schema.sql"))).await?;
        let counting =
            if sqlite { include_str!("m0015_figures/sqlite.sql") } else { include_str!("m0015_figures/postgres.sql") };
        run(manager, &digits(counting)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        run(manager, if sqlite { SQLITE_DOWN } else { POSTGRES_DOWN }).await?;
        run(manager, INDEXES_DOWN).await?;
        drop_tables(manager, TABLES).await?;
        run(manager, "alter table connection_counts drop column visits").await?;
        run(manager, SCHEMA_BEFORE).await?;
        if sqlite {
            run(manager, m0003_mcp_servers::SQLITE_TRIGGERS).await?;
            run(manager, m0007_forgetting::SQLITE_TRIGGERS).await?;
        } else {
            run(manager, m0003_mcp_servers::POSTGRES_TRIGGERS).await?;
            run(manager, m0007_forgetting::POSTGRES_TRIGGERS).await?;
        }
        m0010_recent_calls::count_recent(manager).await
    }
}

/// A duration cut to its two leading digits, as the domain cuts it.
const TWO_DIGITS: &str = "case when {d} < 100 then {d} when {d} < 1000 then {d} - {d} % 10 \
    when {d} < 10000 then {d} - {d} % 100 when {d} < 100000 then {d} - {d} % 1000 \
    when {d} < 1000000 then {d} - {d} % 10000 else {d} - {d} % 100000 end";

fn digits(sql: &str) -> String {
    sql.replace("{two_digits_of_old}", &TWO_DIGITS.replace("{d}", "old.duration_ms"))
        .replace("{two_digits}", &TWO_DIGITS.replace("{d}", "duration_ms"))
}

const SQLITE_BEFORE: &str = "
drop trigger count_calls;
drop trigger uncount_calls;
drop trigger mark_connection;
drop trigger unmark_connection;
";

const POSTGRES_BEFORE: &str = "
drop function count_calls() cascade;
drop function uncount_calls() cascade;
drop function mark_connection() cascade;
drop function count_mark() cascade;
drop function unmark_connection() cascade;
";

const INDEXES_DOWN: &str = "
drop index tickets_by_creation;
drop index tickets_by_resolution;
drop index walkthrough_runs_by_start;
drop index mcp_users_by_first_seen;
drop index tool_calls_failed;
drop index tool_calls_by_tool;
drop index tool_calls_by_server;
drop index tool_calls_by_user;
create index tool_calls_by_user on tool_calls (organization_id, mcp_user_id);
";

const SQLITE_DOWN: &str = "
drop view call_batches;
drop trigger uncount_calls;
drop trigger mark_connection;
drop trigger unmark_connection;
drop trigger count_mark_of_organization;
drop trigger count_mark_of_server;
drop trigger uncount_mark_of_organization;
drop trigger uncount_mark_of_server;
";

const POSTGRES_DOWN: &str = "
drop function count_calls() cascade;
drop function uncount_calls() cascade;
drop function mark_connection() cascade;
drop function unmark_connection() cascade;
drop function uncount_mark() cascade;
";

const SCHEMA_BEFORE: &str = "
create table tool_counts (
  organization_id {uuid} not null references organizations (id) on delete cascade, width bigint not null,
  starts_at bigint not null, server_id {uuid} not null, tool_name text not null, calls bigint not null,
  errors bigint not null, primary key (organization_id, width, starts_at, server_id, tool_name));
insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors)
  select c.organization_id, w.width, c.created_at - c.created_at % w.width, c.server_id, c.tool_name, count(*),
    sum(case when c.is_error then 1 else 0 end)
  from tool_calls c cross join (select 300000 as width union all select 3600000) w
  group by c.organization_id, w.width, c.created_at - c.created_at % w.width, c.server_id, c.tool_name;
";
