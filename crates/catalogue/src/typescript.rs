//! The catalogue as `contract.ts`, for the unmodified `@orpc/client` (`orpc-wire.md` §10).

use std::fmt::Write as _;

use guildhall_domain::Error;
use serde_json::{Map, Value};

use crate::{
    Catalogue, Entry,
    definitions::{Definitions, PREFIX},
    failures,
};

/// The text of `contract.ts`. Types are `type` aliases, for an `interface` loses its fields in a `JsonifiedClient`.
#[must_use]
pub fn contract(catalogue: &Catalogue) -> String {
    let mut definitions = Definitions::without(RESERVED);
    let mut namespaces: Vec<(&str, String)> = Vec::new();
    for entry in catalogue.iter() {
        let (namespace, verb) = entry.name.split_once('.').unwrap_or(("", entry.name));
        let procedure = procedure(entry, namespace, verb, &mut definitions);
        match namespaces.iter_mut().find(|(known, _)| *known == namespace) {
            Some((_, procedures)) => procedures.push_str(&procedure),
            None => namespaces.push((namespace, procedure)),
        }
    }
    let mut text = HEAD.to_owned();
    for (name, schema) in definitions.into_named() {
        text.push('\n');
        push(&mut text, format_args!("{}export type {name} = {}\n", doc(&schema, 0), render(&schema, 0)));
    }
    push(&mut text, format_args!("\nconst base = oc.errors({{\n{}}})\n", errors()));
    text.push_str("\n/** Every procedure there is. */\nexport const contract = {\n");
    for (namespace, procedures) in namespaces {
        push(&mut text, format_args!("  {}: {{\n{procedures}  }},\n", key(namespace)));
    }
    text.push_str(TAIL);
    text
}

const HEAD: &str = "\
// Made by Guildhall from its own list of procedures; do not edit. Needs @orpc/contract and @orpc/client ^1.16.1.
//
//   const link = new RPCLink({ url: 'https://…/rpc', headers: () => ({ authorization: `Bearer ${token}` }) })
//   const client: AppClient = createORPCClient(link)
//
// For plain JSON use OpenAPILink with url 'https://…/api' and JsonifiedClient<AppClient> from @orpc/openapi-client.
import { eventIterator, oc, type } from '@orpc/contract'
import type { ContractRouterClient } from '@orpc/contract'
";

const TAIL: &str = "}

/** What `createORPCClient` gives. */
export type AppClient = ContractRouterClient<typeof contract>
";

/// Names that mean something in the file already.
const RESERVED: &[&str] = &["AppClient", "Array", "Blob", "ContractRouterClient", "Date", "Record"];

fn procedure(entry: &Entry, namespace: &str, verb: &str, definitions: &mut Definitions) -> String {
    let stem = format!("{}{}", capital(namespace), capital(verb));
    let input = definitions.adopt(&entry.input);
    let output = definitions.adopt(&entry.output);
    let comment = doc(&input, 4);
    let optional = if may_be_left_out(&input) { " | undefined" } else { "" };
    let input = definitions.name(&format!("{stem}Input"), input);
    let output = definitions.name(&format!("{stem}Output"), output);
    // What `inferRPCMethodFromContractRouter` and OpenAPILink go by; without it everything is a POST.
    let route = if entry.effect == "mutation" { "" } else { ".route({ method: 'GET' })" };
    let output = format!("type<{output}>()");
    let output = if entry.is_feed() { format!("eventIterator({output})") } else { output };
    let key = key(verb);
    format!("{comment}    {key}: base{route}.input(type<{input}{optional}>()).output({output}),\n")
}

/// Whether an input asks for nothing, so that a call without one is fine.
fn may_be_left_out(input: &Value) -> bool {
    let has = |key: &str| input.get(key).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    !["required", "oneOf", "anyOf", "allOf"].into_iter().any(has) && input.get("$ref").is_none()
}

fn errors() -> String {
    let line = |(code, status): (&str, u16)| {
        let data = failures::data(code).map_or_else(|| "undefined".to_owned(), |schema| render(&schema, 1));
        format!("  {code}: {{ status: {status}, data: type<{data}>() }},\n")
    };
    Error::CODES.into_iter().map(line).collect()
}

