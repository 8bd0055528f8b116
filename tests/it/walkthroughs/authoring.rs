//! Changing and deleting walkthroughs and their steps, and real exports.

use std::{env, fs};

use guildhall_domain::{Error, Resource, access::Role, error::Denied};
use guildhall_tests::{Visiting, World};
use serde_json::{Value, json};

use super::{SLUG, document, import};

async fn titles(world: &World, walkthrough: &Value) -> Vec<String> {
    let found = world.ok("walkthrough.get", json!({ "walkthroughId": walkthrough })).await;
    let steps = found["steps"].as_array().unwrap();
    assert_eq!(found["stepCount"], steps.len());
    assert!(steps.iter().enumerate().all(|(place, step)| step["displayOrder"] == place), "{steps:?}");
    steps.iter().map(|step| step["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_edit_leaves_what_it_does_not_name_and_clears_what_it_says_is_null() {
    let world = World::new().await;
    let before = import(&world, document()).await.unwrap();
    let edit = async |mut input: Value| {
        input["walkthroughId"] = before["id"].clone();
        world.ok("walkthrough.update", input).await
    };

    let events = world.events().await;
    assert_eq!(edit(json!({})).await, before);
    assert_eq!(edit(json!({ "title": "Imported", "tags": ["x", "y"] })).await, before);
    assert_eq!(world.events().await, events, "an edit of nothing is none");

    let named = edit(json!({ "title": "Renamed", "type": "course", "status": "archived", "tags": [] })).await;
    let mut expected = before.clone();
    for (key, value) in
        [("title", json!("Renamed")), ("type", json!("course")), ("status", json!("archived")), ("tags", json!([]))]
    {
        expected[key] = value;
    }
    expected["updatedAt"] = named["updatedAt"].clone();
    assert_eq!(named, expected);

    let cleared = edit(json!({ "description": null, "estimatedDurationMinutes": null })).await;
    assert_eq!((&cleared["description"], &cleared["estimatedDurationMinutes"]), (&Value::Null, &Value::Null));
    assert_eq!(cleared["title"], "Renamed");
    let set = edit(json!({ "description": "", "estimatedDurationMinutes": 0 })).await;
    assert_eq!((&set["description"], &set["estimatedDurationMinutes"]), (&json!(""), &json!(0)));
    let stored = world.ok("walkthrough.get", json!({ "walkthroughId": before["id"] })).await;
    assert!(set.as_object().unwrap().iter().all(|(key, value)| stored[key] == *value));
}

#[tokio::test]
async fn what_is_archived_is_gone_for_end_users_at_once_and_comes_back_as_it_was() {
    let world = World::new().await;
    let visiting = Visiting::tracked(&world.app, SLUG, "ann").await;
    visiting.tool("start_walkthrough", json!({})).await;
    visiting.tool("get_next_step", json!({ "currentStepId": world.ours.steps[0].id })).await;
    let make = async |status: &str| {
        let input = json!({ "walkthroughId": world.ours.walkthrough.id, "status": status });
        world.ok("walkthrough.update", input).await;
        visiting.tool("get_next_step", json!({})).await.structured
    };
    assert_eq!(make("archived").await["status"], "not_started");
    assert_eq!(make("draft").await["status"], "not_started");
    assert_eq!(make("published").await["progress"]["completedSteps"], 1);
}

#[tokio::test]
async fn a_deleted_walkthrough_takes_steps_places_and_progress_with_it() {
    let world = World::new().await;
    let visiting = Visiting::tracked(&world.app, SLUG, "ann").await;
    visiting.tool("start_walkthrough", json!({})).await;
    visiting.tool("get_next_step", json!({ "currentStepId": world.ours.steps[0].id })).await;
    let id = json!({ "walkthroughId": world.ours.walkthrough.id });
    let member = world.member(&world.ours, Role::Member).await;
    let admin = world.member(&world.ours, Role::Admin).await;
    let refused = world.call("walkthrough.delete", &member, id.clone()).await;
    assert!(matches!(refused, Err(Error::Forbidden(Denied::InsufficientRole))));

    world.call("walkthrough.delete", &admin, id.clone()).await.unwrap();

    let again = world.call("walkthrough.delete", &admin, id.clone()).await;
    assert!(matches!(again, Err(Error::NotFound(Resource::Walkthrough))));
    // What is left is theirs.
    for (left, sql) in [
        (3, "select count(*) from walkthrough_steps"),
        (1, "select count(*) from walkthrough_assignments"),
        (1, "select count(*) from walkthrough_runs"),
        (0, "select count(*) from walkthrough_completions"),
    ] {
        assert_eq!(world.count(sql).await, left, "{sql}");
    }
    let answer = visiting.tool("get_next_step", json!({ "currentStepId": world.ours.steps[1].id })).await;
    assert_eq!(answer.structured["status"], "unknown_step");
    let edit = world.call("walkthrough.updateStep", &admin, json!({ "stepId": world.ours.steps[0].id })).await;
    assert!(matches!(edit, Err(Error::NotFound(Resource::Step))));
}

#[tokio::test]
async fn steps_close_up_behind_one_that_is_deleted() {
    let world = World::new().await;
    let made = import(&world, document()).await.unwrap();
    world.ok("walkthrough.createStep", json!({ "walkthroughId": made["id"], "title": "four" })).await;
    let found = world.ok("walkthrough.get", json!({ "walkthroughId": made["id"] })).await;
    let delete = async |place: usize| {
        world.ok("walkthrough.deleteStep", json!({ "stepId": found["steps"][place]["id"] })).await;
        titles(&world, &made["id"]).await
    };
    assert_eq!(delete(1).await, ["one", "three", "four"]);
    assert_eq!(delete(0).await, ["three", "four"]);
    assert_eq!(delete(3).await, ["three"]);
    world.ok("walkthrough.createStep", json!({ "walkthroughId": made["id"], "title": "five" })).await;
    assert_eq!(titles(&world, &made["id"]).await, ["three", "five"]);
    assert_eq!(delete(2).await, ["five"]);
    let gone =
        world.call("walkthrough.deleteStep", &world.ours.owner, json!({ "stepId": found["steps"][2]["id"] })).await;
    assert!(matches!(gone, Err(Error::NotFound(Resource::Step))));
}

#[tokio::test]
async fn a_deleted_step_takes_nobodys_progress_in_the_others() {
    let world = World::new().await;
    let visiting = Visiting::tracked(&world.app, SLUG, "ann").await;
    visiting.tool("start_walkthrough", json!({})).await;
    for step in &world.ours.steps[..2] {
        visiting.tool("get_next_step", json!({ "currentStepId": step.id })).await;
    }
    world.ok("walkthrough.deleteStep", json!({ "stepId": world.ours.steps[0].id })).await;
    let at = visiting.tool("get_next_step", json!({})).await.structured;
    let progress = json!({ "completedSteps": 1, "totalSteps": 2, "progressPercent": 50 });
    assert_eq!((&at["progress"], &at["step"]["displayOrder"]), (&progress, &json!(1)));
    world.ok("walkthrough.deleteStep", json!({ "stepId": world.ours.steps[2].id })).await;
    assert_eq!(visiting.tool("get_next_step", json!({})).await.structured["status"], "finished");
}

/// Documents of our own, and those that `WALKTHROUGHS` names, separated by commas.
fn documents() -> Vec<Value> {
    let own = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../xtask/walkthroughs")).unwrap();
    let own = own.map(|file| file.unwrap().path().display().to_string());
    let given = env::var("WALKTHROUGHS").unwrap_or_default();
    let paths: Vec<String> = own.chain(given.split(',').filter(|path| !path.is_empty()).map(str::to_owned)).collect();
    assert!(paths.len() >= 2);
    paths.iter().map(|path| serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()).collect()
}

#[tokio::test]
async fn whole_documents_come_out_as_they_went_in() {
    let world = World::new().await;
    for document in documents() {
        let made = import(&world, document.clone()).await.unwrap();
        let exported = world.ok("walkthrough.export", json!({ "walkthroughId": made["id"] })).await;
        let copy = import(&world, exported.clone()).await.unwrap();
        let mut again = world.ok("walkthrough.export", json!({ "walkthroughId": copy["id"] })).await;
        again["exportedAt"] = exported["exportedAt"].clone();
        assert_eq!(again, exported);

        let title = &document["walkthrough"]["title"];
        for (key, value) in document["walkthrough"].as_object().unwrap() {
            assert_eq!(&exported["walkthrough"][key], value, "{title}: {key}");
        }
        assert_eq!(exported["metadata"].to_string(), document["metadata"].to_string(), "{title}");
        let (steps, ours) = (document["steps"].as_array().unwrap(), exported["steps"].as_array().unwrap());
        assert_eq!(steps.len(), ours.len());
        for (step, ours) in steps.iter().zip(ours) {
            // Only the exporting system knows the times, and a reference need not be there.
            let kept = |(key, value): &(&String, &Value)| !key.ends_with("At") && !value.is_null();
            for (key, value) in step.as_object().unwrap().iter().filter(kept) {
                assert_eq!(&ours[key], value, "{title}: {key}");
            }
        }
    }
}
