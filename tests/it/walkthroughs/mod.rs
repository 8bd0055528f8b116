//! Writing walkthroughs, offering them, and taking people through them.

mod authoring;
mod offering;
mod page;
mod progress;
mod rendering;

use std::time::Duration;

use guildhall_domain::{Error, Issue, Resource, error::Segment};
use guildhall_tests::{Visiting, World};
use serde_json::{Value, json};

const SLUG: &str = "ours-server";

fn document() -> Value {
    let step = |place: i32, title: &str| {
        json!({ "title": title, "displayOrder": place, "contentFields": { "version": "v1", "introductionForAgent": "i",
            "contextForAgent": "c", "contentForUser": format!("# {title} ✓"), "operationsForAgent": "o" } })
    };
    json!({ "version": "1.0", "exportedAt": "2025-01-01T00:00:00.000Z", "metadata": { "from": "elsewhere", "b": 1, "a": 2 },
        "walkthrough": { "title": "Imported", "description": "d", "type": "quickstart", "status": "published",
            "estimatedDurationMinutes": 20, "tags": ["x", "y"], "metadata": { "deep": [1, { "k": null }] } },
        "steps": [step(0, "one"), step(1, "two"), step(2, "three")] })
}

async fn import(world: &World, document: Value) -> guildhall_domain::Result<Value> {
    world.call("walkthrough.import", &world.ours.owner, json!({ "document": document })).await
}

fn paths(issues: &[Issue]) -> Vec<String> {
    let part = |segment: &Segment| match segment {
        Segment::Key(key) => key.clone(),
        Segment::Index(index) => index.to_string(),
    };
    issues.iter().map(|issue| issue.path.iter().map(part).collect::<Vec<_>>().join(".")).collect()
}

#[tokio::test]
async fn export_then_import_gives_the_same_walkthrough() {
    let world = World::new().await;
    let first = import(&world, document()).await.unwrap();
    let export = async |id: &Value| {
        let mut document = world.ok("walkthrough.export", json!({ "walkthroughId": id })).await;
        document.as_object_mut().unwrap().shift_remove("exportedAt");
        document
    };
    let exported = export(&first["id"]).await;
    let mut again = exported.clone();
    again["exportedAt"] = json!("2026-01-01T00:00:00.000Z");
    let second = import(&world, again).await.unwrap();

    assert_ne!(first["id"], second["id"]);
    assert_eq!(export(&second["id"]).await, exported);
    assert_eq!(exported["walkthrough"], document()["walkthrough"]);
    assert_eq!(exported["metadata"].to_string(), document()["metadata"].to_string(), "in the order it came");
    assert_eq!(exported["steps"][1]["contentFields"], document()["steps"][1]["contentFields"]);
    let references: Vec<&Value> =
        exported["steps"].as_array().unwrap().iter().map(|s| &s["nextStepReference"]).collect();
    assert_eq!(references, [&json!(1), &json!(2), &Value::Null]);
}

#[tokio::test]
async fn places_decide_the_order_and_are_made_dense() {
    let world = World::new().await;
    let mut gaps = document();
    for (index, place) in [40, 7, 19].into_iter().enumerate() {
        gaps["steps"][index]["displayOrder"] = json!(place);
    }
    let made = import(&world, gaps).await.unwrap();
    let found = world.ok("walkthrough.get", json!({ "walkthroughId": made["id"] })).await;
    let steps: Vec<(&Value, &Value)> =
        found["steps"].as_array().unwrap().iter().map(|step| (&step["title"], &step["displayOrder"])).collect();
    assert_eq!(steps, [(&json!("two"), &json!(0)), (&json!("three"), &json!(1)), (&json!("one"), &json!(2))]);
}

#[tokio::test]
async fn a_malformed_import_names_every_problem_and_makes_nothing() {
    let world = World::new().await;
    let mut bad = document();
    bad["version"] = json!("2.0");
    bad["walkthrough"]["type"] = json!("poem");
    bad["walkthrough"]["title"] = json!("x".repeat(101));
    bad["steps"][0]["contentFields"]["contentForUser"] = json!("x".repeat(50_001));
    bad["steps"][1]["contentFields"]["version"] = json!("v2");
    bad["steps"][2]["colour"] = json!("red");
    bad["steps"][2].as_object_mut().unwrap().shift_remove("title");
    let events = world.events().await;

    let Err(Error::BadRequest(issues)) = import(&world, bad).await else { panic!("imported") };

    let mut found = paths(&issues);
    found.sort();
    let expected = [
        "document.steps.0.contentFields.contentForUser",
        "document.steps.1.contentFields.version",
        "document.steps.2.colour",
        "document.steps.2.title",
        "document.version",
        "document.walkthrough.title",
        "document.walkthrough.type",
    ];
    assert_eq!(found, expected);
    assert_eq!(world.events().await, events);

    let mut ties = document();
    ties["steps"][2]["displayOrder"] = json!(0);
    let Err(Error::BadRequest(issues)) = import(&world, ties).await else { panic!("imported") };
    assert_eq!(paths(&issues), ["document.steps.2.displayOrder"]);
}

