//! One field of an edit.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One field of an edit: left out it stays, null clears it, a value sets it. Goes with
/// `#[serde(default, skip_serializing_if = "Patch::is_keep")]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Patch<T> {
    /// As it was.
    #[default]
    Keep,
    /// Nothing any more.
    Clear,
    /// This from now on.
    Set(T),
}

impl<T> Patch<T> {
    /// Whether nothing is to change.
    #[must_use]
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    /// What becomes of `before`.
    #[must_use]
    pub fn apply<U: From<T>>(self, before: Option<U>) -> Option<U> {
        match self {
            Self::Keep => before,
            Self::Clear => None,
            Self::Set(value) => Some(value.into()),
        }
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => value.serialize(serializer),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T: JsonSchema> JsonSchema for Patch<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        format!("PatchOf{}", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Option::<T>::json_schema(generator);
        schema.insert("x-nullable".to_owned(), true.into());
        schema
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::Patch;

    #[derive(Serialize, Deserialize)]
    struct Edit {
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        name: Patch<String>,
    }

    #[test]
    fn left_out_is_not_null() {
        for (text, patch, after) in [
            ("{}", Patch::Keep, Some("old")),
            (r#"{"name":null}"#, Patch::Clear, None),
            (r#"{"name":"new"}"#, Patch::Set("new".to_owned()), Some("new")),
        ] {
            let edit: Edit = serde_json::from_str(text).unwrap();
            assert_eq!(edit.name, patch);
            assert_eq!(serde_json::to_string(&edit).unwrap(), text);
            assert_eq!(edit.name.apply(Some("old".to_owned())).as_deref(), after);
        }
    }
}
