//! Where an answer holds dates: what the RPC envelope's `meta` needs (`orpc-wire.md` §2).

use std::collections::HashMap;

use guildhall_domain::error::Segment;
use serde_json::{Map, Value};

/// Where dates can be in values of one schema. Made once; empty, and then free to ask, for nearly every procedure.
#[derive(Clone, Debug, Default)]
pub struct DateShape {
    /// The first is the root's. Numbers instead of boxes, since a schema may refer to itself.
    nodes: Vec<Node>,
}

/// What one schema says about dates. Edges that lead to none are cut off.
#[derive(Clone, Debug, Default)]
struct Node {
    is_date: bool,
    fields: Vec<(String, usize)>,
    /// All the keys that `properties` names, for `rest` is about the others.
    named: Vec<String>,
    rest: Option<usize>,
    /// The first elements, which may each have a schema of their own.
    prefix: Vec<(usize, usize)>,
    /// How many elements `prefixItems` is about, with and without dates.
    prefixed: usize,
    items: Option<usize>,
    /// Further schemas of the same value, each with the constants that say whether it is the one.
    same_value: Vec<(Vec<(String, Value)>, usize)>,
}

impl DateShape {
    /// The shape of a JSON Schema 2020-12 whose references stay inside its own `$defs`.
    #[must_use]
    pub fn of(schema: &Value) -> Self {
        let mut survey = Survey { root: schema, nodes: Vec::new(), known: HashMap::new() };
        survey.visit(schema);
        Self { nodes: pruned(survey.nodes) }
    }

    /// Whether no value of the schema holds a date.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The paths of all dates in `value`; nulls are not dates.
    #[must_use]
    pub fn paths(&self, value: &Value) -> Vec<Vec<Segment>> {
        let mut found = Vec::new();
        self.walk(0, value, &mut Vec::new(), &mut found);
        found
    }

    fn walk(&self, at: usize, value: &Value, path: &mut Vec<Segment>, found: &mut Vec<Vec<Segment>>) {
        let Some(node) = self.nodes.get(at) else { return };
        if node.is_date && value.is_string() && !found.contains(path) {
            found.push(path.clone());
        }
        let mut step = |segment: Segment, to: usize, value: &Value| {
            path.push(segment);
            self.walk(to, value, path, found);
            path.pop();
        };
        match value {
            Value::Object(object) => {
                for (name, to) in &node.fields {
                    if let Some(value) = object.get(name) {
                        step(name.as_str().into(), *to, value);
                    }
                }
                if let Some(to) = node.rest {
                    for (name, value) in object.iter().filter(|(name, _)| !node.named.contains(name)) {
                        step(name.as_str().into(), to, value);
                    }
                }
            }
            Value::Array(array) => {
                for (index, to) in &node.prefix {
                    if let Some(value) = array.get(*index) {
                        step((*index).into(), *to, value);
                    }
                }
                if let Some(to) = node.items {
                    for (index, value) in array.iter().enumerate().skip(node.prefixed) {
                        step(index.into(), to, value);
                    }
                }
            }
            _ => {}
        }
        for (constants, to) in &node.same_value {
            if constants.iter().all(|(name, constant)| value.get(name) == Some(constant)) {
                self.walk(*to, value, path, found);
            }
        }
    }
}

struct Survey<'a> {
    root: &'a Value,
    nodes: Vec<Node>,
    known: HashMap<&'a str, usize>,
}

impl<'a> Survey<'a> {
    fn visit(&mut self, schema: &'a Value) -> usize {
        let at = self.nodes.len();
        self.nodes.push(Node::default());
        if let Value::Object(schema) = schema {
            let node = self.node(schema);
            self.nodes[at] = node;
        }
        at
    }

    fn node(&mut self, schema: &'a Map<String, Value>) -> Node {
        let list = |key: &str| schema.get(key).and_then(Value::as_array).into_iter().flatten();
        let mut node = Node { is_date: schema.get("x-native-type").is_some_and(|t| t == "date"), ..Node::default() };
        for (name, field) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            node.named.push(name.clone());
            node.fields.push((name.clone(), self.visit(field)));
        }
        node.rest = schema.get("additionalProperties").map(|rest| self.visit(rest));
        node.prefix = list("prefixItems").enumerate().map(|(index, item)| (index, self.visit(item))).collect();
        node.prefixed = node.prefix.len();
        node.items = schema.get("items").map(|items| self.visit(items));
        for branch in list("anyOf").chain(list("oneOf")) {
            node.same_value.push((constants(branch), self.visit(branch)));
        }
        for part in list("allOf") {
            node.same_value.push((Vec::new(), self.visit(part)));
        }
        if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
            let to = self.named(name);
            node.same_value.extend(to.map(|to| (Vec::new(), to)));
        }
        node
    }

    fn named(&mut self, reference: &'a str) -> Option<usize> {
        if let Some(at) = self.known.get(reference) {
            return Some(*at);
        }
        let target = self.root.pointer(reference.strip_prefix('#')?)?;
        // Known before it is visited, so that a schema may refer to itself.
        self.known.insert(reference, self.nodes.len());
        Some(self.visit(target))
    }
}

