//! Inputs in a URL: `?input=<JSON>`, or fields in bracket notation as `OpenAPILink` writes them (`orpc-wire.md` §9),
//! where everything arrives as text and the procedure's schema says what it was.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::failure::Failure;

/// How many brackets a name may have; the largest index in one.
const DEEPEST: usize = 32;
const LAST_INDEX: usize = 9_999;

/// The JSON of a parameter; that of the last one, where it is said more than once.
pub(crate) fn parameter(query: Option<&str>, name: &str) -> Result<Option<Value>, Failure> {
    let mut pairs = query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
    let Some((_, value)) = pairs.rfind(|(known, _)| decoded(known).as_deref() == Some(name)) else {
        return Ok(None);
    };
    let value = decoded(value).ok_or_else(Failure::malformed)?;
    serde_json::from_str(&value).map(Some).map_err(|_| Failure::malformed())
}

/// The input that a query holds, in the types that its schema asks for; none where there is no query.
pub(crate) fn input(query: Option<&str>, schema: &Value) -> Result<Option<Value>, Failure> {
    if schema.pointer("/properties/input").is_none()
        && let Some(input) = parameter(query, "input")?
    {
        return Ok(Some(input));
    }
    let mut fields = Map::new();
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let pair = decoded(name).zip(decoded(value));
        pair.and_then(|(name, value)| place(&mut fields, &name, value)).ok_or_else(Failure::malformed)?;
    }
    Ok((!fields.is_empty()).then(|| typed(Value::Object(fields), schema, schema)))
}

fn decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8().ok().map(Cow::into_owned)
}

/// Puts a value where `a[b][0]` says; indexes are keys until a schema tells lists from objects.
fn place(fields: &mut Map<String, Value>, name: &str, value: String) -> Option<()> {
    let (first, brackets) = name.find('[').map_or((name, ""), |at| name.split_at(at));
    let inner = brackets.strip_prefix('[').map(|rest| rest.strip_suffix(']'));
    let keys: Vec<&str> = match inner {
        None => Vec::new(),
        Some(inner) => inner?.split("][").collect(),
    };
    if keys.len() > DEEPEST {
        return None;
    }
    let (mut fields, mut last) = (fields, first.to_owned());
    for key in keys {
        let child = fields.entry(last).or_insert_with(|| Value::Object(Map::new()));
        fields = child.as_object_mut()?;
        last = if key.is_empty() { fields.len().to_string() } else { key.to_owned() };
    }
    match fields.get_mut(&last) {
        None => drop(fields.insert(last, Value::String(value))),
        Some(Value::Array(values)) => values.push(Value::String(value)),
        Some(known @ Value::String(_)) => *known = Value::Array(vec![known.take(), Value::String(value)]),
        Some(_) => return None,
    }
    Some(())
}

/// Text in the type that a schema asks for. What fits none stays as it is, for the schema to refuse by its path.
fn typed(value: Value, schema: &Value, root: &Value) -> Value {
    let forms = forms(schema, root, DEEPEST);
    let says = |name: &str| forms.iter().any(|form| says_type(form, name));
    let within = |key: &str| forms.iter().find_map(|form| form.get(key));
    match value {
        Value::String(text) if says("string") => Value::String(text),
        Value::String(text) if says("boolean") && (text == "true" || text == "false") => Value::Bool(text == "true"),
        Value::String(text) if says("integer") || says("number") => match serde_json::from_str(&text) {
            Ok(Value::Number(number)) => Value::Number(number),
            _ => Value::String(text),
        },
        Value::String(text) if says("array") => typed(Value::Array(vec![Value::String(text)]), schema, root),
        Value::Array(items) => {
            let schema = within("items").unwrap_or(&Value::Bool(true));
            items.into_iter().map(|item| typed(item, schema, root)).collect()
        }
        Value::Object(fields) if !says("object") && is_list(&fields) => {
            typed(fields.into_iter().map(|(_, item)| item).collect(), schema, root)
        }
        Value::Object(fields) => {
            let field = |(name, value): (String, Value)| {
                let named = forms.iter().find_map(|form| form.get("properties")?.get(&name));
                let schema = named.or_else(|| within("additionalProperties")).unwrap_or(&Value::Bool(true));
                let value = typed(value, schema, root);
                (name, value)
            };
            Value::Object(fields.into_iter().map(field).collect())
        }
        other => other,
    }
}

