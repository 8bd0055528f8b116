//! The chart, exactly.

use std::time::Duration;

use guildhall_domain::Timestamp;
use guildhall_services::ports::Clock;
use guildhall_tests::{Visiting, World};
use serde_json::{Value, json};

const HOUR: u64 = 3600;

pub(super) async fn chart(world: &World, range: &str) -> Value {
    world.call("toolCalls.getChart", &world.ours.vouched, json!({ "timeRange": range })).await.unwrap()
}

fn sum(chart: &Value, key: &str) -> i64 {
    chart["data"].as_array().unwrap().iter().map(|point| point[key].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn an_organization_without_data_gets_every_bucket_with_no_connections() {
    let world = World::new().await;
    let caller = guildhall_services::Caller::nobody();
    let input = json!({ "email": "new@example.test", "password": World::PASSWORD });
    let made = world.call("auth.signUp", &caller, input).await.unwrap();
    let caller = guildhall_services::Caller::bearer(made["session"]["accessToken"].as_str().unwrap().to_owned());
    for (range, buckets) in [("1h", 12), ("1d", 24), ("1w", 7), ("1m", 30)] {
        let chart = world.call("toolCalls.getChart", &caller, json!({ "timeRange": range })).await.unwrap();
        assert_eq!((chart["data"].as_array().unwrap().len(), &chart["toolNames"]), (buckets, &json!([])));
        assert_eq!(sum(&chart, "mcp_connections"), 0);
        assert_eq!(chart["connectionTypes"], json!(["mcp_connections"]));
        assert!(chart["data"][0].as_object().unwrap().keys().eq(["date", "mcp_connections"]));
    }
}

#[tokio::test]
async fn calls_and_people_fall_into_the_buckets_of_their_time() {
    let world = World::new().await;
    let midnight = Timestamp::from_millis(1_781_568_000_000);
    // Two days before midnight, an hour before, and just after.
    for (seconds, person) in [(46 * HOUR, "ann"), (47 * HOUR, "bob"), (48 * HOUR + 60, "ann")] {
        world.clock.set(midnight.minus(Duration::from_secs(48 * HOUR)).plus(Duration::from_secs(seconds)));
        Visiting::tracked(&world.app, "ours-server", person).await.tool("get_next_step", json!({})).await;
    }
    let day = chart(&world, "1d").await;
    let last = |back: usize| day["data"].as_array().unwrap().iter().rev().nth(back).unwrap().clone();
    assert_eq!(last(0)["date"], json!(world.clock.now().floor(3_600_000)), "the last bucket holds now");
    assert_eq!((&last(0)["get_next_step"], &last(0)["mcp_connections"]), (&json!(1), &json!(1)));
    assert_eq!((&last(1)["get_next_step"], &last(1)["mcp_connections"]), (&json!(1), &json!(1)), "the hour before");
    assert_eq!(last(3)["get_next_step"], 0, "a tool that occurs anywhere is 0 elsewhere");

    let week = chart(&world, "1w").await;
    let by_day: Vec<(i64, i64)> = week["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|point| (point["get_next_step"].as_i64().unwrap(), point["mcp_connections"].as_i64().unwrap()))
        .collect();
    assert_eq!(by_day[5..], [(2, 3), (1, 1)], "the world's own reader came that day too; days begin at midnight UTC");
}

#[tokio::test]
async fn somebody_counts_once_a_bucket_however_often_and_wherever_it_connects() {
    let world = World::new().await;
    let before = sum(&chart(&world, "1h").await, "mcp_connections");
    world.ok("mcpServers.create", json!({ "name": "Second", "slug": "second-server" })).await;
    for slug in ["ours-server", "second-server", "ours-server"] {
        let tracking_id = Some("ann".parse().unwrap());
        let visit = guildhall_services::Visit { slug: slug.to_owned(), tracking_id, session_key: None, token: None };
        let visitor = world.app.greet(&visit).await.unwrap();
        world.app.connect(&visitor, &guildhall_services::Client::default()).await.unwrap();
    }
    assert_eq!(sum(&chart(&world, "1h").await, "mcp_connections"), before + 1);
    let servers = world.ok("mcpServers.list", json!({})).await;
    for (server, people) in [(&servers[0], 2), (&servers[1], 1)] {
        let input = json!({ "timeRange": "1m", "serverId": server["id"] });
        let chart = world.ok("toolCalls.getChart", input).await;
        assert_eq!(sum(&chart, "mcp_connections"), people, "by server");
    }
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn charts_of_all_ranges_agree_with_the_rows() {
    let world = World::new().await;
    for n in 0..5 {
        let visiting = Visiting::tracked(&world.app, "ours-server", &format!("p{}", n % 2)).await;
        visiting.tool("get_next_step", json!({})).await;
        world.clock.advance(Duration::from_secs(200));
    }
    for range in ["1h", "1d", "1w", "1m"] {
        let chart = chart(&world, range).await;
        assert_eq!(chart["toolNames"], json!(["get_next_step", "get_support", "start_walkthrough"]));
        assert_eq!((sum(&chart, "get_next_step"), sum(&chart, "get_support")), (5, 1), "{range}");
    }
}
