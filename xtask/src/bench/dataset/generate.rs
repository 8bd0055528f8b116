//! What happened in thirty days, made up: people who come when people work, visit a server and call its tools.

use uuid::Uuid;

use super::{
    chance::Chance,
    plan::{Share, shares},
};

pub(crate) const HOUR: i64 = 60 * 60 * 1000;
const DAY: i64 = 24 * HOUR;
/// How far back it goes.
pub(crate) const DAYS: i64 = 30;
const SEED: u64 = 2026;
/// How busy each hour of a day is.
const HOURS: [f64; 24] = [
    1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 4.0, 8.0, 12.0, 14.0, 14.0, 12.0, 11.0, 13.0, 14.0, 13.0, 11.0, 8.0, 6.0, 4.0, 3.0,
    2.0, 2.0, 1.0,
];
/// How busy a day of a weekend is beside another.
const WEEKEND: f64 = 0.3;
/// The tools that hosted servers offer, those most called first.
pub(crate) const TOOLS: [&str; 10] = [
    "get_next_step",
    "search_documentation",
    "read_document",
    "start_walkthrough",
    "get_support",
    "check_support",
    "reply_to_support",
    "report_docs_gap",
    "provide_email",
    "list_walkthroughs",
];
const FEWEST_TOOLS: usize = 6;
const ERRORS: f64 = 0.03;
const MIDDLE_DURATION: f64 = 120.0;
const MIDDLE_PAUSE: f64 = 20_000.0;

/// A server, with the place of its organization.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) id: Uuid,
    pub(super) organization: usize,
    tools: Vec<u8>,
}

/// An end user.
#[derive(Debug)]
pub(super) struct User {
    pub(super) id: Uuid,
    pub(super) organization: usize,
    pub(super) first_seen_at: i64,
}

/// A visit, with the places of its server and its user.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) id: Uuid,
    pub(super) server: usize,
    pub(super) user: usize,
    pub(super) at: i64,
}

/// A call, with the place of its visit.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) at: i64,
    pub(super) visit: u32,
    pub(super) duration: u32,
    pub(super) tool: u8,
    pub(super) is_error: bool,
}

/// All of it. Visits and calls are in the order in which they happened, as a database would have them.
#[derive(Debug)]
pub(super) struct History {
    /// When it ends; a full hour.
    pub(super) end: i64,
    pub(super) organizations: Vec<(Uuid, Share)>,
    pub(super) servers: Vec<Server>,
    pub(super) users: Vec<User>,
    pub(super) visits: Vec<Visit>,
    pub(super) calls: Vec<Call>,
}

impl History {
    /// The history of that scale that ends at `end`, in milliseconds.
    pub(super) fn until(end: i64, scale: f64) -> Self {
        let mut chance = Chance::new(SEED);
        let hours = Hours::until(end);
        let mut all = Self {
            end,
            organizations: Vec::new(),
            servers: Vec::new(),
            users: Vec::new(),
            visits: Vec::new(),
            calls: Vec::new(),
        };
        let mut counts = Vec::new();
        for share in shares(scale) {
            all.open(share, &mut chance);
            all.visit(share, &hours, &mut counts, &mut chance);
        }
        all.in_order(&mut counts);
        for (place, count) in counts.into_iter().enumerate() {
            all.call(place, count, &mut chance);
        }
        all.calls.sort_by_key(|call| (call.at, call.visit));
        all
    }

    /// When it begins.
    pub(super) const fn begin(&self) -> i64 {
        self.end - DAYS * DAY
    }

    /// The places of an organization's servers.
    pub(super) fn servers_of(&self, organization: usize) -> impl Iterator<Item = usize> {
        let places = self.servers.iter().enumerate();
        places.filter(move |(_, server)| server.organization == organization).map(|(place, _)| place)
    }

    fn open(&mut self, share: Share, chance: &mut Chance) {
        let (begin, organization) = (self.begin(), self.organizations.len());
        self.organizations.push((chance.id(begin), share));
        for _ in 0..share.servers {
            let mut tools: Vec<u8> = (0..TOOLS.len() as u8).collect();
            let most = FEWEST_TOOLS + chance.below(TOOLS.len() - FEWEST_TOOLS + 1);
            while tools.len() > most {
                // The four that are called most are everywhere.
                tools.remove(4 + chance.below(tools.len() - 4));
            }
            self.servers.push(Server { id: chance.id(begin), organization, tools });
        }
    }

