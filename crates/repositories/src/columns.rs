//! Domain values as columns and back. A value the domain does not know is an error in one place, never a panic.

use guildhall_domain::{Id, Timestamp};
use sea_orm::{
    ColumnTrait, Condition, Order,
    sea_query::{Expr, ExprTrait},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

use crate::{Error, Result};

/// An enum or a checked text as its word.
pub(crate) fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(text)) => text,
        // Not reached: everything passed here serializes as text. An empty word is read back as an error.
        _ => String::new(),
    }
}

/// The enum or the checked text of that word.
pub(crate) fn read<T: DeserializeOwned>(text: impl Into<String>) -> Result<T> {
    serde_json::from_value(Value::String(text.into())).map_err(|e| Error::Unreadable(e.to_string()))
}

/// The same of a column that may be null.
pub(crate) fn read_option<T: DeserializeOwned>(text: Option<String>) -> Result<Option<T>> {
    text.map(read).transpose()
}

/// JSON as text, in the order it came.
pub(crate) fn json(value: impl Serialize) -> Result<String> {
    serde_json::to_string(&value).map_err(|e| Error::Unreadable(e.to_string()))
}

/// The value of that JSON text.
pub(crate) fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|e| Error::Unreadable(e.to_string()))
}

pub(crate) const fn time(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// What comes after `(key, id)` in a list sorted by both columns in `order`.
pub(crate) fn after<C: ColumnTrait>(key_column: C, key: i64, id_column: C, id: Uuid, order: Order) -> Condition {
    let (bound, beyond, beyond_id) = match order {
        Order::Asc => (key_column.gte(key), key_column.gt(key), id_column.gt(id)),
        _ => (key_column.lte(key), key_column.lt(key), id_column.lt(id)),
    };
    // The bound is implied by the rest; said on its own it is a range of the index.
    Condition::all().add(bound).add(Condition::any().add(beyond).add(beyond_id))
}

pub(crate) fn ids<K>(rows: impl IntoIterator<Item = Id<K>>) -> Vec<Uuid> {
    rows.into_iter().map(Id::uuid).collect()
}

/// Whether two columns of joined tables hold the same.
pub(crate) fn same<A: ColumnTrait, B: ColumnTrait>(a: A, b: B) -> Expr {
    Expr::col(a.as_column_ref()).eq(Expr::col(b.as_column_ref()))
}
