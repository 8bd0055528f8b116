//! What an administrator of the installation does.

use std::time::Duration;

use guildhall_domain::{
    Error, Resource,
    access::Role,
    error::Reason,
    text::{Email, Slug},
};
use guildhall_services::{Caller, auth::Password};
use guildhall_tests::{Visiting, World};
use serde_json::json;

fn email(text: &str) -> Email {
    text.parse().unwrap()
}

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

async fn sign_in(world: &World, address: &str) -> Caller {
    let input = json!({ "email": address, "password": World::PASSWORD });
    let signed_in = world.call("auth.signIn", &Caller::nobody(), input).await.unwrap();
    Caller::bearer(signed_in["session"]["accessToken"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_user_is_made_with_a_verified_address_and_a_home() {
    let world = World::new().await;
    let password: Password<12, 128> = World::PASSWORD.to_owned().try_into().unwrap();
    let events = world.events().await;
    let made = world.app.create_user(email("new@example.test"), None, &password).await.unwrap();
    assert!(made.email_verified);
    assert_eq!(world.events().await, events + 1);
    let caller = sign_in(&world, "new@example.test").await;
    let home = world.call("organization.get", &caller, json!({})).await.unwrap();
    assert_eq!((&home["isPersonal"], &home["owner"]["id"]), (&json!(true), &json!(made.id)));
    let again = world.app.create_user(email("new@example.test"), None, &password).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })));
}

#[tokio::test]
async fn a_role_is_set_but_never_the_last_owner_taken_away() {
    let world = World::new().await;
    let (_, user) = world.person("ann@example.test").await;
    let ours = world.ours.organization.slug.clone();
    let ann = email("ann@example.test");
    assert_eq!(world.app.set_role(&ann, &ours, Role::Viewer).await.unwrap().user_id, user);
    assert_eq!(world.app.set_role(&ann, &ours, Role::Owner).await.unwrap().role, Role::Owner);
    let owner = email(&world.ours.email);
    assert_eq!(world.app.set_role(&owner, &ours, Role::Member).await.unwrap().role, Role::Member);
    let last = world.app.set_role(&ann, &ours, Role::Admin).await;
    assert!(matches!(last, Err(Error::Conflict(Reason::LastOwner))));
    let home = world.app.set_role(&owner, &slug("ann"), Role::Viewer).await;
    assert!(matches!(home, Err(Error::Conflict(Reason::PersonalOrganization))));
    let nobody = world.app.set_role(&email("nobody@example.test"), &ours, Role::Admin).await;
    assert!(matches!(nobody, Err(Error::NotFound(Resource::User))));
    let nowhere = world.app.set_role(&ann, &slug("never-was"), Role::Admin).await;
    assert!(matches!(nowhere, Err(Error::NotFound(Resource::Organization))));
}

#[tokio::test]
async fn a_deleted_organization_is_behind_every_door_and_comes_back_whole() {
    let world = World::furnished().await;
    let (member, ..) = world.member_of(&world.ours, Role::Member).await;
    let people = world.ours.people.clone().unwrap();
    let (server, slug) = (world.ours.server.slug.clone(), world.ours.organization.slug.clone());
    let deleted = world.ok("organization.delete", json!({ "confirmSlug": "OURS-org" })).await;
    assert_eq!(deleted["personalSlug"], "ours");

    assert!(Visiting::new(&world.app, server.as_str(), Some("reader"), None).await.is_err(), "its servers");
    let invitation = json!({ "token": people.invitations[0].1 });
    let shown = world.call("organization.getInvitation", &Caller::nobody(), invitation).await;
    assert!(matches!(shown, Err(Error::NotFound(Resource::Invitation))), "its invitations");
    for caller in [&world.ours.owner, &member] {
        let named = caller.clone().in_organization(slug.to_string());
        let answer = world.call("organization.get", &named, json!({})).await;
        assert!(matches!(answer, Err(Error::NotFound(Resource::Organization))), "its members");
        let mine = world.call("account.listOrganizations", caller, json!({})).await.unwrap();
        assert!(!mine.to_string().contains(&world.ours.organization.id.to_string()));
    }
    let home = world.ok("organization.get", json!({})).await;
    assert_eq!(home["isPersonal"], true, "the next call works at home");
    let taken = world.call("organization.create", &world.theirs.owner, json!({ "name": "N", "slug": slug })).await;
    assert!(matches!(taken, Err(Error::BadRequest(_) | Error::AlreadyExists { .. })));

    world.app.restore_organization(&slug, None).await.unwrap();
    assert!(Visiting::new(&world.app, server.as_str(), Some("reader"), None).await.is_ok());
    let back = world.call("organization.get", &world.ours.vouched, json!({})).await.unwrap();
    assert_eq!(back["memberCount"], 11);
    let twice = world.app.restore_organization(&slug, None).await;
    assert!(matches!(twice, Err(Error::NotFound(Resource::Organization))));
}

