// The statements, in the order of their parameters, in words that both databases read: `?1` becomes `$1` on PostgreSQL.

/** Slug, tracking id, client's name, heard since: the server, and the person and visit that are known. */
export const ADMIT = `
  select s.id as server, s.organization_id as organization, p.id as person, v.id as visit
  from mcp_servers as s
  left join mcp_users as p on p.organization_id = s.organization_id and p.tracking_id = ?2
  left join mcp_sessions as v on v.organization_id = s.organization_id and v.server_id = s.id and v.mcp_user_id = p.id
    and v.client_name = ?3 and v.key_hash is null and v.ended_at is null and v.last_seen_at >= ?4
  where s.slug = ?1 and s.deleted_at is null order by v.last_seen_at desc limit 1`

/** Organization, server, person: the steps of the run that was last active, and which of them are done. */
export const STEPS = `
  select s.id, s.title, s.display_order, s.content_fields, w.id as walkthrough_id, w.title as walkthrough_title,
    r.id as run_id, c.step_id is not null as done
  from (select r.id, r.walkthrough_id from walkthrough_runs as r
      join walkthrough_assignments as a on a.organization_id = r.organization_id
        and a.walkthrough_id = r.walkthrough_id and a.server_id = r.server_id and a.is_enabled
      join walkthroughs as w on w.organization_id = r.organization_id and w.id = r.walkthrough_id
        and w.status = 'published'
      where r.organization_id = ?1 and r.server_id = ?2 and r.mcp_user_id = ?3
      order by r.last_activity_at desc, r.id desc limit 1) as r
  join walkthroughs as w on w.organization_id = ?1 and w.id = r.walkthrough_id
  join walkthrough_steps as s on s.organization_id = ?1 and s.walkthrough_id = r.walkthrough_id
  left join walkthrough_completions as c on c.organization_id = ?1 and c.run_id = r.id and c.step_id = s.id
  order by s.display_order`

/** Organization, server, person: the walkthrough that is offered first, and the number of the person's latest run. */
export const OFFERED = `
  select w.id as walkthrough, (select max(attempt) from walkthrough_runs as r where r.organization_id = ?1
    and r.server_id = ?2 and r.mcp_user_id = ?3 and r.walkthrough_id = w.id) as attempt
  from walkthrough_assignments as a
  join walkthroughs as w on w.organization_id = a.organization_id and w.id = a.walkthrough_id
  where a.organization_id = ?1 and a.server_id = ?2 and a.is_enabled and w.status = 'published' and w.step_count > 0
  order by a.display_order limit 1`

/** A new run. */
export const BEGIN = `
  insert into walkthrough_runs (id, organization_id, mcp_user_id, server_id, walkthrough_id, attempt, started_at,
    last_activity_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) on conflict do nothing`

/** A step that is done. */
export const COMPLETE = `
  insert into walkthrough_completions (organization_id, run_id, step_id, completed_at)
  values (?1, ?2, ?3, ?4) on conflict do nothing`

/** A call. */
export const RECORD = `
  insert into tool_calls (id, organization_id, server_id, mcp_user_id, mcp_session_id, tool_name, input, output,
    is_error, duration_ms, created_at) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)`

/** A person that was not known; the one there is where two came at once. */
export const WELCOME = `
  insert into mcp_users (id, organization_id, tracking_id, first_seen_at, last_seen_at, session_count)
  values (?1, ?2, ?3, ?4, ?4, 0)
  on conflict (organization_id, tracking_id) do update set tracking_id = excluded.tracking_id returning id`

/** A visit. */
export const VISIT = `
  insert into mcp_sessions (id, organization_id, server_id, mcp_user_id, key_hash, client_name, client_version,
    protocol_version, identity, connected_at, last_seen_at, tool_call_count)
  values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, 0)`

/** How many calls there are. */
export const CALLS = 'select count(*) as calls from tool_calls'

/** The triggers that keep the counters, and their tables: Guildhall's schema, not what these tools need. */
export const COUNTERS = [
  ['count_calls', 'tool_calls'],
  ['uncount_calls', 'tool_calls'],
  ['mark_connection', 'mcp_sessions'],
  ['unmark_connection', 'mcp_sessions'],
]

/** The parameters of RECORD, but for the id. */
export function recorded(guest, call, answer) {
  const output = JSON.stringify({ text: answer.text, structured: answer.structured })
  const { organization, server, person, visit } = guest
  const took = Date.now() - call.at
  return [organization, server, person, visit, call.tool, JSON.stringify(call.input), output, answer.isError, took, call.at]
}
