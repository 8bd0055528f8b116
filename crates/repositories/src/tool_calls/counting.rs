//! What a batch of calls comes to, for SQLite: each counter is touched once, however many calls are counted there.

use std::collections::BTreeMap;

use guildhall_domain::analytics::{Width, kept_duration};

use super::NewCall;
use crate::{Result, asked::hex_id, columns};

/// What `calls` come to, as JSON that the trigger `keep_calls` reads.
pub(crate) fn counts(calls: &[NewCall]) -> Result<String> {
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
    columns::json((
        wholes.iter().map(|((w, s, tool), n)| (w, s, tool, n.calls, n.errors)).collect::<Vec<_>>(),
        servers.iter().map(|((id, w, s, tool), n)| (hex_id(*id), w, s, tool, n.calls, n.errors)).collect::<Vec<_>>(),
        durations.iter().map(|((w, s, kept), n)| (w, s, kept, n.calls)).collect::<Vec<_>>(),
        days.iter().map(|((s, person), n)| (s, hex_id(*person), n.calls, n.errors)).collect::<Vec<_>>(),
        people.iter().map(|(id, n)| (hex_id(*id), n.calls, n.latest)).collect::<Vec<_>>(),
        visits.iter().map(|(id, n)| (hex_id(*id), n.calls, n.latest)).collect::<Vec<_>>(),
    ))
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
