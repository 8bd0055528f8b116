//! Who was known before by less turns out to be somebody: once, and nothing is lost.

use guildhall_domain::Error;
use guildhall_tests::World;
use serde_json::{Value, json};

use super::{SLUG, at, client, enter, platform, signed_in, switch, tool, users, visit};

async fn sessions(world: &World, user: &Value) -> Vec<Value> {
    let page = world.call("sessions.list", &world.ours.vouched, json!({ "mcpUserId": user["id"], "limit": 100 })).await;
    page.unwrap()["items"].as_array().unwrap().clone()
}

async fn of_email(world: &World, email: &str) -> Value {
    users(world).await.into_iter().find(|user| user["email"] == email).unwrap()
}

/// Takes part of the walkthrough and asks for help, as the customer's page knows it.
async fn tracked_story(world: &World, tracking_id: &str) {
    switch(world, "none", None).await;
    let guest = enter(&world.app, &visit(Some(tracking_id), None)).await.unwrap();
    tool(&world.app, &guest, "start_walkthrough", json!({})).await;
    tool(&world.app, &guest, "get_next_step", json!({ "currentStepId": world.ours.steps[0].id })).await;
    tool(&world.app, &guest, "get_support", json!({ "title": tracking_id, "problemDescription": "d" })).await;
    switch(world, "platform_oauth", None).await;
}

#[tokio::test]
async fn a_tracked_person_who_signs_in_is_one_with_who_that_is_and_nothing_is_lost() {
    let world = platform().await;
    tracked_story(&world, "t-1").await;
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let token = signed_in(&world, &at, &client, "ann@example.test").await.access_token;
    let before = users(&world).await.len();

    let guest = enter(&world.app, &visit(Some("t-1"), Some(&token))).await.unwrap();
    let next = tool(&world.app, &guest, "get_next_step", json!({})).await;

    let ann = of_email(&world, "ann@example.test").await;
    assert_eq!(ann["trackingId"], "t-1");
    assert_eq!(users(&world).await.len(), before - 1, "two were one");
    let visits = sessions(&world, &ann).await;
    let calls: i64 = visits.iter().map(|visit| visit["toolCallCount"].as_i64().unwrap()).sum();
    assert_eq!((calls, ann["sessionCount"].as_i64()), (4, i64::try_from(visits.len()).ok()), "{visits:?}");
    assert!(next.text.contains(&world.ours.steps[1].id.to_string()), "progress is kept: {}", next.text);
    let tickets = world.call("supportTickets.list", &world.ours.vouched, json!({ "limit": 100 })).await.unwrap();
    let ticket = tickets["items"].as_array().unwrap().iter().find(|ticket| ticket["title"] == "t-1").unwrap().clone();
    let asker = world.ok("supportTickets.getWithMcpUser", json!({ "ticketId": ticket["id"] })).await;
    assert_eq!(asker["mcpUserEmail"], "ann@example.test");
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());

    let events = world.events().await;
    enter(&world.app, &visit(Some("t-1"), Some(&token))).await.unwrap();
    assert_eq!(world.events().await, events, "once");
    switch(&world, "none", None).await;
    enter(&world.app, &visit(Some("t-1"), None)).await.unwrap();
    assert_eq!(users(&world).await.len(), before - 1, "the customer's name for ann leads to ann");
}