#[tokio::test]
async fn an_edit_merges_and_an_edit_of_nothing_is_none() {
    let world = World::new().await;
    let id = json!(world.ours.steps[0].id);
    let edit = |fields: Value| json!({ "stepId": id, "contentFields": fields });
    world.ok("walkthrough.updateStep", edit(json!({ "version": "v1", "contentForUser": "hello" }))).await;
    let step = world.ok("walkthrough.updateStep", edit(json!({ "version": "v1", "contextForAgent": "why" }))).await;
    assert_eq!((&step["contentFields"]["contentForUser"], &step["title"]), (&json!("hello"), &json!("first")));
    assert_eq!(step["contentFields"]["contextForAgent"], "why");

    let events = world.events().await;
    world.ok("walkthrough.updateStep", edit(json!({ "version": "v1", "contextForAgent": "why" }))).await;
    assert_eq!(world.events().await, events);
}

#[tokio::test]
async fn an_order_names_exactly_the_steps_each_once() {
    let world = World::new().await;
    let [a, b, c] = [0, 1, 2].map(|n| json!(world.ours.steps[n].id));
    let foreign = json!(world.theirs.steps[0].id);
    let reorder = async |ids: Vec<&Value>| {
        let input = json!({ "walkthroughId": world.ours.walkthrough.id, "stepIds": ids });
        world.call("walkthrough.reorderSteps", &world.ours.owner, input).await
    };
    for bad in [vec![&a, &b], vec![&a, &b, &b], vec![&a, &b, &c, &c], vec![&a, &b, &foreign], vec![]] {
        let Err(Error::BadRequest(issues)) = reorder(bad).await else { panic!("reordered") };
        assert_eq!(paths(&issues), ["stepIds"]);
    }
    let steps = reorder(vec![&c, &a, &b]).await.unwrap();
    let ids: Vec<&Value> = steps.as_array().unwrap().iter().map(|step| &step["id"]).collect();
    assert_eq!(ids, [&c, &a, &b]);
    assert_eq!(steps[2]["displayOrder"], 2);
}

#[tokio::test]
async fn an_assignment_is_replaced_as_a_whole() {
    let world = World::new().await;
    let other = world.ok("walkthrough.create", json!({ "title": "Other", "type": "course" })).await;
    let assign = async |places: Value| {
        let input = json!({ "serverId": world.ours.server.id, "walkthroughs": places });
        world.call("walkthrough.assignToServer", &world.ours.owner, input).await
    };
    let (first, second) = (json!(world.ours.walkthrough.id), &other["id"]);
    let both =
        assign(json!([{ "walkthroughId": first, "displayOrder": 9 }, { "walkthroughId": second, "displayOrder": 2 }]));
    let both = both.await;
    let places: Vec<Value> =
        both.as_ref().unwrap().as_array().unwrap().iter().map(|one| one["displayOrder"].clone()).collect();
    assert_eq!(places, [2, 9]);
    let titles: Vec<Value> =
        both.unwrap().as_array().unwrap().iter().map(|one| one["walkthrough"]["title"].clone()).collect();
    assert_eq!(titles, [json!("Other"), json!("ours walkthrough")]);

    let foreign = assign(json!([{ "walkthroughId": first }, { "walkthroughId": world.theirs.walkthrough.id }])).await;
    assert!(matches!(foreign, Err(Error::NotFound(Resource::Walkthrough))));
    let twice = assign(json!([{ "walkthroughId": first }, { "walkthroughId": first }])).await;
    assert!(matches!(twice, Err(Error::BadRequest(_))));
    let kept = world.ok("walkthrough.listForServer", json!({ "serverId": world.ours.server.id })).await;
    assert_eq!(kept.as_array().unwrap().len(), 2, "a refused assignment changes nothing");
}

#[tokio::test]
async fn a_person_is_taken_through_every_step_and_told_the_end() {
    let world = World::new().await;
    let visiting = Visiting::tracked(&world.app, SLUG, "ann").await;
    assert_eq!(visiting.tool("get_next_step", json!({})).await.structured["status"], "not_started");

    let mut at = visiting.tool("start_walkthrough", json!({})).await;
    for (place, step) in world.ours.steps.iter().enumerate() {
        assert_eq!(at.structured["step"]["id"], json!(step.id));
        assert_eq!(at.structured["progress"]["completedSteps"], json!(place));
        assert!(at.text.contains(&format!("step {} of 3", place + 1)) && at.text.contains(&step.id.to_string()));
        at = visiting.tool("get_next_step", json!({ "currentStepId": step.id })).await;
    }
    assert_eq!(
        (&at.structured["status"], &at.structured["progress"]["progressPercent"]),
        (&json!("finished"), &json!(100))
    );

    let events = world.events().await;
    visiting.tool("get_next_step", json!({ "currentStepId": world.ours.steps[0].id })).await;
    assert_eq!(world.events().await, events, "a step is done once");
    let again = visiting.tool("start_walkthrough", json!({ "restart": true })).await;
    assert_eq!(again.structured["progress"]["completedSteps"], 0);
}

