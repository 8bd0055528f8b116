//! One's own account: profile, devices, passwords, and its end.

use std::time::Duration;

use guildhall_domain::{
    Error, Resource,
    access::Role,
    error::{Denied, Reason},
};
use guildhall_services::Caller;
use guildhall_tests::{World, token_in};
use serde_json::{Value, json};

const ANOTHER: &str = "another long enough phrase";

fn bearer(signed_in: &Value) -> Caller {
    Caller::bearer(signed_in["session"]["accessToken"].as_str().unwrap().to_owned())
}

async fn sign_in(world: &World, email: &str, password: &str) -> guildhall_domain::Result<Value> {
    world.call("auth.signIn", &Caller::nobody(), json!({ "email": email, "password": password })).await
}

#[tokio::test]
async fn what_an_edit_leaves_out_stays_and_null_clears() {
    let world = World::new().await;
    let edit = json!({ "username": "our_owner", "image": "https://example.test/i.png" });
    let edited = world.ok("account.updateProfile", edit.clone()).await;
    assert_eq!((&edited["name"], &edited["username"]), (&json!("ours"), &json!("our_owner")));

    let events = world.events().await;
    world.ok("account.updateProfile", edit).await;
    world.ok("account.updateProfile", json!({})).await;
    assert_eq!(world.events().await, events, "it already was so");

    let cleared = world.ok("account.updateProfile", json!({ "username": null })).await;
    assert_eq!((&cleared["username"], &cleared["image"]), (&Value::Null, &json!("https://example.test/i.png")));
    assert_eq!(world.ok("account.getProfile", json!({})).await, cleared);
}

#[tokio::test]
async fn a_username_is_ones_own_and_a_picture_comes_over_https() {
    let world = World::new().await;
    world.ok("account.updateProfile", json!({ "username": "taken" })).await;
    let second = world.call("account.updateProfile", &world.theirs.owner, json!({ "username": "taken" })).await;
    assert!(matches!(second, Err(Error::AlreadyExists { resource: Resource::User, field: "username" })));
    for bad in [
        json!({ "username": "ab" }),
        json!({ "username": "Upper" }),
        json!({ "username": "a-b-c" }),
        json!({ "image": "http://example.test/i.png" }),
        json!({ "image": "javascript:alert(1)" }),
        json!({ "image": "data:image/png;base64,AAAA" }),
    ] {
        let answer = world.call("account.updateProfile", &world.ours.owner, bad.clone()).await;
        assert!(matches!(answer, Err(Error::BadRequest(_))), "{bad}: {answer:?}");
    }
}

#[tokio::test]
async fn one_begins_where_one_was_else_in_the_first_team_else_at_home() {
    let world = World::new().await;
    let (caller, user) = world.person("ann@example.test").await;
    let begin =
        async || world.call("account.getDefaultOrganization", &caller, json!({})).await.unwrap()["slug"].clone();
    assert_eq!(begin().await, "ann");

    for slug in ["first-team", "second-team"] {
        let new = json!({ "name": "Team", "slug": slug });
        world.call("organization.create", &caller, new).await.unwrap();
        world.clock.advance(Duration::from_secs(1));
    }
    assert_eq!(begin().await, "second-team", "the active one");

    let delete = json!({ "confirmSlug": "second-team" });
    world.call("organization.delete", &caller, delete).await.unwrap();
    assert_eq!(begin().await, "first-team", "the first team");
    assert_eq!(world.app.account_of(&"ann@example.test".parse().unwrap()).await.unwrap().id, user);
}

