//! Where people leave a walkthrough.

use std::collections::HashMap;

use guildhall_domain::{
    Id, Timestamp,
    event::{Actor, Audience, Event},
    id,
    walkthroughs::Walkthrough,
};
use guildhall_repositories::{Move, NewCompletion, NewEvent, NewRun};
use guildhall_tests::{Side, World};
use serde_json::{Value, json};
use uuid::Uuid;

use super::crowd::{DAY, Dice, RANGES, later, span};

const MINUTE: i64 = 60_000;

/// One person's way through.
#[derive(Debug, Default)]
struct Way {
    started: i64,
    done: HashMap<String, i64>,
}

async fn funnel(world: &World, input: Value) -> Value {
    world.call("analytics.getWalkthroughFunnel", &world.ours.vouched, input).await.unwrap()
}

/// A published walkthrough with so many steps, and their ids.
async fn walkthrough(world: &World, side: &Side, steps: usize) -> (Walkthrough, Vec<String>) {
    let new = json!({ "title": "Way", "type": "course", "isPublished": true });
    let made = world.call("walkthrough.create", &side.vouched, new).await.unwrap();
    let mut ids = Vec::new();
    for n in 0..steps {
        let new = json!({ "walkthroughId": made["id"], "title": format!("step {n}") });
        let step = world.call("walkthrough.createStep", &side.vouched, new).await.unwrap();
        ids.push(step["id"].as_str().unwrap().to_owned());
    }
    (serde_json::from_value(made).unwrap(), ids)
}

