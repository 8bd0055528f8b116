//! Figures over time: how time is cut into buckets, and how counts become a chart.

mod picture;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

mod calls;
mod figures;
mod funnel;
mod retention;

pub use calls::ListedCall;
pub use figures::{Compared, CountedDuration, Counts, Overview, TopTool, TopUser, share};
pub use funnel::{FunnelStep, WalkthroughFunnel};
pub use retention::{Cohort, Retention, Week, WeekCount};

/// How far back a figure looks, ending now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum TimeRange {
    /// An hour, in 12 buckets of 5 minutes.
    #[serde(rename = "1h")]
    Hour,
    /// A day, in 24 buckets of an hour.
    #[serde(rename = "1d")]
    Day,
    /// A week, in 7 buckets of a day.
    #[serde(rename = "1w")]
    Week,
    /// A month, in 30 buckets of a day.
    #[serde(rename = "1m")]
    Month,
}

/// The widths that are counted as calls and visits arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Width {
    /// Five minutes.
    FiveMinutes,
    /// An hour.
    Hour,
    /// A day of UTC.
    Day,
}

impl Width {
    /// All of them, the narrowest first.
    pub const ALL: [Self; 3] = [Self::FiveMinutes, Self::Hour, Self::Day];

    /// Its length in milliseconds.
    #[must_use]
    pub const fn millis(self) -> i64 {
        match self {
            Self::FiveMinutes => 5 * 60 * 1000,
            Self::Hour => 60 * 60 * 1000,
            Self::Day => 24 * 60 * 60 * 1000,
        }
    }
}

impl TimeRange {
    /// The width of a bucket.
    #[must_use]
    pub const fn width(self) -> Width {
        match self {
            Self::Hour => Width::FiveMinutes,
            Self::Day => Width::Hour,
            Self::Week | Self::Month => Width::Day,
        }
    }

    const fn buckets(self) -> u32 {
        match self {
            Self::Hour => 12,
            Self::Day => 24,
            Self::Week => 7,
            Self::Month => 30,
        }
    }

    /// The starts of its buckets, ascending; the last one holds `now`.
    pub fn starts(self, now: Timestamp) -> impl Iterator<Item = Timestamp> {
        let width = Duration::from_millis(self.width().millis().unsigned_abs());
        let last = now.floor(self.width().millis());
        (0..self.buckets()).rev().map(move |back| last.minus(width.saturating_mul(back)))
    }

    /// From the start of the first bucket to the end of the last, which is not part of it.
    #[must_use]
    pub fn span(self, now: Timestamp) -> Span {
        let length = Duration::from_millis(self.width().millis().unsigned_abs());
        let until = now.floor(self.width().millis()).plus(length);
        Span { from: until.minus(length.saturating_mul(self.buckets())), until }
    }

    /// As many buckets, just before.
    #[must_use]
    pub fn span_before(self, now: Timestamp) -> Span {
        let Span { from, until } = self.span(now);
        let length = until.millis().saturating_sub(from.millis());
        Span { from: from.minus(Duration::from_millis(length.unsigned_abs())), until: from }
    }
}

/// A piece of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub from: Timestamp,
    /// When it is over: the first moment after it.
    pub until: Timestamp,
}

/// A duration as it is counted, cut to its two leading digits: off by less than a tenth, so that a histogram of any number
/// of calls has some hundred rows at the most.
#[must_use]
pub const fn kept_duration(millis: i64) -> i64 {
    let step = match millis {
        ..100 => 1,
        100..1_000 => 10,
        1_000..10_000 => 100,
        10_000..100_000 => 1_000,
        100_000..1_000_000 => 10_000,
        _ => 100_000,
    };
    millis - millis % step
}

/// How often one tool was called in one bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCount {
    /// The bucket's start.
    pub start: Timestamp,
    /// The tool.
    pub tool_name: String,
    /// How often.
    pub calls: i64,
}

/// How many different end users connected in one bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionCount {
    /// The bucket's start.
    pub start: Timestamp,
    /// How many.
    pub users: i64,
}

/// Calls and connections over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Chart {
    /// One point a bucket, ascending.
    pub data: Vec<Point>,
    /// Every tool that occurs in the range, sorted, as the points name it.
    pub tool_names: Vec<String>,
    /// The names of the points' other figures.
    pub connection_types: [ConnectionType; 1],
}

