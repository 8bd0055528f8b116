//! The catalogue as an OpenAPI 3.1 document: plain JSON at `POST /api/<namespace>/<name>`.

use std::collections::BTreeMap;

use guildhall_domain::Error;
use serde_json::{Map, Value, json};

use crate::{Catalogue, Entry, definitions::Definitions, failures};

/// The document. `public_url` is where people reach this server; it also decides the cookie's name.
#[must_use]
pub fn document(catalogue: &Catalogue, public_url: &str) -> Value {
    let mut definitions = Definitions::default();
    let statuses = failures_by_status();
    let mut paths = Map::new();
    let mut namespaces: Vec<&str> = Vec::new();
    for entry in catalogue.iter() {
        let (namespace, verb) = entry.name.split_once('.').unwrap_or(("", entry.name));
        if !namespaces.contains(&namespace) {
            namespaces.push(namespace);
        }
        paths.insert(
            format!("/api/{namespace}/{verb}"),
            json!({ "post": operation(entry, &statuses, &mut definitions) }),
        );
    }
    let responses: Map<String, Value> =
        statuses.iter().map(|(at, codes)| (at.to_string(), response(*at, codes))).collect();
    let cookie = if public_url.starts_with("https://") { "__Host-gh_session" } else { "gh_session" };
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Guildhall",
            "version": env!("CARGO_PKG_VERSION"),
            "summary": "Everything Guildhall can do, as plain JSON.",
            "description": "Every procedure is a POST of its input; unknown fields are refused. A procedure marked \
                `x-effect: query` changes nothing and also answers GET, as does a \
                `feed`, which answers with a stream; with `?input=<JSON>` or with its fields \
                as parameters.",
        },
        "servers": [{ "url": public_url.trim_end_matches('/') }],
        "tags": namespaces.iter().map(|name| json!({ "name": name })).collect::<Value>(),
        "paths": paths,
        "components": {
            "schemas": definitions.into_named(),
            "responses": responses,
            "parameters": parameters(),
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                    "description": "The access token of `auth.signIn`." },
                "cookie": { "type": "apiKey", "in": "cookie", "name": cookie,
                    "description": "What a browser gets at sign-in; mutations also need an allowed `Origin`." },
            },
        },
    })
}

type Statuses = BTreeMap<u16, Vec<&'static str>>;

fn failures_by_status() -> Statuses {
    let mut statuses = Statuses::new();
    for (code, usual) in Error::CODES {
        for status in failures::statuses(code, usual) {
            statuses.entry(status).or_default().push(code);
        }
    }
    statuses
}

fn operation(entry: &Entry, statuses: &Statuses, definitions: &mut Definitions) -> Value {
    let input = definitions.adopt(&entry.input);
    let output = definitions.adopt(&entry.output);
    let description = input.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    let needs_input = input.get("required").and_then(Value::as_array).is_some_and(|required| !required.is_empty());
    let parameter = |name: &str| json!({ "$ref": format!("#/components/parameters/{name}") });
    let organization = (entry.reach == "org").then(|| parameter("Organization"));
    let idempotency = (entry.effect == "mutation").then(|| parameter("IdempotencyKey"));
    let resume = entry.is_feed().then(|| parameter("LastEventId"));
    let done = if entry.is_feed() { stream(&output) } else { content(&output) };
    let mut responses = Map::new();
    responses.insert("200".to_owned(), json!({ "description": "Done.", "content": done }));
    for status in statuses.keys() {
        responses.insert(status.to_string(), json!({ "$ref": format!("#/components/responses/{status}") }));
    }
    json!({
        "operationId": entry.name,
        "tags": [entry.name.split('.').next()],
        "summary": summary(&description),
        "description": description,
        "parameters": organization.into_iter().chain(idempotency).chain(resume).collect::<Value>(),
        "requestBody": { "required": needs_input, "content": body(entry, &input) },
        "responses": responses,
        "security": if entry.reach == "public" { json!([]) } else { json!([{ "bearer": [] }, { "cookie": [] }]) },
        "x-effect": entry.effect,
        "x-reach": entry.reach,
        "x-permission": entry.permission,
    })
}

/// A procedure that takes a file takes a form; or the file alone, and its other fields in the query.
fn body(entry: &Entry, input: &Value) -> Value {
    let Some(field) = entry.file else { return content(input) };
    let file = json!({ "type": "string", "format": "binary" });
    let mut form = input.clone();
    form["properties"][field.name] = file.clone();
    json!({ "multipart/form-data": { "schema": form }, field.content_type: { "schema": file } })
}

