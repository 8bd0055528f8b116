//! MCP servers, their end users, visits and calls, and the counters kept with them.
//!
//! The counters are kept by triggers, so that no path can write a call or a visit without counting it, and one
//! statement writes a batch of calls and all that follows from them.
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::{drop_tables, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: &[&str] = &[
    "oauth_configs",
    "mcp_servers",
    "mcp_users",
    "mcp_sessions",
    "tool_calls",
    "tool_counts",
    "connection_counts",
    "connection_marks",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // All or nothing, also on SQLite: a start that is killed must not leave half a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, SCHEMA).await?;
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        run(manager, if sqlite { SQLITE_TRIGGERS } else { POSTGRES_TRIGGERS }).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, TABLES).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            run(manager, "drop function count_calls(); drop function mark_connection(); drop function count_mark();")
                .await?;
        }
        Ok(())
    }
}

const SCHEMA: &str = "
create table oauth_configs (
  id {uuid} primary key, organization_id {uuid} not null references organizations (id) on delete cascade,
  name text not null, metadata_url text not null, client_id text not null, sealed_client_secret {bytes} not null,
  scopes text not null, created_at bigint not null, unique (organization_id, id));

create table mcp_servers (
  id {uuid} primary key, organization_id {uuid} not null references organizations (id) on delete cascade,
  name text not null, slug text not null unique, product_platform_or_tool text, auth_type text not null,
  support_ticket_type text not null, walkthrough_tools_enabled boolean not null,
  knowledge_tools_enabled boolean not null, custom_oauth_config_id {uuid}, payload_capture text not null,
  created_at bigint not null, updated_at bigint not null, deleted_at bigint, unique (organization_id, id),
  foreign key (organization_id, custom_oauth_config_id) references oauth_configs (organization_id, id));

-- handle_hash: what an anonymous caller without a session was told to send along, hashed with its server.
create table mcp_users (
  id {uuid} primary key, organization_id {uuid} not null references organizations (id) on delete cascade,
  tracking_id text, email text, display_name text, handle_hash {bytes} unique,
  first_seen_at bigint not null, last_seen_at bigint not null, session_count bigint not null,
  unique (organization_id, id), unique (organization_id, tracking_id));

-- identity: who this was when the visit began, for counting different people: email, else trackingId, else own id.
create table mcp_sessions (
  id {uuid} primary key, organization_id {uuid} not null, server_id {uuid} not null, mcp_user_id {uuid} not null,
  key_hash {bytes} unique, client_name text, client_version text, protocol_version text, title text,
  identity text not null, connected_at bigint not null, last_seen_at bigint not null, ended_at bigint,
  tool_call_count bigint not null, unique (organization_id, id),
  foreign key (organization_id, server_id) references mcp_servers (organization_id, id) on delete cascade,
  foreign key (organization_id, mcp_user_id) references mcp_users (organization_id, id) on delete cascade);
create index mcp_sessions_by_time on mcp_sessions (organization_id, connected_at, id);
create index mcp_sessions_by_server on mcp_sessions (organization_id, server_id, connected_at, id);
create index mcp_sessions_by_user on mcp_sessions (organization_id, mcp_user_id, server_id, last_seen_at);
create index mcp_sessions_by_user_and_time on mcp_sessions (organization_id, mcp_user_id, connected_at, id);

create table tool_calls (
  id {uuid} primary key, organization_id {uuid} not null, server_id {uuid} not null, mcp_user_id {uuid} not null,
  mcp_session_id {uuid} not null, tool_name text not null, input text not null, output text not null,
  is_error boolean not null, duration_ms bigint not null, created_at bigint not null,
  foreign key (organization_id, server_id) references mcp_servers (organization_id, id) on delete cascade,
  foreign key (organization_id, mcp_user_id) references mcp_users (organization_id, id) on delete cascade,
  foreign key (organization_id, mcp_session_id) references mcp_sessions (organization_id, id) on delete cascade);
create index tool_calls_by_session on tool_calls (organization_id, mcp_session_id, created_at, id);
create index tool_calls_by_time on tool_calls (organization_id, created_at, id);
create index tool_calls_by_user on tool_calls (organization_id, mcp_user_id);

-- width: 300000 or 3600000 milliseconds.
create table tool_counts (
  organization_id {uuid} not null references organizations (id) on delete cascade, width bigint not null,
  starts_at bigint not null, server_id {uuid} not null, tool_name text not null, calls bigint not null,
  errors bigint not null, primary key (organization_id, width, starts_at, server_id, tool_name));

-- width: 300000, 3600000 or 86400000 milliseconds. server_id is null for the whole organization, where somebody who
-- came through two servers counts once.
create table connection_counts (
  organization_id {uuid} not null references organizations (id) on delete cascade, width bigint not null,
  starts_at bigint not null, server_id {uuid}, users bigint not null);
create unique index connection_counts_of_organizations on connection_counts (organization_id, width, starts_at)
  where server_id is null;
create unique index connection_counts_of_servers on connection_counts (organization_id, width, starts_at, server_id)
  where server_id is not null;
