//! Who visits a hosted server, and what is kept of it.

use std::time::Duration;

use guildhall_domain::{Error, Resource};
use guildhall_services::{Answer, Client, FinishedCall, Visit};
use guildhall_tests::{Visiting, World};
use serde_json::{Value, json};

const SLUG: &str = "ours-server";

fn visit(tracking_id: Option<&str>, session_key: Option<&str>) -> Visit {
    Visit {
        slug: SLUG.to_owned(),
        tracking_id: tracking_id.map(|id| id.parse().unwrap()),
        session_key: session_key.map(str::to_owned),
        token: None,
    }
}

async fn sessions(world: &World) -> Vec<Value> {
    let input = json!({ "limit": 100, "serverId": world.ours.server.id });
    let page = world.call("sessions.list", &world.ours.vouched, input).await.unwrap();
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_tracked_person_stays_one_person_and_a_visit_goes_on_for_half_an_hour() {
    let world = World::new().await;
    let before = sessions(&world).await.len();
    Visiting::tracked(&world.app, SLUG, "ann").await.tool("get_next_step", json!({})).await;
    world.clock.advance(Duration::from_secs(29 * 60));
    Visiting::tracked(&world.app, SLUG, "ann").await.tool("get_next_step", json!({})).await;
    world.clock.advance(Duration::from_secs(29 * 60));
    Visiting::tracked(&world.app, SLUG, "ann").await;
    assert_eq!(sessions(&world).await.len(), before + 1, "heard of every 29 minutes: one visit");

    world.clock.advance(Duration::from_secs(31 * 60));
    Visiting::tracked(&world.app, SLUG, "ann").await;
    let all = sessions(&world).await;
    assert_eq!(all.len(), before + 2, "a longer gap begins another");
    assert_eq!(all[0]["mcpUserId"], all[1]["mcpUserId"]);
    assert_eq!(all[1]["toolCallCount"], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tracked_person_who_comes_many_times_at_once_makes_one_visit() {
    let world = World::new().await;
    let nodes = [world.app.clone(), world.another_node().await];
    let before = sessions(&world).await.len();
    let mut racers = tokio::task::JoinSet::new();
    for n in 0..12 {
        let app = nodes[n % 2].clone();
        racers.spawn(async move { Visiting::tracked(&app, SLUG, "twin").await.guest });
    }
    racers.join_all().await;
    assert_eq!(sessions(&world).await.len(), before + 1);
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn anonymous_callers_are_each_their_own_and_known_again_by_their_handle() {
    let world = World::new().await;
    let first = Visiting::new(&world.app, SLUG, None, None).await.unwrap();
    let second = Visiting::new(&world.app, SLUG, None, None).await.unwrap();
    first.tool("start_walkthrough", json!({})).await;
    let handle = first.guest.handle().unwrap().to_owned();
    assert_ne!(second.guest.handle(), Some(handle.as_str()));

    let again = Visiting::new(&world.app, SLUG, None, Some(&handle)).await.unwrap();
    assert_eq!(again.tool("get_next_step", json!({})).await.structured["status"], "step", "progress is kept");
    let stranger = second.tool("get_next_step", json!({})).await;
    assert_eq!(stranger.structured["status"], "not_started", "and is nobody else's");

    let elsewhere = Visiting::new(&world.app, "theirs-server", None, Some(&handle)).await.unwrap();
    assert_ne!(elsewhere.guest.handle(), Some(handle.as_str()), "a handle means nothing at another server");
    let made_up = Visiting::new(&world.app, SLUG, None, Some("vis_guess")).await.unwrap();
    assert_ne!(made_up.guest.handle(), Some("vis_guess"));
}

#[tokio::test]
async fn a_session_key_is_of_one_server_and_one_person_and_ends() {
    let world = World::new().await;
    let client = Client { name: Some("old".to_owned()), version: None, protocol: Some("2025-11-25".to_owned()) };
    let visitor = world.app.greet(&visit(Some("ann"), None)).await.unwrap();
    let key = world.app.connect(&visitor, &client).await.unwrap();

    let back = world.app.greet(&visit(Some("ann"), Some(&key))).await.unwrap();
    let guest = world.app.settle(&back, &Client::default(), None).await.unwrap();
    assert!(guest.handle().is_none());
    let gone = |answer: guildhall_domain::Result<_>| matches!(answer, Err(Error::NotFound(Resource::McpSession)));
    assert!(gone(world.app.greet(&visit(Some("bob"), Some(&key))).await), "not at another person's address");
    assert!(gone(world.app.greet(&visit(None, Some("made-up"))).await));
    let elsewhere = Visit { slug: "theirs-server".to_owned(), ..visit(None, Some(&key)) };
    assert!(gone(world.app.greet(&elsewhere).await), "not at another server");

    world.app.disconnect(&back).await.unwrap();
    assert!(gone(world.app.greet(&visit(None, Some(&key))).await), "not after its end");
    let kept = sessions(&world).await;
    assert_eq!((&kept[0]["clientName"], &kept[0]["protocolVersion"]), (&json!("old"), &json!("2025-11-25")));
}

#[tokio::test]
async fn an_unknown_server_is_not_found() {
    let world = World::new().await;
    let nowhere = Visit { slug: "never-was".to_owned(), ..visit(None, None) };
    assert!(matches!(world.app.greet(&nowhere).await, Err(Error::NotFound(Resource::McpServer))));
}

#[tokio::test]
async fn calls_come_oldest_first_with_what_was_said() {
    let world = World::new().await;
    let visiting = Visiting::tracked(&world.app, SLUG, "ann").await;
    let secret =
        json!({ "title": "T", "problemDescription": "my password: hunter2hunter2", "email": "a@example.test" });
    visiting.tool("get_support", secret).await;
    visiting.tool("get_next_step", json!({})).await;

    let id = sessions(&world).await[0]["id"].clone();
    let calls = world.ok("sessions.getToolCalls", json!({ "sessionId": id })).await;
    let tickets = world.ok("sessions.getSupportTickets", json!({ "sessionId": id })).await;

    assert_eq!((&calls[0]["toolName"], &calls[1]["toolName"]), (&json!("get_support"), &json!("get_next_step")));
    assert_eq!(calls[0]["input"]["problemDescription"], "my [masked]");
    assert_eq!((&calls[0]["isError"], &calls[1]["isError"]), (&json!(false), &json!(true)));
    assert_eq!((&calls[0]["serverSlug"], &tickets[0]["serverSlug"]), (&json!(SLUG), &json!(SLUG)));
    assert_eq!(tickets.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn visits_are_filtered_and_paged_without_gaps() {
    let world = World::new().await;
    for n in 0..7 {
        world.clock.advance(Duration::from_millis(n % 2)); // some in the same millisecond
        Visiting::tracked(&world.app, SLUG, &format!("p{n}")).await;
    }
    let all = sessions(&world).await;
    let mut paged = Vec::new();
    let mut cursor = Value::Null;
    loop {
        let mut input = json!({ "limit": 3 });
        if !cursor.is_null() {
            input["cursor"] = cursor;
        }
        let page = world.ok("sessions.list", input).await;
        paged.extend(page["items"].as_array().unwrap().clone());
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(paged, all);
    let at = all[0]["connectedAt"].as_i64().unwrap();
    let later = world.ok("sessions.list", json!({ "from": at + 1 })).await;
    assert_eq!(later["items"], json!([]));
    let one = world.ok("sessions.list", json!({ "mcpUserId": all[2]["mcpUserId"] })).await;
    assert_eq!(one["items"], json!([all[2]]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_calls_at_once_on_two_nodes_are_all_kept_and_counted() {
    let world = World::new().await;
    let nodes = [world.app.clone(), world.another_node().await];
    let mut guests = Vec::new();
    for n in 0..8 {
        guests.push(Visiting::tracked(&world.app, SLUG, &format!("p{n}")).await.guest);
    }
    let mut writers = tokio::task::JoinSet::new();
    for n in 0..400 {
        let (app, guest, started_at) = (nodes[n % 2].clone(), guests[n / 2 % 8].clone(), world.app.now());
        writers.spawn(async move {
            let (tool_name, given) = (format!("tool{}", n % 3), json!({ "n": n }));
            let answer = Answer { text: String::new(), structured: None, is_error: n.is_multiple_of(5) };
            let duration = Duration::from_millis(1);
            let call = FinishedCall { tool_name: &tool_name, given: &given, answer: &answer, duration, started_at };
            app.record(&guest, call).await
        });
    }
    while let Some(kept) = writers.join_next().await {
        kept.unwrap().unwrap();
    }
    let kept: i64 = sessions(&world).await.iter().map(|session| session["toolCallCount"].as_i64().unwrap()).sum();
    assert_eq!(kept, 400 + 2, "and the two of the world's own");
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
}