#[tokio::test]
async fn somebody_goes_on_where_it_left_off_whatever_moved() {
    let world = World::new().await;
    let visiting = Visiting::tracked(&world.app, SLUG, "ann").await;
    visiting.tool("start_walkthrough", json!({})).await;
    let [a, b, c] = [0, 1, 2].map(|n| json!(world.ours.steps[n].id));
    visiting.tool("get_next_step", json!({ "currentStepId": b })).await;
    let order = json!({ "walkthroughId": world.ours.walkthrough.id, "stepIds": [c, b, a] });
    world.ok("walkthrough.reorderSteps", order).await;
    world.ok("walkthrough.createStep", json!({ "walkthroughId": world.ours.walkthrough.id, "title": "new" })).await;

    let at = visiting.tool("start_walkthrough", json!({})).await;
    assert_eq!(
        (&at.structured["step"]["id"], &at.structured["progress"]),
        (&c, &json!({ "completedSteps": 1, "totalSteps": 4, "progressPercent": 25 }))
    );
}

#[tokio::test]
async fn several_are_listed_and_a_wrong_name_lists_them_as_an_error() {
    let world = World::new().await;
    let other = import(&world, document()).await.unwrap();
    let draft = world.ok("walkthrough.create", json!({ "title": "Draft", "type": "course" })).await;
    let places = json!([{ "walkthroughId": other["id"] }, { "walkthroughId": world.ours.walkthrough.id },
        { "walkthroughId": draft["id"] }]);
    world.ok("walkthrough.assignToServer", json!({ "serverId": world.ours.server.id, "walkthroughs": places })).await;
    let visiting = Visiting::tracked(&world.app, SLUG, "ann").await;

    let choice = visiting.tool("start_walkthrough", json!({})).await;
    let wrong = visiting.tool("start_walkthrough", json!({ "name": "No such" })).await;
    let right = visiting.tool("start_walkthrough", json!({ "name": " imported " })).await;

    let titles: Vec<&Value> =
        choice.structured["available"].as_array().unwrap().iter().map(|one| &one["title"]).collect();
    assert_eq!(titles, ["Imported", "ours walkthrough"], "in the server's order, drafts left out");
    assert_eq!((choice.is_error, wrong.is_error, right.is_error), (false, true, false));
    assert_eq!(
        (&wrong.structured["status"], &right.structured["walkthrough"]["title"]),
        (&json!("unknown_name"), &json!("Imported"))
    );

    // Two under way: the step says which is meant, else the one last touched.
    world.clock.advance(Duration::from_secs(1));
    visiting.tool("start_walkthrough", json!({ "name": "ours walkthrough" })).await;
    let step = &right.structured["step"]["id"];
    let next = visiting.tool("get_next_step", json!({ "currentStepId": step })).await;
    assert_eq!(next.structured["walkthrough"]["title"], "Imported");
    let unknown = visiting.tool("get_next_step", json!({ "currentStepId": world.theirs.steps[0].id })).await;
    assert_eq!((unknown.is_error, &unknown.structured["status"]), (true, &json!("unknown_step")));
}

#[tokio::test]
async fn what_is_no_longer_offered_is_gone_at_once() {
    let world = World::new().await;
    let visiting = Visiting::tracked(&world.app, SLUG, "ann").await;
    visiting.tool("start_walkthrough", json!({})).await;
    world.ok("walkthrough.assignToServer", json!({ "serverId": world.ours.server.id, "walkthroughs": [] })).await;
    assert_eq!(visiting.tool("get_next_step", json!({})).await.structured["status"], "not_started");
    let visit = guildhall_services::Visit { slug: SLUG.to_owned(), tracking_id: None, session_key: None, token: None };
    assert!(!world.app.greet(&visit).await.unwrap().server().has_walkthroughs, "nor are its tools listed");
}

#[tokio::test]
async fn one_persons_progress_is_nobody_elses() {
    let world = World::new().await;
    let ann = Visiting::tracked(&world.app, SLUG, "ann").await;
    ann.tool("start_walkthrough", json!({})).await;
    ann.tool("get_next_step", json!({ "currentStepId": world.ours.steps[0].id })).await;
    let bob = Visiting::tracked(&world.app, SLUG, "bob").await.tool("start_walkthrough", json!({})).await;
    assert_eq!(bob.structured["progress"]["completedSteps"], 0);
}
