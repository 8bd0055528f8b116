//! Bad input gets a clear answer that names the field, and nothing happens.

use guildhall_domain::{Error, Issue, error::Segment};
use guildhall_tests::World;
use serde_json::{Value, json};

use super::examples::required;

fn pointer(issue: &Issue) -> String {
    let part = |segment: &Segment| match segment {
        Segment::Key(key) => format!("/{key}"),
        Segment::Index(index) => format!("/{index}"),
    };
    issue.path.iter().map(part).collect()
}

/// Calls with `input` and expects a `BAD_REQUEST` that names `path`.
async fn expect_issue(world: &World, name: &str, input: Value, path: &str) {
    let events = world.events().await;
    let answer = world.call(name, &world.ours.owner, input.clone()).await;
    let Err(Error::BadRequest(issues)) = answer else { panic!("{name} {path}: {answer:?}") };
    assert!(issues.iter().any(|issue| pointer(issue) == path), "{name} {path}: {issues:?}");
    assert!(issues.iter().all(|issue| !issue.message.is_empty()));
    assert_eq!(world.events().await, events);
}

/// Whether a place takes any JSON, so that nothing there can be wrong.
fn takes_anything(name: &str, path: &str) -> bool {
    path.contains("etadata")
        || path.ends_with("nextStepReference")
        || (name == "walkthrough.renderStep" && path.contains("contentFields"))
}

/// Every object in `value`, by path.
fn objects(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, field) in fields {
                objects(field, format!("{path}/{key}"), found);
            }
            found.push(path);
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                objects(item, format!("{path}/{index}"), found);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn unknown_fields_are_refused_at_every_depth() {
    let world = World::furnished().await;
    for entry in world.catalogue.iter() {
        let example = required(entry.name, &world.ours, 1);
        let mut places = Vec::new();
        objects(&example, String::new(), &mut places);
        for path in places.into_iter().filter(|path| !takes_anything(entry.name, path)) {
            for field in ["isAdmin", "organization_id", "role"] {
                let mut input = example.clone();
                input.pointer_mut(&path).unwrap()[field] = json!(true);
                expect_issue(&world, entry.name, input, &format!("{path}/{field}")).await;
            }
        }
    }
}

/// The schema of each place in `value` that has one of its own, by path.
fn leaves<'a>(schema: &'a Value, value: &Value, path: String, found: &mut Vec<(String, &'a Value)>) {
    let branch = schema["anyOf"].as_array().and_then(|any| any.iter().find(|one| one["type"] != "null"));
    let schema = branch.unwrap_or(schema);
    if let (Value::Object(fields), Some(properties)) = (value, schema["properties"].as_object()) {
        for (key, field) in fields {
            if let Some(schema) = properties.get(key) {
                leaves(schema, field, format!("{path}/{key}"), found);
            }
        }
    } else if let Value::Array(items) = value {
        for (index, item) in items.iter().enumerate() {
            leaves(&schema["items"], item, format!("{path}/{index}"), found);
        }
        found.push((path, schema));
    } else {
        found.push((path, schema));
    }
}

/// Values just beyond what `schema` allows.
fn beyond(schema: &Value, value: &Value) -> Vec<Value> {
    let mut bad = vec![json!({ "not": "this" })];
    if let Some(max) = schema["maxLength"].as_u64() {
        bad.push(json!("x".repeat(usize::try_from(max).unwrap() + 1)));
    }
    if schema["minLength"].as_u64().is_some_and(|min| min > 0) {
        bad.push(json!(""));
    }
    if value.is_string() {
        bad.push(json!("nul\0nul"));
    }
    if let Some(max) = schema["maximum"].as_i64() {
        bad.push(json!(max + 1));
    }
    if let Some(min) = schema["minimum"].as_i64() {
        bad.push(json!(min - 1));
    }
    if let (Some(max), Some(items)) = (schema["maxItems"].as_u64(), value.as_array())
        && let Some(item) = items.first()
    {
        bad.push(Value::Array(vec![item.clone(); usize::try_from(max).unwrap() + 1]));
    }
    bad
}