#[tokio::test]
async fn two_names_lead_to_one_person_and_one_name_to_whom_it_was_proven_for() {
    let world = platform().await;
    for id in ["t-1", "t-2"] {
        tracked_story(&world, id).await;
    }
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let ann = signed_in(&world, &at, &client, "ann@example.test").await.access_token;
    let bob = signed_in(&world, &at, &client, "bob@example.test").await.access_token;
    for id in ["t-1", "t-2"] {
        enter(&world.app, &visit(Some(id), Some(&ann))).await.unwrap();
    }
    enter(&world.app, &visit(Some("t-1"), Some(&bob))).await.unwrap();
    let of_ann = sessions(&world, &of_email(&world, "ann@example.test").await).await.len();
    assert_eq!(of_ann, 2, "both stories");
    assert_eq!(
        sessions(&world, &of_email(&world, "bob@example.test").await).await.len(),
        1,
        "bob gets nothing of ann's"
    );
    switch(&world, "none", None).await;
    let count = users(&world).await.len();
    for id in ["t-1", "t-2"] {
        enter(&world.app, &visit(Some(id), None)).await.unwrap();
    }
    assert_eq!(users(&world).await.len(), count, "neither name makes somebody new");
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());

    let person = of_email(&world, "ann@example.test").await;
    world.call("mcpServers.deleteUsers", &world.ours.vouched, json!({ "userIds": [person["id"]] })).await.unwrap();
    assert_eq!(world.count("select count(*) from mcp_users where tracking_id like 't-%'").await, 0, "with every name");
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn runs_of_both_are_kept_in_their_order() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let token = signed_in(&world, &at, &client, "ann@example.test").await.access_token;
    let guest = enter(&world.app, &visit(None, Some(&token))).await.unwrap();
    for _ in 0..2 {
        tool(&world.app, &guest, "start_walkthrough", json!({ "restart": true })).await;
    }
    tracked_story(&world, "t-1").await;
    enter(&world.app, &visit(Some("t-1"), Some(&token))).await.unwrap();
    let ann = of_email(&world, "ann@example.test").await;
    let attempts = world
        .lines(
            "select cast(r.attempt as text) from walkthrough_runs r join mcp_users u on u.id = r.mcp_user_id
             where u.email = $1 order by r.attempt",
            ann["email"].as_str().unwrap(),
        )
        .await;
    assert_eq!(attempts, ["1", "2", "3"]);
    let guest = enter(&world.app, &visit(None, Some(&token))).await.unwrap();
    let next = tool(&world.app, &guest, "get_next_step", json!({})).await;
    assert!(
        next.text.contains(&world.ours.steps[1].id.to_string()),
        "goes on where the page's reader was: {}",
        next.text
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn merging_while_calls_come_in_loses_none_that_was_acknowledged() {
    let world = platform().await;
    switch(&world, "none", None).await;
    let nodes = [world.app.clone(), world.another_node().await];
    let at = {
        switch(&world, "platform_oauth", None).await;
        at(&world, SLUG).await
    };
    let client = client(&world, &at).await;
    let token = signed_in(&world, &at, &client, "ann@example.test").await.access_token;
    switch(&world, "none", None).await;
    // Let in while nobody had to sign in; calling on while the same person signs in elsewhere.
    let weak = enter(&world.app, &visit(Some("t-1"), None)).await.unwrap();
    switch(&world, "platform_oauth", None).await;
    let mut callers = tokio::task::JoinSet::new();
    for n in 0..4 {
        let (app, weak, strong) = (nodes[n % 2].clone(), weak.clone(), visit(Some("t-1"), Some(&token)));
        callers.spawn(async move {
            let (mut kept, mut lost) = (0, 0);
            for turn in 0..10 {
                let guest = if (n + turn) % 2 == 0 { Ok(weak.clone()) } else { enter(&app, &strong).await };
                let Ok(guest) = guest else { continue };
                let tools = guildhall_catalogue::tools();
                match tools.get("get_next_step").unwrap().call(&app, &guest, json!({})).await {
                    Ok(_) => kept += 1,
                    Err(Error::Unavailable | Error::Internal(_)) => lost += 1, // told so, and not done
                    Err(error) => panic!("{error:?}"),
                }
            }
            (kept, lost)
        });
    }
    let done = callers.join_all().await;
    let acknowledged: i64 = done.iter().map(|(kept, _)| kept).sum();
    let ann = of_email(&world, "ann@example.test").await;
    let visits = sessions(&world, &ann).await;
    let calls: i64 = visits.iter().map(|visit| visit["toolCallCount"].as_i64().unwrap()).sum();
    assert_eq!(calls, acknowledged, "{done:?}");
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
}
