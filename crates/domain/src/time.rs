//! Points in time, as the wire and the database write them.

use std::{borrow::Cow, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Milliseconds since the Unix epoch: `time` in the contract, a number on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// A day of UTC, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

impl Timestamp {
    /// That many milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, rounded down: what JWTs count in.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Later by `span`; stops at the end of time.
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Earlier by `span`; stops at the beginning of time.
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The latest multiple of `width` milliseconds that is not after this.
    #[must_use]
    pub const fn floor(self, width: i64) -> Self {
        Self(self.0.saturating_sub(self.0.rem_euclid(width)))
    }

    /// When its month of UTC began.
    #[must_use]
    pub fn start_of_month(self) -> Self {
        let day = OffsetDateTime::from_unix_timestamp(self.seconds()).map_or(1, OffsetDateTime::day);
        self.floor(DAY).minus(Duration::from_hours(24 * u64::from(day.saturating_sub(1))))
    }

    /// As people write it, to the minute and in UTC: where the reader is, nobody knows.
    #[must_use]
    pub fn in_words(self) -> String {
        let Ok(at) = OffsetDateTime::from_unix_timestamp(self.seconds()) else { return self.rfc3339() };
        format!("{} {} {}, {:02}:{:02} UTC", at.day(), at.month(), at.year(), at.hour(), at.minute())
    }

    /// RFC 3339 in UTC with milliseconds, as JavaScript's `toISOString` writes it.
    #[must_use]
    pub fn rfc3339(self) -> String {
        let nanos = i128::from(self.0) * 1_000_000;
        let Ok(at) = OffsetDateTime::from_unix_timestamp_nanos(nanos) else { return self.0.to_string() };
        let (date, clock) = (at.date(), at.time());
        format!("{date}T{:02}:{:02}:{:02}.{:03}Z", clock.hour(), clock.minute(), clock.second(), clock.millisecond())
    }
}

impl JsonSchema for Timestamp {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        // 9999-12-31: beyond it no calendar library follows.
        json_schema!({ "type": "integer", "minimum": 0, "maximum": 253_402_300_799_999_i64,
            "description": "milliseconds since the Unix epoch" })
    }
}

/// A point in time that an RPC client receives as a `Date`: RFC 3339 text on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub Timestamp);

impl Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.rfc3339())
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let at =
            OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| serde::de::Error::custom("not an RFC 3339 date"))?;
        let millis = i64::try_from(at.unix_timestamp_nanos() / 1_000_000).map_err(serde::de::Error::custom)?;
        Ok(Self(Timestamp(millis)))
    }
}

impl JsonSchema for Date {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Date".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date-time", "x-native-type": "date" })
    }
}

#[cfg(test)]
mod tests {
    use super::{Date, Timestamp};

    #[test]
    fn a_date_is_written_as_javascript_writes_it() {
        let at = Timestamp::from_millis(1_767_323_045_678);
        assert_eq!(at.rfc3339(), "2026-01-02T03:04:05.678Z");
        assert_eq!(at.in_words(), "2 January 2026, 03:04 UTC");
        assert_eq!(Timestamp::from_millis(i64::MAX).in_words(), i64::MAX.to_string());
        let read: Date = serde_json::from_str("\"2026-01-02T04:04:05.678+01:00\"").unwrap();
        assert_eq!(read.0, at);
        assert_eq!(Timestamp::from_millis(0).rfc3339(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_month_begins_at_midnight_of_its_first_day() {
        for (at, month) in [
            ("2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00.000Z"),
            ("2026-02-28T23:59:59.999Z", "2026-02-01T00:00:00.000Z"),
            ("2024-02-29T12:00:00.000Z", "2024-02-01T00:00:00.000Z"),
            ("1969-12-31T23:59:59.999Z", "1969-12-01T00:00:00.000Z"),
        ] {
            let at: Date = serde_json::from_value(at.into()).unwrap();
            assert_eq!(at.0.start_of_month().rfc3339(), month);
        }
    }

    #[test]
    fn floors_go_down_also_before_the_epoch() {
        assert_eq!(Timestamp::from_millis(-1).floor(1000), Timestamp::from_millis(-1000));
        assert_eq!(Timestamp::from_millis(1999).floor(1000), Timestamp::from_millis(1000));
    }
}