/// The figures of a point that are not calls of a tool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionType {
    /// Different end users who connected.
    McpConnections,
}

/// One bucket of a [`Chart`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// The bucket's start.
    pub date: Timestamp,
    /// Different end users who connected in it.
    pub mcp_connections: i64,
    /// Calls of each tool.
    #[serde(flatten)]
    pub calls: BTreeMap<String, i64>,
}

impl Chart {
    /// The chart of those counts. Every bucket has every tool that occurs anywhere, 0 where it was not called.
    #[must_use]
    pub fn assemble(range: TimeRange, now: Timestamp, calls: &[CallCount], connections: &[ConnectionCount]) -> Self {
        let starts: BTreeSet<Timestamp> = range.starts(now).collect();
        let mut table: BTreeMap<(Timestamp, &str), i64> = BTreeMap::new();
        for count in calls.iter().filter(|count| starts.contains(&count.start)) {
            let cell = table.entry((count.start, &count.tool_name)).or_default();
            *cell = cell.saturating_add(count.calls);
        }
        let tools: BTreeSet<&str> = table.keys().map(|(_, tool)| *tool).collect();
        let users: BTreeMap<Timestamp, i64> = connections.iter().map(|count| (count.start, count.users)).collect();
        let point = |start: &Timestamp| Point {
            date: *start,
            mcp_connections: users.get(start).copied().unwrap_or(0),
            calls: tools.iter().map(|t| (label(t), table.get(&(*start, *t)).copied().unwrap_or(0))).collect(),
        };
        let mut tool_names: Vec<String> = tools.iter().map(|tool| label(tool)).collect();
        tool_names.sort();
        Self {
            data: starts.iter().map(point).collect(),
            tool_names,
            connection_types: [ConnectionType::McpConnections],
        }
    }
}

/// A tool as a point names it: a tool called like one of the point's own keys stands aside, and so does one that is called
/// as another has stood aside. So no two tools have one name.
fn label(tool: &str) -> String {
    match tool.trim_start_matches(ASIDE) {
        "date" | "mcp_connections" => format!("{ASIDE}{tool}"),
        _ => tool.to_owned(),
    }
}

/// What stands before the name of a tool that stands aside.
const ASIDE: &str = "tool:";

#[cfg(test)]
mod tests {
    use super::{CallCount, Chart, ConnectionCount, TimeRange, Width};
    use crate::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_millis(1_767_323_045_678);

    #[test]
    fn the_last_bucket_holds_now_and_all_are_aligned() {
        for (range, n) in [(TimeRange::Hour, 12), (TimeRange::Day, 24), (TimeRange::Week, 7), (TimeRange::Month, 30)] {
            let width = range.width().millis();
            let starts: Vec<_> = range.starts(NOW).collect();
            assert_eq!(starts.len(), n);
            assert!(starts.iter().all(|start| start.millis() % width == 0));
            assert!(starts.windows(2).all(|pair| pair[1].millis() - pair[0].millis() == width));
            assert_eq!(starts[n - 1], NOW.floor(width));
        }
    }

    #[test]
    fn every_bucket_has_every_tool_and_reserved_names_stand_aside() {
        let start = NOW.floor(Width::Hour.millis());
        let count = |tool: &str, calls| CallCount { start, tool_name: tool.to_owned(), calls };
        let calls = [count("search", 2), count("date", 3), count("search", 1)];
        let chart = Chart::assemble(TimeRange::Day, NOW, &calls, &[ConnectionCount { start, users: 4 }]);

        assert_eq!(chart.tool_names, ["search", "tool:date"]);
        assert!(chart.data.iter().all(|point| point.calls.len() == 2));
        let last = chart.data.last().unwrap();
        assert_eq!((last.calls["search"], last.calls["tool:date"], last.mcp_connections), (3, 3, 4));
        let wire = serde_json::to_value(&chart.data[0]).unwrap();
        assert_eq!(
            wire,
            serde_json::json!({ "date": chart.data[0].date, "mcp_connections": 0, "search": 0, "tool:date": 0 })
        );
    }

    #[test]
    fn nothing_counted_is_all_buckets_with_no_connections() {
        let chart = Chart::assemble(TimeRange::Hour, NOW, &[], &[]);
        assert_eq!((chart.data.len(), chart.tool_names.len()), (12, 0));
        assert!(chart.data.iter().all(|point| point.mcp_connections == 0));
    }
}
