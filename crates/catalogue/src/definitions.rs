//! The named schemas of many procedures, gathered under one roof without mixing up two of the same name.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Where references point once a schema was adopted.
pub(crate) const PREFIX: &str = "#/components/schemas/";
const OWN: &str = "#/$defs/";

/// Named schemas, each said once.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    named: Map<String, Value>,
    reserved: &'static [&'static str],
}

impl Definitions {
    /// Nothing yet; `reserved` names are never given.
    pub(crate) fn without(reserved: &'static [&'static str]) -> Self {
        Self { named: Map::new(), reserved }
    }

    /// Takes the `$defs` of a schema in, and gives the schema back with references to here. A name that already means
    /// something else gets a number.
    pub(crate) fn adopt(&mut self, schema: &Value) -> Value {
        let mut schema = schema.clone();
        let own = schema.as_object_mut().and_then(|schema| {
            schema.shift_remove("$schema");
            schema.shift_remove("$defs")
        });
        let own: Vec<(String, Value)> = match own {
            Some(Value::Object(own)) => own.into_iter().collect(),
            _ => Vec::new(),
        };
        let mut names: BTreeMap<String, String> = own.iter().map(|(key, _)| (key.clone(), legal(key))).collect();
        let mut bumps: BTreeMap<&str, u32> = BTreeMap::new();
        // One new name changes the references inside others, so this goes on until nothing moves.
        let mut settled = false;
        while !settled {
            settled = true;
            for (key, definition) in &own {
                let name = names.get(key).cloned().unwrap_or_default();
                let twin = names.iter().any(|(other, taken)| other != key && *taken == name);
                if twin || self.means_another(&name, &redirected(definition.clone(), &names)) {
                    let bump = bumps.entry(key).or_insert(1);
                    *bump = bump.saturating_add(1);
                    names.insert(key.clone(), format!("{}{bump}", legal(key)));
                    settled = false;
                }
            }
        }
        for (key, definition) in own {
            let name = names.get(&key).cloned().unwrap_or(key);
            self.named.insert(name, redirected(definition, &names));
        }
        redirected(schema, &names)
    }

    /// Takes an adopted schema in under `name`, or under a name like it.
    pub(crate) fn name(&mut self, name: &str, schema: Value) -> String {
        let mut given = legal(name);
        let mut number: u32 = 1;
        while self.means_another(&given, &schema) {
            number = number.saturating_add(1);
            given = format!("{}{number}", legal(name));
        }
        self.named.insert(given.clone(), schema);
        given
    }

    /// All of them, in the order they came.
    pub(crate) fn into_named(self) -> Map<String, Value> {
        self.named
    }

    fn means_another(&self, name: &str, schema: &Value) -> bool {
        self.reserved.contains(&name) || self.named.get(name).is_some_and(|known| known != schema)
    }
}

/// The name with only what both OpenAPI and TypeScript allow.
fn legal(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
}

fn redirected(value: Value, names: &BTreeMap<String, String>) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(|item| redirected(item, names)).collect(),
        Value::Object(fields) => {
            let field = |(key, value): (String, Value)| match (&value, key.as_str()) {
                (Value::String(reference), "$ref") => match reference.strip_prefix(OWN) {
                    Some(name) => {
                        let name = names.get(name).cloned().unwrap_or_else(|| legal(name));
                        (key, Value::String(format!("{PREFIX}{name}")))
                    }
                    None => (key, value),
                },
                _ => (key, redirected(value, names)),
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Definitions;

    #[test]
    fn the_same_definition_is_kept_once_and_another_of_its_name_gets_a_number() {
        let mut all = Definitions::without(&["Date"]);
        let with = |inner: &str| {
            json!({ "$schema": "x", "properties": { "a": { "$ref": "#/$defs/A" } },
            "$defs": { "A": { "items": { "$ref": "#/$defs/B" } }, "B": { "type": inner }, "Date": { "type": "string" } } })
        };
        let reference = |schema: &Value| schema["properties"]["a"]["$ref"].clone();

        let (first, again, other) =
            (all.adopt(&with("string")), all.adopt(&with("string")), all.adopt(&with("number")));

        assert_eq!(first, again);
        assert_eq!(reference(&first), "#/components/schemas/A");
        assert_eq!(reference(&other), "#/components/schemas/A2", "it refers to another B");
        let named = all.into_named();
        assert_eq!(named.keys().collect::<Vec<_>>(), ["A", "B", "Date2", "A2", "B2"]);
        assert_eq!(named["A2"]["items"]["$ref"], "#/components/schemas/B2");
        assert!(first.get("$defs").is_none() && first.get("$schema").is_none());
    }
}
