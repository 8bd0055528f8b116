//! The list of calls.

use std::cmp::Reverse;

use guildhall_domain::{Error, Resource, Timestamp};
use guildhall_repositories::NewCall;
use guildhall_tests::World;
use serde_json::{Value, json};

use super::crowd::{Crowd, DAY, Dice, later};

async fn page(world: &World, input: &Value) -> Value {
    world.call("toolCalls.list", &world.ours.vouched, input.clone()).await.unwrap()
}

async fn ids(world: &World, mut input: Value, limit: usize) -> Vec<Value> {
    input["limit"] = json!(limit);
    let mut seen = Vec::new();
    loop {
        let page = page(world, &input).await;
        assert!(page["items"].as_array().unwrap().len() <= limit);
        seen.extend(page["items"].as_array().unwrap().iter().map(|call| call["id"].clone()));
        if page["nextCursor"].is_null() {
            return seen;
        }
        input["cursor"] = page["nextCursor"].clone();
    }
}

fn plainly(crowd: &Crowd, fits: impl Fn(&NewCall) -> bool) -> Vec<Value> {
    let mut calls: Vec<&NewCall> = crowd.calls.iter().filter(|call| fits(call)).collect();
    calls.sort_by_key(|call| Reverse((call.at, call.id.uuid())));
    calls.into_iter().map(|call| json!(call.id)).collect()
}

#[tokio::test]
async fn every_filter_finds_what_the_rows_say_the_last_begun_first() {
    let world = World::new().await;
    let now = later(&world);
    let crowd = Crowd::gather(&world, &world.ours, &mut Dice(71)).await;
    Crowd::gather(&world, &world.theirs, &mut Dice(72)).await;
    let since = now - 60 * DAY; // later than the world's own calls
    let (server, person, to) = (crowd.servers[1], crowd.people[2].id, now - DAY);
    let at = |at: i64| Timestamp::from_millis(at);
    let lately = |call: &NewCall| call.at >= at(since);

    let found = [
        (json!({}), plainly(&crowd, lately)),
        (json!({ "serverId": server }), plainly(&crowd, |call| lately(call) && call.server == server)),
        (json!({ "mcpUserId": person }), plainly(&crowd, |call| lately(call) && call.person == person)),
        (json!({ "toolName": "date" }), plainly(&crowd, |call| lately(call) && call.tool_name == "date")),
        (json!({ "toolName": "never" }), vec![]),
        (json!({ "isError": true }), plainly(&crowd, |call| lately(call) && call.is_error)),
        (json!({ "isError": false }), plainly(&crowd, |call| lately(call) && !call.is_error)),
        (json!({ "to": to }), plainly(&crowd, |call| lately(call) && call.at < at(to))),
        (json!({ "from": crowd.calls[4].at }), plainly(&crowd, |call| lately(call) && call.at >= crowd.calls[4].at)),
        (
            json!({ "serverId": server, "mcpUserId": person, "isError": false, "to": to }),
            plainly(&crowd, |call| {
                lately(call) && call.server == server && call.person == person && !call.is_error && call.at < at(to)
            }),
        ),
    ];

    for (mut filter, expected) in found {
        if filter["from"].is_null() {
            filter["from"] = json!(since);
        }
        for limit in [7, 100] {
            assert_eq!(ids(&world, filter.clone(), limit).await, expected, "{filter}");
        }
    }
}

#[tokio::test]
async fn a_call_is_listed_with_whose_it_is_and_without_its_payloads() {
    let world = World::new().await;
    let now = later(&world);
    let crowd = Crowd::gather(&world, &world.ours, &mut Dice(81)).await;
    let newest = crowd.calls.iter().filter(|call| call.at.millis() <= now).max_by_key(|call| (call.at, call.id.uuid()));
    let newest = newest.unwrap();

    let page = page(&world, &json!({ "limit": 1, "to": now + 1 })).await;

    let call = &page["items"][0];
    let server = world.call("mcpServers.get", &world.ours.vouched, json!({ "serverId": newest.server })).await.unwrap();
    assert_eq!(call["id"], json!(newest.id));
    assert_eq!(call["sessionId"], json!(newest.visit));
    assert_eq!((&call["toolName"], &call["isError"]), (&json!(newest.tool_name), &json!(newest.is_error)));
    assert_eq!((&call["durationMs"], &call["createdAt"]), (&json!(newest.duration_ms), &json!(newest.at)));
    assert_eq!(
        [&call["serverId"], &call["serverName"], &call["serverSlug"]],
        ["id", "name", "slug"].map(|k| &server[k])
    );
    let users = json!({ "search": call["mcpUser"]["trackingId"] });
    let users = world.call("mcpServers.listUsers", &world.ours.vouched, users).await.unwrap();
    assert!(users["items"].as_array().unwrap().contains(&call["mcpUser"]));
    assert_eq!(call["mcpUser"]["id"], json!(newest.person));
    assert!(!page.to_string().contains("payload"));
}

