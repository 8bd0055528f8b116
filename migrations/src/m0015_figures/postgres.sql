-- Rows are touched in the order of their keys, and tables in one order everywhere, so that two batches cannot wait for each
-- other in a circle.
create function count_calls() returns trigger language plpgsql as $$ begin
  insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors)
    select organization_id, w, created_at - created_at % w, null, tool_name, count(*), count(*) filter (where is_error)
    from fresh, (values (300000::bigint), (3600000), (86400000)) as widths (w)
    group by 1, 2, 3, 5 order by 1, 2, 3, 5
    on conflict (organization_id, width, starts_at, tool_name) where server_id is null
    do update set calls = tool_counts.calls + excluded.calls, errors = tool_counts.errors + excluded.errors;
  insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors)
    select organization_id, w, created_at - created_at % w, server_id, tool_name, count(*), count(*) filter (where is_error)
    from fresh, (values (300000::bigint), (3600000), (86400000)) as widths (w)
    group by 1, 2, 3, 4, 5 order by 1, 4, 2, 3, 5
    on conflict (organization_id, server_id, width, starts_at, tool_name) where server_id is not null
    do update set calls = tool_counts.calls + excluded.calls, errors = tool_counts.errors + excluded.errors;
  insert into duration_counts (organization_id, width, starts_at, duration_ms, calls)
    select organization_id, w, created_at - created_at % w, {two_digits}, count(*)
    from fresh, (values (300000::bigint), (3600000), (86400000)) as widths (w)
    group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (organization_id, width, starts_at, duration_ms)
    do update set calls = duration_counts.calls + excluded.calls;
  perform 1 from mcp_users where id in (select mcp_user_id from fresh) order by id for no key update;
  perform 1 from mcp_sessions where id in (select mcp_session_id from fresh) order by id for no key update;
  insert into person_days (organization_id, starts_at, mcp_user_id, visits, calls, errors)
    select organization_id, created_at - created_at % 86400000, mcp_user_id, 0, count(*), count(*) filter (where is_error)
    from fresh group by 1, 2, 3 order by 1, 2, 3
    on conflict (organization_id, starts_at, mcp_user_id)
    do update set calls = person_days.calls + excluded.calls, errors = person_days.errors + excluded.errors;
  update mcp_users set last_seen_at = greatest(last_seen_at, seen.at),
      recent_calls = case when recent_since < seen.at - seen.at % 300000 then seen.calls else recent_calls + seen.calls end,
      recent_since = greatest(recent_since, seen.at - seen.at % 300000)
    from (select mcp_user_id, max(created_at) as at, count(*) as calls from fresh group by 1) as seen
    where id = seen.mcp_user_id;
  update mcp_sessions set tool_call_count = tool_call_count + seen.calls, last_seen_at = greatest(last_seen_at, seen.at)
    from (select mcp_session_id, count(*) as calls, max(created_at) as at from fresh group by 1) as seen
    where id = seen.mcp_session_id;
  return null;
end $$;
create trigger count_calls after insert on tool_calls referencing new table as fresh
  for each statement execute function count_calls();

create function uncount_calls() returns trigger language plpgsql as $$
declare since bigint := (select calls_since from retained);
begin
  perform 1 from tool_counts c
    where c.server_id is null and (c.organization_id, c.width, c.starts_at, c.tool_name) in (
      select organization_id, w, created_at - created_at % w, tool_name
      from gone, (values (300000::bigint), (3600000), (86400000)) as widths (w) where created_at >= since)
    order by c.organization_id, c.width, c.starts_at, c.tool_name for update;
  update tool_counts c set calls = c.calls - d.calls, errors = c.errors - d.errors
    from (select organization_id, w as width, created_at - created_at % w as starts_at, tool_name, count(*) as calls,
        count(*) filter (where is_error) as errors
      from gone, (values (300000::bigint), (3600000), (86400000)) as widths (w) where created_at >= since
      group by 1, 2, 3, 4) as d
    where c.server_id is null and c.organization_id = d.organization_id and c.width = d.width
      and c.starts_at = d.starts_at and c.tool_name = d.tool_name;
  perform 1 from tool_counts c
    where (c.organization_id, c.server_id, c.width, c.starts_at, c.tool_name) in (
      select organization_id, server_id, w, created_at - created_at % w, tool_name
      from gone, (values (300000::bigint), (3600000), (86400000)) as widths (w) where created_at >= since)
    order by c.organization_id, c.server_id, c.width, c.starts_at, c.tool_name for update;
  update tool_counts c set calls = c.calls - d.calls, errors = c.errors - d.errors
    from (select organization_id, w as width, created_at - created_at % w as starts_at, server_id, tool_name,
        count(*) as calls, count(*) filter (where is_error) as errors
      from gone, (values (300000::bigint), (3600000), (86400000)) as widths (w) where created_at >= since
      group by 1, 2, 3, 4, 5) as d
    where c.organization_id = d.organization_id and c.server_id = d.server_id and c.width = d.width
      and c.starts_at = d.starts_at and c.tool_name = d.tool_name;
  delete from tool_counts c where c.calls <= 0
    and (c.organization_id, c.width, c.starts_at, c.tool_name) in (
      select organization_id, w, created_at - created_at % w, tool_name
      from gone, (values (300000::bigint), (3600000), (86400000)) as widths (w));
  perform 1 from duration_counts c
    where (c.organization_id, c.width, c.starts_at, c.duration_ms) in (
      select organization_id, w, created_at - created_at % w, {two_digits}
      from gone, (values (300000::bigint), (3600000), (86400000)) as widths (w) where created_at >= since)
    order by c.organization_id, c.width, c.starts_at, c.duration_ms for update;
  update duration_counts c set calls = c.calls - d.calls
    from (select organization_id, w as width, created_at - created_at % w as starts_at, {two_digits} as kept, count(*) as calls
      from gone, (values (300000::bigint), (3600000), (86400000)) as widths (w) where created_at >= since
      group by 1, 2, 3, 4) as d
    where c.organization_id = d.organization_id and c.width = d.width and c.starts_at = d.starts_at
      and c.duration_ms = d.kept;
  delete from duration_counts c where c.calls <= 0
    and (c.organization_id, c.width, c.starts_at, c.duration_ms) in (
      select organization_id, w, created_at - created_at % w, {two_digits}
      from gone, (values (300000::bigint), (3600000), (86400000)) as widths (w));
  perform 1 from mcp_sessions where id in (select mcp_session_id from gone) order by id for no key update;
  update person_days p set calls = p.calls - d.calls, errors = p.errors - d.errors
    from (select organization_id, created_at - created_at % 86400000 as starts_at, mcp_user_id, count(*) as calls,
        count(*) filter (where is_error) as errors
      from gone where created_at >= since group by 1, 2, 3) as d
    where p.organization_id = d.organization_id and p.starts_at = d.starts_at and p.mcp_user_id = d.mcp_user_id;
  delete from person_days p where p.visits <= 0 and p.calls <= 0
    and (p.organization_id, p.starts_at, p.mcp_user_id) in (
      select organization_id, created_at - created_at % 86400000, mcp_user_id from gone);
  update mcp_sessions set tool_call_count = tool_call_count - d.calls
    from (select mcp_session_id, count(*) as calls from gone where created_at >= since group by 1) as d
    where id = d.mcp_session_id;
  return null;
