//! Who comes back, by the week of the first visit.

use std::{collections::BTreeMap, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Span;
use crate::time::Timestamp;

/// Weeks of UTC, which begin on Monday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Week;

impl Week {
    /// Its length in milliseconds.
    pub const MILLIS: i64 = 7 * 24 * 60 * 60 * 1000;
    /// The first Monday after the epoch, which was a Thursday.
    pub const FIRST: i64 = 4 * 24 * 60 * 60 * 1000;
    const LENGTH: Duration = Duration::from_hours(7 * 24);

    /// The latest Monday, 00:00, that is not after `at`.
    #[must_use]
    pub fn floor(at: Timestamp) -> Timestamp {
        let first = Duration::from_millis(Self::FIRST.unsigned_abs());
        at.minus(first).floor(Self::MILLIS).plus(first)
    }

    /// That many weeks, the last of which holds `now`.
    #[must_use]
    pub fn span(weeks: u32, now: Timestamp) -> Span {
        let until = Self::floor(now).plus(Self::LENGTH);
        Span { from: until.minus(Self::LENGTH.saturating_mul(weeks)), until }
    }
}

/// How many of whom were seen first in the same week came back, week by week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Retention {
    /// One a week, ascending; the last is this week's.
    pub cohorts: Vec<Cohort>,
}

/// The end users who were seen first in one week.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cohort {
    /// The week's start: Monday 00:00 UTC.
    pub week: Timestamp,
    /// How many.
    pub people: i64,
    /// How many of them visited or called something in the week itself, in the week after it, and so on; only weeks that have
    /// begun.
    pub active: Vec<i64>,
}

/// How many of whom were seen first in one week were active in another, or how many they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WeekCount {
    /// The start of the week in which they were seen first.
    pub first_seen: Timestamp,
    /// The start of the week in which they were active; none: all of them.
    pub active: Option<Timestamp>,
    /// How many.
    pub people: i64,
}

impl Retention {
    /// The cohorts of that many weeks from those counts.
    #[must_use]
    pub fn assemble(weeks: u32, now: Timestamp, counts: &[WeekCount]) -> Self {
        let from = Week::span(weeks, now).from;
        let table: BTreeMap<(Timestamp, Option<Timestamp>), i64> =
            counts.iter().map(|count| ((count.first_seen, count.active), count.people)).collect();
        let starts: Vec<Timestamp> = (0..weeks).map(|n| from.plus(Week::LENGTH.saturating_mul(n))).collect();
        let people = |week, active| table.get(&(week, active)).copied().unwrap_or(0);
        let cohort = |week: &Timestamp| Cohort {
            week: *week,
            people: people(*week, None),
            active: starts.iter().filter(|start| *start >= week).map(|start| people(*week, Some(*start))).collect(),
        };
        Self { cohorts: starts.iter().map(cohort).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::{Retention, Week, WeekCount};
    use crate::time::Timestamp;

    #[test]
    fn weeks_begin_on_monday() {
        let monday = Timestamp::from_millis(1_781_481_600_000); // 2026-06-15
        assert_eq!(monday.rfc3339(), "2026-06-15T00:00:00.000Z");
        for (at, start) in [(0, 0), (Week::MILLIS - 1, 0), (Week::MILLIS, Week::MILLIS), (-1, -Week::MILLIS)] {
            let after = |millis: i64| Timestamp::from_millis(monday.millis() + millis);
            assert_eq!(Week::floor(after(at)), after(start));
        }
    }

    #[test]
    fn only_weeks_that_have_begun_are_listed() {
        let now = Timestamp::from_millis(1_781_524_800_000);
        let this = Week::floor(now);
        let last = Timestamp::from_millis(this.millis() - Week::MILLIS);
        let count = |first_seen, active, people| WeekCount { first_seen, active, people };
        let counts = [count(last, None, 3), count(last, Some(this), 2), count(this, Some(last), 9)];
        let cohorts = Retention::assemble(2, now, &counts).cohorts;
        let seen: Vec<_> = cohorts.iter().map(|c| (c.week, c.people, c.active.clone())).collect();
        assert_eq!(seen, [(last, 3, vec![0, 2]), (this, 0, vec![0])]);
    }
}
