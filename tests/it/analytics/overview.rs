//! The overview, and the chart beside it.

use std::collections::BTreeSet;

use guildhall_domain::Timestamp;
use guildhall_tests::{Side, World};
use serde_json::{Value, json};

use super::crowd::{Crowd, Dice, RANGES, later, span};

async fn overview(world: &World, side: &Side, range: &str) -> Value {
    world.call("analytics.getOverview", &side.vouched, json!({ "timeRange": range })).await.unwrap()
}

/// A duration that at least so many of 100 did not exceed, to two digits.
fn percentile(durations: &[i64], percent: usize) -> Value {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    let Some(place) = (sorted.len() * percent).div_ceil(100).checked_sub(1) else { return Value::Null };
    let exact = sorted[place].to_string();
    let (kept, cut) = exact.split_at(exact.len().min(2));
    json!(format!("{kept}{}", "0".repeat(cut.len())).parse::<i64>().unwrap())
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn plainly(crowd: &Crowd, from: i64, until: i64) -> Value {
    let within = |at: i64| (from..until).contains(&at);
    let calls: Vec<_> = crowd.calls.iter().filter(|call| within(call.at.millis())).collect();
    let errors = calls.iter().filter(|call| call.is_error).count();
    let visits: Vec<_> = crowd.visits.iter().filter(|visit| within(visit.at)).collect();
    let durations: Vec<i64> = calls.iter().map(|call| call.duration_ms).collect();
    json!({
        "calls": calls.len(),
        "users": visits.iter().map(|visit| &visit.identity).collect::<BTreeSet<_>>().len(),
        "sessions": visits.len(),
        "ticketsOpened": crowd.opened.iter().filter(|at| within(**at)).count(),
        "ticketsResolved": crowd.resolved.iter().filter(|at| within(**at)).count(),
        "errorRate": if calls.is_empty() { Value::Null } else { json!(errors as f64 / calls.len() as f64) },
        "medianDurationMs": percentile(&durations, 50),
        "p95DurationMs": percentile(&durations, 95),
    })
}

fn compare(seen: &Value, crowd: &Crowd, now: i64, range: (&str, i64, i64)) {
    let (before, from, until) = span(now, range);
    let (current, previous) = (plainly(crowd, from, until), plainly(crowd, before, from));
    assert_eq!(seen.as_object().unwrap().len(), current.as_object().unwrap().len());
    for (figure, both) in seen.as_object().unwrap() {
        assert_eq!(both["current"], current[figure], "{} {figure}", range.0);
        assert_eq!(both["previous"], previous[figure], "{} {figure} before", range.0);
    }
}

#[tokio::test]
async fn every_figure_is_what_the_rows_say_and_nobody_elses_rows_count() {
    for seed in 1..=3 {
        let world = World::new().await;
        let (now, mut dice) = (later(&world), Dice(seed));
        let ours = Crowd::gather(&world, &world.ours, &mut dice).await;
        let mut before = Vec::new();
        for range in RANGES {
            before.push(overview(&world, &world.ours, range.0).await);
        }
        let theirs = Crowd::gather(&world, &world.theirs, &mut dice).await;
        for (range, before) in RANGES.into_iter().zip(before) {
            let after = overview(&world, &world.ours, range.0).await;
            assert_eq!(after, before, "theirs changed ours");
            compare(&after, &ours, now, range);
            compare(&overview(&world, &world.theirs, range.0).await, &theirs, now, range);
        }
    }
}

#[tokio::test]
async fn the_chart_is_what_the_rows_say_whatever_tools_are_called() {
    let world = World::new().await;
    let now = later(&world);
    let crowd = Crowd::gather(&world, &world.ours, &mut Dice(7)).await;
    Crowd::gather(&world, &world.theirs, &mut Dice(8)).await;
    let label = |tool: &str| match tool {
        "date" | "mcp_connections" | "tool:date" | "tool:mcp_connections" => format!("tool:{tool}"),
        other => other.to_owned(),
    };
    for server in [None, Some(crowd.servers[0]), Some(crowd.servers[1])] {
        let here = |at| server.is_none_or(|server| server == at);
        for range @ (name, width, buckets) in RANGES {
            let mut input = json!({ "timeRange": name });
            if let Some(server) = server {
                input["serverId"] = json!(server);
            }
            let chart = world.call("toolCalls.getChart", &world.ours.vouched, input).await.unwrap();
            let (_, from, until) = span(now, range);
            let calls = || crowd.calls.iter().filter(|call| here(call.server));
            let within = calls().filter(|call| (from..until).contains(&call.at.millis()));
            let tools: BTreeSet<String> = within.map(|call| call.tool_name.clone()).collect();
            let labels: BTreeSet<String> = tools.iter().map(|tool| label(tool)).collect();
            assert_eq!(labels.len(), tools.len(), "no two have one name");
            assert_eq!(chart["toolNames"], json!(labels));
            assert_eq!(chart["data"].as_array().unwrap().len(), usize::try_from(buckets).unwrap());
            for (n, point) in (0..).zip(chart["data"].as_array().unwrap()) {
                let start = from + n * width;
                let inside = |at: i64| (start..start + width).contains(&at);
                let visits = crowd.visits.iter().filter(|visit| here(visit.server) && inside(visit.at));
                let people: BTreeSet<&String> = visits.map(|visit| &visit.identity).collect();
                let mut expected = json!({ "date": Timestamp::from_millis(start), "mcp_connections": people.len() });
                for tool in &tools {
                    let of_it = calls().filter(|call| call.tool_name == *tool && inside(call.at.millis()));
                    expected[label(tool)] = json!(of_it.count());
                }
                assert_eq!(*point, expected, "{name}");
            }
        }
    }
}

#[tokio::test]
async fn where_nothing_happened_there_is_no_rate_and_no_duration() {
    let world = World::new().await;
    later(&world);
    for (range, ..) in RANGES {
        let seen = overview(&world, &world.ours, range).await;
        for figure in ["calls", "users", "sessions", "ticketsOpened", "ticketsResolved"] {
            assert_eq!(seen[figure], json!({ "current": 0, "previous": 0 }));
        }
        for figure in ["errorRate", "medianDurationMs", "p95DurationMs"] {
            assert_eq!(seen[figure], json!({ "current": null, "previous": null }));
        }
        for name in ["analytics.getTopTools", "analytics.getTopUsers"] {
            let top = world.call(name, &world.ours.vouched, json!({ "timeRange": range })).await.unwrap();
            assert_eq!(top, json!([]));
        }
    }
}
