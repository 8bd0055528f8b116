//! A walkthrough's steps are in one order, whoever writes at the same moment; what is deleted stays so.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use guildhall_domain::Error;
use guildhall_tests::World;
use serde_json::{Value, json};

use super::arena::{Arena, FEW, overlap, racer, rounds};

/// The places of a walkthrough's steps must be 0, 1, 2 and so on; its steps' ids.
fn dense(found: &Value) -> Vec<Value> {
    let steps = found["steps"].as_array().unwrap();
    let places: Vec<i64> = steps.iter().map(|step| step["displayOrder"].as_i64().unwrap()).collect();
    assert!(places.iter().copied().eq(0..i64::try_from(steps.len()).unwrap()), "{places:?}");
    steps.iter().map(|step| step["id"].clone()).collect()
}

/// A draft with so many steps.
async fn draft(world: &World, steps: usize) -> Value {
    let step = |n: usize| json!({ "title": format!("{n}"), "displayOrder": n, "contentFields": { "version": "v1" } });
    let document = json!({ "version": "1.0", "exportedAt": "2026-01-01T00:00:00.000Z",
        "walkthrough": { "title": "Contested", "type": "course", "status": "draft" },
        "steps": (0..steps).map(step).collect::<Vec<_>>() });
    let made = world.ok("walkthrough.import", json!({ "document": document })).await;
    world.ok("walkthrough.get", json!({ "walkthroughId": made["id"] })).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_order_of_steps_stays_dense_and_without_ties_while_a_hundred_change_it() {
    let world = Arc::new(World::new().await);
    let nodes = [world.app.clone(), world.another_node().await];
    let before = draft(&world, 40).await;
    let (id, first) = (before["id"].clone(), dense(&before));
    let owner = &world.ours.owner;
    let rotated = |n: usize| {
        let mut order = first.clone();
        order.rotate_left(n % 40);
        order
    };
    let racers = (0..100).map(|n| match n % 10 {
        0 | 3 | 6 | 9 => {
            racer(owner, "walkthrough.createStep", json!({ "walkthroughId": id, "title": format!("new {n}") }))
        }
        1 | 4 | 7 => racer(owner, "walkthrough.deleteStep", json!({ "stepId": first[n / 10 * 3 + n % 10 / 3] })),
        _ => racer(owner, "walkthrough.reorderSteps", json!({ "walkthroughId": id, "stepIds": rotated(n) })),
    });
    let (racers, over) = (racers.collect(), Arc::new(AtomicBool::new(false)));
    let looking = tokio::spawn({
        let (world, over, id) = (world.clone(), over.clone(), id.clone());
        async move {
            let mut looks = 0;
            while !over.load(Ordering::SeqCst) {
                dense(&world.ok("walkthrough.get", json!({ "walkthroughId": id })).await);
                looks += 1;
            }
            looks
        }
    });

    let answers = overlap(&world, &nodes, 0, racers).await;

    over.store(true, Ordering::SeqCst);
    assert!(looking.await.unwrap() > 0, "nobody ever saw half an order");
    let mut counts = [0; 3];
    for (n, answer) in answers.iter().enumerate() {
        match (n % 10, answer) {
            (0 | 3 | 6 | 9, Ok(_)) => counts[0] += 1,
            (1 | 4 | 7, Ok(_)) => counts[1] += 1,
            // In the order of the steps there were, or refused because there are others by now.
            (2 | 5 | 8, Ok(_) | Err(Error::BadRequest(_))) => counts[2] += 1,
            _ => panic!("{n}: {answer:?}"),
        }
    }
    assert_eq!(counts, [40, 30, 30]);
    let after = world.ok("walkthrough.get", json!({ "walkthroughId": id })).await;
    let left = dense(&after);
    assert_eq!((left.len(), &after["stepCount"]), (50, &json!(50)));
    assert!((0..30).all(|n| !left.contains(&first[n])) && (30..40).all(|n| left.contains(&first[n])));

    // Only orders, and all of them fit.
    let racers = (0..100).map(|n| {
        let mut order = left.clone();
        order.rotate_left(n % 50);
        racer(owner, "walkthrough.reorderSteps", json!({ "walkthroughId": id, "stepIds": order }))
    });
    let answers = overlap(&world, &nodes, 1, racers.collect()).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let last = dense(&world.ok("walkthrough.get", json!({ "walkthroughId": id })).await);
    let start = left.iter().position(|step| *step == last[0]).unwrap();
    assert!((0..50).all(|n| last[n] == left[(start + n) % 50]), "one of the orders as a whole");
}

/// One call on a draft of two steps while another deletes it.
fn against_delete(pair: &str, name: &'static str, ends: &[&str], input: impl Fn(&Arena, &Value) -> Value) {
    rounds(pair, FEW, async |arena| {
        let draft = draft(&arena.world, 2).await;
        let owner = &arena.world.ours.owner;
        let delete = racer(owner, "walkthrough.delete", json!({ "walkthroughId": draft["id"] }));
        arena.at_once([delete, racer(owner, name, input(arena, &draft))], ends).await;
        let left = arena.world.call("walkthrough.get", owner, json!({ "walkthroughId": draft["id"] })).await;
        arena.expect(matches!(left, Err(Error::NotFound(_))), "a deleted walkthrough is there");
    });
}

#[test]
fn a_step_is_added_before_its_walkthrough_is_deleted_or_not_at_all() {
    against_delete(
        "walkthrough.delete x createStep",
        "walkthrough.createStep",
        &["ok, ok", "ok, no walkthrough"],
        |_, draft| json!({ "walkthroughId": draft["id"], "title": "late" }),
    );
}

#[test]
fn a_step_is_deleted_by_itself_or_with_its_walkthrough() {
    against_delete(
        "walkthrough.delete x deleteStep",
        "walkthrough.deleteStep",
        &["ok, ok", "ok, no step"],
        |_, draft| json!({ "stepId": draft["steps"][0]["id"] }),
    );
}

#[test]
fn a_walkthrough_is_deleted_once() {
    against_delete(
        "walkthrough.delete x delete",
        "walkthrough.delete",
        &["ok, no walkthrough", "no walkthrough, ok"],
        |_, draft| json!({ "walkthroughId": draft["id"] }),
    );
}

#[test]
fn a_server_does_not_offer_what_is_deleted() {
    against_delete(
        "walkthrough.delete x assignToServer",
        "walkthrough.assignToServer",
        &["ok, ok", "ok, no walkthrough"],
        |arena, draft| {
            let places = json!([{ "walkthroughId": draft["id"] }]);
            json!({ "serverId": arena.world.ours.server.id, "walkthroughs": places })
        },
    );
}

#[test]
fn of_two_who_delete_one_step_one_has_done_it() {
    rounds("walkthrough.deleteStep x deleteStep", FEW, async |arena| {
        let draft = draft(&arena.world, 3).await;
        let delete =
            || racer(&arena.world.ours.owner, "walkthrough.deleteStep", json!({ "stepId": draft["steps"][0]["id"] }));
        arena.at_once([delete(), delete()], &["ok, no step", "no step, ok"]).await;
        let left = arena.world.ok("walkthrough.get", json!({ "walkthroughId": draft["id"] })).await;
        arena.expect(dense(&left).len() == 2 && left["stepCount"] == 2, "a step too few or too many");
    });
}