#[tokio::test]
async fn pages_stay_as_they_are_while_calls_come_in() {
    let world = World::new().await;
    let now = later(&world);
    let mut dice = Dice(91);
    let crowd = Crowd::gather(&world, &world.ours, &mut dice).await;
    let mut input = json!({ "limit": 10, "from": now - 60 * DAY });
    let (mut seen, mut came) = (Vec::new(), Vec::new());

    loop {
        let page = page(&world, &input).await;
        seen.extend(page["items"].as_array().unwrap().iter().map(|call| call["id"].clone()));
        if page["nextCursor"].is_null() {
            break;
        }
        input["cursor"] = page["nextCursor"].clone();
        // One now, one that was begun when another was, and one long ago.
        let same = crowd.calls[came.len()].at.millis();
        let fresh: Vec<NewCall> = [now, same, now - 59 * DAY].into_iter().map(|at| crowd.call(&mut dice, at)).collect();
        let access = world.database.write().await.unwrap();
        access.tenant(world.ours.organization.id).tool_calls().record(&fresh).await.unwrap();
        access.commit().await.unwrap();
        came.extend(fresh.into_iter().map(|call| json!(call.id)));
    }

    assert!(came.len() > 20, "the list had many pages");
    let (fresh, known): (Vec<Value>, Vec<Value>) = seen.into_iter().partition(|id| came.contains(id));
    assert_eq!(known, plainly(&crowd, |call| call.at.millis() >= now - 60 * DAY), "each once and in order");
    let mut once = fresh.clone();
    once.dedup();
    assert_eq!(once, fresh);
}

#[tokio::test]
async fn what_is_not_ours_is_not_found() {
    let world = World::new().await;
    later(&world);
    for (input, resource) in [
        (json!({ "serverId": world.theirs.server.id }), Resource::McpServer),
        (json!({ "mcpUserId": world.theirs.person }), Resource::McpUser),
        (json!({ "serverId": "srv_01jd0000000000000000000000" }), Resource::McpServer),
        (json!({ "mcpUserId": "mus_01jd0000000000000000000000" }), Resource::McpUser),
    ] {
        let refused = world.call("toolCalls.list", &world.ours.vouched, input.clone()).await.unwrap_err();
        assert!(matches!(&refused, Error::NotFound(missing) if *missing == resource), "{input} {refused:?}");
    }
    let chart = json!({ "timeRange": "1d", "serverId": world.theirs.server.id });
    let refused = world.call("toolCalls.getChart", &world.ours.vouched, chart).await.unwrap_err();
    assert!(matches!(refused, Error::NotFound(Resource::McpServer)));
}

#[tokio::test]
async fn very_many_tools_and_very_long_names_are_charted_one_by_one() {
    let world = World::new().await;
    let now = later(&world);
    let mut dice = Dice(101);
    let crowd = Crowd::gather(&world, &world.ours, &mut dice).await;
    let named =
        |n: usize, dice: &mut Dice| NewCall { tool_name: format!("{n}{}", "x".repeat(400)), ..crowd.call(dice, now) };
    let calls: Vec<NewCall> = (0..2_000).map(|n| named(n, &mut dice)).collect();
    let access = world.database.write().await.unwrap();
    access.tenant(world.ours.organization.id).tool_calls().record(&calls).await.unwrap();
    access.commit().await.unwrap();

    let chart = world.call("toolCalls.getChart", &world.ours.vouched, json!({ "timeRange": "1h" })).await.unwrap();

    let names = chart["toolNames"].as_array().unwrap();
    assert!(names.len() >= 2_000 && names.is_sorted_by_key(|name| name.as_str()));
    let last = chart["data"][11].as_object().unwrap();
    assert_eq!(last.len(), names.len() + 2);
    assert!(calls.iter().all(|call| last[&call.tool_name] == 1));
}
