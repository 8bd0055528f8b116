//! Rules that hold when callers race, on one node and on two.
mod arena;
mod invitations;
mod people;
mod sign_ins;
mod tickets;
mod walkthroughs;

use guildhall_domain::{Error, Result};
use guildhall_services::Caller;
use guildhall_tests::World;
use serde_json::{Value, json};

use arena::{overlap, racer};

/// Calls with each input at once, alternating between two nodes.
async fn race(world: &World, name: &'static str, calls: Vec<(Caller, Value)>) -> Vec<Result<Value>> {
    let nodes = [world.app.clone(), world.another_node().await];
    let racers = calls.into_iter().map(|(caller, input)| racer(&caller, name, input)).collect();
    overlap(world, &nodes, 0, racers).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subdomain_has_one_winner() {
    let world = World::new().await;
    for round in 0..10 {
        let input = |side: &guildhall_tests::Side| {
            (side.owner.clone(), json!({ "name": "n", "slug": format!("contested-{round}") }))
        };
        let calls = (0..8).map(|n| input(if n % 2 == 0 { &world.ours } else { &world.theirs })).collect();
        let answers = race(&world, "mcpServers.create", calls).await;
        let won = answers.iter().filter(|answer| answer.is_ok()).count();
        let lost = answers.iter().filter(|answer| matches!(answer, Err(Error::SubdomainAlreadyExists))).count();
        assert_eq!((won, lost), (1, 7), "{answers:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_email_has_one_account() {
    let world = World::new().await;
    let input = json!({ "email": "one@example.test", "password": World::PASSWORD });
    let answers = race(&world, "auth.signUp", vec![(Caller::nobody(), input); 6]).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    assert!(
        answers.iter().all(|answer| answer.is_ok() || matches!(answer, Err(Error::AlreadyExists { .. }))),
        "{answers:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_is_spent_once() {
    let world = World::new().await;
    let input = json!({ "refreshToken": world.ours.refresh_token });
    let answers = race(&world, "auth.refresh", vec![(Caller::nobody(), input); 10]).await;
    let mut tokens: Vec<String> =
        answers.into_iter().map(|answer| answer.unwrap()["refreshToken"].as_str().unwrap().to_owned()).collect();
    tokens.dedup();
    assert_eq!(tokens.len(), 1, "all get the one successor");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_idempotency_key_makes_one_thing() {
    let world = World::new().await;
    let caller = world.ours.owner.clone().with_idempotency_key(guildhall_tests::text("key"));
    let input = json!({ "title": "once", "type": "course" });
    let answers = race(&world, "walkthrough.create", vec![(caller, input); 10]).await;
    let ids: Vec<Value> = answers.into_iter().map(|answer| answer.unwrap()["id"].clone()).collect();
    assert!(ids.windows(2).all(|pair| pair[0] == pair[1]));
    let found = world.ok("walkthrough.list", json!({ "search": "once" })).await;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
}
