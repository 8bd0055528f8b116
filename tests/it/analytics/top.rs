//! What is used most, and by whom.

use std::{cmp::Reverse, collections::BTreeMap};

use guildhall_repositories::NewCall;
use guildhall_tests::{Side, World};
use serde_json::{Value, json};

use super::crowd::{Crowd, Dice, RANGES, later, span};

async fn top(world: &World, side: &Side, name: &str, input: Value) -> Value {
    world.call(name, &side.vouched, input).await.unwrap()
}

/// Calls and failures by `key`, the most calls first, of equals the least key.
#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn plainly<K: Ord + Clone>(calls: &[&NewCall], key: impl Fn(&NewCall) -> K) -> Vec<(K, Value)> {
    let mut counts: BTreeMap<K, (i64, i64)> = BTreeMap::new();
    for call in calls {
        let count = counts.entry(key(call)).or_default();
        *count = (count.0 + 1, count.1 + i64::from(call.is_error));
    }
    let mut sorted: Vec<(K, (i64, i64))> = counts.into_iter().collect();
    sorted.sort_by_key(|(key, (calls, _))| (Reverse(*calls), key.clone()));
    let figures = |(calls, errors): (i64, i64)| json!({ "calls": calls, "errors": errors, "errorRate": errors as f64 / calls as f64 });
    sorted.into_iter().map(|(key, counts)| (key, figures(counts))).collect()
}

fn figures(top: &Value) -> Value {
    json!({ "calls": top["calls"], "errors": top["errors"], "errorRate": top["errorRate"] })
}

async fn compare(world: &World, side: &Side, crowd: &Crowd, now: i64) {
    for range in RANGES {
        let (_, from, until) = span(now, range);
        let calls: Vec<_> = crowd.calls.iter().filter(|call| (from..until).contains(&call.at.millis())).collect();
        for limit in [1, 3, 100] {
            let input = json!({ "timeRange": range.0, "limit": limit });
            let tools = top(world, side, "analytics.getTopTools", input.clone()).await;
            let seen: Vec<_> = tools.as_array().unwrap().iter().map(|t| (t["toolName"].clone(), figures(t))).collect();
            let expected = plainly(&calls, |call| call.tool_name.clone());
            // Databases sort punctuation differently: of equals only how many there are is compared.
            let counts =
                |all: &[(Value, Value)]| all.iter().map(|(_, counts)| counts["calls"].clone()).collect::<Vec<_>>();
            let expected: Vec<_> = expected.into_iter().map(|(tool, counts)| (json!(tool), counts)).collect();
            assert_eq!(counts(&seen), counts(&expected[..limit.min(expected.len())]), "{}", range.0);
            assert!(seen.iter().all(|tool| expected.contains(tool)), "{}", range.0);

            let users = top(world, side, "analytics.getTopUsers", input).await;
            let users = users.as_array().unwrap();
            let seen: Vec<_> = users.iter().map(|u| (u["mcpUser"]["id"].clone(), figures(u))).collect();
            let expected = plainly(&calls, |call| call.person.uuid());
            let id = |uuid| json!(guildhall_domain::Id::<guildhall_domain::id::McpUser>::from_uuid(uuid));
            let expected: Vec<_> = expected.into_iter().take(limit).map(|(user, counts)| (id(user), counts)).collect();
            assert_eq!(seen, expected, "{}", range.0);
            assert!(users.iter().all(|user| user["mcpUser"]["trackingId"].as_str().unwrap().starts_with("crowd")));
        }
    }
}

#[tokio::test]
async fn what_is_used_most_is_what_the_rows_say() {
    for seed in 11..=13 {
        let world = World::new().await;
        let (now, mut dice) = (later(&world), Dice(seed));
        let ours = Crowd::gather(&world, &world.ours, &mut dice).await;
        let theirs = Crowd::gather(&world, &world.theirs, &mut dice).await;
        compare(&world, &world.ours, &ours, now).await;
        compare(&world, &world.theirs, &theirs, now).await;
        let ten = top(&world, &world.ours, "analytics.getTopUsers", json!({ "timeRange": "1m" })).await;
        assert_eq!(ten.as_array().unwrap().len(), 10, "where nothing is said");
    }
}

#[tokio::test]
async fn whoever_turned_out_to_be_somebody_is_one_with_them() {
    let world = World::new().await;
    let (now, mut dice) = (later(&world), Dice(21));
    let mut crowd = Crowd::gather(&world, &world.ours, &mut dice).await;
    let (from, into) = (crowd.people[3].id, crowd.people[4].id);
    let access = world.database.write().await.unwrap();
    let users = access.tenant(world.ours.organization.id).mcp_users();
    assert!(users.merge(from, into, dice.id()).await.unwrap());
    access.commit().await.unwrap();

    for call in crowd.calls.iter_mut().filter(|call| call.person == from) {
        call.person = into;
    }
    compare(&world, &world.ours, &crowd, now).await;
}
