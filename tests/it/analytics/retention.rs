//! Who comes back.

use guildhall_tests::{Side, World};
use serde_json::{Value, json};

use super::crowd::{Crowd, DAY, Dice, later};

const WEEK: i64 = 7 * DAY;

/// The latest Monday that is not after `at`; the epoch was a Thursday.
fn monday(at: i64) -> i64 {
    at - (at - 4 * DAY) % WEEK
}

fn plainly(crowd: &Crowd, now: i64, weeks: i64) -> Value {
    let starts: Vec<i64> = (0..weeks).rev().map(|back| monday(now) - back * WEEK).collect();
    let active = |person, start: i64| {
        let within = |at: i64| (start..start + WEEK).contains(&at);
        crowd.visits.iter().any(|visit| visit.person == person && within(visit.at))
            || crowd.calls.iter().any(|call| call.person == person && within(call.at.millis()))
    };
    let cohort = |week: &i64| {
        let people: Vec<_> = crowd.people.iter().filter(|person| monday(person.first_seen) == *week).collect();
        let later = starts.iter().filter(|start| *start >= week);
        let came_back: Vec<usize> =
            later.map(|start| people.iter().filter(|person| active(person.id, *start)).count()).collect();
        json!({ "week": week, "people": people.len(), "active": came_back })
    };
    json!({ "cohorts": starts.iter().map(cohort).collect::<Vec<_>>() })
}

async fn retention(world: &World, side: &Side, input: Value) -> Value {
    world.call("analytics.getRetention", &side.vouched, input).await.unwrap()
}

#[tokio::test]
async fn cohorts_are_what_the_rows_say_and_nobody_elses_rows_count() {
    for seed in 31..=33 {
        let world = World::new().await;
        let (now, mut dice) = (later(&world), Dice(seed));
        let mut ours = Crowd::gather(&world, &world.ours, &mut dice).await;
        let theirs = Crowd::gather(&world, &world.theirs, &mut dice).await;
        for (side, crowd) in [(&world.ours, &ours), (&world.theirs, &theirs)] {
            for weeks in [1, 2, 8] {
                assert_eq!(retention(&world, side, json!({ "weeks": weeks })).await, plainly(crowd, now, weeks));
            }
            assert_eq!(retention(&world, side, json!({})).await, plainly(crowd, now, 8));
        }

        // Two of them are one, who was seen first when the first of the two was.
        let (from, into) = (ours.people[5], ours.people[6]);
        let access = world.database.write().await.unwrap();
        let users = access.tenant(world.ours.organization.id).mcp_users();
        assert!(users.merge(from.id, into.id, dice.id()).await.unwrap());
        access.commit().await.unwrap();
        ours.visits.iter_mut().filter(|visit| visit.person == from.id).for_each(|visit| visit.person = into.id);
        ours.calls.iter_mut().filter(|call| call.person == from.id).for_each(|call| call.person = into.id);
        ours.people[6].first_seen = from.first_seen.min(into.first_seen);
        ours.people.remove(5);
        assert_eq!(retention(&world, &world.ours, json!({})).await, plainly(&ours, now, 8));
    }
}

#[tokio::test]
async fn a_week_begins_at_midnight_of_monday() {
    let world = World::new().await;
    let now = later(&world);
    let start = monday(now);
    let access = world.database.write().await.unwrap();
    let visits = access.tenant(world.ours.organization.id).visits();
    let mut dice = Dice(41);
    for (n, at) in [start - 1, start, start + WEEK - 1, start + WEEK].into_iter().enumerate() {
        let name = format!("edge{n}").parse().unwrap();
        let at = guildhall_domain::Timestamp::from_millis(at);
        visits.welcome(dice.id(), Some(&name), None, at).await.unwrap();
    }
    access.commit().await.unwrap();

    let cohorts = retention(&world, &world.ours, json!({ "weeks": 2 })).await["cohorts"].clone();

    let expected = json!([{ "week": start - WEEK, "people": 1, "active": [0, 0] },
        { "week": start, "people": 2, "active": [0] }]);
    assert_eq!(cohorts, expected, "next week has not begun");
}
