-- SQLite has no trigger for a whole statement, so a batch of calls is written to a view that takes nothing in: its trigger
-- keeps the calls and touches each counter once. Both are JSONB, so that they are parsed once. calls: [[id, server, person,
-- visit, tool, input, output, is_error,
-- duration_ms, created_at]]. counts: what they come to, a list for each table: [[width, starts_at, tool, calls, errors]],
-- [[server, width, starts_at, tool, calls, errors]], [[width, starts_at, duration_ms, calls]],
-- [[starts_at, person, calls, errors]], [[person, calls, latest]], [[visit, calls, latest]]. Ids are in hexadecimal.
create view call_batches as select null as organization_id, null as calls, null as counts where false;
create trigger keep_calls instead of insert on call_batches begin
  insert into tool_calls (organization_id, id, server_id, mcp_user_id, mcp_session_id, tool_name, input, output, is_error,
      duration_ms, created_at)
    select new.organization_id, unhex(r.value ->> 0), unhex(r.value ->> 1), unhex(r.value ->> 2), unhex(r.value ->> 3),
      r.value ->> 4, r.value ->> 5, r.value ->> 6, r.value ->> 7, r.value ->> 8, r.value ->> 9
    from jsonb_each(new.calls) as r;
  insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors)
    select new.organization_id, r.value ->> 0, r.value ->> 1, null, r.value ->> 2, r.value ->> 3, r.value ->> 4
    from jsonb_each(new.counts, '$[0]') as r where true
    on conflict (organization_id, width, starts_at, tool_name) where server_id is null
    do update set calls = calls + excluded.calls, errors = errors + excluded.errors;
  insert into tool_counts (organization_id, server_id, width, starts_at, tool_name, calls, errors)
    select new.organization_id, unhex(r.value ->> 0), r.value ->> 1, r.value ->> 2, r.value ->> 3, r.value ->> 4,
      r.value ->> 5
    from jsonb_each(new.counts, '$[1]') as r where true
    on conflict (organization_id, server_id, width, starts_at, tool_name) where server_id is not null
    do update set calls = calls + excluded.calls, errors = errors + excluded.errors;
  insert into duration_counts (organization_id, width, starts_at, duration_ms, calls)
    select new.organization_id, r.value ->> 0, r.value ->> 1, r.value ->> 2, r.value ->> 3
    from jsonb_each(new.counts, '$[2]') as r where true
    on conflict (organization_id, width, starts_at, duration_ms) do update set calls = calls + excluded.calls;
  insert into person_days (organization_id, starts_at, mcp_user_id, visits, calls, errors)
    select new.organization_id, r.value ->> 0, unhex(r.value ->> 1), 0, r.value ->> 2, r.value ->> 3
    from jsonb_each(new.counts, '$[3]') as r where true
    on conflict (organization_id, starts_at, mcp_user_id)
    do update set calls = calls + excluded.calls, errors = errors + excluded.errors;
  -- Of calls across the turn of five minutes, all count for the later. The plus keeps SQLite from going through the whole
  -- organization, whose people it takes to be few.
  update mcp_users set last_seen_at = max(last_seen_at, seen.at),
      recent_calls = seen.calls + case when recent_since < seen.at - seen.at % 300000 then 0 else recent_calls end,
      recent_since = max(recent_since, seen.at - seen.at % 300000)
    from (select unhex(r.value ->> 0) as id, r.value ->> 1 as calls, r.value ->> 2 as at
      from jsonb_each(new.counts, '$[4]') as r) as seen
    where mcp_users.id = seen.id and +organization_id = new.organization_id;
  update mcp_sessions set tool_call_count = tool_call_count + seen.calls, last_seen_at = max(last_seen_at, seen.at)
    from (select unhex(r.value ->> 0) as id, r.value ->> 1 as calls, r.value ->> 2 as at
      from jsonb_each(new.counts, '$[5]') as r) as seen
    where mcp_sessions.id = seen.id and +organization_id = new.organization_id;
end;

-- What is taken away is uncounted by itself, so that no path can take a call away that stays counted.
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
    where organization_id = new.organization_id and server_id is null
      and (width, starts_at) in (values (300000, new.connected_at - new.connected_at % 300000),
        (3600000, new.connected_at - new.connected_at % 3600000),
        (86400000, new.connected_at - new.connected_at % 86400000));
  update connection_counts set visits = visits + 1
    where organization_id = new.organization_id and server_id = new.server_id
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
    where organization_id = old.organization_id and server_id is null
      and (width, starts_at) in (values (300000, old.connected_at - old.connected_at % 300000),
        (3600000, old.connected_at - old.connected_at % 3600000),
        (86400000, old.connected_at - old.connected_at % 86400000));
  update connection_counts set visits = visits - 1
    where organization_id = old.organization_id and server_id = old.server_id
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
