-- Calls are counted by whoever keeps them, many at once: SQLite has no trigger for a whole statement. What is taken away
-- is uncounted here, so that no path can take a call away that stays counted.
create trigger uncount_calls after delete on tool_calls when old.created_at >= (select calls_since from retained) begin
  update tool_counts set calls = calls - 1, errors = errors - old.is_error
    where organization_id = old.organization_id and server_id is null and tool_name = old.tool_name
      and (width, starts_at) in (values (300000, old.created_at - old.created_at % 300000),
        (3600000, old.created_at - old.created_at % 3600000), (86400000, old.created_at - old.created_at % 86400000));
  delete from tool_counts
    where organization_id = old.organization_id and server_id is null and tool_name = old.tool_name
      and (width, starts_at) in (values (300000, old.created_at - old.created_at % 300000),
        (3600000, old.created_at - old.created_at % 3600000), (86400000, old.created_at - old.created_at % 86400000))
      and calls <= 0;
  update tool_counts set calls = calls - 1, errors = errors - old.is_error
    where organization_id = old.organization_id and server_id = old.server_id and tool_name = old.tool_name
      and (width, starts_at) in (values (300000, old.created_at - old.created_at % 300000),
        (3600000, old.created_at - old.created_at % 3600000), (86400000, old.created_at - old.created_at % 86400000));
  delete from tool_counts
    where organization_id = old.organization_id and server_id = old.server_id and tool_name = old.tool_name
      and (width, starts_at) in (values (300000, old.created_at - old.created_at % 300000),
        (3600000, old.created_at - old.created_at % 3600000), (86400000, old.created_at - old.created_at % 86400000))
      and calls <= 0;
  update duration_counts set calls = calls - 1
    where organization_id = old.organization_id and duration_ms = {two_digits_of_old}
      and (width, starts_at) in (values (300000, old.created_at - old.created_at % 300000),
        (3600000, old.created_at - old.created_at % 3600000), (86400000, old.created_at - old.created_at % 86400000));
  delete from duration_counts
    where organization_id = old.organization_id and duration_ms = {two_digits_of_old}
      and (width, starts_at) in (values (300000, old.created_at - old.created_at % 300000),
        (3600000, old.created_at - old.created_at % 3600000), (86400000, old.created_at - old.created_at % 86400000))
      and calls <= 0;
  update person_days set calls = calls - 1, errors = errors - old.is_error
    where organization_id = old.organization_id and starts_at = old.created_at - old.created_at % 86400000
      and mcp_user_id = old.mcp_user_id;
  delete from person_days
    where organization_id = old.organization_id and starts_at = old.created_at - old.created_at % 86400000
      and mcp_user_id = old.mcp_user_id and visits <= 0 and calls <= 0;
  update mcp_sessions set tool_call_count = tool_call_count - 1 where id = old.mcp_session_id;
end;

-- Who has not come in a bucket before is counted by the marks' own trigger.
create trigger mark_connection after insert on mcp_sessions begin
  insert into connection_marks (organization_id, width, starts_at, server_id, identity)
    select new.organization_id, w.column1, new.connected_at - new.connected_at % w.column1, s.column1, new.identity
    from (values (300000), (3600000), (86400000)) as w, (values (null), (new.server_id)) as s where true
    on conflict do nothing;
  update connection_counts set visits = visits + 1
    where organization_id = new.organization_id and (server_id is null or server_id = new.server_id)
      and (width, starts_at) in (values (300000, new.connected_at - new.connected_at % 300000),
        (3600000, new.connected_at - new.connected_at % 3600000),
        (86400000, new.connected_at - new.connected_at % 86400000));
  update mcp_users set session_count = session_count + 1, last_seen_at = max(last_seen_at, new.connected_at)
    where id = new.mcp_user_id;
  insert into person_days (organization_id, starts_at, mcp_user_id, visits, calls, errors)
    values (new.organization_id, new.connected_at - new.connected_at % 86400000, new.mcp_user_id, 1, 0, 0)
    on conflict (organization_id, starts_at, mcp_user_id) do update set visits = visits + 1;
end;

create trigger unmark_connection after delete on mcp_sessions begin
  update connection_counts set visits = visits - 1
    where organization_id = old.organization_id and (server_id is null or server_id = old.server_id)
      and (width, starts_at) in (values (300000, old.connected_at - old.connected_at % 300000),
        (3600000, old.connected_at - old.connected_at % 3600000),
        (86400000, old.connected_at - old.connected_at % 86400000));
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
  update person_days set visits = visits - 1
    where organization_id = old.organization_id and starts_at = old.connected_at - old.connected_at % 86400000
      and mcp_user_id = old.mcp_user_id;
  delete from person_days
    where organization_id = old.organization_id and starts_at = old.connected_at - old.connected_at % 86400000
      and mcp_user_id = old.mcp_user_id and visits <= 0 and calls <= 0;
end;
