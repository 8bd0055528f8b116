//! Who the end users of an organization's servers are, and forgetting them.

use std::time::Duration;

use guildhall_domain::Error;
use guildhall_services::{Answer, FinishedCall};
use guildhall_tests::{Visiting, World};
use serde_json::{Value, json};

const SLUG: &str = "ours-server";

async fn users(world: &World, input: Value) -> Vec<Value> {
    let page = world.call("mcpServers.listUsers", &world.ours.vouched, input).await.unwrap();
    page["items"].as_array().unwrap().clone()
}

fn names(users: &[Value]) -> Vec<&str> {
    users.iter().map(|user| user["trackingId"].as_str().unwrap_or_default()).collect()
}

/// The id of whom the customer's page calls that.
async fn known(world: &World, tracking_id: &str) -> Value {
    users(world, json!({ "search": tracking_id })).await[0]["id"].clone()
}

/// Somebody who took a walkthrough and asked for help.
async fn visits(world: &World, slug: &str, tracking_id: &str) {
    let visiting = Visiting::tracked(&world.app, slug, tracking_id).await;
    visiting.tool("start_walkthrough", json!({})).await;
    visiting.tool("get_next_step", json!({ "currentStepId": world.ours.steps[0].id })).await;
    let email = format!("{tracking_id}@example.test");
    visiting.tool("get_support", json!({ "title": "t", "problemDescription": "d", "email": email })).await;
}

#[tokio::test]
async fn end_users_are_listed_the_newest_first_in_pages() {
    let world = World::new().await;
    for n in 0..5 {
        world.clock.advance(Duration::from_secs(1));
        Visiting::tracked(&world.app, SLUG, &format!("p{n}")).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut input = json!({ "limit": 2 });
        if cursor.is_string() {
            input["cursor"] = cursor;
        }
        let page = world.ok("mcpServers.listUsers", input).await;
        seen.extend(page["items"].as_array().unwrap().clone());
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
        Visiting::tracked(&world.app, SLUG, &format!("late{}", seen.len())).await;
    }
    assert_eq!(names(&seen), ["p4", "p3", "p2", "p1", "p0", "reader"], "stable while others come");
    let reader = &seen[5];
    assert_eq!(
        (&reader["sessionCount"], &reader["email"], &reader["displayName"]),
        (&json!(1), &json!(null), &json!(null))
    );
    assert!(reader["lastSeenAt"].as_i64() >= reader["firstSeenAt"].as_i64());
}

#[tokio::test]
async fn end_users_are_found_by_server_and_by_words() {
    let world = World::new().await;
    world.ok("mcpServers.create", json!({ "name": "Second", "slug": "second-server" })).await;
    for (slug, tracking_id) in [(SLUG, "Ann_1"), (SLUG, "ann-2"), ("second-server", "ann-2"), ("second-server", "bob")]
    {
        world.clock.advance(Duration::from_secs(1));
        Visiting::tracked(&world.app, slug, tracking_id).await;
    }
    assert_eq!(names(&users(&world, json!({ "search": "ANN" })).await), ["ann-2", "Ann_1"]);
    assert_eq!(names(&users(&world, json!({ "search": "n_" })).await), ["Ann_1"], "a word, not a pattern");
    let servers = world.call("mcpServers.list", &world.ours.vouched, json!({})).await.unwrap();
    let second = servers[1]["id"].clone();
    assert_eq!(names(&users(&world, json!({ "serverId": second })).await), ["bob", "ann-2"]);
    assert_eq!(names(&users(&world, json!({ "serverId": second, "search": "ann" })).await), ["ann-2"]);
    let theirs = world.call("mcpServers.listUsers", &world.theirs.vouched, json!({ "search": "ann" })).await.unwrap();
    assert_eq!(theirs["items"], json!([]));
}

#[tokio::test]
async fn who_is_forgotten_leaves_tickets_without_a_person_and_nothing_else() {
    let world = World::new().await;
    for tracking_id in ["ann", "bob"] {
        visits(&world, SLUG, tracking_id).await;
    }
    let ann = known(&world, "ann").await;
    let visits_before = world.ok("sessions.list", json!({ "mcpUserId": ann })).await;
    let visit = visits_before["items"][0]["id"].clone();
    let tickets = world.ok("sessions.getSupportTickets", json!({ "sessionId": visit })).await;
    let ticket = tickets[0]["id"].clone();
    let events = world.events().await;

    let forgotten = world.ok("mcpServers.deleteUsers", json!({ "userIds": [ann, ann] })).await;

    assert_eq!(forgotten, json!({ "deletedCount": 1 }));
    assert_eq!(world.events().await, events + 1);
    assert_eq!(names(&users(&world, json!({})).await), ["bob", "reader"]);
    for (name, input) in
        [("sessions.list", json!({ "mcpUserId": ann })), ("sessions.getToolCalls", json!({ "sessionId": visit }))]
    {
        let answer = world.call(name, &world.ours.owner, input).await;
        assert!(matches!(answer, Err(Error::NotFound(_))), "{name}: {answer:?}");
    }
    let kept = world.ok("supportTickets.get", json!({ "ticketId": ticket })).await;
    assert_eq!((&kept["title"], &kept["mcpSessionId"], &kept["email"]), (&json!("t"), &json!(null), &json!(null)));
    let asker = world.ok("supportTickets.getWithMcpUser", json!({ "ticketId": ticket })).await;
    assert_eq!((&asker["mcpUserTrackingId"], &asker["mcpUserEmail"]), (&json!(null), &json!(null)));
    for rows in [
        "select count(*) from connection_marks where identity like '%ann%'",
        "select count(*) from mcp_sessions where identity like '%ann%'",
        "select count(*) from tickets where email like 'ann@%'",
        "select count(*) from tool_calls c where not exists (select 1 from mcp_users u where u.id = c.mcp_user_id)",
        "select count(*) from walkthrough_runs r where not exists (select 1 from mcp_users u where u.id = r.mcp_user_id)",
        "select count(*) from walkthrough_completions p where not exists
            (select 1 from walkthrough_runs r where r.id = p.run_id)",
    ] {
        assert_eq!(world.count(rows).await, 0, "{rows}");
    }
    assert_eq!(world.count("select count(*) from walkthrough_completions").await, 1, "bob's");
    let again = Visiting::tracked(&world.app, SLUG, "ann").await.tool("get_next_step", json!({})).await;
    assert_eq!(again.structured["status"], "not_started", "who comes again is somebody new");
}

