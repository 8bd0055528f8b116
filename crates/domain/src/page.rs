//! Lists in pieces: keyset pages that stay stable while rows are added.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How many items an answer may have: 1 to `MAX`, `DEFAULT` where nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Limit<const MAX: u64, const DEFAULT: u64>(u64);

impl<const MAX: u64, const DEFAULT: u64> Limit<MAX, DEFAULT> {
    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl<const MAX: u64, const DEFAULT: u64> Default for Limit<MAX, DEFAULT> {
    fn default() -> Self {
        Self(DEFAULT)
    }
}

impl<const MAX: u64, const DEFAULT: u64> TryFrom<u64> for Limit<MAX, DEFAULT> {
    type Error = String;
    fn try_from(limit: u64) -> Result<Self, String> {
        if (1..=MAX).contains(&limit) { Ok(Self(limit)) } else { Err(format!("{limit}, where 1 to {MAX} fit")) }
    }
}

impl<const MAX: u64, const DEFAULT: u64> From<Limit<MAX, DEFAULT>> for u64 {
    fn from(limit: Limit<MAX, DEFAULT>) -> Self {
        limit.0
    }
}

impl<const MAX: u64, const DEFAULT: u64> JsonSchema for Limit<MAX, DEFAULT> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("Limit{MAX}").into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": MAX, "default": DEFAULT })
    }
}

/// A page's length: 1 to 100, else 20.
pub type PageLimit = Limit<100, 20>;

/// Where a page ended: the last item's sort key and id. Opaque on the wire; means nothing in another organization,
/// since it only ever narrows a query that is already scoped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// What the list is sorted by.
    pub key: i64,
    /// What decides between equal keys.
    pub id: Uuid,
}

impl Serialize for Cursor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:016x}{}", self.key, self.id.simple()))
    }
}

impl<'de> Deserialize<'de> for Cursor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let parse = || {
            let (key, id) = text.split_at_checked(16)?;
            let key = u64::from_str_radix(key, 16).ok()?.cast_signed();
            Some(Self { key, id: Uuid::try_parse(id).ok()? })
        };
        parse().ok_or_else(|| serde::de::Error::custom("not a cursor of this list"))
    }
}

impl JsonSchema for Cursor {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Cursor".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-f]{48}$", "description": "the `nextCursor` of the page before" })
    }
}

/// Which page.
#[derive(Clone, Copy, Debug, Default)]
pub struct PageRequest {
    /// How many items at the most.
    pub limit: u64,
    /// After which item; none means from the beginning.
    pub cursor: Option<Cursor>,
}

impl PageRequest {
    /// The page an input asks for.
    #[must_use]
    pub fn new(limit: PageLimit, cursor: Option<Cursor>) -> Self {
        Self { limit: limit.get(), cursor }
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// What to send as `cursor` for the next page; null on the last.
    pub next_cursor: Option<Cursor>,
}

impl<T> Page<T> {
    /// The page made of one row more than asked for: the extra row only tells that there is more.
    #[must_use]
    pub fn cut(mut rows: Vec<T>, limit: u64, cursor: impl Fn(&T) -> Cursor) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = if more { rows.last().map(cursor) } else { None };
        Self { items: rows, next_cursor }
    }

    /// The same page of something else.
    #[must_use]
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(convert).collect(), next_cursor: self.next_cursor }
    }
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn a_cursor_survives_the_wire() {
        let cursor = Cursor { key: -5, id: uuid::Uuid::from_u128(7) };
        let text = serde_json::to_string(&cursor).unwrap();
        assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
        for bad in ["\"\"", "\"zz\"", "\"00000000000000000\"", "7"] {
            assert!(serde_json::from_str::<Cursor>(bad).is_err());
        }
    }
}
