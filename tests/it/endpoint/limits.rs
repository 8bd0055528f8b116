//! How often end users may call.

use std::time::Duration;

use guildhall_domain::Error;
use guildhall_services::{Client, EachFiveMinutes, Limits, Rate, Visit};
use guildhall_tests::{Visiting, World, unlimited};
use serde_json::{Value, json};

use super::{Place, get_support, said};

const SLUG: &str = "ours-server";

fn visit(tracking_id: Option<&str>) -> Visit {
    let tracking_id = tracking_id.map(|id| id.parse().unwrap());
    Visit { slug: SLUG.to_owned(), tracking_id, session_key: None, token: None }
}

/// Milliseconds that somebody has to wait who wants to call a tool.
async fn wait(world: &World, tracking_id: Option<&str>, handle: Option<&str>) -> Option<u64> {
    match Visiting::new(&world.app, SLUG, tracking_id, handle).await {
        Ok(_) => None,
        Err(Error::TooManyRequests { retry_after_ms }) => Some(retry_after_ms),
        Err(other) => panic!("{other:?}"),
    }
}

/// A world whose five minutes have just begun.
async fn early(limits: Limits) -> World {
    let world = World::with_limits(limits).await;
    let length = i64::try_from(EachFiveMinutes::LENGTH.as_millis()).unwrap();
    let now = guildhall_services::ports::Clock::now(&*world.clock);
    let left = now.floor(length).plus(EachFiveMinutes::LENGTH).millis() - now.millis();
    world.clock.advance(Duration::from_millis(left.unsigned_abs()));
    world
}