#[tokio::test]
async fn figures_follow_who_is_forgotten() {
    let world = World::new().await;
    world.ok("mcpServers.create", json!({ "name": "Second", "slug": "second-server" })).await;
    let chart = async || {
        let chart = world.call("toolCalls.getChart", &world.ours.vouched, json!({ "timeRange": "1d" })).await.unwrap();
        let points = chart["data"].as_array().unwrap().clone();
        let sum = |key: &str| points.iter().map(|point| point[key].as_i64().unwrap_or(0)).sum::<i64>();
        (sum("mcp_connections"), sum("get_next_step"), chart["toolNames"].clone())
    };
    let before = chart().await;
    for minutes in [0, 7, 70] {
        world.clock.advance(Duration::from_mins(minutes));
        for slug in [SLUG, "second-server"] {
            Visiting::tracked(&world.app, slug, "ann").await.tool("get_next_step", json!({})).await;
        }
        Visiting::tracked(&world.app, SLUG, "bob").await.tool("get_next_step", json!({})).await;
    }
    let anonymous = Visiting::new(&world.app, SLUG, None, None).await.unwrap();
    anonymous.tool("get_next_step", json!({})).await;
    let with_all = chart().await;
    assert_eq!(with_all.1, before.1 + 10);

    let ann = known(&world, "ann").await;
    world.call("mcpServers.deleteUsers", &world.ours.vouched, json!({ "userIds": [ann] })).await.unwrap();
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
    assert_eq!(chart().await.1, before.1 + 4);

    let all: Vec<Value> = users(&world, json!({})).await.iter().map(|user| user["id"].clone()).collect();
    let gone = world.call("mcpServers.deleteUsers", &world.ours.vouched, json!({ "userIds": all })).await.unwrap();
    assert_eq!(gone["deletedCount"], all.len());
    assert_eq!(chart().await, (0, 0, json!([])), "a counter of nothing is none");
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
    assert_eq!(world.app.recount(world.theirs.organization.id).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn ids_of_others_are_passed_over() {
    let world = World::new().await;
    let events = world.events().await;
    let foreign = json!([world.theirs.person, "mus_01jd0000000000000000000000"]);
    let nobody = world.ok("mcpServers.deleteUsers", json!({ "userIds": foreign })).await;
    assert_eq!((nobody["deletedCount"].as_u64(), world.events().await), (Some(0), events));
    let mixed = json!([world.theirs.person, world.ours.person]);
    assert_eq!(world.ok("mcpServers.deleteUsers", json!({ "userIds": mixed })).await["deletedCount"], 1);
    let theirs = world.call("mcpServers.listUsers", &world.theirs.owner, json!({})).await.unwrap();
    assert_eq!(theirs["items"][0]["id"], json!(world.theirs.person));
    for count in [0, 501] {
        let input = json!({ "userIds": vec![json!(world.ours.person); count] });
        let refused = world.call("mcpServers.deleteUsers", &world.ours.owner, input).await;
        assert!(matches!(refused, Err(Error::BadRequest(_))), "{count}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_stay_exact_while_people_are_forgotten_who_are_still_calling() {
    let world = World::new().await;
    let nodes = [world.app.clone(), world.another_node().await];
    let mut callers = tokio::task::JoinSet::new();
    for n in 0..6 {
        let app = nodes[n % 2].clone();
        callers.spawn(async move {
            for _ in 0..8 {
                // Whoever is forgotten in the middle of a call is told to try again, or comes as somebody new.
                let tracking_id = format!("p{}", n % 3).parse().unwrap();
                let visit = guildhall_services::Visit {
                    slug: SLUG.to_owned(),
                    tracking_id: Some(tracking_id),
                    session_key: None,
                    token: None,
                };
                let Ok(visitor) = app.greet(&visit).await else { continue };
                let Ok(guest) = app.settle(&visitor, &guildhall_services::Client::default(), None).await else {
                    continue;
                };
                let answer = Answer { text: String::new(), structured: None, is_error: n == 0 };
                let call = FinishedCall {
                    tool_name: "get_next_step",
                    given: &json!({}),
                    answer: &answer,
                    duration: Duration::from_millis(1),
                    started_at: app.now(),
                };
                let _ = app.record(&guest, call).await;
            }
        });
    }
    for _ in 0..10 {
        let all: Vec<Value> = users(&world, json!({})).await.iter().map(|user| user["id"].clone()).collect();
        if !all.is_empty() {
            world.call("mcpServers.deleteUsers", &world.ours.vouched, json!({ "userIds": all })).await.unwrap();
        }
    }
    callers.join_all().await;
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
}