/// A schema as a type; `depth` is how far its lines are indented.
fn render(schema: &Value, depth: usize) -> String {
    let Value::Object(schema) = schema else {
        return if schema == &Value::Bool(false) { "never" } else { "unknown" }.to_owned();
    };
    let mut parts: Vec<String> = Vec::new();
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        parts.push(reference.strip_prefix(PREFIX).unwrap_or("unknown").to_owned());
    } else if let Some(constant) = schema.get("const") {
        parts.push(literal(constant));
    } else if let Some(Value::Array(constants)) = schema.get("enum") {
        parts.push(union(constants.iter().map(literal)));
    } else if let Some(native) = schema.get("x-native-type").and_then(Value::as_str) {
        let native = match native {
            "date" => "Date",
            "file" => "Blob",
            other => other,
        };
        parts.push(union([native.to_owned()].into_iter().chain(is_nullable(schema).then(|| "null".to_owned()))));
    } else if schema.contains_key("type") || schema.contains_key("properties") {
        parts.push(plain(schema, depth));
    }
    for choice in ["anyOf", "oneOf"] {
        if let Some(Value::Array(branches)) = schema.get(choice) {
            // An object without fields of its own says no more than its branches do.
            parts.retain(|part| part != ANYTHING_KEYED);
            parts.push(union(branches.iter().map(|branch| render(branch, depth))));
        }
    }
    for part in schema.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        parts.push(render(part, depth));
    }
    match parts.as_slice() {
        [] => "unknown".to_owned(),
        [only] => only.clone(),
        _ => parts.iter().map(|part| bracketed(part)).collect::<Vec<_>>().join(" & "),
    }
}

const ANYTHING_KEYED: &str = "{ [key: string]: unknown }";

fn is_nullable(schema: &Map<String, Value>) -> bool {
    schema.get("type").and_then(Value::as_array).is_some_and(|types| types.iter().any(|name| name == "null"))
}

fn plain(schema: &Map<String, Value>, depth: usize) -> String {
    let of = |name: &str| match name {
        "string" => "string".to_owned(),
        "integer" | "number" => "number".to_owned(),
        "boolean" => "boolean".to_owned(),
        "null" => "null".to_owned(),
        "array" => array(schema, depth),
        _ => object(schema, depth),
    };
    match schema.get("type") {
        Some(Value::String(name)) => of(name),
        Some(Value::Array(names)) => union(names.iter().filter_map(Value::as_str).map(of)),
        _ => object(schema, depth),
    }
}

fn array(schema: &Map<String, Value>, depth: usize) -> String {
    if let Some(Value::Array(items)) = schema.get("prefixItems") {
        let items: Vec<String> = items.iter().map(|item| render(item, depth)).collect();
        return format!("[{}]", items.join(", "));
    }
    let item = schema.get("items").map_or_else(|| "unknown".to_owned(), |item| render(item, depth));
    if item.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        format!("{item}[]")
    } else {
        format!("Array<{item}>")
    }
}

fn object(schema: &Map<String, Value>, depth: usize) -> String {
    let rest = match schema.get("additionalProperties") {
        Some(rest @ Value::Object(_)) => Some(format!("{{ [key: string]: {} }}", render(rest, depth))),
        _ => None,
    };
    let fields = schema.get("properties").and_then(Value::as_object).filter(|fields| !fields.is_empty());
    let Some(fields) = fields else {
        let closed = schema.get("additionalProperties") == Some(&Value::Bool(false));
        let empty = if closed { "Record<string, never>" } else { ANYTHING_KEYED };
        return rest.unwrap_or_else(|| empty.to_owned());
    };
    let required: Vec<&str> =
        schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let inner = depth + 1;
    let mut text = "{\n".to_owned();
    for (name, field) in fields {
        let mark = if required.contains(&name.as_str()) { "" } else { "?" };
        let comment = doc(field, inner * 2);
        push(&mut text, format_args!("{comment}{}{}{mark}: {}\n", "  ".repeat(inner), key(name), render(field, inner)));
    }
    text.push_str(&"  ".repeat(depth));
    text.push('}');
    match rest {
        Some(rest) => format!("{text} & {rest}"),
        None => text,
    }
}

/// Each branch once, `null` last.
fn union(branches: impl IntoIterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    for branch in
        branches.into_iter().flat_map(|branch| if branch == "null" { vec![branch] } else { split_null(branch) })
    {
        if !seen.contains(&branch) {
            seen.push(branch);
        }
    }
    if seen.is_empty() {
        return "never".to_owned();
    }
    seen.sort_by_key(|branch| branch == "null");
    seen.join(" | ")
}

/// `T | null` as `T` and `null`, so that a union says `null` once.
fn split_null(branch: String) -> Vec<String> {
    match branch.strip_suffix(" | null") {
        Some(rest) => vec![rest.to_owned(), "null".to_owned()],
        None => vec![branch],
    }
}

