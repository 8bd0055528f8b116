//! The same key, caller and input gets the first answer again; the same key with another input is a conflict.

use std::time::Duration;

use guildhall_domain::{Error, access::Role, error::Reason};
use guildhall_services::ports::Clock;
use guildhall_tests::{World, text};
use serde_json::json;

use super::examples::{required, worlds};

#[tokio::test]
async fn a_mutation_under_a_key_happens_once() {
    for (world, names) in worlds().await {
        for name in names {
            if world.catalogue.get(name).unwrap().effect != "mutation" {
                continue;
            }
            let caller = world.ours.owner.clone().in_organization(world.ours.organization.id.to_string());
            let caller = caller.with_idempotency_key(text(&format!("key of {name}")));
            let input = required(name, &world.ours, 1);
            let first = world.call(name, &caller, input.clone()).await.unwrap();
            let events = world.events().await;
            let again = world.call(name, &caller, input.clone()).await;
            assert_eq!(first, again.unwrap_or_else(|e| panic!("{name}: {e:?}")), "{name}");
            assert_eq!(world.events().await, events, "{name} happened twice");

            let other = required(name, &world.ours, 2);
            if other != input {
                let refused = world.call(name, &caller, other).await;
                let conflict = matches!(refused, Err(Error::Conflict(Reason::IdempotencyKeyReused)));
                assert!(conflict, "{name}: {refused:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_key_is_its_callers_own_and_forgotten_after_a_day() {
    let world = World::furnished().await;
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
    let world = World::furnished().await;
    let caller = world.ours.owner.clone().with_idempotency_key(text("k"));
    let taken = json!({ "name": "n", "slug": world.theirs.server.slug });
    assert!(world.call("mcpServers.create", &caller, taken).await.is_err());
    assert!(world.call("mcpServers.create", &caller, json!({ "name": "n", "slug": "free-slug" })).await.is_ok());
}
