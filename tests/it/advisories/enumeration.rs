//! Nobody learns from an answer, its time or its work whether an address has an account (better-auth 1.6.19, #8091, #8097,
//! #7971).

use std::time::{Duration, Instant};

use guildhall_domain::{Error, Resource, mail::Matter};
use guildhall_services::Caller;
use guildhall_tests::World;
use serde_json::{Value, json};

use super::seen;

const STRANGER: &str = "stranger@example.test";

/// What a call answers, and how many statements and jobs it takes.
async fn traces(world: &World, name: &str, input: Value) -> (Value, usize, u64) {
    let before = world.app.jobs_left().await.unwrap();
    let (answer, statements) = world.statements(world.call(name, &Caller::nobody(), input)).await;
    (seen(&answer), statements, world.app.jobs_left().await.unwrap() - before)
}

#[tokio::test]
async fn a_wrong_sign_in_is_the_same_work_for_an_address_that_nobody_has() {
    let world = World::new().await;
    let wrong = |email: &str| json!({ "email": email, "password": "a guess" });
    let events = world.events().await;

    let known = traces(&world, "auth.signIn", wrong(&world.ours.email)).await;
    let unknown = traces(&world, "auth.signIn", wrong(STRANGER)).await;

    assert_eq!(known, unknown);
    assert_eq!(known.0["code"], json!(["UNAUTHORIZED", 401]));
    assert_eq!(world.events().await, events);
}

#[tokio::test]
async fn asking_for_a_new_password_is_the_same_work_for_an_address_that_nobody_has() {
    let world = World::new().await;
    world.letters().await;
    let events = world.events().await;

    let known = traces(&world, "auth.requestPasswordReset", json!({ "email": world.ours.email })).await;
    let unknown = traces(&world, "auth.requestPasswordReset", json!({ "email": STRANGER })).await;

    assert_eq!(known, unknown);
    assert_eq!((&known.0["output"], known.2), (&json!({ "success": true }), 1));
    assert_eq!(world.events().await, events, "what happened is found out later");
    let letters = world.letters().await;
    assert!(letters.iter().all(|letter| letter.to.as_str() != STRANGER));
}

#[tokio::test]
async fn signing_up_with_an_address_that_has_an_account_looks_the_same_and_takes_as_long() {
    let world = World::verifying().await;
    let sign_up = |email: &str| json!({ "email": email, "password": World::PASSWORD, "name": "Somebody" });
    let sessions = world.count("select count(*) from sessions").await;
    let mut answers = Vec::new();

    for email in [&world.ours.email, STRANGER] {
        let began = Instant::now();
        let answer = world.call("auth.signUp", &Caller::nobody(), sign_up(email)).await.unwrap();
        assert!(began.elapsed() >= Duration::from_millis(500), "{email}: {:?}", began.elapsed());
        answers.push(answer.to_string());
    }

    assert_eq!(answers[0], answers[1]);
    let answer: Value = serde_json::from_str(&answers[0]).unwrap();
    assert_eq!((&answer["user"], &answer["session"]), (&json!(null), &json!(null)));
    assert!(answer["message"].is_string() && answer.as_object().unwrap().len() == 3);
    assert_eq!(world.count("select count(*) from sessions").await, sessions);
    let letters = world.letters().await;
    let last = |email: &str| letters.iter().rfind(|letter| letter.to.as_str() == email).map(|letter| &letter.matter);
    assert!(matches!(last(&world.ours.email), Some(Matter::AlreadyRegistered { .. })), "its owner learns of it");
    assert!(matches!(last(STRANGER), Some(Matter::EmailVerification { .. })));
}

/// Where no address needs to be verified, the contract has the answer that a form needs.
#[tokio::test]
async fn signing_up_says_that_an_address_is_taken_only_where_none_is_verified() {
    let world = World::new().await;
    let sign_up = json!({ "email": world.ours.email, "password": World::PASSWORD });
    let sessions = world.count("select count(*) from sessions").await;

    let taken = world.call("auth.signUp", &Caller::nobody(), sign_up).await;

    assert!(matches!(taken, Err(Error::AlreadyExists { resource: Resource::User, field: "email" })), "{taken:?}");
    assert_eq!(world.count("select count(*) from sessions").await, sessions);
}

/// An address that is not verified yet is no secret to whoever has its password, and to nobody else.
#[tokio::test]
async fn only_the_right_password_hears_that_an_address_is_not_verified() {
    let world = World::verifying().await;
    let account = world.unverified().await;
    let wrong = |email: &str| json!({ "email": email, "password": "a guess" });

    let unverified = traces(&world, "auth.signIn", wrong(&account.email)).await;
    let unknown = traces(&world, "auth.signIn", wrong(STRANGER)).await;

    assert_eq!(unverified, unknown);
}
