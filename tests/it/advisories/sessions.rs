//! A session is worth what its account is worth now, on every node.

use std::time::Duration;

use guildhall_domain::{Error, Resource, access::Role, error::Denied};
use guildhall_services::{App, Caller};
use guildhall_tests::World;
use serde_json::{Value, json};

use super::{bearer, refresh, seen};

async fn on(app: &App, world: &World, name: &str, caller: &Caller, input: Value) -> guildhall_domain::Result<Value> {
    world.catalogue.get(name).unwrap().call(app, caller, input).await
}

async fn sign_in(world: &World, email: &str) -> Value {
    let input = json!({ "email": email, "password": World::PASSWORD });
    world.call("auth.signIn", &Caller::nobody(), input).await.unwrap()
}

/// The browser's cookie of a session.
async fn cookie(world: &World, signed_in: &Value) -> Caller {
    let token = signed_in["session"]["accessToken"].as_str().unwrap();
    Caller::cookie(world.app.browser_cookie(token).await.unwrap().0)
}

/// GHSA-2vg6-77g8-24mp: an account was deleted on some ways without its sessions, which went on for days with what was
/// remembered of it.
#[tokio::test]
async fn ghsa_2vg6_77g8_24mp_a_deleted_account_is_gone_on_every_node_and_device() {
    let world = World::new().await;
    let team = world.team(&[Role::Owner, Role::Admin]).await;
    let alice = &team.people[1].account;
    let (first, second) = (sign_in(&world, &alice.email).await, sign_in(&world, &alice.email).await);
    let devices = [bearer(&first), bearer(&second), cookie(&world, &second).await];
    let nodes = [world.app.clone(), world.another_node().await];
    for (app, device) in nodes.iter().flat_map(|app| devices.iter().map(move |device| (app, device))) {
        assert!(on(app, &world, "account.getProfile", device, json!({})).await.is_ok());
    }

    world.call("account.delete", &devices[0], json!({ "password": World::PASSWORD })).await.unwrap();

    for app in &nodes {
        for device in &devices {
            for name in ["auth.getSession", "account.getProfile", "organization.listMembers", "auth.signOut"] {
                let refused = on(app, &world, name, device, json!({})).await;
                assert!(matches!(refused, Err(Error::Unauthenticated)), "{name}: {refused:?}");
            }
        }
        for tokens in [&first, &second] {
            let refused = on(app, &world, "auth.refresh", &Caller::nobody(), refresh(tokens)).await;
            assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
        }
    }
    let left = world.call("organization.listMembers", &team.people[0].caller, json!({})).await.unwrap();
    assert_eq!(left["totalCount"], 1);
}

/// GHSA-2vg6-77g8-24mp, and better-auth #10932: the session of somebody who was removed went on in the organization.
#[tokio::test]
async fn ghsa_2vg6_77g8_24mp_whoever_is_out_is_out_at_the_next_call() {
    let world = World::new().await;
    let nodes = [world.app.clone(), world.another_node().await];
    for way in ["organization.removeMember", "organization.leave", "organization.delete"] {
        let team = world.team(&[Role::Owner, Role::Member]).await;
        let [owner, alice] = &team.people[..] else { unreachable!() };
        let device = bearer(&sign_in(&world, &alice.account.email).await);
        let named = device.clone().in_organization(team.slug.clone());
        for app in &nodes {
            assert!(on(app, &world, "mcpServers.list", &named, json!({})).await.is_ok());
        }

        let (caller, input) = match way {
            "organization.removeMember" => (&owner.caller, json!({ "memberId": alice.place })),
            "organization.leave" => (&device, json!({ "organizationId": team.id })),
            _ => (&owner.caller, json!({ "confirmSlug": team.slug })),
        };
        world.call(way, caller, input).await.unwrap();

        for app in &nodes {
            let refused = on(app, &world, "mcpServers.list", &named, json!({})).await;
            assert!(matches!(refused, Err(Error::NotFound(Resource::Organization))), "{way}: {refused:?}");
            let at_home = on(app, &world, "organization.get", &device, json!({})).await.unwrap();
            assert_eq!(at_home["isPersonal"], true, "{way}");
        }
    }
}

/// GHSA-pw9m-5jxm-xr6h (CVE-2026-53512): a refresh asked for less than the sign-in had, so what was refused there went on
/// here.
#[tokio::test]
async fn ghsa_pw9m_5jxm_xr6h_what_ends_a_sign_in_ends_its_refreshing() {
    let world = World::new().await;
    for way in ["auth.revokeSession", "auth.changePassword", "auth.resetPassword", "account.delete"] {
        let account = world.account().await;
        let (first, other) = (sign_in(&world, &account.email).await, bearer(&sign_in(&world, &account.email).await));
        let session = world.call("auth.getSession", &bearer(&first), json!({})).await.unwrap();
        let input = match way {
            "auth.revokeSession" => json!({ "sessionId": session["session"]["id"] }),
            "auth.changePassword" => {
                json!({ "currentPassword": World::PASSWORD, "newPassword": "quite another phrase" })
            }
            "auth.resetPassword" => {
                let ask = json!({ "email": account.email });
                world.call("auth.requestPasswordReset", &Caller::nobody(), ask).await.unwrap();
                json!({ "token": world.token_for(&account.email).await, "newPassword": "quite another phrase" })
            }
            _ => json!({ "password": World::PASSWORD }),
        };

        world.call(way, &other, input).await.unwrap();

        let events = world.events().await;
        let refused = world.call("auth.refresh", &Caller::nobody(), refresh(&first)).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{way}: {refused:?}");
        assert_eq!(world.events().await, events, "{way}");
    }
}

