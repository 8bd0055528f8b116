-- Counted again from the calls themselves, below.
drop table tool_counts;

-- width: 300000, 3600000 or 86400000 milliseconds. server_id is null for the whole organization, so that a chart reads as
-- many rows whether the organization has one server or a hundred.
create table tool_counts (
  organization_id {uuid} not null references organizations (id) on delete cascade, width bigint not null,
  starts_at bigint not null, server_id {uuid}, tool_name text not null, calls bigint not null, errors bigint not null);
create unique index tool_counts_of_organizations on tool_counts (organization_id, width, starts_at, tool_name)
  where server_id is null;
create unique index tool_counts_of_servers on tool_counts (organization_id, server_id, width, starts_at, tool_name)
  where server_id is not null;

-- duration_ms: a call's duration cut to its two leading digits.
create table duration_counts (
  organization_id {uuid} not null references organizations (id) on delete cascade, width bigint not null,
  starts_at bigint not null, duration_ms bigint not null, calls bigint not null,
  primary key (organization_id, width, starts_at, duration_ms));

-- What somebody did on a day of UTC.
create table person_days (
  organization_id {uuid} not null, starts_at bigint not null, mcp_user_id {uuid} not null, visits bigint not null,
  calls bigint not null, errors bigint not null, primary key (organization_id, starts_at, mcp_user_id),
  foreign key (organization_id, mcp_user_id) references mcp_users (organization_id, id) on delete cascade);
create index person_days_by_person on person_days (organization_id, mcp_user_id);

-- visits: how many began.
alter table connection_counts add column visits bigint not null default 0;

-- One row. calls_since: a day's start; calls before it need not be there any more, and stay counted.
create table retained (calls_since bigint not null);
insert into retained (calls_since) values (0);

-- Each way to list calls has its order.
drop index tool_calls_by_user;
create index tool_calls_by_user on tool_calls (organization_id, mcp_user_id, created_at, id);
create index tool_calls_by_server on tool_calls (organization_id, server_id, created_at, id);
create index tool_calls_by_tool on tool_calls (organization_id, tool_name, created_at, id);
create index tool_calls_failed on tool_calls (organization_id, created_at, id) where is_error;
create index mcp_users_by_first_seen on mcp_users (organization_id, first_seen_at);
create index walkthrough_runs_by_start on walkthrough_runs (organization_id, walkthrough_id, started_at);
create index tickets_by_creation on tickets (organization_id, created_at);
create index tickets_by_resolution on tickets (organization_id, resolved_at) where resolved_at is not null;

insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors)
  select c.organization_id, w.width, c.created_at - c.created_at % w.width, cast(null as {uuid}), c.tool_name, count(*),
    sum(case when c.is_error then 1 else 0 end)
  from tool_calls c cross join (select 300000 as width union all select 3600000 union all select 86400000) w
  group by c.organization_id, w.width, c.created_at - c.created_at % w.width, c.tool_name;
insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors)
  select c.organization_id, w.width, c.created_at - c.created_at % w.width, c.server_id, c.tool_name, count(*),
    sum(case when c.is_error then 1 else 0 end)
  from tool_calls c cross join (select 300000 as width union all select 3600000 union all select 86400000) w
  group by c.organization_id, w.width, c.created_at - c.created_at % w.width, c.server_id, c.tool_name;
insert into duration_counts (organization_id, width, starts_at, duration_ms, calls)
  select c.organization_id, w.width, c.created_at - c.created_at % w.width, c.kept, count(*)
  from (select organization_id, created_at, {two_digits} as kept from tool_calls) c
    cross join (select 300000 as width union all select 3600000 union all select 86400000) w
  group by c.organization_id, w.width, c.created_at - c.created_at % w.width, c.kept;
insert into person_days (organization_id, starts_at, mcp_user_id, visits, calls, errors)
  select organization_id, starts_at, mcp_user_id, sum(visits), sum(calls), sum(errors)
  from (
    select organization_id, connected_at - connected_at % 86400000 as starts_at, mcp_user_id, 1 as visits, 0 as calls,
      0 as errors from mcp_sessions
    union all
    select organization_id, created_at - created_at % 86400000, mcp_user_id, 0, 1, case when is_error then 1 else 0 end
      from tool_calls) d
  group by organization_id, starts_at, mcp_user_id;
update connection_counts set visits = (
  select count(*) from mcp_sessions s
  where s.organization_id = connection_counts.organization_id and s.connected_at >= connection_counts.starts_at
    and s.connected_at < connection_counts.starts_at + connection_counts.width
    and (connection_counts.server_id is null or s.server_id = connection_counts.server_id));