#[tokio::test]
async fn a_person_may_call_so_often_in_five_minutes_and_others_go_on() {
    let world = early(Limits { mcp_user: EachFiveMinutes(2), ..unlimited() }).await;
    let other = world.another_node().await;
    let stranger = Visiting::new(&world.app, SLUG, None, None).await.unwrap();
    let handle = stranger.guest.handle().unwrap().to_owned();
    for app in [&world.app, &other] {
        Visiting::tracked(app, SLUG, "ann").await.tool("get_next_step", json!({})).await;
        Visiting::new(app, SLUG, None, Some(&handle)).await.unwrap().tool("get_next_step", json!({})).await;
    }
    world.clock.advance(Duration::from_secs(100));
    for (tracking_id, handle) in [(Some("ann"), None), (None, Some(handle.as_str()))] {
        assert_eq!(wait(&world, tracking_id, handle).await, Some(200_000), "until the five minutes are over");
    }
    assert_eq!(wait(&world, Some("bob"), None).await, None);

    world.clock.advance(Duration::from_secs(199));
    assert_eq!(wait(&world, Some("ann"), None).await, Some(1_000));
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(wait(&world, Some("ann"), None).await, None);
    Visiting::tracked(&world.app, SLUG, "ann").await.tool("get_next_step", json!({})).await;
    assert_eq!(wait(&world, Some("ann"), None).await, None, "one, and not three");
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_server_may_be_called_so_often_in_five_minutes_and_others_go_on() {
    let world = early(Limits { mcp_server: EachFiveMinutes(4), ..unlimited() }).await;
    for person in ["ann", "bob"] {
        let visiting = Visiting::tracked(&world.app, SLUG, person).await;
        visiting.tool("start_walkthrough", json!({})).await;
        visiting.tool("get_next_step", json!({})).await;
    }
    assert_eq!(wait(&world, Some("ann"), None).await, Some(300_000), "every tool counts");
    assert_eq!(wait(&world, Some("zoe"), None).await, Some(300_000), "whoever calls");
    assert_eq!(wait(&world, None, None).await, Some(300_000));
    Visiting::tracked(&world.app, "theirs-server", "ann").await;

    world.clock.advance(EachFiveMinutes::LENGTH);
    assert_eq!(wait(&world, Some("zoe"), None).await, None);
}

#[tokio::test]
async fn the_limits_of_calls_cost_no_statement_and_write_nothing() {
    let world = early(Limits { mcp_user: EachFiveMinutes(1), ..unlimited() }).await;
    Visiting::tracked(&world.app, SLUG, "ann").await.tool("get_next_step", json!({})).await;
    let calls = world.count("select count(*) from tool_calls").await;

    let (visitor, greeting) = world.statements(world.app.greet(&visit(Some("ann")))).await;
    let (refused, settling) = world.statements(world.app.settle(&visitor.unwrap(), &Client::default(), None)).await;

    assert!(matches!(refused, Err(Error::TooManyRequests { .. })));
    assert_eq!((greeting, settling), (1, 0));
    assert_eq!(world.count("select count(*) from tool_calls").await, calls);
    assert_eq!(world.count("select count(*) from rate_limits where uses > 1000").await, 0);
}

#[tokio::test]
async fn people_whom_nobody_knew_are_counted_by_server_and_network_once_each() {
    let rate = Rate { uses: 3, window: Duration::from_secs(3600) };
    let world = early(Limits { mcp_visitor_address: rate, ..unlimited() }).await;
    let people = async || world.count("select count(*) from mcp_users").await;
    let before = people().await;
    let come = async |slug: &str, tracking_id: Option<&str>, address: &str| {
        let visit = Visit { slug: slug.to_owned(), ..visit(tracking_id) };
        let visitor = world.app.greet(&visit).await.unwrap().calling_from(Some(address.parse().unwrap()));
        world.app.settle(&visitor, &Client::default(), None).await
    };
    for (tracking_id, address) in [(None, "2001:db8::1"), (Some("ann"), "2001:db8::2"), (None, "2001:db8::3")] {
        come(SLUG, tracking_id, address).await.unwrap();
    }

    for tracking_id in [None, Some("invented")] {
        let refused = come(SLUG, tracking_id, "2001:db8::ffff").await;
        assert!(matches!(refused, Err(Error::TooManyRequests { retry_after_ms: 3_600_000 })), "{refused:?}");
    }
    let visitor = world.app.greet(&visit(None)).await.unwrap().calling_from(Some("2001:db8::4".parse().unwrap()));
    let session = world.app.connect(&visitor, &Client::default()).await;
    assert!(matches!(session, Err(Error::TooManyRequests { .. })), "a handshake makes a person too");
    assert_eq!(people().await, before + 3);

    come(SLUG, Some("ann"), "2001:db8::5").await.unwrap();
    come(SLUG, None, "2001:db8:0:1::1").await.unwrap();
    come("theirs-server", None, "2001:db8::1").await.unwrap();
    world.clock.advance(rate.window);
    come(SLUG, None, "2001:db8::1").await.unwrap();
    assert_eq!(people().await, before + 6);
}

#[tokio::test]
async fn whoever_calls_too_often_is_told_when_to_come_back_in_both_eras() {
    let place = Place::with(&["--limit-mcp-user", "2/5m"]).await;
    let seconds = || guildhall_services::ports::Clock::now(&guildhall_services::ports::SystemClock).seconds() % 300;
    while seconds() > 290 {
        tokio::time::sleep(Duration::from_secs(1)).await; // all of it in one five minutes
    }
    let call = get_support();
    let session = place.session().await;
    let requests =
        || [place.stateless("/ann", "tools/call", call.clone()), place.in_session(&session, "tools/call", &call)];
    for round in 0..3 {
        for request in requests() {
            let answer = said(request).await;
            if round < 2 {
                assert_eq!(answer.status, 200, "{answer:?}");
                continue;
            }
            assert_eq!(answer.status, 429, "{answer:?}");
            let wait: u64 = answer.headers["retry-after"].to_str().unwrap().parse().unwrap();
            assert!((1..=300).contains(&wait), "{wait}");
            assert_eq!(answer.body["id"], 1);
            assert_eq!(answer.body["error"]["data"]["code"], "TOO_MANY_REQUESTS");
        }
    }
    assert_eq!(place.calls().await, 4);
    let list = said(place.stateless("/ann", "tools/list", json!({}))).await;
    assert_ne!(list.body["result"]["tools"], Value::Null, "what is there can still be seen: {list:?}");
}

#[tokio::test]
async fn a_flood_of_new_people_from_one_address_ends() {
    let place = Place::with(&["--limit-mcp-visitor-address", "2/60m"]).await;
    let call = get_support();
    for (request, status) in [
        (place.stateless("", "tools/call", call.clone()), 200),
        (place.initialize(""), 200),
        (place.initialize(""), 429),
        (place.stateless("", "tools/call", call.clone()), 429),
        (place.stateless("/invented", "tools/call", call), 429),
    ] {
        let answer = said(request).await;
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.headers.contains_key("retry-after"), status == 429);
    }
    assert_eq!(place.calls().await, 1);
}
