//! The same key, caller and input gets the first answer again; the same key with another input is a conflict.

use std::time::Duration;

use guildhall_domain::{Error, access::Role, error::Reason};
use guildhall_services::ports::Clock;
use guildhall_tests::{World, text};
use serde_json::json;

use super::examples::required;

#[tokio::test]
async fn a_mutation_under_a_key_happens_once() {
    let world = World::new().await;
    let organization = world.ours.organization.id.to_string();
    // Signing out ends the session that the replay would need.
    for entry in world.catalogue.iter().filter(|entry| entry.effect == "mutation" && entry.name != "auth.signOut") {
        let caller = world.ours.owner.clone().in_organization(organization.clone());
        let caller = caller.with_idempotency_key(text(&format!("key of {}", entry.name)));
        let input = required(entry.name, &world.ours, 1);
        let first = world.call(entry.name, &caller, input.clone()).await.unwrap();
        let events = world.events().await;
        let again = world.call(entry.name, &caller, input.clone()).await.unwrap();
        assert_eq!(first, again, "{}", entry.name);
        assert_eq!(world.events().await, events, "{} happened twice", entry.name);

        let other = required(entry.name, &world.ours, 2);
        if other != input {
            let refused = world.call(entry.name, &caller, other).await;
            let conflict = matches!(refused, Err(Error::Conflict(Reason::IdempotencyKeyReused)));
            assert!(conflict, "{}: {refused:?}", entry.name);
        }
    }
}

#[tokio::test]
async fn a_key_is_its_callers_own_and_forgotten_after_a_day() {
    let world = World::new().await;
    let key = || text("the same key");
    let ours = world.ours.owner.clone().with_idempotency_key(key());
    let theirs = world.theirs.owner.clone().with_idempotency_key(key());
    let colleague = world.member(&world.ours, Role::Admin).await.with_idempotency_key(key());
    let create = |title: &str| json!({ "title": title, "type": "course" });
    let mut made = Vec::new();
    for caller in [&ours, &theirs, &colleague] {
        made.push(world.call("walkthrough.create", caller, create("same")).await.unwrap()["id"].clone());
    }
    assert!(made[0] != made[1] && made[0] != made[2]);

    world.clock.advance(Duration::from_secs(24 * 3600 + 1));
    let vouched = world.member(&world.ours, Role::Admin).await.with_idempotency_key(key());
    assert!(world.call("walkthrough.create", &vouched, create("same")).await.is_ok());
    world.clock.advance(Duration::from_secs(24 * 3600 + 1));
    assert!(world.call("walkthrough.create", &vouched, create("another")).await.is_ok(), "{:?}", world.clock.now());
}

#[tokio::test]
async fn a_failure_leaves_the_key_free() {
    let world = World::new().await;
    let caller = world.ours.owner.clone().with_idempotency_key(text("k"));
    let taken = json!({ "name": "n", "slug": world.theirs.server.slug });
    assert!(world.call("mcpServers.create", &caller, taken).await.is_err());
    assert!(world.call("mcpServers.create", &caller, json!({ "name": "n", "slug": "free-slug" })).await.is_ok());
}
