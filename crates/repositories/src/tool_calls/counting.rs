//! Calls are counted on SQLite: a batch touches each counter once, however many of its calls are counted there.

use std::collections::BTreeMap;

use guildhall_domain::analytics::{Width, kept_duration};
use uuid::Uuid;

use super::NewCall;
use crate::{Result, Tenant, asked::hex, words::Words};

/// Counts `calls`, which have just been kept.
pub(super) async fn count(tenant: Tenant<'_>, calls: &[NewCall]) -> Result<()> {
    let (mut wholes, mut servers, mut durations) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut days, mut people, mut visits) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for call in calls {
        let (at, tool) = (call.at, call.tool_name.as_str());
        let floor = |width: Width| at.floor(width.millis()).millis();
        for width in Width::ALL {
            let (millis, start) = (width.millis(), floor(width));
            add(&mut wholes, (millis, start, tool), call);
            add(&mut servers, (call.server.uuid(), millis, start, tool), call);
            add(&mut durations, (millis, start, kept_duration(call.duration_ms)), call);
        }
        add(&mut days, (floor(Width::Day), call.person.uuid()), call);
        add(&mut people, call.person.uuid(), call);
        add(&mut visits, call.visit.uuid(), call);
    }
    let wholes: Vec<_> = wholes.iter().map(|((w, s, tool), n)| (w, s, tool, n.calls, n.errors)).collect();
    tenant.pour(&COUNT_WHOLE, &wholes).await?;
    let servers: Vec<_> = servers.iter().map(|((id, w, s, t), n)| (text(id), w, s, t, n.calls, n.errors)).collect();
    tenant.pour(&COUNT_SERVER, &servers).await?;
    let durations: Vec<_> = durations.iter().map(|((w, s, kept), n)| (w, s, kept, n.calls)).collect();
    tenant.pour(&COUNT_DURATION, &durations).await?;
    let days: Vec<_> = days.iter().map(|((s, person), n)| (s, text(person), n.calls, n.errors)).collect();
    tenant.pour(&COUNT_DAY, &days).await?;
    let people: Vec<_> = people.iter().map(|(id, n)| (text(id), n.calls, n.latest)).collect();
    tenant.pour(&NOTE_PERSON, &people).await?;
    let visits: Vec<_> = visits.iter().map(|(id, n)| (text(id), n.calls, n.latest)).collect();
    tenant.pour(&NOTE_VISIT, &visits).await
}

/// What is counted at one place.
#[derive(Default)]
struct Counted {
    calls: i64,
    errors: i64,
    latest: i64,
}

fn add<K: Ord>(counted: &mut BTreeMap<K, Counted>, place: K, call: &NewCall) {
    let at = counted.entry(place).or_default();
    at.calls = at.calls.saturating_add(1);
    at.errors = at.errors.saturating_add(i64::from(call.is_error));
    at.latest = at.latest.max(call.at.millis());
}

fn text(id: &Uuid) -> String {
    hex(id.as_bytes())
}

static COUNT_WHOLE: Words =
    Words::new(&["insert into tool_counts (organization_id, width, starts_at, server_id, tool_name, calls, errors) \
     select $1, {number 0}, {number 1}, null, {text 2}, {number 3}, {number 4} from {rows} where true \
     on conflict (organization_id, width, starts_at, tool_name) where server_id is null \
     do update set calls = calls + excluded.calls, errors = errors + excluded.errors"]);

static COUNT_SERVER: Words =
    Words::new(&["insert into tool_counts (organization_id, server_id, width, starts_at, tool_name, calls, errors) \
     select $1, {id 0}, {number 1}, {number 2}, {text 3}, {number 4}, {number 5} from {rows} where true \
     on conflict (organization_id, server_id, width, starts_at, tool_name) where server_id is not null \
     do update set calls = calls + excluded.calls, errors = errors + excluded.errors"]);

static COUNT_DURATION: Words =
    Words::new(&["insert into duration_counts (organization_id, width, starts_at, duration_ms, calls) \
     select $1, {number 0}, {number 1}, {number 2}, {number 3} from {rows} where true \
     on conflict (organization_id, width, starts_at, duration_ms) do update set calls = calls + excluded.calls"]);

static COUNT_DAY: Words =
    Words::new(&["insert into person_days (organization_id, starts_at, mcp_user_id, visits, calls, errors) \
     select $1, {number 0}, {id 1}, 0, {number 2}, {number 3} from {rows} where true \
     on conflict (organization_id, starts_at, mcp_user_id) \
     do update set calls = calls + excluded.calls, errors = errors + excluded.errors"]);

// Of calls across the turn of five minutes, all count for the later.
static NOTE_PERSON: Words = Words::new(&["update mcp_users set last_seen_at = max(last_seen_at, seen.at), \
       recent_calls = seen.calls + case when recent_since < seen.at - seen.at % 300000 then 0 else recent_calls end, \
       recent_since = max(recent_since, seen.at - seen.at % 300000) \
     from (select {id 0} as id, {number 1} as calls, {number 2} as at from {rows}) as seen \
     where mcp_users.id = seen.id and organization_id = $1"]);

static NOTE_VISIT: Words = Words::new(&[
    "update mcp_sessions set tool_call_count = tool_call_count + seen.calls, last_seen_at = max(last_seen_at, seen.at) \
     from (select {id 0} as id, {number 1} as calls, {number 2} as at from {rows}) as seen \
     where mcp_sessions.id = seen.id and organization_id = $1",
]);