    /// Users and visits of the last organization; how many calls each visit has.
    fn visit(&mut self, share: Share, hours: &Hours, counts: &mut Vec<usize>, chance: &mut Chance) {
        let organization = self.organizations.len() - 1;
        let (server, user) = (self.servers.len() - share.servers, self.users.len());
        let first_visit = self.visits.len();
        for place in 0..share.visits {
            // Everybody comes once; after that, some much more often than others.
            let who = if place < share.users { place } else { skewed(share.users, chance) };
            let (server, at) = (server + skewed(share.servers, chance), hours.one(chance));
            self.visits.push(Visit { id: chance.id(at), server, user: user + who, at });
        }
        let mut first_seen = vec![i64::MAX; share.users];
        for visit in self.visits.iter().skip(first_visit) {
            first_seen.get_mut(visit.user - user).into_iter().for_each(|seen| *seen = visit.at.min(*seen));
        }
        let users = first_seen.into_iter().map(|at| User { id: chance.id(at), organization, first_seen_at: at });
        self.users.extend(users);
        let first_count = counts.len();
        counts.resize(self.visits.len(), 1);
        for _ in share.visits..share.calls {
            let place = first_count + chance.below(share.visits);
            counts.get_mut(place).into_iter().for_each(|count| *count += 1);
        }
    }

    fn in_order(&mut self, counts: &mut Vec<usize>) {
        let visits = std::mem::take(&mut self.visits);
        let mut counted: Vec<(Visit, usize)> = visits.into_iter().zip(std::mem::take(counts)).collect();
        counted.sort_by_key(|(visit, _)| (visit.at, visit.id));
        (self.visits, *counts) = counted.into_iter().unzip();
    }

    fn call(&mut self, place: usize, count: usize, chance: &mut Chance) {
        let Some(visit) = self.visits.get(place) else { return };
        let Some(server) = self.servers.get(visit.server) else { return };
        let mut at = visit.at;
        for _ in 0..count {
            at = (at + chance.log_normal(MIDDLE_PAUSE, 1.0) as i64).min(self.end - 1);
            self.calls.push(Call {
                at,
                visit: place as u32,
                duration: chance.log_normal(MIDDLE_DURATION, 1.0) as u32,
                tool: server.tools.get(skewed(server.tools.len(), chance)).copied().unwrap_or(0),
                is_error: chance.happens(ERRORS),
            });
        }
    }
}

/// A place below `end`, the first ones more often.
fn skewed(end: usize, chance: &mut Chance) -> usize {
    ((end as f64 * chance.part() * chance.part()) as usize).min(end.saturating_sub(1))
}

/// The hours of the history, busy and quiet.
struct Hours {
    begin: i64,
    /// For each hour, how much has happened by its end.
    until: Vec<f64>,
}

impl Hours {
    fn until(end: i64) -> Self {
        let begin = end - DAYS * DAY;
        let mut sum = 0.0;
        let hour = |place: i64| {
            let at = begin + place * HOUR;
            // The first of January 1970 was a Thursday.
            let weekday = (at / DAY + 3) % 7;
            let busy = usize::try_from(at % DAY / HOUR).ok().and_then(|hour| HOURS.get(hour)).unwrap_or(&1.0);
            sum += busy * if weekday > 4 { WEEKEND } else { 1.0 };
            sum
        };
        Self { begin, until: (0..DAYS * 24).map(hour).collect() }
    }

    fn one(&self, chance: &mut Chance) -> i64 {
        let place = chance.part() * self.until.last().copied().unwrap_or(0.0);
        let hour = self.until.partition_point(|until| *until <= place).min(self.until.len() - 1);
        self.begin + hour as i64 * HOUR + chance.below(HOUR as usize) as i64
    }
}

#[cfg(test)]
mod tests {
    use super::{DAY, DAYS, HOUR, History};
    use crate::bench::dataset::plan::SMALL;

    #[test]
    fn a_history_is_the_same_again_and_stays_within_its_days() {
        let end = 1_767_322_800_000;
        let (one, other) = (History::until(end, 0.01), History::until(end, 0.01));
        let shape = |history: &History| {
            let last = history.calls.last().map(|call| (call.at, call.visit, call.duration));
            (history.visits.iter().map(|visit| visit.id).collect::<Vec<_>>(), history.calls.len(), last)
        };

        assert_eq!(end % HOUR, 0);
        assert_eq!(shape(&one), shape(&other));
        assert!(one.calls.iter().all(|call| call.at >= end - DAYS * DAY && call.at < end));
        let small = one.calls.iter().filter(|call| {
            let visit = &one.visits[call.visit as usize];
            one.servers[visit.server].organization == SMALL && one.users[visit.user].organization == SMALL
        });
        assert_eq!(small.count(), 1000);
    }
}