#[tokio::test]
async fn what_nobody_owns_any_more_comes_back_with_a_named_owner_only() {
    let world = World::new().await;
    world.ok("account.delete", json!({ "password": World::PASSWORD })).await;
    let ours = world.ours.organization.slug.clone();
    let ownerless = world.app.restore_organization(&ours, None).await;
    assert!(matches!(ownerless, Err(Error::Conflict(Reason::LastOwner))));
    let heir = email(&world.theirs.email);
    world.app.restore_organization(&ours, Some(&heir)).await.unwrap();
    let theirs = world.theirs.owner.clone().in_organization(ours.to_string());
    let got = world.call("organization.get", &theirs, json!({})).await.unwrap();
    assert_eq!(got["owner"]["id"], json!(world.theirs.user));
}

#[tokio::test]
async fn a_purge_takes_what_was_deleted_a_month_ago_and_its_names_stay_reserved() {
    let world = World::furnished().await;
    let (organization, server) = (world.ours.organization.slug.clone(), world.ours.server.slug.clone());
    world.ok("organization.delete", json!({ "confirmSlug": organization })).await;
    world.clock.advance(Duration::from_hours(24 * 30));
    assert_eq!(world.app.purge().await.unwrap().organizations, 0, "not yet");
    world.clock.advance(Duration::from_secs(1));
    let late = world.app.restore_organization(&organization, None).await;
    assert!(matches!(late, Err(Error::NotFound(Resource::Organization))), "a purge may have begun with it");
    assert_eq!(world.app.purge().await.unwrap().organizations, 1);
    assert!(world.app.restore_organization(&organization, None).await.is_err());
    let kept = world.call("organization.get", &world.theirs.vouched, json!({})).await;
    assert!(kept.is_ok(), "and nothing else");

    let caller = &world.theirs.vouched;
    let found = json!({ "name": "New", "slug": organization });
    let publish = json!({ "name": "New", "slug": server });
    for (name, input) in [("organization.create", &found), ("mcpServers.create", &publish)] {
        assert!(world.call(name, caller, input.clone()).await.is_err(), "{name}: reserved");
    }
    let rename = world.call("organization.update", caller, json!({ "slug": organization })).await;
    assert!(matches!(rename, Err(Error::AlreadyExists { .. })));
    let check = world.call("mcpServers.validateSubdomain", caller, json!({ "subdomain": server })).await;
    assert!(matches!(check, Err(Error::SubdomainAlreadyExists)));
    world.clock.advance(Duration::from_hours(24 * 90 + 1));
    world.app.sweep().await.unwrap();
    for (name, input) in [("organization.create", found), ("mcpServers.create", publish)] {
        assert!(world.call(name, caller, input).await.is_ok(), "{name}: free after 90 days");
    }
}

/// The id of the key that signs what a sign-in gives.
async fn signs_now(world: &World) -> String {
    let credentials = json!({ "email": world.ours.email, "password": World::PASSWORD });
    let signed_in = world.call("auth.signIn", &Caller::nobody(), credentials).await.unwrap();
    jsonwebtoken::decode_header(signed_in["session"]["accessToken"].as_str().unwrap()).unwrap().kid.unwrap()
}

#[tokio::test]
async fn a_new_key_signs_on_every_node_and_the_old_ones_verify_what_they_signed() {
    let world = World::new().await;
    let node = world.another_node().await;
    let get_session = world.catalogue.get("auth.getSession").unwrap();
    let before = sign_in(&world, &world.ours.email).await;
    world.clock.advance(Duration::from_mins(1));
    let id = world.app.rotate_keys().await.unwrap();
    assert_ne!(
        signs_now(&world).await,
        id.to_string(),
        "it signs once every node and every reader of the JWK set knows it"
    );
    assert_eq!(node.jwks().await.unwrap()["keys"].as_array().unwrap().len(), 2);
    world.clock.advance(Duration::from_secs(6));
    world.app.jwks().await.unwrap();
    assert_eq!(signs_now(&world).await, id.to_string());
    let after = sign_in(&world, &world.ours.email).await;
    for app in [&world.app, &node] {
        for caller in [&before, &after] {
            world.clock.advance(Duration::from_secs(5)); // as long as a node may go without looking
            assert!(get_session.call(app, caller, json!({})).await.is_ok());
        }
    }
    let published = node.jwks().await.unwrap();
    assert_eq!(published["keys"].as_array().unwrap().len(), 2);
    assert_eq!(published["keys"][0]["kid"], json!(id), "what signs comes first");
}