#[tokio::test]
async fn devices_are_listed_and_ended_one_by_one_by_their_owner_only() {
    let world = World::new().await;
    let other = world.another_node().await;
    let phone = Caller::nobody().from_device(Some("192.0.2.7".parse().unwrap()), Some("Phone".to_owned()));
    let input = json!({ "email": world.ours.email, "password": World::PASSWORD });
    let phone = bearer(&world.call("auth.signIn", &phone, input).await.unwrap());
    let devices = world.ok("auth.listSessions", json!({})).await;
    let (newest, current) = (&devices[0], &devices[1]);
    assert_eq!((&newest["device"], &newest["address"]), (&json!("Phone"), &json!("192.0.2.7")));
    assert_eq!((&newest["isCurrent"], &current["isCurrent"]), (&json!(false), &json!(true)));

    let revoke = json!({ "sessionId": newest["id"] });
    let foreign = world.call("auth.revokeSession", &world.theirs.owner, revoke.clone()).await;
    assert!(matches!(foreign, Err(Error::NotFound(Resource::Session))));
    world.ok("auth.revokeSession", revoke.clone()).await;

    for app in [&world.app, &other] {
        let answer = world.catalogue.get("auth.getSession").unwrap().call(app, &phone, json!({})).await;
        assert!(matches!(answer, Err(Error::Unauthenticated)), "at once, on every node");
    }
    let again = world.call("auth.revokeSession", &world.ours.owner, revoke).await;
    assert!(matches!(again, Err(Error::NotFound(Resource::Session))));
    assert_eq!(world.ok("auth.listSessions", json!({})).await.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_browser_stays_signed_in_while_it_is_used() {
    let world = World::new().await;
    let token = sign_in(&world, &world.ours.email, World::PASSWORD).await.unwrap();
    let (cookie, until) = world.app.browser_cookie(token["session"]["accessToken"].as_str().unwrap()).await.unwrap();
    let browser = Caller::cookie(cookie);
    let seen = async || -> i64 {
        let devices = world.call("auth.listSessions", &browser, json!({})).await.unwrap();
        let current = devices.as_array().unwrap().iter().find(|device| device["isCurrent"] == true);
        current.unwrap()["lastSeenAt"].as_i64().unwrap()
    };
    for _ in 0..3 {
        world.clock.advance(Duration::from_hours(24 * 20));
        let now = world.app.now().millis();
        let mut tries = 0;
        while seen().await < now {
            tries += 1;
            assert!(tries < 200, "it is written down beside the call");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    world.clock.set(until);
    let answer = world.call("auth.getSession", &browser, json!({})).await;
    assert!(matches!(answer, Err(Error::Unauthenticated)), "but not for ever");
}

#[tokio::test]
async fn a_changed_password_ends_every_other_session_and_its_owner_is_told() {
    let world = World::new().await;
    let other_device = bearer(&sign_in(&world, &world.ours.email, World::PASSWORD).await.unwrap());
    let change = |from: &str, to: &str| json!({ "currentPassword": from, "newPassword": to });

    let wrong = world.call("auth.changePassword", &world.ours.owner, change("wrong", ANOTHER)).await;
    let Err(Error::BadRequest(issues)) = wrong else { panic!("{wrong:?}") };
    assert_eq!(issues[0].path, ["currentPassword".into()]);
    let weak = world.call("auth.changePassword", &world.ours.owner, change(World::PASSWORD, "password123456")).await;
    let Err(Error::BadRequest(issues)) = weak else { panic!("{weak:?}") };
    assert_eq!(issues[0].path, ["newPassword".into()]);
    world.ok("auth.changePassword", change(World::PASSWORD, ANOTHER)).await;

    assert!(world.call("auth.getSession", &other_device, json!({})).await.is_err());
    assert!(world.call("auth.getSession", &world.ours.owner, json!({})).await.is_ok());
    let old = sign_in(&world, &world.ours.email, World::PASSWORD).await;
    assert!(matches!(old, Err(Error::WrongCredentials)));
    assert!(sign_in(&world, &world.ours.email, ANOTHER).await.is_ok());
    let told = world.letters().await.pop().unwrap();
    assert_eq!((told.to.as_str(), format!("{:?}", told.matter)), (world.ours.email.as_str(), "Matter(…)".to_owned()));
}

#[tokio::test]
async fn a_mailed_link_chooses_a_new_password_once_within_an_hour() {
    let world = World::new().await;
    let ask = json!({ "email": world.ours.email });
    let reset = |token: &str| json!({ "token": token, "newPassword": ANOTHER });
    world.ok("auth.requestPasswordReset", ask.clone()).await;
    let first = world.token_for(&world.ours.email).await;
    world.ok("auth.requestPasswordReset", ask.clone()).await;
    let second = world.token_for(&world.ours.email).await;
    let nobody = Caller::nobody();

    let replaced = world.call("auth.resetPassword", &nobody, reset(&first)).await;
    assert!(matches!(replaced, Err(Error::NotFound(Resource::Token))), "a newer link takes its place");
    world.call("auth.resetPassword", &nobody, reset(&second)).await.unwrap();
    let again = world.call("auth.resetPassword", &nobody, reset(&second)).await;
    assert!(matches!(again, Err(Error::NotFound(Resource::Token))));

    let old_session = world.call("auth.getSession", &world.ours.owner, json!({})).await;
    assert!(matches!(old_session, Err(Error::Unauthenticated)), "everybody is signed out");
    let signed_in = sign_in(&world, &world.ours.email, ANOTHER).await.unwrap();
    assert_eq!(signed_in["user"]["emailVerified"], true, "whoever reads the mail has the address");

    world.call("auth.requestPasswordReset", &nobody, ask).await.unwrap();
    let late = world.token_for(&world.ours.email).await;
    world.clock.advance(Duration::from_hours(1));
    let answer = world.call("auth.resetPassword", &nobody, reset(&late)).await;
    assert!(matches!(answer, Err(Error::NotFound(Resource::Token))));
}

#[tokio::test]
async fn nothing_is_mailed_to_an_address_without_an_account() {
    let world = World::new().await;
    let before = world.letters().await.len();
    world.ok("auth.requestPasswordReset", json!({ "email": "nobody@example.test" })).await;
    assert_eq!(world.letters().await.len(), before);
    assert_eq!(world.app.jobs_left().await.unwrap(), 0);
}

#[tokio::test]
async fn where_addresses_are_verified_nobody_signs_in_before() {
    let world = World::verifying().await;
    let new = json!({ "email": "ann@example.test", "password": World::PASSWORD });
    let made = world.call("auth.signUp", &Caller::nobody(), new).await.unwrap();
    assert_eq!((&made["user"], &made["session"]), (&Value::Null, &Value::Null));

    let early = sign_in(&world, "ann@example.test", World::PASSWORD).await;
    assert!(matches!(early, Err(Error::Forbidden(Denied::EmailUnverified))));
    let to_ann = async || -> Vec<String> {
        let letters = world.letters().await;
        letters.iter().filter(|letter| letter.to.as_str() == "ann@example.test").map(token_in).collect()
    };
    assert_eq!(to_ann().await.len(), 1, "the link of a moment ago still works");
    world.clock.advance(Duration::from_mins(5));
    let late = sign_in(&world, "ann@example.test", World::PASSWORD).await;
    assert!(matches!(late, Err(Error::Forbidden(Denied::EmailUnverified))));
    let mine = to_ann().await;
    assert_eq!(mine.len(), 2, "the link comes again");
    let verify = async |token: &str| world.call("auth.verifyEmail", &Caller::nobody(), json!({ "token": token })).await;
    assert!(verify(&mine[0]).await.is_err(), "a newer link takes its place");
    assert!(verify(&mine[1]).await.is_ok());
    assert!(verify(&mine[1]).await.is_err(), "once");
    assert!(sign_in(&world, "ann@example.test", World::PASSWORD).await.is_ok());
}

#[tokio::test]
async fn a_session_that_was_ended_learns_nothing_about_the_password() {
    let world = World::new().await;
    let device = sign_in(&world, &world.ours.email, World::PASSWORD).await.unwrap();
    world.app.sign_out_everywhere(Some(&world.ours.email.parse().unwrap())).await.unwrap();
    for password in [World::PASSWORD, "wrong"] {
        let change = json!({ "currentPassword": password, "newPassword": ANOTHER });
        for (name, input) in [("auth.changePassword", change), ("account.delete", json!({ "password": password }))] {
            let answer = world.call(name, &bearer(&device), input).await;
            assert!(matches!(answer, Err(Error::Unauthenticated)), "{name} with {password}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn the_last_owner_of_a_team_with_others_stays() {
    let world = World::new().await;
    let (_, _, heir) = world.member_of(&world.ours, Role::Member).await;
    let delete = json!({ "password": World::PASSWORD });
    let refused = world.call("account.delete", &world.ours.owner, delete.clone()).await;
    assert!(matches!(refused, Err(Error::Conflict(Reason::LastOwner))));
    let wrong = world.call("account.delete", &world.ours.owner, json!({ "password": "wrong" })).await;
    assert!(matches!(wrong, Err(Error::BadRequest(_))));
    assert!(world.call("auth.getSession", &world.ours.owner, json!({})).await.is_ok(), "nothing was half done");

    world.ok("organization.transferOwnership", json!({ "memberId": heir })).await;
    world.ok("account.delete", delete).await;

    let gone = sign_in(&world, &world.ours.email, World::PASSWORD).await;
    assert!(matches!(gone, Err(Error::WrongCredentials)));
    let slug = world.ours.server.slug.as_str();
    let visit = guildhall_tests::Visiting::tracked(&world.app, slug, "somebody").await;
    assert!(!visit.tool("get_next_step", json!({})).await.text.is_empty(), "the team goes on");
}

#[tokio::test]
async fn an_account_goes_with_its_sessions_its_home_and_teams_of_its_own() {
    let world = World::new().await;
    let node = world.another_node().await;
    let device = sign_in(&world, &world.ours.email, World::PASSWORD).await.unwrap();
    let (cookie, _) = world.app.browser_cookie(device["session"]["accessToken"].as_str().unwrap()).await.unwrap();
    let refresh = json!({ "refreshToken": device["session"]["refreshToken"] });

    world.ok("account.delete", json!({ "password": World::PASSWORD })).await;

    for caller in [world.ours.owner.clone(), bearer(&device), Caller::cookie(cookie)] {
        for app in [&world.app, &node] {
            let answer = world.catalogue.get("auth.getSession").unwrap().call(app, &caller, json!({})).await;
            assert!(matches!(answer, Err(Error::Unauthenticated)));
        }
    }
    assert!(world.call("auth.refresh", &Caller::nobody(), refresh).await.is_err());
    let visit = guildhall_tests::Visiting::new(&world.app, world.ours.server.slug.as_str(), Some("x"), None).await;
    assert!(visit.is_err(), "a team of one goes too");
    let again = json!({ "email": world.ours.email, "password": World::PASSWORD });
    assert!(world.call("auth.signUp", &Caller::nobody(), again).await.is_ok(), "the address is free");
}
