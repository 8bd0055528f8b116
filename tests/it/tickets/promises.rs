//! How soon tickets are answered and settled, and what happens where they are not.

use std::time::Duration;

use guildhall_domain::{Error, access::Role};
use guildhall_tests::World;
use serde_json::{Value, json};

const MINUTE: Duration = Duration::from_secs(60);

/// As our owner, whom a program vouches for: no token outlives what is promised.
async fn ok(world: &World, name: &str, input: Value) -> Value {
    world.call(name, &world.ours.vouched, input).await.unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// A world where high priority is answered in 10 minutes and settled in 60, and low settled in 600.
async fn promising() -> World {
    let world = World::new().await;
    let targets = json!([{ "priority": "low", "resolutionMinutes": 600 },
        { "priority": "high", "firstResponseMinutes": 10, "resolutionMinutes": 60 }]);
    ok(&world, "supportTickets.setTargets", json!({ "targets": targets })).await;
    world
}

async fn file(world: &World, priority: &str) -> Value {
    let input = json!({ "title": priority, "conciseSummary": "s", "priority": priority });
    ok(world, "supportTickets.create", input).await
}

async fn missed(world: &World, ticket: &Value) -> Value {
    ok(world, "supportTickets.get", json!({ "ticketId": ticket["id"] })).await["missed"].clone()
}

fn after(ticket: &Value, minutes: i64) -> Value {
    json!(ticket["createdAt"].as_i64().unwrap() + minutes * 60_000)
}

#[tokio::test]
async fn what_is_promised_is_each_organizations_own_and_an_admins_to_decide() {
    let world = promising().await;
    let viewer = world.member(&world.ours, Role::Viewer).await;
    let member = world.member(&world.ours, Role::Member).await;
    let events = world.events().await;

    let targets = world.call("supportTickets.getTargets", &viewer, json!({})).await.unwrap();
    let again = ok(&world, "supportTickets.setTargets", json!({ "targets": targets })).await;
    let theirs = world.call("supportTickets.getTargets", &world.theirs.owner, json!({})).await.unwrap();
    let refused = world.call("supportTickets.setTargets", &member, json!({ "targets": [] })).await;

    assert_eq!((&targets[0]["priority"], &targets[0]["firstResponseMinutes"]), (&json!("high"), &json!(10)));
    assert_eq!((&targets[1]["priority"], &targets[1]["firstResponseMinutes"]), (&json!("low"), &Value::Null));
    assert_eq!((again, theirs), (targets, json!([])));
    assert_eq!(refused.unwrap_err().code().1, 403);
    assert_eq!(world.events().await, events, "nothing changed");
    let twice = json!({ "targets": [{ "priority": "low" }, { "priority": "low" }] });
    let Err(Error::BadRequest(issues)) = world.call("supportTickets.setTargets", &world.ours.owner, twice).await else {
        panic!("taken")
    };
    assert_eq!(issues[0].path, ["targets".into(), guildhall_domain::error::Segment::Index(1), "priority".into()]);
}

#[tokio::test]
async fn a_ticket_is_due_as_its_priority_says() {
    let world = promising().await;

    let (high, medium, low) = (file(&world, "high").await, file(&world, "medium").await, file(&world, "low").await);
    let raised = json!({ "ticketId": medium["id"], "priority": "high" });
    let raised = ok(&world, "supportTickets.updateFields", raised).await;

    assert_eq!((&high["firstResponseDueAt"], &high["resolutionDueAt"]), (&after(&high, 10), &after(&high, 60)));
    assert_eq!((&high["dueAt"], &low["dueAt"], &medium["dueAt"]), (&after(&high, 10), &after(&low, 600), &Value::Null));
    assert_eq!(raised["dueAt"], after(&medium, 10));
}

#[tokio::test]
async fn tickets_are_sorted_and_found_by_when_they_are_due() {
    let world = promising().await;
    let (low, none, high) = (file(&world, "low").await, file(&world, "medium").await, file(&world, "high").await);
    let found = async |input: Value| -> Vec<Value> {
        let page = ok(&world, "supportTickets.list", input).await;
        page["items"].as_array().unwrap().iter().map(|ticket| ticket["id"].clone()).collect()
    };

    let all = found(json!({ "sort": "due" })).await;
    assert_eq!(all[..2], [high["id"].clone(), low["id"].clone()]);
    assert_eq!((all.len(), all.contains(&none["id"])), (4, true), "of which nothing is promised, last");
    let soon = json!({ "sort": "due", "dueBefore": after(&high, 11) });
    assert_eq!(found(soon.clone()).await, [high["id"].clone()]);

    let answer = json!({ "ticketId": high["id"], "content": "Hello", "isPublic": true });
    ok(&world, "supportTickets.addComment", answer).await;
    assert!(found(soon).await.is_empty(), "it was answered");
    let settle = json!({ "ticketId": high["id"], "status": "closed" });
    ok(&world, "supportTickets.updateStatus", settle).await;
    assert_eq!(found(json!({ "dueBefore": after(&high, 100_000) })).await, [low["id"].clone()]);
}

#[tokio::test]
async fn a_broken_promise_is_an_event_once_whichever_nodes_look() {
    let world = promising().await;
    let other = world.another_node().await;
    let (late, kept) = (file(&world, "high").await, file(&world, "high").await);
    let answer = json!({ "ticketId": kept["id"], "content": "Hello", "isPublic": true });
    ok(&world, "supportTickets.addComment", answer).await;
    let events = world.events().await;
    let mut happenings = world.app.happenings();

    world.clock.advance(9 * MINUTE);
    assert_eq!(world.app.note_overdue().await.unwrap(), 0, "there is a minute left");
    world.clock.advance(MINUTE);
    assert_eq!(world.app.note_overdue().await.unwrap(), 1);
    assert_eq!(other.note_overdue().await.unwrap(), 0, "it was noted");
    assert_eq!(missed(&world, &late).await, json!(["first_response"]));
    assert_eq!(missed(&world, &kept).await, json!([]));
    let happened = happenings.try_recv().unwrap();
    assert_eq!(happened.event.subject(), late["id"].as_str().unwrap());
    let history = ok(&world, "supportTickets.getActivities", json!({ "ticketId": late["id"] })).await;
    let noted = (&history[0]["activityType"], &history[0]["metadata"], &history[0]["isPublic"]);
    assert_eq!(noted, (&json!("system"), &json!({ "missed": "first_response" }), &json!(false)));

    world.clock.advance(50 * MINUTE);
    let (here, there) = tokio::join!(world.app.note_overdue(), other.note_overdue());
    assert_eq!(here.unwrap() + there.unwrap(), 2, "both are still open, and each is noted by one node");
    assert_eq!(missed(&world, &late).await, json!(["first_response", "resolution"]));
    assert_eq!(missed(&world, &kept).await, json!(["resolution"]));
    assert_eq!(world.events().await, events + 3);

    let lower = json!({ "ticketId": late["id"], "priority": "low" });
    let lower = ok(&world, "supportTickets.updateFields", lower).await;
    assert_eq!((&lower["missed"], &lower["dueAt"]), (&json!([]), &after(&late, 600)), "what is ahead is not missed");
}

#[tokio::test]
async fn a_node_that_serves_looks_by_itself() {
    let world = promising().await;
    let late = file(&world, "high").await;
    world.clock.advance(10 * MINUTE);

    let workers = tokio::spawn(guildhall_workers::run(world.app.clone()));

    let mut happenings = world.app.happenings();
    while missed(&world, &late).await != json!(["first_response"]) {
        tokio::time::timeout(Duration::from_secs(30), happenings.recv()).await.unwrap().unwrap();
    }
    workers.abort();
}