#[tokio::test]
async fn what_a_leaked_key_signed_is_void_within_five_seconds_and_refresh_goes_on() {
    let world = World::new().await;
    let node = world.another_node().await;
    let get_session = world.catalogue.get("auth.getSession").unwrap();
    let before = sign_in(&world, &world.ours.email).await;
    world.app.replace_keys().await.unwrap();
    world.clock.advance(Duration::from_secs(5));
    for app in [&world.app, &node] {
        assert!(matches!(get_session.call(app, &before, json!({})).await, Err(Error::Unauthenticated)));
    }
    let refresh = json!({ "refreshToken": world.ours.refresh_token });
    let refreshed = world.catalogue.get("auth.refresh").unwrap().call(&node, &Caller::nobody(), refresh).await.unwrap();
    let token = Caller::bearer(refreshed["accessToken"].as_str().unwrap().to_owned());
    assert!(get_session.call(&world.app, &token, json!({})).await.is_ok());
    assert_eq!(world.app.jwks().await.unwrap()["keys"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_node_that_was_idle_admits_nobody_by_a_key_that_leaked() {
    let world = World::new().await;
    let node = world.another_node().await;
    let get_session = world.catalogue.get("auth.getSession").unwrap();
    let forged = sign_in(&world, &world.ours.email).await;
    world.app.replace_keys().await.unwrap();
    world.clock.advance(Duration::from_mins(9));
    let calls = (0..8).map(|_| (node.clone(), forged.clone()));
    let mut running = tokio::task::JoinSet::new();
    for (node, forged) in calls {
        running.spawn(async move { get_session.call(&node, &forged, json!({})).await });
    }
    for answer in running.join_all().await {
        assert!(matches!(answer, Err(Error::Unauthenticated)), "{answer:?}");
    }
}

#[tokio::test]
async fn one_or_all_are_signed_out_everywhere() {
    let world = World::new().await;
    let device = sign_in(&world, &world.ours.email).await;
    assert_eq!(world.app.sign_out_everywhere(Some(&email(&world.ours.email))).await.unwrap(), 1);
    for caller in [&device, &world.ours.owner] {
        assert!(matches!(world.call("auth.getSession", caller, json!({})).await, Err(Error::Unauthenticated)));
    }
    assert!(world.call("auth.getSession", &world.theirs.owner, json!({})).await.is_ok());
    assert_eq!(world.app.sign_out_everywhere(None).await.unwrap(), 1, "whoever is left");
    assert!(world.call("auth.getSession", &world.theirs.owner, json!({})).await.is_err());
}

#[tokio::test]
async fn somebody_removed_works_at_home_from_the_next_call_on_and_what_it_had_is_nobodys() {
    let world = World::new().await;
    let (caller, user) = world.person("ann@example.test").await;
    world.app.set_role(&email("ann@example.test"), &world.ours.organization.slug, Role::Member).await.unwrap();
    let switch = json!({ "organizationId": world.ours.organization.id });
    world.call("account.switchOrganization", &caller, switch).await.unwrap();
    let listed = world.call("organization.listMembers", &world.ours.vouched, json!({})).await.unwrap();
    let place = listed["members"].as_array().unwrap().iter().find(|one| one["userId"] == json!(user)).unwrap();
    let node = world.another_node().await;

    world.call("organization.removeMember", &world.ours.vouched, json!({ "memberId": place["id"] })).await.unwrap();

    for app in [&world.app, &node] {
        let now = world.catalogue.get("organization.get").unwrap().call(app, &caller, json!({})).await.unwrap();
        assert_eq!(now["slug"], "ann");
    }
    let session = world.call("auth.getSession", &caller, json!({})).await.unwrap();
    assert_eq!(session["membership"]["role"], "owner");
    let named = caller.in_organization(world.ours.organization.id.to_string());
    let refused = world.call("supportTickets.list", &named, json!({})).await;
    assert!(matches!(refused, Err(Error::NotFound(Resource::Organization))));
}

#[tokio::test]
async fn a_home_goes_with_its_account_for_good() {
    let world = World::new().await;
    let (caller, _) = world.person("ann@example.test").await;
    world.call("account.delete", &caller, json!({ "password": World::PASSWORD })).await.unwrap();
    let owner = email(&world.ours.email);
    let refused = world.app.restore_organization(&slug("ann"), Some(&owner)).await;
    assert!(matches!(refused, Err(Error::Conflict(Reason::PersonalOrganization))));
}
