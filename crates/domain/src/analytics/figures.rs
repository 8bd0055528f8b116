//! Figures of a range beside those of the range before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::sessions::McpUser;

/// A figure, and the same of as many buckets just before.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Compared<T> {
    /// Of the range.
    pub current: T,
    /// Of the range before.
    pub previous: T,
}

impl<T: Copy> Compared<T> {
    /// The same for both.
    #[must_use]
    pub fn map<U>(self, figure: impl Fn(T) -> U) -> Compared<U> {
        Compared { current: figure(self.current), previous: figure(self.previous) }
    }
}

/// What happened in a range and in the range before. The last bucket goes on, so the range is a little shorter than the one
/// before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// Calls of tools.
    pub calls: Compared<i64>,
    /// Different end users who connected.
    pub users: Compared<i64>,
    /// Visits begun.
    pub sessions: Compared<i64>,
    /// Support tickets filed.
    pub tickets_opened: Compared<i64>,
    /// Support tickets that were resolved, whenever they were filed, and are still.
    pub tickets_resolved: Compared<i64>,
    /// The share of the calls that failed, 0 to 1; null where there was no call.
    pub error_rate: Compared<Option<f64>>,
    /// Half of the calls took no longer, in milliseconds to two leading digits; null where there was no call.
    pub median_duration_ms: Compared<Option<i64>>,
    /// 95 of 100 calls took no longer, in milliseconds to two leading digits; null where there was no call.
    pub p95_duration_ms: Compared<Option<i64>>,
}

/// What an [`Overview`] is made of, of one range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls of tools.
    pub calls: i64,
    /// Those that failed.
    pub errors: i64,
    /// Different end users who connected.
    pub users: i64,
    /// Visits begun.
    pub visits: i64,
    /// Support tickets filed.
    pub tickets_opened: i64,
    /// Support tickets resolved.
    pub tickets_resolved: i64,
}

/// How many calls took so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CountedDuration {
    /// How long, in milliseconds to two leading digits.
    pub duration_ms: i64,
    /// How many.
    pub calls: i64,
}

impl Overview {
    /// The figures of those counts, and of durations in any order.
    #[must_use]
    pub fn assemble(counts: Compared<Counts>, durations: &Compared<Vec<CountedDuration>>) -> Self {
        let of = |percent| Compared {
            current: percentile(&durations.current, percent),
            previous: percentile(&durations.previous, percent),
        };
        Self {
            calls: counts.map(|counts| counts.calls),
            users: counts.map(|counts| counts.users),
            sessions: counts.map(|counts| counts.visits),
            tickets_opened: counts.map(|counts| counts.tickets_opened),
            tickets_resolved: counts.map(|counts| counts.tickets_resolved),
            error_rate: counts.map(|counts| share(counts.errors, counts.calls)),
            median_duration_ms: of(50),
            p95_duration_ms: of(95),
        }
    }
}

/// How large a part of `whole` that is, 0 to 1; none where there is no whole.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "a share of fewer than 2^53")]
pub fn share(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// The shortest duration that at least so many of 100 calls did not exceed (nearest rank); none where there are no calls.
fn percentile(durations: &[CountedDuration], percent: i64) -> Option<i64> {
    let mut durations = durations.to_vec();
    durations.sort_unstable_by_key(|counted| counted.duration_ms);
    let all = durations.iter().fold(0_i64, |all, counted| all.saturating_add(counted.calls));
    let mut before = 0_i64;
    let reaches = |counted: &&CountedDuration| {
        before = before.saturating_add(counted.calls);
        before > 0 && before.saturating_mul(100) >= all.saturating_mul(percent)
    };
    durations.iter().find(reaches).map(|counted| counted.duration_ms)
}

/// A tool and how it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopTool {
    /// The tool.
    pub tool_name: String,
    /// How often it was called.
    pub calls: i64,
    /// How many of the calls failed.
    pub errors: i64,
    /// The share of the calls that failed, 0 to 1.
    pub error_rate: f64,
}

/// An end user and what it did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TopUser {
    /// Who.
    pub mcp_user: McpUser,
    /// How many calls it made.
    pub calls: i64,
    /// How many of the calls failed.
    pub errors: i64,
    /// The share of the calls that failed, 0 to 1.
    pub error_rate: f64,
}

#[cfg(test)]
mod tests {
    use super::{CountedDuration, percentile, share};

    #[test]
    fn a_percentile_is_a_duration_that_occurred() {
        let of = |durations: &[(i64, i64)], percent| {
            let counted =
                |(duration_ms, calls): &(i64, i64)| CountedDuration { duration_ms: *duration_ms, calls: *calls };
            percentile(&durations.iter().map(counted).collect::<Vec<_>>(), percent)
        };
        assert_eq!((of(&[], 50), of(&[(7, 0)], 50)), (None, None));
        assert_eq!((of(&[(7, 1)], 50), of(&[(7, 1)], 95)), (Some(7), Some(7)));
        assert_eq!(of(&[(900, 1), (5, 1)], 50), Some(5), "of two the lower one");
        assert_eq!(of(&[(10, 1), (20, 1), (30, 1)], 50), Some(20));
        assert_eq!((of(&[(1, 95), (9, 5)], 95), of(&[(1, 94), (9, 6)], 95)), (Some(1), Some(9)));
    }

    #[test]
    fn of_nothing_there_is_no_share() {
        assert_eq!((share(0, 0), share(0, 4), share(1, 4)), (None, Some(0.0), Some(0.25)));
    }
}
