//! How many statements the hot procedures need, admission included.

use guildhall_tests::{Visiting, World};
use serde_json::json;

use super::examples::required;

#[tokio::test]
async fn hot_queries_need_three_statements_at_the_most() {
    let world = World::new().await;
    let chart = json!({ "timeRange": "1m" });
    let of = |name: &str| required(name, &world.ours, 1);
    for (name, input, most) in [
        ("toolCalls.getChart", chart, 3),
        ("sessions.getToolCalls", of("sessions.getToolCalls"), 3),
        ("supportTickets.getWithMcpUser", of("supportTickets.getWithMcpUser"), 2),
        ("sessions.list", of("sessions.list"), 2),
        ("supportTickets.list", of("supportTickets.list"), 3),
    ] {
        let (answer, statements) = world.statements(world.call(name, &world.ours.owner, input)).await;
        assert!(answer.is_ok());
        assert!(statements <= most, "{name} needs {statements} statements");
    }
}

#[tokio::test]
async fn a_tool_call_needs_six_statements_at_the_most() {
    let world = World::new().await;
    let slug = world.ours.server.slug.as_str();
    Visiting::tracked(&world.app, slug, "counted").await.tool("start_walkthrough", json!({})).await;
    for (index, step) in world.ours.steps.iter().enumerate() {
        let call = async {
            let visiting = Visiting::tracked(&world.app, slug, "counted").await;
            visiting.tool("get_next_step", json!({ "currentStepId": step.id })).await
        };
        let (answer, statements) = world.statements(call).await;
        assert!(!answer.is_error);
        assert!(statements <= 6, "step {index} needs {statements} statements");
    }
}
