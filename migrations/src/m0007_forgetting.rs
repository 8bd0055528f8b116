//! Forgetting an end user: what was counted goes down with what goes.
//!
//! Kept by triggers like the counting itself, so that no path can take a call or a visit away that stays counted. Who is
//! forgotten is forgotten in the marks too, which name people.
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
        run(manager, SCHEMA).await?;
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        run(manager, if sqlite { SQLITE_TRIGGERS } else { POSTGRES_TRIGGERS }).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        run(manager, if sqlite { SQLITE_DOWN } else { POSTGRES_DOWN }).await?;
        run(manager, "drop index mcp_sessions_by_identity").await
    }
}

const SCHEMA: &str = "
-- Whether somebody still counts in a bucket once a visit is gone.
create index mcp_sessions_by_identity on mcp_sessions (organization_id, identity, connected_at);
";

pub(crate) const SQLITE_TRIGGERS: &str = "
create trigger uncount_calls after delete on tool_calls begin
  update tool_counts set calls = calls - 1, errors = errors - old.is_error
    where organization_id = old.organization_id and server_id = old.server_id and tool_name = old.tool_name
      and (width, starts_at) in (values (300000, old.created_at - old.created_at % 300000),
        (3600000, old.created_at - old.created_at % 3600000));
  delete from tool_counts
    where organization_id = old.organization_id and server_id = old.server_id and tool_name = old.tool_name
      and (width, starts_at) in (values (300000, old.created_at - old.created_at % 300000),
        (3600000, old.created_at - old.created_at % 3600000)) and calls <= 0;
  update mcp_sessions set tool_call_count = tool_call_count - 1 where id = old.mcp_session_id;
end;
create trigger unmark_connection after delete on mcp_sessions begin
  delete from connection_marks
    where organization_id = old.organization_id and server_id is null and identity = old.identity
      and (width, starts_at) in (values (300000, old.connected_at - old.connected_at % 300000),
        (3600000, old.connected_at - old.connected_at % 3600000), (86400000, old.connected_at - old.connected_at % 86400000))
      and not exists (select 1 from mcp_sessions as s where s.organization_id = old.organization_id
        and s.identity = old.identity and s.connected_at >= connection_marks.starts_at
        and s.connected_at < connection_marks.starts_at + connection_marks.width);
  delete from connection_marks
    where organization_id = old.organization_id and server_id = old.server_id and identity = old.identity
      and (width, starts_at) in (values (300000, old.connected_at - old.connected_at % 300000),
        (3600000, old.connected_at - old.connected_at % 3600000), (86400000, old.connected_at - old.connected_at % 86400000))
      and not exists (select 1 from mcp_sessions as s where s.organization_id = old.organization_id
        and s.identity = old.identity and s.server_id = old.server_id and s.connected_at >= connection_marks.starts_at
        and s.connected_at < connection_marks.starts_at + connection_marks.width);
  update mcp_users set session_count = session_count - 1 where id = old.mcp_user_id;
end;
create trigger uncount_mark_of_organization after delete on connection_marks when old.server_id is null begin
  update connection_counts set users = users - 1 where organization_id = old.organization_id and width = old.width
    and starts_at = old.starts_at and server_id is null;
  delete from connection_counts where organization_id = old.organization_id and width = old.width
    and starts_at = old.starts_at and server_id is null and users <= 0;
end;
create trigger uncount_mark_of_server after delete on connection_marks when old.server_id is not null begin
  update connection_counts set users = users - 1 where organization_id = old.organization_id and width = old.width
    and starts_at = old.starts_at and server_id = old.server_id;
  delete from connection_counts where organization_id = old.organization_id and width = old.width
    and starts_at = old.starts_at and server_id = old.server_id and users <= 0;
end;
";

const SQLITE_DOWN: &str = "
drop trigger uncount_calls;
drop trigger unmark_connection;
drop trigger uncount_mark_of_organization;
drop trigger uncount_mark_of_server;
";