/// Writes down a way of somebody new.
async fn go(world: &World, side: &Side, dice: &mut Dice, walkthrough: &Walkthrough, way: &Way) {
    let access = world.database.write().await.unwrap();
    let tenant = access.tenant(side.organization.id);
    let started = Timestamp::from_millis(way.started);
    let person = tenant.visits().welcome(dice.id(), None, Some(dice.next().to_be_bytes().to_vec()), started).await;
    let (run, person) = (dice.id(), person.unwrap());
    let (walkthrough_id, mcp_user_id) = (walkthrough.id, person);
    let mut told = |at, event| {
        let (actor, audience) = (Actor::System, Audience::Organization(side.organization.id));
        NewEvent { id: dice.id(), actor, audience, event, at }
    };
    let new = NewRun { id: run, person, server: side.server.id, walkthrough: walkthrough_id, attempt: 1, at: started };
    let event = Event::WalkthroughStarted { walkthrough_id, mcp_user_id, restarted: false };
    let mut moves = vec![(Move::Began(new), told(started, event))];
    for (step, at) in &way.done {
        let (step, at) = (step.parse().unwrap(), Timestamp::from_millis(*at));
        let event = Event::StepCompleted { walkthrough_id, step_id: step, mcp_user_id, finished: false };
        moves.push((Move::Completed(NewCompletion { run, step, at }), told(at, event)));
    }
    tenant.recording().write(&[], &moves).await.unwrap();
    access.commit().await.unwrap();
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn plainly(ways: &[&Way], steps: &[String]) -> Vec<Value> {
    let figures = |(place, step): (usize, &String)| {
        let before = &steps[..place];
        let in_turn = |way: &&&Way| before.iter().all(|step| way.done.contains_key(step));
        let reached = ways.iter().filter(|way| in_turn(way) || way.done.contains_key(step)).count();
        let completed = ways.iter().filter(|way| way.done.contains_key(step)).count();
        let took = |way: &&Way| {
            let reached = before.iter().map(|step| way.done[step]).max().unwrap_or(way.started);
            Some(way.done.get(step)? - reached).filter(|took| *took >= 0)
        };
        let mut times: Vec<i64> = ways.iter().filter(in_turn).filter_map(took).collect();
        times.sort_unstable();
        let middle = times.len() / 2;
        let median = match times.len() {
            0 => None,
            n if n % 2 == 1 => Some(times[middle] as f64),
            _ => Some((times[middle - 1] + times[middle]) as f64 / 2.0),
        };
        let drop_off = (reached > 0).then(|| (reached - completed) as f64 / reached as f64);
        json!({ "stepId": step, "displayOrder": place, "reached": reached, "completed": completed,
            "medianMinutes": median.map(|median| median / 60_000.0), "dropOff": drop_off })
    };
    steps.iter().enumerate().map(figures).collect()
}

async fn compare(world: &World, ways: &[Way], walkthrough: &Walkthrough, steps: &[String], now: i64) {
    let spans = RANGES.map(|range| (Some(range.0), span(now, range).1, span(now, range).2));
    for (range, from, until) in spans.into_iter().chain([(None, i64::MIN, i64::MAX)]) {
        let mut input = json!({ "walkthroughId": walkthrough.id });
        if let Some(range) = range {
            input["timeRange"] = json!(range);
        }
        let seen = funnel(world, input).await;
        let begun: Vec<&Way> = ways.iter().filter(|way| (from..until).contains(&way.started)).collect();
        assert_eq!(seen["walkthrough"]["id"], json!(walkthrough.id));
        assert_eq!(seen["runs"], begun.len(), "{range:?}");
        let expected = plainly(&begun, steps);
        assert_eq!(seen["steps"].as_array().unwrap().len(), expected.len());
        for (mut seen, mut expected) in seen["steps"].as_array().unwrap().clone().into_iter().zip(expected) {
            assert!(seen.as_object_mut().unwrap().remove("title").is_some());
            let [one, other] = [&mut seen, &mut expected].map(|step| step["medianMinutes"].take());
            assert_eq!(seen, expected, "{range:?}");
            match (one.as_f64(), other.as_f64()) {
                (Some(one), Some(other)) => assert!((one - other).abs() < 1e-9, "{range:?} {one} {other}"),
                (one, other) => assert_eq!(one, other, "{range:?}"),
            }
        }
    }
}

#[tokio::test]
async fn a_funnel_is_what_the_runs_say_also_after_steps_were_moved_and_deleted() {
    let world = World::new().await;
    let (now, mut dice) = (later(&world), Dice(51));
    let (course, mut steps) = walkthrough(&world, &world.ours, 5).await;
    let (other, other_steps) = walkthrough(&world, &world.ours, 2).await;
    let (foreign, foreign_steps) = walkthrough(&world, &world.theirs, 2).await;
    let mut ways = Vec::new();
    for n in 0..60 {
        let back = [DAY / 30, DAY, 40 * DAY][usize::try_from(dice.below(3)).unwrap()];
        let mut way = Way { started: now - dice.below(back), ..Way::default() };
        let mut at = way.started;
        for step in steps.iter().take(usize::try_from(dice.below(7)).unwrap()) {
            at += dice.below(30 * MINUTE);
            // Some jump, and some go back to what they have jumped.
            if dice.below(5) > 0 {
                way.done.insert(step.clone(), if dice.below(6) == 0 { at + 40 * MINUTE } else { at });
            }
        }
        go(&world, &world.ours, &mut dice, &course, &way).await;
        ways.push(way);
        if n % 10 == 0 {
            let done = |steps: &[String]| Way { started: now, done: HashMap::from([(steps[0].clone(), now)]) };
            go(&world, &world.ours, &mut dice, &other, &done(&other_steps)).await;
            go(&world, &world.theirs, &mut dice, &foreign, &done(&foreign_steps)).await;
        }
    }
    for edge in RANGES.map(|range| span(now, range)).iter().flat_map(|(_, from, until)| [*from, from - 1, *until]) {
        let way = Way { started: edge, done: HashMap::from([(steps[0].clone(), edge + 1)]) };
        go(&world, &world.ours, &mut dice, &course, &way).await;
        ways.push(way);
    }
    compare(&world, &ways, &course, &steps, now).await;

    steps.swap(1, 3);
    let order = json!({ "walkthroughId": course.id, "stepIds": steps });
    world.call("walkthrough.reorderSteps", &world.ours.vouched, order).await.unwrap();
    compare(&world, &ways, &course, &steps, now).await;

    let gone = json!({ "stepId": steps.remove(2) });
    world.call("walkthrough.deleteStep", &world.ours.vouched, gone).await.unwrap();
    compare(&world, &ways, &course, &steps, now).await;
}

#[tokio::test]
async fn a_walkthrough_that_nobody_began_or_that_has_no_steps_has_a_funnel_of_nothing() {
    let world = World::new().await;
    let (now, mut dice) = (later(&world), Dice(61));
    let (course, steps) = walkthrough(&world, &world.ours, 2).await;
    let (empty, _) = walkthrough(&world, &world.ours, 0).await;
    go(&world, &world.ours, &mut dice, &empty, &Way { started: now, ..Way::default() }).await;

    let nobody = funnel(&world, json!({ "walkthroughId": course.id })).await;
    let without = funnel(&world, json!({ "walkthroughId": empty.id })).await;

    let step = |n: usize| {
        json!({ "stepId": steps[n], "title": format!("step {n}"), "displayOrder": n, "reached": 0, "completed": 0,
            "medianMinutes": null, "dropOff": null })
    };
    assert_eq!((&nobody["runs"], &nobody["steps"]), (&json!(0), &json!([step(0), step(1)])));
    assert_eq!((&without["runs"], &without["steps"]), (&json!(1), &json!([])));
    for id in [world.theirs.walkthrough.id, Id::<id::Walkthrough>::from_uuid(Uuid::from_u128(1))] {
        let input = json!({ "walkthroughId": id });
        let refused = world.call("analytics.getWalkthroughFunnel", &world.ours.vouched, input).await.unwrap_err();
        assert!(matches!(refused, guildhall_domain::Error::NotFound(guildhall_domain::Resource::Walkthrough)));
    }
}