fn bracketed(part: &str) -> String {
    if part.contains(" | ") { format!("({part})") } else { part.to_owned() }
}

/// JSON is TypeScript but for two line separators, which JSON may leave as they are.
fn literal(value: &Value) -> String {
    value.to_string().replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn key(name: &str) -> String {
    let plain =
        name.chars().enumerate().all(|(at, c)| c == '_' || c.is_ascii_alphabetic() || (at > 0 && c.is_ascii_digit()));
    if plain && !name.is_empty() { name.to_owned() } else { literal(&Value::from(name)) }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// A schema's description as a comment on lines of its own.
fn doc(schema: &Value, indent: usize) -> String {
    let Some(text) = schema.get("description").and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
    else {
        return String::new();
    };
    let (text, space) = (text.replace("*/", "*\\/"), " ".repeat(indent));
    if !text.contains('\n') {
        return format!("{space}/** {text} */\n");
    }
    let lines: String = text.lines().map(|line| format!("{}\n", format!("{space} * {line}").trim_end())).collect();
    format!("{space}/**\n{lines}{space} */\n")
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(more);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{contract, doc, key, render};

    #[test]
    fn schemas_become_types() {
        let date = json!({ "type": "string", "x-native-type": "date" });
        let cases: Vec<(Value, &str)> = vec![
            (json!(true), "unknown"),
            (json!({ "description": "any JSON" }), "unknown"),
            (json!({ "type": "string", "minLength": 1 }), "string"),
            (json!({ "type": ["string", "null"] }), "string | null"),
            (json!({ "type": "integer" }), "number"),
            (date.clone(), "Date"),
            (json!({ "type": "string", "pattern": "^x$", "x-native-type": "file" }), "Blob"),
            (json!({ "type": ["string", "null"], "x-native-type": "date" }), "Date | null"),
            (json!({ "type": "array", "items": date }), "Date[]"),
            (json!({ "type": "array", "items": { "type": ["string", "null"] } }), "Array<string | null>"),
            (
                json!({ "type": "array", "prefixItems": [{ "type": "string" }, { "type": "number" }] }),
                "[string, number]",
            ),
            (json!({ "type": "string", "enum": ["a", "b\"c"] }), r#""a" | "b\"c""#),
            (
                json!({ "oneOf": [{ "type": "string", "const": "a", "description": "A." }, { "const": "b" }] }),
                r#""a" | "b""#,
            ),
            (json!({ "anyOf": [{ "$ref": "#/components/schemas/A" }, { "type": "null" }] }), "A | null"),
            (
                json!({ "anyOf": [{ "type": ["string", "null"] }, { "type": "null" }, { "type": "number" }] }),
                "string | number | null",
            ),
            (
                json!({ "allOf": [{ "$ref": "#/components/schemas/A" }, { "type": ["string", "null"] }] }),
                "A & (string | null)",
            ),
            (json!({ "type": "object", "additionalProperties": false }), "Record<string, never>"),
            (json!({ "type": "object" }), "{ [key: string]: unknown }"),
            (json!({ "type": "object", "additionalProperties": { "type": "integer" } }), "{ [key: string]: number }"),
            (
                json!({ "type": "object", "properties": { "a-b": { "type": "string", "description": "Why." }, "c": {} }, "required": ["a-b"] }),
                "{\n  /** Why. */\n  \"a-b\": string\n  c?: unknown\n}",
            ),
        ];
        for (schema, expected) in cases {
            assert_eq!(render(&schema, 0), expected, "{schema}");
        }
    }

    #[test]
    fn comments_cannot_be_left_and_keys_are_quoted_where_they_must_be() {
        assert_eq!(doc(&json!({ "description": "a */ b" }), 2), "  /** a *\\/ b */\n");
        assert_eq!(doc(&json!({ "description": "a\n\nb" }), 0), "/**\n * a\n *\n * b\n */\n");
        assert_eq!([key("delete"), key("1h"), key("")], ["delete", "\"1h\"", "\"\""]);
    }

    #[test]
    fn every_procedure_is_in_the_contract() {
        let catalogue = crate::catalogue();
        let text = contract(&catalogue);
        for entry in catalogue.iter() {
            let verb = entry.name.split('.').next_back().unwrap();
            assert!(text.contains(&format!("    {}: base.", key(verb))), "{}", entry.name);
        }
        assert!(
            !text.contains("interface ")
                && !text.contains("unknown(")
                && text.contains("RESOURCE_NOT_FOUND: { status: 404")
        );
    }
}
