//! A row of another organization does not exist: its id answers like an id that never was, and nothing changes.

use guildhall_domain::{Error, Resource, Result};
use guildhall_tests::{Side, World};
use serde_json::{Value, json};

use super::examples::required;

/// What a caller can tell of an answer.
fn seen(answer: &Result<Value>) -> Value {
    match answer {
        Ok(output) => json!({ "output": output }),
        Err(error) => json!({ "code": error.code(), "message": error.to_string(), "data": error.data() }),
    }
}

/// Every place in `value` that holds an id, with its prefix.
fn ids(value: &Value, path: String, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => {
            if let Some((prefix, rest)) = text.split_once('_')
                && (prefix.len(), rest.len()) == (3, 26)
            {
                found.push((path, prefix.to_owned()));
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                ids(item, format!("{path}/{index}"), found);
            }
        }
        Value::Object(fields) => {
            for (key, field) in fields {
                ids(field, format!("{path}/{key}"), found);
            }
        }
        _ => {}
    }
}

fn theirs(side: &Side, prefix: &str) -> String {
    match prefix {
        "org" => side.organization.id.to_string(),
        "srv" => side.server.id.to_string(),
        "mus" => side.person.to_string(),
        "mcs" => side.session.to_string(),
        "wkt" => side.walkthrough.id.to_string(),
        "wst" => side.steps[0].id.to_string(),
        "tkt" => side.ticket.to_string(),
        "act" => side.spares.as_ref().unwrap().comments[0].to_string(),
        "kns" => side.spares.as_ref().unwrap().library.namespace.to_string(),
        "doc" => side.spares.as_ref().unwrap().library.documents[0].to_string(),
        "job" => side.spares.as_ref().unwrap().library.job.to_string(),
        "oac" => side.spares.as_ref().unwrap().oauth_configs[0].to_string(),
        "usr" => side.user.to_string(),
        "mem" => side.people.as_ref().unwrap().members[0].to_string(),
        "inv" => side.people.as_ref().unwrap().invitations[0].0.to_string(),
        "ses" => side.people.as_ref().unwrap().sessions[0].to_string(),
        other => panic!("no foreign id with the prefix {other}: add one"),
    }
}

#[tokio::test]
async fn a_foreign_id_answers_like_an_id_that_never_was() {
    let world = World::furnished().await;
    let mut tried = 0;
    for entry in world.catalogue.iter() {
        let example = required(entry.name, &world.ours, 1);
        let mut places = Vec::new();
        ids(&example, String::new(), &mut places);
        // What the example leaves out because it is of no use to our owner.
        if entry.name == "account.switchOrganization" {
            places.push(("/organizationId".to_owned(), "org".to_owned()));
        }
        for (path, prefix) in places {
            let events = world.events().await;
            let mut answers = Vec::new();
            for id in [theirs(&world.theirs, &prefix), format!("{prefix}_01jd0000000000000000000000")] {
                let mut input = example.clone();
                match input.pointer_mut(&path) {
                    Some(place) => *place = json!(id),
                    None => input["organizationId"] = json!(id),
                }
                answers.push(seen(&world.call(entry.name, &world.ours.owner, input).await));
            }
            assert_eq!(answers[0], answers[1], "{} {path}", entry.name);
            let looked_up = !matches!(
                entry.name,
                "walkthrough.renderStep"
                    | "walkthrough.reorderSteps"
                    | "walkthrough.reorderForServer"
                    | "account.switchOrganization"
                    | "mcpServers.deleteUsers" // passes them over
            );
            if looked_up {
                assert_eq!(answers[0]["code"], json!(["RESOURCE_NOT_FOUND", 404]), "{} {path}", entry.name);
            }
            assert_eq!(world.events().await, events, "{} {path}: something happened", entry.name);
            tried += 1;
        }
    }
    assert!(tried >= 20, "only {tried} ids were tried");
}

#[tokio::test]
async fn another_organization_is_not_found_by_id_or_slug() {
    let world = World::furnished().await;
    for entry in world.catalogue.iter().filter(|entry| entry.reach == "org") {
        for named in [
            world.theirs.organization.id.to_string(),
            world.theirs.organization.slug.to_string(),
            "never-was".to_owned(),
        ] {
            let caller = world.ours.owner.clone().in_organization(named.clone());
            let mut input = required(entry.name, &world.theirs, 1);
            if entry.name == "organization.get" {
                input = json!({});
            }
            let answer = world.call(entry.name, &caller, input).await;
            assert!(
                matches!(answer, Err(Error::NotFound(Resource::Organization))),
                "{} {named}: {answer:?}",
                entry.name
            );
        }
    }
}

#[tokio::test]
async fn no_answer_to_us_speaks_of_them() {
    let world = World::furnished().await;
    for entry in world.catalogue.iter() {
        let answer = world.call(entry.name, &world.ours.owner, required(entry.name, &world.ours, 1)).await;
        let seen = seen(&answer).to_string();
        for secret in ["theirs", &world.theirs.organization.id.to_string(), &world.theirs.ticket.to_string()] {
            assert!(!seen.contains(secret), "{}: {seen}", entry.name);
        }
    }
}