/// The fields that tell a branch of a tagged union from its siblings.
fn constants(branch: &Value) -> Vec<(String, Value)> {
    let fields = branch.get("properties").and_then(Value::as_object).into_iter().flatten();
    fields.filter_map(|(name, field)| Some((name.clone(), field.get("const")?.clone()))).collect()
}

/// Cuts off every edge that leads to no date; nothing is left where the root leads to none.
fn pruned(mut nodes: Vec<Node>) -> Vec<Node> {
    let mut leads: Vec<bool> = nodes.iter().map(|node| node.is_date).collect();
    loop {
        let next: Vec<bool> = nodes.iter().map(|node| node.is_date || node.edges().any(|to| leads[to])).collect();
        if next == leads {
            break;
        }
        leads = next;
    }
    if leads.first() != Some(&true) {
        return Vec::new();
    }
    for node in &mut nodes {
        node.fields.retain(|(_, to)| leads[*to]);
        node.prefix.retain(|(_, to)| leads[*to]);
        node.same_value.retain(|(_, to)| leads[*to]);
        node.rest = node.rest.filter(|to| leads[*to]);
        node.items = node.items.filter(|to| leads[*to]);
    }
    nodes
}

impl Node {
    fn edges(&self) -> impl Iterator<Item = usize> {
        let fields = self.fields.iter().map(|(_, to)| *to);
        let prefix = self.prefix.iter().map(|(_, to)| *to);
        let same_value = self.same_value.iter().map(|(_, to)| *to);
        fields.chain(prefix).chain(same_value).chain(self.rest).chain(self.items)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::DateShape;

    const AT: &str = "2026-01-02T03:04:05.678Z";

    fn date() -> Value {
        json!({ "type": "string", "format": "date-time", "x-native-type": "date" })
    }

    fn paths(schema: &Value, value: &Value) -> Value {
        json!(DateShape::of(schema).paths(value))
    }

    #[test]
    fn a_schema_without_dates_has_no_shape() {
        let schema = json!({ "type": "object", "properties": { "at": { "type": "integer" }, "more": { "$ref": "#/$defs/More" } },
            "$defs": { "More": { "type": "array", "items": { "$ref": "#/$defs/More" } } } });
        assert!(DateShape::of(&schema).is_empty());
        assert_eq!(paths(&schema, &json!({ "at": 1, "more": [[]] })), json!([]));
        assert_eq!(paths(&Value::Bool(true), &json!(AT)), json!([]));
    }

    #[test]
    fn dates_are_found_at_the_root_in_fields_in_lists_and_in_maps() {
        assert_eq!(paths(&date(), &json!(AT)), json!([[]]));
        let schema = json!({ "type": "object", "additionalProperties": date(), "properties": {
            "t": date(), "count": { "type": "integer" }, "name": { "type": "string" },
            "list": { "type": "array", "items": { "type": "object", "properties": { "d": date() } } },
            "pair": { "type": "array", "prefixItems": [{ "type": "string" }, date()], "items": date() } } });
        let value = json!({ "t": AT, "count": 3, "name": AT, "list": [{ "d": AT }, { "d": null }, {}, { "d": AT }],
            "pair": [AT, AT, AT], "other": AT });
        let all = json!([["t"], ["list", 0, "d"], ["list", 3, "d"], ["pair", 1], ["pair", 2], ["other"]]);
        assert_eq!(paths(&schema, &value), all);
    }

    #[test]
    fn nullable_and_referenced_dates_are_found_once_and_nulls_never() {
        let schema = json!({ "properties": {
                "a": { "anyOf": [{ "$ref": "#/$defs/Date" }, { "type": "null" }, { "$ref": "#/$defs/Date" }] },
                "b": { "type": ["string", "null"], "x-native-type": "date" },
                "c": { "allOf": [{ "$ref": "#/$defs/Date" }], "description": "x" } },
            "$defs": { "Date": date() } });
        assert_eq!(paths(&schema, &json!({ "a": AT, "b": AT, "c": AT })), json!([["a"], ["b"], ["c"]]));
        assert_eq!(paths(&schema, &json!({ "a": null, "b": null })), json!([]));
    }

    #[test]
    fn a_tagged_union_has_only_the_dates_of_its_own_branch() {
        let schema = json!({ "oneOf": [
            { "properties": { "type": { "const": "made" }, "at": date() } },
            { "properties": { "type": { "const": "said" }, "at": { "type": "string" } } }] });
        assert_eq!(paths(&schema, &json!({ "type": "made", "at": AT })), json!([["at"]]));
        assert_eq!(paths(&schema, &json!({ "type": "said", "at": AT })), json!([]));
    }

    #[test]
    fn a_schema_may_refer_to_itself() {
        let schema = json!({ "$ref": "#/$defs/Tree", "$defs": { "Tree": { "properties": {
            "at": date(), "below": { "type": "array", "items": { "$ref": "#/$defs/Tree" } } } } } });
        let value = json!({ "at": AT, "below": [{ "at": AT, "below": [{ "at": null }] }] });
        assert_eq!(paths(&schema, &value), json!([["at"], ["below", 0, "at"]]));
    }
}
