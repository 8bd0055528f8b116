use std::time::Duration;

use guildhall_domain::{Error, Resource, access::Role};
use guildhall_services::{App, Caller, tickets::LiveTickets};
use guildhall_tests::{World, text};
use serde_json::json;

use super::{follow, next, touch};

async fn token(world: &World, caller: &Caller) -> String {
    let made = world.call("supportTickets.createLiveToken", caller, json!({})).await.unwrap();
    made["token"].as_str().unwrap().to_owned()
}

async fn refused(app: &App, token: &str) -> Error {
    app.follow(&Caller::live_token(token.to_owned()), LiveTickets {}, None).await.unwrap_err()
}

#[tokio::test]
async fn a_token_opens_one_stream_on_any_node_and_nothing_else() {
    let world = World::new().await;
    let other = world.another_node().await;
    let token = token(&world, &world.ours.owner).await;
    assert_eq!(token.len(), 43);
    let bearer = Caller::live_token(token.clone());
    for name in ["supportTickets.list", "auth.getSession", "supportTickets.createLiveToken"] {
        assert!(matches!(world.call(name, &bearer, json!({})).await, Err(Error::Unauthenticated)), "{name}");
    }
    let as_access_token = world.call("supportTickets.list", &Caller::bearer(token.clone()), json!({})).await;
    assert!(matches!(as_access_token, Err(Error::Unauthenticated)));

    let mut following = follow(&other, &bearer, None).await;

    assert!(matches!(refused(&world.app, &token).await, Error::Unauthenticated), "it is used up");
    touch(&world, &world.app, &world.theirs, 1).await;
    touch(&world, &world.app, &world.ours, 1).await;
    assert_eq!(next(&mut following).await.unwrap().item["ticket"]["id"], json!(world.ours.ticket));
}

#[tokio::test]
async fn of_two_who_use_a_token_at_once_one_gets_in() {
    let world = World::new().await;
    let other = world.another_node().await;
    for _ in 0..5 {
        let caller = Caller::live_token(token(&world, &world.ours.owner).await);
        let one = world.app.follow(&caller, LiveTickets {}, None);
        let two = other.follow(&caller, LiveTickets {}, None);
        let (one, two) = tokio::join!(one, two);
        assert_eq!(usize::from(one.is_ok()) + usize::from(two.is_ok()), 1);
    }
}

#[tokio::test]
async fn a_token_works_for_a_minute_and_for_as_long_as_who_made_it() {
    let world = World::new().await;
    let late = token(&world, &world.ours.owner).await;
    world.clock.advance(Duration::from_secs(61));
    assert!(matches!(refused(&world.app, &late).await, Error::Unauthenticated));
    world.app.sweep().await.unwrap();

    let orphan = token(&world, &world.ours.owner).await;
    world.ok("auth.signOut", json!({})).await;
    assert!(matches!(refused(&world.app, &orphan).await, Error::Unauthenticated));

    let (viewer, _, place) = world.member_of(&world.theirs, Role::Viewer).await;
    let strange = token(&world, &viewer).await;
    let remove = json!({ "organizationId": world.theirs.organization.id, "memberId": place });
    world.call("organization.removeMember", &world.theirs.owner, remove).await.unwrap();
    let error = refused(&world.app, &strange).await;
    assert!(matches!(error, Error::NotFound(Resource::Organization)), "{error:?}");
}

#[tokio::test]
async fn a_token_is_for_the_organization_it_was_made_in_whatever_its_bearer_says() {
    let world = World::new().await;
    let token = token(&world, &world.ours.owner).await;
    let elsewhere = Caller::live_token(token).in_organization(world.theirs.organization.id.to_string());

    let mut following = follow(&world.app, &elsewhere, Some(0)).await;

    assert_eq!(next(&mut following).await.unwrap().item["ticket"]["id"], json!(world.ours.ticket));
    let keyed = world.ours.owner.clone().with_idempotency_key(text("k"));
    let twice = [self::token(&world, &keyed).await, self::token(&world, &keyed).await];
    assert_eq!(twice[0], twice[1], "a repeated call gets the token that it made");
}