/// GHSA-pw9m-5jxm-xr6h (CVE-2026-53512): a token that leaked could be refreshed for ever.
#[tokio::test]
async fn ghsa_pw9m_5jxm_xr6h_no_refreshing_goes_on_for_ever() {
    let world = World::new().await;
    let mut tokens = sign_in(&world, &world.ours.email).await["session"].clone();
    let days = |n: u64| Duration::from_secs(n * 24 * 3600);
    for _ in 0..8 {
        world.clock.advance(days(22));
        tokens = world.call("auth.refresh", &Caller::nobody(), refresh(&tokens)).await.unwrap();
    }
    world.clock.advance(days(4));

    let refused = world.call("auth.refresh", &Caller::nobody(), refresh(&tokens)).await;

    assert!(matches!(refused, Err(Error::Unauthenticated)), "on the 180th day: {refused:?}");
}

/// GHSA-p2fr-6hmx-4528: a refresh could ask for an audience that the sign-in never had. What a session reaches is read
/// anew at each call here, so nothing that was issued before can hold more.
#[tokio::test]
async fn ghsa_p2fr_6hmx_4528_a_session_reaches_no_further_than_its_account_does_now() {
    let world = World::new().await;
    let (ours, theirs) = (world.team(&[Role::Owner]).await, world.team(&[Role::Owner]).await);
    let mallory = &ours.people[0].account;
    let add = json!({ "userId": mallory.user, "role": "admin" });
    let added = world.call("organization.inviteMember", &theirs.people[0].caller, add).await.unwrap();
    let first = sign_in(&world, &mallory.email).await;
    let there = |answer: &Value| bearer(answer).in_organization(theirs.id.to_string());
    let invite = json!({ "email": "new@example.test" });
    assert!(world.call("organization.listInvitations", &there(&first), json!({})).await.is_ok());

    let demote = json!({ "memberId": added["member"]["id"], "role": "member" });
    world.call("organization.updateMemberRole", &theirs.people[0].caller, demote).await.unwrap();
    let demoted = world.call("organization.inviteMember", &there(&first), invite.clone()).await;
    assert!(matches!(demoted, Err(Error::Forbidden(Denied::InsufficientRole))), "{demoted:?}");

    let remove = json!({ "memberId": added["member"]["id"] });
    world.call("organization.removeMember", &theirs.people[0].caller, remove).await.unwrap();
    let second = world.call("auth.refresh", &Caller::nobody(), refresh(&first)).await.unwrap();
    for answer in [&first, &second] {
        for named in [theirs.id.to_string(), theirs.slug.clone()] {
            let caller = bearer(answer).in_organization(named);
            let refused = world.call("organization.inviteMember", &caller, invite.clone()).await;
            assert!(matches!(refused, Err(Error::NotFound(Resource::Organization))), "{refused:?}");
        }
        let switch = json!({ "organizationId": theirs.id });
        let refused = world.call("account.switchOrganization", &bearer(answer), switch).await;
        assert!(matches!(refused, Err(Error::Forbidden(Denied::NotYours))), "{refused:?}");
    }
    let asked = json!({ "refreshToken": second["refreshToken"], "organizationId": theirs.id });
    let refused = world.call("auth.refresh", &Caller::nobody(), asked).await;
    assert!(matches!(refused, Err(Error::BadRequest(_))), "a refresh chooses nothing: {refused:?}");
}

/// GHSA-wmjr-v86c-m9jj (CVE-2025-71402): signing out ended the sessions that unsigned cookies named, whosever they were.
/// What a browser can send is in `http`.
#[tokio::test]
async fn ghsa_wmjr_v86c_m9jj_nobody_ends_the_session_of_somebody_else() {
    let world = World::new().await;
    let victim = sign_in(&world, &world.ours.email).await;
    let session = world.call("auth.getSession", &bearer(&victim), json!({})).await.unwrap();
    let mallory = bearer(&sign_in(&world, &world.theirs.email).await);
    let events = world.events().await;

    let never_was = json!({ "sessionId": "ses_01jd0000000000000000000000" });
    let theirs = world.call("auth.revokeSession", &mallory, json!({ "sessionId": session["session"]["id"] })).await;
    let nobodys = world.call("auth.revokeSession", &mallory, never_was).await;

    assert!(matches!(theirs, Err(Error::NotFound(Resource::Session))), "{theirs:?}");
    assert_eq!(seen(&theirs), seen(&nobodys));
    assert_eq!(world.events().await, events);
    world.call("auth.signOut", &mallory, json!({})).await.unwrap();
    assert!(world.call("auth.getSession", &bearer(&victim), json!({})).await.is_ok());
    assert!(world.call("auth.refresh", &Caller::nobody(), refresh(&victim)).await.is_ok());
}

/// better-auth #9991: a device that was signed out could still delete the account for as long as it was remembered.
#[tokio::test]
async fn better_auth_9991_a_revoked_device_deletes_no_account() {
    let world = World::new().await;
    let account = world.account().await;
    let (kept, lost) = (sign_in(&world, &account.email).await, sign_in(&world, &account.email).await);
    let session = world.call("auth.getSession", &bearer(&lost), json!({})).await.unwrap();
    let devices = [bearer(&lost), cookie(&world, &lost).await];
    let revoke = json!({ "sessionId": session["session"]["id"] });
    world.call("auth.revokeSession", &bearer(&kept), revoke).await.unwrap();

    for device in devices {
        let refused = world.call("account.delete", &device, json!({ "password": World::PASSWORD })).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
    }
    assert!(world.call("account.getProfile", &bearer(&kept), json!({})).await.is_ok());
}