fn content(schema: &Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// The events of a stream, as `@orpc/openapi` describes them.
fn stream(item: &Value) -> Value {
    let event = |name: &str, data: &Value, description: &str| {
        json!({ "type": "object", "description": description, "required": ["event", "data"],
            "properties": { "event": { "const": name }, "id": { "type": "string" }, "data": data } })
    };
    let failure = json!({ "type": "object", "required": ["defined", "code", "status", "message"] });
    let told = event("message", item, "Something happened; `id` is what to follow on from.");
    let ended = event("error", &failure, "The stream ends here, and why; it may be worth following on.");
    json!({ "text/event-stream": { "schema": { "oneOf": [told, ended] } } })
}

/// The first sentence.
fn summary(description: &str) -> &str {
    let line = description.lines().next().unwrap_or_default();
    line.split_once(". ").map_or(line, |(first, _)| first).trim_end_matches('.')
}

fn response(status: u16, codes: &[&'static str]) -> Value {
    let mut forms: Vec<Value> = codes.iter().map(|code| failure(status, code)).collect();
    forms.push(json!({
        "type": "object",
        "description": "A failure outside of the closed set, such as a request that cannot be read.",
        "properties": { "defined": { "const": false }, "code": { "type": "string" }, "status": { "const": status },
            "message": { "type": "string" }, "data": {} },
        "required": ["defined", "code", "status", "message"],
        "additionalProperties": false,
    }));
    let mut response = json!({ "description": codes.join(", "), "content": content(&json!({ "oneOf": forms })) });
    if matches!(status, 429 | 503) {
        response["headers"] = json!({ "Retry-After": { "description": "Seconds until it is worth trying again.",
            "schema": { "type": "integer", "minimum": 1 } } });
    }
    response
}

fn failure(status: u16, code: &str) -> Value {
    let mut properties = json!({ "defined": { "const": true }, "code": { "const": code }, "status": { "const": status },
        "message": { "type": "string" } });
    let mut required = vec!["defined", "code", "status", "message"];
    if let Some(data) = failures::data(code) {
        properties["data"] = data;
        required.push("data");
    }
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

fn parameters() -> Value {
    json!({
        "Organization": {
            "name": "x-organization", "in": "header", "schema": { "type": "string", "minLength": 1 },
            "description": "The id or slug of the organization to work in; the session's active one where left out.",
        },
        "LastEventId": {
            "name": "Last-Event-ID", "in": "header", "schema": { "type": "string", "pattern": "^[0-9]{1,18}$" },
            "description": "The id of the last event that was received: what happened since comes first. From now on where left out.",
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "schema": { "type": "string", "minLength": 1, "maxLength": 128 },
            "description": "The same key, caller and input within 24 hours (10 seconds where the answer holds tokens) gets the first answer again.",
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::Value;

    use super::{document, summary};

    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str));
                fields.values().for_each(|field| references(field, found));
            }
            _ => {}
        }
    }

    #[test]
    fn every_procedure_has_a_path_and_every_reference_leads_somewhere() {
        let catalogue = crate::catalogue();
        let document = document(&catalogue, "https://guildhall.test/");

        for entry in catalogue.iter() {
            let operation = &document["paths"][format!("/api/{}", entry.name.replace('.', "/"))]["post"];
            assert_eq!(operation["operationId"], entry.name);
            assert_ne!(operation["summary"], "", "{}", entry.name);
            assert!(operation["responses"]["403"]["$ref"].is_string());
            let names = operation["parameters"].to_string();
            assert_eq!(names.contains("IdempotencyKey"), entry.effect == "mutation");
            assert_eq!(names.contains("Organization"), entry.reach == "org");
        }
        let mut found = Vec::new();
        references(&document, &mut found);
        for reference in found.into_iter().collect::<HashSet<_>>() {
            let pointer = reference.strip_prefix('#').expect("references stay inside the document");
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
        assert_eq!(document["servers"][0]["url"], "https://guildhall.test");
        assert_eq!(document["components"]["securitySchemes"]["cookie"]["name"], "__Host-gh_session");
    }

    #[test]
    fn a_summary_is_the_first_sentence() {
        assert_eq!(summary("Moves a ticket. It stays.\n\nMore."), "Moves a ticket");
        assert_eq!(summary("Only this"), "Only this");
        assert_eq!(summary(""), "");
    }
}