// Rows are touched in the order of their keys, as the counting does, so that the two cannot wait for each other in a
// circle.
pub(crate) const POSTGRES_TRIGGERS: &str = "
create function uncount_calls() returns trigger language plpgsql as $$ begin
  perform 1 from tool_counts c
    where (c.organization_id, c.width, c.starts_at, c.server_id, c.tool_name) in (
      select organization_id, w, created_at - created_at % w, server_id, tool_name
      from gone, (values (300000::bigint), (3600000)) as widths (w))
    order by c.organization_id, c.width, c.starts_at, c.server_id, c.tool_name for update;
  update tool_counts c set calls = c.calls - d.calls, errors = c.errors - d.errors
    from (select organization_id, w as width, created_at - created_at % w as starts_at, server_id, tool_name,
        count(*) as calls, count(*) filter (where is_error) as errors
      from gone, (values (300000::bigint), (3600000)) as widths (w) group by 1, 2, 3, 4, 5) as d
    where c.organization_id = d.organization_id and c.width = d.width and c.starts_at = d.starts_at
      and c.server_id = d.server_id and c.tool_name = d.tool_name;
  delete from tool_counts c where c.calls <= 0
    and (c.organization_id, c.width, c.starts_at, c.server_id, c.tool_name) in (
      select organization_id, w, created_at - created_at % w, server_id, tool_name
      from gone, (values (300000::bigint), (3600000)) as widths (w));
  perform 1 from mcp_sessions where id in (select mcp_session_id from gone) order by id for no key update;
  update mcp_sessions set tool_call_count = tool_call_count - d.calls
    from (select mcp_session_id, count(*) as calls from gone group by 1) as d where id = d.mcp_session_id;
  return null;
end $$;
create trigger uncount_calls after delete on tool_calls referencing old table as gone
  for each statement execute function uncount_calls();

create function unmark_connection() returns trigger language plpgsql as $$ begin
  delete from connection_marks m
    using (values (300000::bigint), (3600000), (86400000)) as widths (w)
    where m.organization_id = old.organization_id and m.server_id is null and m.identity = old.identity
      and m.width = w and m.starts_at = old.connected_at - old.connected_at % w
      and not exists (select 1 from mcp_sessions s where s.organization_id = old.organization_id
        and s.identity = old.identity and s.connected_at >= m.starts_at and s.connected_at < m.starts_at + m.width);
  delete from connection_marks m
    using (values (300000::bigint), (3600000), (86400000)) as widths (w)
    where m.organization_id = old.organization_id and m.server_id = old.server_id and m.identity = old.identity
      and m.width = w and m.starts_at = old.connected_at - old.connected_at % w
      and not exists (select 1 from mcp_sessions s where s.organization_id = old.organization_id
        and s.identity = old.identity and s.server_id = old.server_id
        and s.connected_at >= m.starts_at and s.connected_at < m.starts_at + m.width);
  update mcp_users set session_count = session_count - 1 where id = old.mcp_user_id;
  return null;
end $$;
create trigger unmark_connection after delete on mcp_sessions for each row execute function unmark_connection();

create function uncount_mark() returns trigger language plpgsql as $$ begin
  if old.server_id is null then
    update connection_counts set users = users - 1 where organization_id = old.organization_id and width = old.width
      and starts_at = old.starts_at and server_id is null;
    delete from connection_counts where organization_id = old.organization_id and width = old.width
      and starts_at = old.starts_at and server_id is null and users <= 0;
  else
    update connection_counts set users = users - 1 where organization_id = old.organization_id and width = old.width
      and starts_at = old.starts_at and server_id = old.server_id;
    delete from connection_counts where organization_id = old.organization_id and width = old.width
      and starts_at = old.starts_at and server_id = old.server_id and users <= 0;
  end if;
  return null;
end $$;
create trigger uncount_mark after delete on connection_marks for each row execute function uncount_mark();
";

const POSTGRES_DOWN: &str = "
drop trigger uncount_calls on tool_calls;
drop trigger unmark_connection on mcp_sessions;
drop trigger uncount_mark on connection_marks;
drop function uncount_calls();
drop function unmark_connection();
drop function uncount_mark();
";