end $$;
create trigger uncount_calls after delete on tool_calls referencing old table as gone
  for each statement execute function uncount_calls();

-- people, guests: the widths in which somebody has not come before, to the organization and to the server.
create function mark_connection() returns trigger language plpgsql as $$
declare people bigint[]; guests bigint[];
begin
  with marked as (
    insert into connection_marks (organization_id, width, starts_at, server_id, identity)
      select new.organization_id, w, new.connected_at - new.connected_at % w, s, new.identity
      from (values (300000::bigint), (3600000), (86400000)) as widths (w),
        (values (null::uuid), (new.server_id)) as servers (s)
      order by w, s nulls first
      on conflict do nothing returning width, server_id)
  select array_agg(width) filter (where server_id is null), array_agg(width) filter (where server_id is not null)
    into people, guests from marked;
  insert into connection_counts (organization_id, width, starts_at, server_id, users, visits)
    select new.organization_id, w, new.connected_at - new.connected_at % w, null,
      case when w = any (people) then 1 else 0 end, 1
    from (values (300000::bigint), (3600000), (86400000)) as widths (w) order by w
    on conflict (organization_id, width, starts_at) where server_id is null
    do update set users = connection_counts.users + excluded.users, visits = connection_counts.visits + 1;
  insert into connection_counts (organization_id, width, starts_at, server_id, users, visits)
    select new.organization_id, w, new.connected_at - new.connected_at % w, new.server_id,
      case when w = any (guests) then 1 else 0 end, 1
    from (values (300000::bigint), (3600000), (86400000)) as widths (w) order by w
    on conflict (organization_id, width, starts_at, server_id) where server_id is not null
    do update set users = connection_counts.users + excluded.users, visits = connection_counts.visits + 1;
  update mcp_users set session_count = session_count + 1, last_seen_at = greatest(last_seen_at, new.connected_at)
    where id = new.mcp_user_id;
  insert into person_days (organization_id, starts_at, mcp_user_id, visits, calls, errors)
    values (new.organization_id, new.connected_at - new.connected_at % 86400000, new.mcp_user_id, 1, 0, 0)
    on conflict (organization_id, starts_at, mcp_user_id) do update set visits = person_days.visits + 1;
  return null;
end $$;
create trigger mark_connection after insert on mcp_sessions for each row execute function mark_connection();

create function unmark_connection() returns trigger language plpgsql as $$ begin
  perform 1 from connection_counts c, (values (300000::bigint), (3600000), (86400000)) as widths (w)
    where c.organization_id = old.organization_id and c.server_id is null
      and c.width = w and c.starts_at = old.connected_at - old.connected_at % w
    order by c.width for no key update of c;
  update connection_counts c set visits = visits - 1
    from (values (300000::bigint), (3600000), (86400000)) as widths (w)
    where c.organization_id = old.organization_id and c.server_id is null
      and c.width = w and c.starts_at = old.connected_at - old.connected_at % w;
  perform 1 from connection_counts c, (values (300000::bigint), (3600000), (86400000)) as widths (w)
    where c.organization_id = old.organization_id and c.server_id = old.server_id
      and c.width = w and c.starts_at = old.connected_at - old.connected_at % w
    order by c.width for no key update of c;
  update connection_counts c set visits = visits - 1
    from (values (300000::bigint), (3600000), (86400000)) as widths (w)
    where c.organization_id = old.organization_id and c.server_id = old.server_id
      and c.width = w and c.starts_at = old.connected_at - old.connected_at % w;
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
  update person_days set visits = visits - 1
    where organization_id = old.organization_id and starts_at = old.connected_at - old.connected_at % 86400000
      and mcp_user_id = old.mcp_user_id;
  delete from person_days
    where organization_id = old.organization_id and starts_at = old.connected_at - old.connected_at % 86400000
      and mcp_user_id = old.mcp_user_id and visits <= 0 and calls <= 0;
  return null;
end $$;
create trigger unmark_connection after delete on mcp_sessions for each row execute function unmark_connection();
