//! Whoever may no longer listen hears no more, within five seconds, wherever that was decided.

use std::time::Instant;

use guildhall_domain::{Error, Resource, access::Role, text::Email};
use guildhall_services::{App, Caller, Following};
use guildhall_tests::World;
use serde_json::{Value, json};

use super::{SOON, follow, next, touch};

/// Calls on a node, and must succeed.
async fn call(world: &World, app: &App, caller: &Caller, name: &str, input: Value) {
    let entry = world.catalogue.get(name).unwrap();
    entry.call(app, caller, input).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
}

/// How a stream ends, which must be soon.
async fn ends(following: &mut Following, began: Instant) -> Error {
    let error = next(following).await.unwrap_err();
    assert!(began.elapsed() < SOON, "{:?}: {error:?}", began.elapsed());
    error
}

#[tokio::test]
async fn a_stream_ends_with_the_place_and_the_others_go_on() {
    let world = World::new().await;
    let other = world.another_node().await;
    let (removed, _, place) = world.member_of(&world.ours, Role::Viewer).await;
    let (left, ..) = world.member_of(&world.ours, Role::Member).await;
    let here = |organization: String| move |caller: &Caller| caller.clone().in_organization(organization.clone());
    let here = here(world.ours.organization.id.to_string());
    let mut streams = Vec::new();
    for app in [&world.app, &other] {
        streams.push((follow(app, &here(&removed), None).await, follow(app, &here(&left), None).await));
    }
    let mut stays = follow(&other, &world.ours.owner, None).await;

    let began = Instant::now();
    let remove = json!({ "organizationId": world.ours.organization.id, "memberId": place });
    call(&world, &world.app, &world.ours.vouched, "organization.removeMember", remove).await;
    let leave = json!({ "organizationId": world.ours.organization.id });
    call(&world, &other, &left, "organization.leave", leave).await;

    for (removed, left) in &mut streams {
        for stream in [removed, left] {
            let error = ends(stream, began).await;
            assert!(matches!(error, Error::NotFound(Resource::Organization)), "{error:?}");
        }
    }
    touch(&world, &world.app, &world.ours, 1).await;
    assert_eq!(next(&mut stays).await.unwrap().id, 2);
    assert!(matches!(
        world.app.follow(&here(&removed), guildhall_services::tickets::LiveTickets {}, None).await,
        Err(Error::NotFound(_))
    ));
}

#[tokio::test]
async fn a_stream_ends_with_the_sign_in_and_not_with_another_of_the_same_account() {
    let world = World::new().await;
    let other = world.another_node().await;
    let sign_in = json!({ "email": world.ours.email, "password": World::PASSWORD });
    let again = world.call("auth.signIn", &Caller::nobody(), sign_in).await.unwrap();
    let second = Caller::bearer(again["session"]["accessToken"].as_str().unwrap().to_owned());
    let second = second.in_organization(world.ours.organization.id.to_string());
    let (mut here, mut there) = (follow(&world.app, &second, None).await, follow(&other, &second, None).await);
    let mut stays = follow(&other, &world.ours.owner, None).await;

    let began = Instant::now();
    call(&world, &world.app, &second, "auth.signOut", json!({})).await;

    assert!(matches!(ends(&mut here, began).await, Error::Unauthenticated));
    assert!(began.elapsed() < std::time::Duration::from_secs(2), "at once, on the node that was told");
    assert!(matches!(ends(&mut there, began).await, Error::Unauthenticated));
    touch(&world, &world.app, &world.ours, 1).await;
    assert_eq!(next(&mut stays).await.unwrap().id, 2);
}

#[tokio::test]
async fn a_stream_ends_with_the_account_and_with_the_organization() {
    let world = World::new().await;
    let other = world.another_node().await;
    let email: Email = world.theirs.email.parse().unwrap();
    let mut signed_out = follow(&other, &world.theirs.owner, None).await;
    let mut vouched = follow(&other, &world.ours.vouched, None).await;

    let began = Instant::now();
    world.app.sign_out_everywhere(Some(&email)).await.unwrap();
    let delete = json!({ "organizationId": world.ours.organization.id, "confirmSlug": world.ours.organization.slug });
    call(&world, &world.app, &world.ours.vouched, "organization.delete", delete).await;

    assert!(matches!(ends(&mut signed_out, began).await, Error::Unauthenticated));
    let error = ends(&mut vouched, began).await;
    assert!(matches!(error, Error::NotFound(Resource::Organization)), "{error:?}");
}

#[tokio::test]
async fn a_stream_outlives_the_access_token_and_ends_when_the_sign_in_has_run_out() {
    let world = World::new().await;
    let mut following = follow(&world.app, &world.ours.owner, None).await;
    world.clock.advance(std::time::Duration::from_secs(11 * 60));
    touch(&world, &world.app, &world.ours, 1).await;
    assert_eq!(next(&mut following).await.unwrap().id, 2);

    world.clock.advance(std::time::Duration::from_secs(400 * 24 * 3600));

    assert!(matches!(ends(&mut following, Instant::now()).await, Error::Unauthenticated));
}