create table connection_marks (
  organization_id {uuid} not null references organizations (id) on delete cascade, width bigint not null,
  starts_at bigint not null, server_id {uuid}, identity text not null);
create unique index connection_marks_of_organizations on connection_marks (organization_id, width, starts_at, identity)
  where server_id is null;
create unique index connection_marks_of_servers
  on connection_marks (organization_id, width, starts_at, server_id, identity) where server_id is not null;
";

pub(crate) const SQLITE_TRIGGERS: &str = "
create trigger count_calls after insert on tool_calls begin
  insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors)
    select new.organization_id, w.column1, new.created_at - new.created_at % w.column1, new.server_id, new.tool_name, 1,
      new.is_error
    from (values (300000), (3600000)) as w where true
    on conflict (organization_id, width, starts_at, server_id, tool_name)
    do update set calls = calls + 1, errors = errors + excluded.errors;
  update mcp_sessions set tool_call_count = tool_call_count + 1, last_seen_at = max(last_seen_at, new.created_at)
    where id = new.mcp_session_id;
  update mcp_users set last_seen_at = max(last_seen_at, new.created_at) where id = new.mcp_user_id;
end;
create trigger mark_connection after insert on mcp_sessions begin
  insert into connection_marks (organization_id, width, starts_at, server_id, identity)
    select new.organization_id, w.column1, new.connected_at - new.connected_at % w.column1, s.column1, new.identity
    from (values (300000), (3600000), (86400000)) as w, (values (null), (new.server_id)) as s where true
    on conflict do nothing;
  update mcp_users set session_count = session_count + 1, last_seen_at = max(last_seen_at, new.connected_at)
    where id = new.mcp_user_id;
end;
create trigger count_mark_of_organization after insert on connection_marks when new.server_id is null begin
  insert into connection_counts (organization_id, width, starts_at, server_id, users)
    values (new.organization_id, new.width, new.starts_at, null, 1)
    on conflict (organization_id, width, starts_at) where server_id is null do update set users = users + 1;
end;
create trigger count_mark_of_server after insert on connection_marks when new.server_id is not null begin
  insert into connection_counts (organization_id, width, starts_at, server_id, users)
    values (new.organization_id, new.width, new.starts_at, new.server_id, 1)
    on conflict (organization_id, width, starts_at, server_id) where server_id is not null do update set users = users + 1;
end;
";

// Rows are touched in the order of their keys, so that two batches cannot wait for each other in a circle.
pub(crate) const POSTGRES_TRIGGERS: &str = "
create function count_calls() returns trigger language plpgsql as $$ begin
  insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors)
    select organization_id, w, created_at - created_at % w, server_id, tool_name, count(*), count(*) filter (where is_error)
    from fresh, (values (300000::bigint), (3600000)) as widths (w)
    group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5
    on conflict (organization_id, width, starts_at, server_id, tool_name)
    do update set calls = tool_counts.calls + excluded.calls, errors = tool_counts.errors + excluded.errors;
  perform 1 from mcp_users where id in (select mcp_user_id from fresh) order by id for no key update;
  perform 1 from mcp_sessions where id in (select mcp_session_id from fresh) order by id for no key update;
  update mcp_users set last_seen_at = greatest(last_seen_at, seen.at)
    from (select mcp_user_id, max(created_at) as at from fresh group by 1) as seen where id = seen.mcp_user_id;
  update mcp_sessions set tool_call_count = tool_call_count + seen.calls, last_seen_at = greatest(last_seen_at, seen.at)
    from (select mcp_session_id, count(*) as calls, max(created_at) as at from fresh group by 1) as seen
    where id = seen.mcp_session_id;
  return null;
end $$;
create trigger count_calls after insert on tool_calls referencing new table as fresh
  for each statement execute function count_calls();

create function mark_connection() returns trigger language plpgsql as $$ begin
  insert into connection_marks (organization_id, width, starts_at, server_id, identity)
    select new.organization_id, w, new.connected_at - new.connected_at % w, s, new.identity
    from (values (300000::bigint), (3600000), (86400000)) as widths (w), (values (null::uuid), (new.server_id)) as servers (s)
    order by w, s nulls first
    on conflict do nothing;
  update mcp_users set session_count = session_count + 1, last_seen_at = greatest(last_seen_at, new.connected_at)
    where id = new.mcp_user_id;
  return null;
end $$;
create trigger mark_connection after insert on mcp_sessions for each row execute function mark_connection();

create function count_mark() returns trigger language plpgsql as $$ begin
  if new.server_id is null then
    insert into connection_counts values (new.organization_id, new.width, new.starts_at, null, 1)
      on conflict (organization_id, width, starts_at) where server_id is null
      do update set users = connection_counts.users + 1;
  else
    insert into connection_counts values (new.organization_id, new.width, new.starts_at, new.server_id, 1)
      on conflict (organization_id, width, starts_at, server_id) where server_id is not null
      do update set users = connection_counts.users + 1;
  end if;
  return null;
end $$;
create trigger count_mark after insert on connection_marks for each row execute function count_mark();
";