#[tokio::test]
async fn one_beyond_a_limit_is_refused_and_the_field_named() {
    let world = World::furnished().await;
    let mut tried = 0;
    for entry in world.catalogue.iter() {
        let example = required(entry.name, &world.ours, 1);
        let mut places = Vec::new();
        leaves(&entry.input, &example, String::new(), &mut places);
        for (path, schema) in places {
            if path.is_empty() || takes_anything(entry.name, &path) {
                continue;
            }
            for bad in beyond(schema, example.pointer(&path).unwrap()) {
                let mut input = example.clone();
                *input.pointer_mut(&path).unwrap() = bad;
                expect_issue(&world, entry.name, input, &path).await;
                tried += 1;
            }
        }
    }
    assert!(tried > 150, "only {tried} values were tried");
}

#[tokio::test]
async fn what_is_needed_is_named_when_it_is_missing() {
    let world = World::furnished().await;
    for entry in world.catalogue.iter() {
        for field in entry.input["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let mut input = required(entry.name, &world.ours, 1);
            input.as_object_mut().unwrap().shift_remove(field);
            expect_issue(&world, entry.name, input, &format!("/{field}")).await;
        }
    }
}

#[tokio::test]
async fn what_may_be_left_out_may_not_be_null_unless_it_says_so() {
    let world = World::furnished().await;
    let nullable = [
        "assigneeId",
        "description",
        "type",
        "estimatedDurationMinutes",
        "nextStepReference",
        "firstResponseMinutes",
        "resolutionMinutes",
    ];
    for entry in world.catalogue.iter() {
        let example = required(entry.name, &world.ours, 1);
        let mut places = Vec::new();
        leaves(&entry.input, &example, String::new(), &mut places);
        for (path, _) in places {
            let field = path.rsplit('/').next().unwrap_or_default();
            let clears = match entry.name {
                "account.updateProfile" => true,
                "organization.update" => ["logoUrl", "website"].contains(&field),
                "mcpServers.update" => field == "productPlatformOrTool",
                _ => false,
            };
            if path.is_empty() || takes_anything(entry.name, &path) || nullable.contains(&field) || clears {
                continue;
            }
            let mut input = example.clone();
            *input.pointer_mut(&path).unwrap() = Value::Null;
            expect_issue(&world, entry.name, input, &path).await;
        }
    }
}

#[tokio::test]
async fn every_string_array_and_number_has_a_limit() {
    fn unlimited(schema: &Value, path: &str, found: &mut Vec<String>) {
        let limits = ["maxLength", "pattern", "enum", "const", "format"];
        match schema["type"].as_str() {
            Some("string") if limits.iter().all(|limit| schema[*limit].is_null()) => found.push(path.to_owned()),
            Some("array") if schema["maxItems"].is_null() => found.push(path.to_owned()),
            Some("integer") if schema["maximum"].is_null() => found.push(path.to_owned()),
            _ => {}
        }
        for (key, child) in schema["properties"].as_object().into_iter().flatten() {
            unlimited(child, &format!("{path}/{key}"), found);
        }
        for child in ["anyOf", "oneOf"].iter().flat_map(|key| schema[*key].as_array().into_iter().flatten()) {
            unlimited(child, path, found);
        }
        if schema["items"].is_object() {
            unlimited(&schema["items"], &format!("{path}/*"), found);
        }
    }
    let mut found = Vec::new();
    for entry in guildhall_catalogue::catalogue().iter() {
        unlimited(&entry.input, entry.name, &mut found);
    }
    for tool in guildhall_catalogue::tools().iter() {
        unlimited(&tool.input, tool.name, &mut found);
    }
    assert!(found.is_empty(), "{found:#?}");
}
