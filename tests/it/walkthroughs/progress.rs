//! Who is where.

use std::time::Duration;

use guildhall_domain::{
    Error, Id, Resource, Timestamp,
    event::{Actor, Audience, Event},
};
use guildhall_repositories::{Move, NewCompletion, NewEvent, NewRun};
use guildhall_services::ports::Clock;
use guildhall_tests::{Visiting, World};
use serde_json::{Value, json};
use uuid::Uuid;

use super::SLUG;

async fn all(world: &World, limit: usize) -> Vec<Value> {
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut input = json!({ "walkthroughId": world.ours.walkthrough.id, "limit": limit });
        if cursor.is_string() {
            input["cursor"] = cursor;
        }
        let page = world.ok("walkthrough.getProgress", input).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        seen.extend(items.clone());
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            return seen;
        }
    }
}

fn who(progress: &[Value]) -> Vec<&str> {
    progress.iter().map(|one| one["mcpUser"]["trackingId"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn everybody_is_listed_where_they_are_the_last_begun_first() {
    let world = World::new().await;
    let steps: Vec<Value> = world.ours.steps.iter().map(|step| json!(step.id)).collect();
    for (n, name) in ["p0", "p1", "p2", "p3"].into_iter().enumerate() {
        world.clock.advance(Duration::from_secs(1));
        let visiting = Visiting::tracked(&world.app, SLUG, name).await;
        visiting.tool("start_walkthrough", json!({})).await;
        for step in &steps[..n] {
            world.clock.advance(Duration::from_secs(1));
            visiting.tool("get_next_step", json!({ "currentStepId": step })).await;
        }
    }
    let now = world.clock.now().millis();
    let found = all(&world, 2).await;
    assert_eq!(who(&found), ["p3", "p2", "p1", "p0", "reader"]);
    let numbers =
        |one: &Value| ["completedSteps", "totalSteps", "progressPercent"].map(|key| one[key].as_u64().unwrap());
    let percent: Vec<_> = found.iter().map(numbers).collect();
    assert_eq!(percent, [[3, 3, 100], [2, 3, 67], [1, 3, 33], [0, 3, 0], [0, 3, 0]]);
    let times = |one: &Value| (one["startedAt"].clone(), one["lastActivityAt"].clone(), one["completedAt"].clone());
    assert_eq!(times(&found[0]), (json!(now - 3000), json!(now), json!(now)));
    assert_eq!(times(&found[1]).2, Value::Null);
    assert_eq!(found[0]["serverId"], json!(world.ours.server.id));

    // A step more, and nobody is done; without it they are again, since when they were.
    let more = json!({ "walkthroughId": world.ours.walkthrough.id, "title": "more" });
    let more = world.ok("walkthrough.createStep", more).await;
    let later = all(&world, 100).await;
    assert_eq!((numbers(&later[0]), &later[0]["completedAt"]), ([3, 4, 75], &Value::Null));
    world.ok("walkthrough.deleteStep", json!({ "stepId": more["id"] })).await;
    world.ok("walkthrough.deleteStep", json!({ "stepId": steps[2] })).await;
    let fewer = all(&world, 100).await;
    assert_eq!((numbers(&fewer[0]), &fewer[0]["completedAt"]), ([2, 2, 100], &json!(now - 1000)));
    assert_eq!(numbers(&fewer[1]), [2, 2, 100], "who had not done the step that went is done too");
}

#[tokio::test]
async fn of_one_person_the_latest_run_counts_and_each_server_for_itself() {
    let world = World::new().await;
    let visiting = Visiting::tracked(&world.app, SLUG, "reader").await;
    for step in &world.ours.steps {
        visiting.tool("get_next_step", json!({ "currentStepId": step.id })).await;
    }
    world.clock.advance(Duration::from_secs(1));
    visiting.tool("start_walkthrough", json!({ "restart": true })).await;
    visiting.tool("get_next_step", json!({ "currentStepId": world.ours.steps[0].id })).await;
    let second = world.ok("mcpServers.create", json!({ "name": "Second", "slug": "ours-second" })).await;
    let places = json!([{ "walkthroughId": world.ours.walkthrough.id }]);
    world.ok("walkthrough.assignToServer", json!({ "serverId": second["id"], "walkthroughs": places })).await;
    world.clock.advance(Duration::from_secs(1));
    Visiting::tracked(&world.app, "ours-second", "reader").await.tool("start_walkthrough", json!({})).await;

    let found = all(&world, 100).await;

    assert_eq!(who(&found), ["reader", "reader"], "the same person");
    assert_eq!(found[0]["mcpUser"], found[1]["mcpUser"]);
    let at = |one: &Value| (one["serverId"].clone(), one["completedSteps"].clone(), one["completedAt"].clone());
    assert_eq!(at(&found[0]), (second["id"].clone(), json!(0), Value::Null));
    assert_eq!(at(&found[1]), (json!(world.ours.server.id), json!(1), Value::Null));
    let kept = "select count(*) from walkthrough_completions";
    assert_eq!(world.count(kept).await, 4, "the first run is history, and kept");
}

#[tokio::test]
async fn how_many_are_listed_does_not_change_the_statements() {
    let world = World::new().await;
    let input = json!({ "walkthroughId": world.ours.walkthrough.id, "limit": 100 });
    let list = async || world.statements(world.ok("walkthrough.getProgress", input.clone())).await.1;
    let before = list().await;
    for n in 0..12 {
        Visiting::tracked(&world.app, SLUG, &format!("p{n}")).await.tool("start_walkthrough", json!({})).await;
    }
    assert_eq!(list().await, before);
    let theirs = json!({ "walkthroughId": world.theirs.walkthrough.id });
    let foreign = world.call("walkthrough.getProgress", &world.ours.owner, theirs).await;
    assert!(matches!(foreign, Err(Error::NotFound(Resource::Walkthrough))));
}

#[tokio::test]
async fn of_two_who_make_the_same_move_the_first_did_in_one_batch_or_after_it() {
    let world = World::new().await;
    let ours = &world.ours;
    let at = |millis: i64| Timestamp::from_millis(1_800_000_000_000 + millis);
    let begin = |run| {
        let (id, person, server) = (Id::from_uuid(Uuid::from_u128(run)), ours.person, ours.server.id);
        Move::Began(NewRun { id, person, server, walkthrough: ours.walkthrough.id, attempt: 7, at: at(0) })
    };
    let complete = |run, step: usize| {
        Move::Completed(NewCompletion {
            run: Id::from_uuid(Uuid::from_u128(run)),
            step: ours.steps[step].id,
            at: at(1),
        })
    };
    let resume = |run, millis| Move::Resumed { run: Id::from_uuid(Uuid::from_u128(run)), at: at(millis) };
    let events = world.events().await;
    let write = async |first: u128, moves: &[Move]| {
        let event = Event::WalkthroughResumed { walkthrough_id: ours.walkthrough.id, mcp_user_id: ours.person };
        let audience = Audience::Organization(ours.organization.id);
        let told = |(place, made): (u128, &Move)| {
            let id = Id::from_uuid(Uuid::from_u128(first + place));
            (*made, NewEvent { id, actor: Actor::System, audience, event: event.clone(), at: at(2) })
        };
        let moves: Vec<_> = (0..).zip(moves).map(told).collect();
        let access = world.database.write_once();
        let written = access.tenant(ours.organization.id).recording().write(&[], &moves).await.unwrap();
        let mut written: Vec<u128> = written.into_iter().map(|event| event.uuid().as_u128() - first).collect();
        written.sort_unstable();
        written
    };

    assert_eq!(write(100, &[begin(1), begin(2), complete(1, 0), complete(1, 0), complete(1, 1)]).await, [0, 2, 4]);
    assert_eq!(write(200, &[begin(3), complete(1, 1), resume(1, 5), resume(1, 4)]).await, [2, 3]);
    assert_eq!(write(300, &[resume(1, 3)]).await, [0]);

    assert_eq!(world.events().await, events + 6);
    let now = all(&world, 10).await;
    assert_eq!((now.len(), &now[0]["completedSteps"]), (1, &json!(2)));
    assert_eq!(now[0]["lastActivityAt"], json!(at(5)));
}
