//! A small random crowd with visits, calls and tickets, written down twice: in the database, and here.

use std::time::Duration;

use guildhall_domain::{
    Id, Timestamp,
    id::{McpServer, McpSession, McpUser},
};
use guildhall_repositories::{NewCall, NewVisit};
use guildhall_services::ports::Clock;
use guildhall_tests::{Side, World};
use serde_json::{Value, json};
use uuid::Uuid;

const MINUTE: i64 = 60_000;
pub(super) const DAY: i64 = 24 * 60 * MINUTE;

/// Every range: its name, how long a bucket is, and how many there are.
pub(super) const RANGES: [(&str, i64, i64); 4] =
    [("1h", 5 * MINUTE, 12), ("1d", 60 * MINUTE, 24), ("1w", DAY, 7), ("1m", DAY, 30)];

/// Tools, some of which are called like what a chart's points have besides.
const TOOLS: [&str; 7] =
    ["search", "__proto__", "date", "tool:date", "mcp_connections", "tool:mcp_connections", "get_support"];

/// Chance that comes again.
pub(super) struct Dice(pub u64);

impl Dice {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(super) fn among<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[usize::try_from(self.below(i64::try_from(all.len()).unwrap())).unwrap()]
    }

    pub(super) fn id<K>(&mut self) -> Id<K> {
        Id::from_uuid(Uuid::from_u64_pair(self.next(), self.next()))
    }
}

/// A visit.
#[derive(Clone, Debug)]
pub(super) struct Visited {
    pub(super) id: Id<McpSession>,
    pub(super) person: Id<McpUser>,
    pub(super) server: Id<McpServer>,
    pub(super) identity: String,
    pub(super) at: i64,
}

/// Somebody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Person {
    pub(super) id: Id<McpUser>,
    pub(super) first_seen: i64,
}

/// What is in an organization.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    pub(super) people: Vec<Person>,
    pub(super) servers: Vec<Id<McpServer>>,
    pub(super) visits: Vec<Visited>,
    pub(super) calls: Vec<NewCall>,
    /// When they were filed.
    pub(super) opened: Vec<i64>,
    /// When those were resolved that are.
    pub(super) resolved: Vec<i64>,
}

/// From where to where a range reaches, and where the one before begins.
pub(super) fn span(now: i64, (_, width, buckets): (&str, i64, i64)) -> (i64, i64, i64) {
    let until = now - now % width + width;
    (until - 2 * width * buckets, until - width * buckets, until)
}

/// So long after all that a world begins with that no range reaches it, at no special time of the day.
pub(super) fn later(world: &World) -> i64 {
    world.clock.advance(Duration::from_millis(u64::try_from(100 * DAY + 97 * MINUTE + 11_077).unwrap()));
    world.clock.now().millis()
}

/// Times up to now, most of them late, some where a range begins or ends and some to come.
fn times(dice: &mut Dice, now: i64, count: usize) -> Vec<i64> {
    let mut times: Vec<i64> = RANGES.iter().flat_map(|range| <[i64; 3]>::from(span(now, *range))).collect();
    times.extend(times.clone().into_iter().map(|at| at - 1));
    times.extend([now, now + 1, now - now % MINUTE]);
    let back = [DAY / 24, DAY, 3 * DAY, 20 * DAY, 64 * DAY];
    times.extend((0..count).map(|_| {
        let back = *dice.among(&back);
        now - dice.below(back)
    }));
    times
}

impl Crowd {
    /// A crowd of that side's.
    pub(super) async fn gather(world: &World, side: &Side, dice: &mut Dice) -> Self {
        let now = world.clock.now().millis();
        let mut crowd = Self { servers: vec![side.server.id], ..Self::default() };
        let second = json!({ "name": "Second", "slug": format!("{}-second", side.server.slug.as_str()) });
        let second = world.call("mcpServers.create", &side.vouched, second).await.unwrap();
        crowd.servers.push(second["id"].as_str().unwrap().parse().unwrap());
        let access = world.database.write().await.unwrap();
        let tenant = access.tenant(side.organization.id);
        for n in 0..12 {
            let (first_seen, name) = (now - dice.below(60 * DAY), format!("crowd{n}").parse().unwrap());
            let seen = Timestamp::from_millis(first_seen);
            let id = tenant.visits().welcome(dice.id(), Some(&name), None, seen).await.unwrap();
            crowd.people.push(Person { id, first_seen });
        }
        for at in times(dice, now, 60) {
            let n = usize::try_from(dice.below(12)).unwrap();
            // Two who turn out to be one count once.
            let identity = format!("identity{}", n.max(1));
            let (id, person, server) = (dice.id(), crowd.people[n].id, *dice.among(&crowd.servers));
            let visit = NewVisit {
                id,
                server,
                person,
                key_hash: None,
                client_name: None,
                client_version: None,
                protocol_version: None,
                identity: identity.clone(),
            };
            tenant.visits().begin(visit, Timestamp::from_millis(at)).await.unwrap();
            crowd.visits.push(Visited { id, person, server, identity, at });
        }
        for at in times(dice, now, 150) {
            let call = crowd.call(dice, at);
            crowd.calls.push(call);
        }
        tenant.tool_calls().record(&crowd.calls).await.unwrap();
        access.commit().await.unwrap();
        crowd.tickets(world, side, dice).await;
        crowd
    }

    /// A call in some visit.
    pub(super) fn call(&self, dice: &mut Dice, at: i64) -> NewCall {
        let visit = dice.among(&self.visits);
        let long = [1, 100, 5_000, 900_000][usize::try_from(dice.below(4)).unwrap()];
        NewCall {
            id: dice.id(),
            server: visit.server,
            person: visit.person,
            visit: visit.id,
            tool_name: (*dice.among(&TOOLS)).to_owned(),
            input: r#"{"secret":"payload"}"#.to_owned(),
            output: "null".to_owned(),
            is_error: dice.below(4) == 0,
            duration_ms: dice.below(long),
            at: Timestamp::from_millis(at),
        }
    }

    async fn tickets(&mut self, world: &World, side: &Side, dice: &mut Dice) {
        let now = world.clock.now();
        let mut filed = times(dice, now.millis(), 10);
        filed.sort_unstable();
        let mut ids = Vec::new();
        for at in filed {
            world.clock.set(Timestamp::from_millis(at));
            let new = json!({ "title": "T", "conciseSummary": "s" });
            let ticket = world.call("supportTickets.create", &side.vouched, new).await.unwrap();
            ids.push(ticket["id"].clone());
            self.opened.push(at);
        }
        let mut settled = times(dice, now.millis(), 0);
        settled.sort_unstable();
        for (at, id) in settled.into_iter().zip(ids) {
            world.clock.set(Timestamp::from_millis(at));
            let status = json!({ "ticketId": id, "status": "resolved" });
            let ticket: Value = world.call("supportTickets.updateStatus", &side.vouched, status).await.unwrap();
            assert_eq!(ticket["status"], "resolved");
            self.resolved.push(at);
        }
        world.clock.set(now);
    }
}
