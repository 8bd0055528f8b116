//! Counters that are wrong are found and made right, and a schema that goes down and up again counts the same.

use guildhall_migrations::Migrator;
use guildhall_services::Caller;
use guildhall_tests::{Visiting, World};
use sea_orm_migration::MigratorTrait;
use serde_json::{Value, json};

const NONE: Vec<String> = Vec::new();

async fn busy() -> World {
    let world = World::new().await;
    for (slug, person) in [("ours-server", "ann"), ("ours-server", "bob"), ("theirs-server", "eve")] {
        let visiting = Visiting::tracked(&world.app, slug, person).await;
        visiting.tool("get_next_step", json!({})).await;
        visiting.tool("start_walkthrough", json!({})).await;
    }
    world
}

async fn chart(world: &World, caller: &Caller) -> Value {
    world.call("toolCalls.getChart", caller, json!({ "timeRange": "1d" })).await.unwrap()
}

#[tokio::test]
async fn counters_that_are_wrong_are_named_and_made_right() {
    let world = busy().await;
    assert_eq!(world.app.rebuild_counters().await.unwrap(), NONE);
    let (ours, theirs) = (chart(&world, &world.ours.vouched).await, chart(&world, &world.theirs.vouched).await);
    for (sql, kind) in [
        ("update tool_counts set calls = calls + 7", "calls "),
        ("update tool_counts set errors = errors + 1 where server_id is null", "calls "),
        ("delete from duration_counts", "durations "),
        ("update person_days set visits = 0, errors = 3", "days of people "),
        ("delete from connection_marks", "marks "),
        ("update connection_counts set visits = visits + 1", "connections "),
        ("update mcp_sessions set tool_call_count = 99", "calls of visits "),
    ] {
        assert!(world.tamper(sql).await > 0, "{sql}");

        let found = world.app.recount(world.ours.organization.id).await.unwrap();
        let mended = world.app.rebuild_counters().await.unwrap();

        assert!(found.iter().any(|line| line.starts_with(kind)), "{sql}: {found:?}");
        for side in [&world.ours, &world.theirs] {
            let id = side.organization.id.to_string();
            assert!(mended.iter().any(|line| line.starts_with(&format!("{id}: {kind}"))), "{sql}: {mended:?}");
            assert_eq!(world.app.recount(side.organization.id).await.unwrap(), NONE, "{sql}");
        }
    }
    assert_eq!(chart(&world, &world.ours.vouched).await, ours);
    assert_eq!(chart(&world, &world.theirs.vouched).await, theirs);
    // What counts goes on from there.
    let visiting = Visiting::tracked(&world.app, "ours-server", "ann").await;
    visiting.tool("get_next_step", json!({})).await;
    assert_eq!(world.app.rebuild_counters().await.unwrap(), NONE);
}

#[tokio::test]
async fn a_call_before_those_that_are_kept_stays_counted_when_it_goes() {
    let world = busy().await;
    let before = chart(&world, &world.ours.vouched).await;
    world.tamper("update retained set calls_since = 4000000000000").await;
    world.tamper("delete from tool_calls").await;
    assert_eq!(chart(&world, &world.ours.vouched).await, before);
    assert_eq!(world.app.rebuild_counters().await.unwrap(), NONE);
    assert_eq!(chart(&world, &world.ours.vouched).await, before, "nothing is left to count it again from");
}

#[tokio::test]
async fn a_schema_that_goes_down_and_up_again_counts_the_same() {
    let world = busy().await;
    let before = chart(&world, &world.ours.vouched).await;
    let writer = world.database.writer();
    let later = u32::try_from(Migrator::migrations().len()).unwrap() - FIGURES;

    Migrator::down(writer, Some(later)).await.unwrap();
    Migrator::up(writer, None).await.unwrap();
    assert_eq!(chart(&world, &world.ours.vouched).await, before);
    assert_eq!(world.app.rebuild_counters().await.unwrap(), NONE);

    Migrator::down(writer, None).await.unwrap();
    assert_eq!(Migrator::get_applied_migrations(writer).await.unwrap().len(), 0);
    Migrator::up(writer, None).await.unwrap();
    assert!(world.app.is_new().await.unwrap(), "nothing was left");
}

/// How many migrations come before the one that made what every figure reads.
const FIGURES: u32 = 14;