/// The schema and all its alternatives, references followed.
fn forms<'a>(schema: &'a Value, root: &'a Value, depth: usize) -> Vec<&'a Value> {
    let mut all = vec![schema];
    let Some(depth) = depth.checked_sub(1) else { return all };
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|name| root.pointer(name.strip_prefix('#')?));
    let branches = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten();
    for branch in branches.chain(target) {
        all.extend(forms(branch, root, depth));
    }
    all
}

fn says_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == name,
        Some(Value::Array(names)) => names.iter().any(|one| one == name),
        _ => {
            let constants = schema.get("enum").and_then(Value::as_array).into_iter().flatten();
            name == "string" && constants.chain(schema.get("const")).any(Value::is_string)
        }
    }
}

/// Whether the keys are 0, 1, 2, … in order.
fn is_list(fields: &Map<String, Value>) -> bool {
    !fields.is_empty()
        && fields.len() <= LAST_INDEX + 1
        && fields.keys().enumerate().all(|(index, key)| *key == index.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{input, parameter};

    #[test]
    fn the_capture_of_a_get_is_read_and_the_last_parameter_wins() {
        let query = "data=%7B%22json%22%3A%7B%22a%22%3A1%2C%22d%22%3A%221970-01-01T00%3A00%3A00.000Z%22%7D%2C%22\
            meta%22%3A%5B%5B1%2C%22d%22%5D%5D%7D";
        let expected = json!({ "json": { "a": 1, "d": "1970-01-01T00:00:00.000Z" }, "meta": [[1, "d"]] });
        assert_eq!(parameter(Some(query), "data").unwrap(), Some(expected));
        assert_eq!(parameter(Some("data=1&x=3&dat%61=%22a+b%22"), "data").unwrap(), Some(json!("a b")));
        assert_eq!(parameter(Some("x=1"), "data").unwrap(), None);
        assert_eq!(parameter(None, "data").unwrap(), None);
        assert!(parameter(Some("data={"), "data").is_err());
        assert!(parameter(Some("data=%ff"), "data").is_err());
    }

    fn read(query: &str) -> Option<Value> {
        let schema = json!({ "type": "object", "$defs": { "Flags": { "additionalProperties": { "type": "boolean" } } },
            "properties": {
                "limit": { "type": ["integer", "null"] }, "name": { "type": "string" }, "any": {},
                "tags": { "type": ["array", "null"], "items": { "type": "string" } },
                "status": { "anyOf": [{ "enum": ["1", "2"] }, { "type": "null" }] },
                "flag": { "$ref": "#/$defs/Flags" }, "points": { "type": "array", "items": { "properties": { "x": { "type": "number" } } } } } });
        input(Some(query), &schema).unwrap()
    }

    #[test]
    fn fields_get_the_type_their_schema_asks_for() {
        assert_eq!(read("limit=5&name=5&status=1"), Some(json!({ "limit": 5, "name": "5", "status": "1" })));
        assert_eq!(read("limit=x&unknown=7"), Some(json!({ "limit": "x", "unknown": "7" })));
        assert_eq!(
            read("flag%5Bdeep%5D=true&flag[no]=maybe"),
            Some(json!({ "flag": { "deep": true, "no": "maybe" } }))
        );
        assert_eq!(read(""), None);
    }

    #[test]
    fn lists_come_in_four_spellings() {
        for spelling in ["tags%5B0%5D=x&tags%5B1%5D=y", "tags[]=x&tags[]=y", "tags=x&tags=y"] {
            assert_eq!(read(spelling), Some(json!({ "tags": ["x", "y"] })), "{spelling}");
        }
        assert_eq!(read("tags=x"), Some(json!({ "tags": ["x"] })));
        assert_eq!(read("points[0][x]=1.5&points[1][x]=-2"), Some(json!({ "points": [{ "x": 1.5 }, { "x": -2 }] })));
        assert_eq!(read("any[0]=1&any[1][k]=2"), Some(json!({ "any": ["1", { "k": "2" }] })));
        assert_eq!(read("tags[1]=x"), Some(json!({ "tags": { "1": "x" } })), "left for the schema to refuse");
    }

    #[test]
    fn a_whole_input_as_json_is_taken_as_it_is() {
        assert_eq!(read("input=%7B%22limit%22%3A5%7D"), Some(json!({ "limit": 5 })));
    }

    #[test]
    fn brackets_that_contradict_themselves_are_refused() {
        let deep = format!("a{}=1", "[b]".repeat(33));
        for bad in ["a=1&a[b]=2", "a[b]=1&a=2", "a[b=1", "a[b]c=1", "a=%ff", deep.as_str(), "input={"] {
            assert!(input(Some(bad), &json!({})).is_err(), "{bad}");
        }
    }
}
