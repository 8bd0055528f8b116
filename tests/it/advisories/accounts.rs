//! An account is its mailbox's owner's, and a secret opens its own door only.

use guildhall_domain::Error;
use guildhall_services::Caller;
use guildhall_tests::World;
use serde_json::{Value, json};

use super::{bearer, refresh, seen};

const ANOTHER: &str = "quite another phrase";

/// Asks for a new password; the link's token.
async fn forget(world: &World, email: &str) -> String {
    world.call("auth.requestPasswordReset", &Caller::nobody(), json!({ "email": email })).await.unwrap();
    world.token_for(email).await
}

/// GHSA-g38m-r43w-p2q7 (CVE-2026-53516) and GHSA-qq9h-g4jm-xgf3: whoever signed up first with somebody's address kept a
/// password and sessions when the mailbox's owner took the account over.
#[tokio::test]
async fn ghsa_g38m_r43w_p2q7_the_mailboxs_owner_takes_the_account_over_whole() {
    let world = World::new().await;
    let sign_up = json!({ "email": "victim@example.test", "password": World::PASSWORD });
    let mallory = world.call("auth.signUp", &Caller::nobody(), sign_up.clone()).await.unwrap();
    let token = mallory["session"]["accessToken"].as_str().unwrap();
    let cookie = Caller::cookie(world.app.browser_cookie(token).await.unwrap().0);
    let verify = json!({ "token": world.token_for("victim@example.test").await });
    let before = json!({ "token": forget(&world, "victim@example.test").await, "newPassword": World::PASSWORD });
    let reset = json!({ "token": forget(&world, "victim@example.test").await, "newPassword": ANOTHER });

    world.call("auth.resetPassword", &Caller::nobody(), reset).await.unwrap();

    for device in [bearer(&mallory), cookie] {
        let refused = world.call("auth.getSession", &device, json!({})).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{refused:?}");
    }
    for (name, input, code) in [
        ("auth.refresh", refresh(&mallory), "UNAUTHORIZED"),
        ("auth.signIn", sign_up, "UNAUTHORIZED"),
        ("auth.verifyEmail", verify, "RESOURCE_NOT_FOUND"),
        ("auth.resetPassword", before, "RESOURCE_NOT_FOUND"),
    ] {
        let refused = world.call(name, &Caller::nobody(), input).await.unwrap_err();
        assert_eq!(refused.code().0, code, "{name}: {refused:?}");
    }
    let input = json!({ "email": "victim@example.test", "password": ANOTHER });
    let victim = world.call("auth.signIn", &Caller::nobody(), input).await.unwrap();
    assert_eq!(victim["user"]["emailVerified"], true, "the link was proof of the mailbox");
}

/// GHSA-qq9h-g4jm-xgf3: proof of a mailbox signed in whoever brought it. Ours says that the address is real and no more,
/// whoever opens the link.
#[tokio::test]
async fn ghsa_qq9h_g4jm_xgf3_a_verified_address_signs_nobody_in() {
    let world = World::new().await;
    let account = world.account().await;
    for caller in [Caller::nobody(), account.caller.clone(), bearer(&signed_in(&world, &account.email).await)] {
        let email = format!("victim-{}@example.test", world.events().await);
        let sign_up = json!({ "email": email, "password": World::PASSWORD });
        world.call("auth.signUp", &Caller::nobody(), sign_up).await.unwrap();
        let token = world.token_for(&email).await;
        let sessions = world.count("select count(*) from sessions").await;

        let verified = world.call("auth.verifyEmail", &caller, json!({ "token": token })).await.unwrap();

        assert_eq!(verified, json!({ "success": true }));
        assert_eq!(world.count("select count(*) from sessions").await, sessions);
        if let Ok(profile) = world.call("account.getProfile", &caller, json!({})).await {
            assert_eq!(profile["email"], json!(account.email), "the caller is who it was");
        }
    }
}

async fn signed_in(world: &World, email: &str) -> Value {
    let input = json!({ "email": email, "password": World::PASSWORD });
    world.call("auth.signIn", &Caller::nobody(), input).await.unwrap()
}

/// Whom a door lets in, and with what.
fn knock(door: &str, guest: &Caller, secret: &str) -> (&'static str, Caller, Value) {
    let token = json!({ "token": secret });
    match door {
        "reset" => ("auth.resetPassword", Caller::nobody(), json!({ "token": secret, "newPassword": ANOTHER })),
        "verify" => ("auth.verifyEmail", Caller::nobody(), token),
        "read" => ("organization.getInvitation", Caller::nobody(), token),
        "decline" => ("organization.declineInvitation", guest.clone(), token),
        "invitation" => ("organization.acceptInvitation", guest.clone(), token),
        "refresh" => ("auth.refresh", Caller::nobody(), json!({ "refreshToken": secret })),
        "access" => ("auth.getSession", Caller::bearer(secret.to_owned()), json!({})),
        "cookie" => ("auth.getSession", Caller::cookie(secret.to_owned()), json!({})),
        other => panic!("no door {other}"),
    }
}

/// GHSA-965c-763c-88jm: the secrets of different flows lay in one table and were looked up by themselves alone, so that
/// one flow's opened another. GHSA-pw9m-5jxm-xr6h (CVE-2026-53512) was a refresh token that was enough for itself.
#[tokio::test]
async fn ghsa_965c_763c_88jm_a_secret_opens_its_own_door_only() {
    let world = World::new().await;
    let sign_up = json!({ "email": "guest@example.test", "password": World::PASSWORD });
    let signed_up = world.call("auth.signUp", &Caller::nobody(), sign_up).await.unwrap();
    let guest = Caller::vouched(signed_up["user"]["id"].as_str().unwrap().parse().unwrap());
    let verify = world.token_for("guest@example.test").await;
    world.verify(signed_up["user"]["id"].as_str().unwrap().parse().unwrap()).await;
    let reset = forget(&world, "guest@example.test").await;
    world.ok("organization.inviteMember", json!({ "email": "guest@example.test" })).await;
    let invitation = world.token_for("guest@example.test").await;
    let session = &signed_up["session"];
    let text = |key: &str| session[key].as_str().unwrap().to_owned();
    let cookie = world.app.browser_cookie(&text("accessToken")).await.unwrap().0;
    // In an order in which each can still be used at its own door.
    let secrets = [
        ("verify", verify),
        ("invitation", invitation),
        ("access", text("accessToken")),
        ("cookie", cookie),
        ("refresh", text("refreshToken")),
        ("reset", reset),
    ];
    let doors = ["reset", "verify", "read", "decline", "invitation", "refresh", "access", "cookie"];
    let events = world.events().await;

    for (own, secret) in &secrets {
        let opens = |door: &str| door == *own || *own == "invitation" && ["read", "decline"].contains(&door);
        for door in doors.into_iter().filter(|door| !opens(door)) {
            let made_up: String = secret.chars().rev().collect();
            let mut answers = Vec::new();
            for secret in [secret, &made_up] {
                let (name, caller, input) = knock(door, &guest, secret);
                let answer = world.call(name, &caller, input).await;
                assert!(answer.is_err(), "{own} opens {door}");
                answers.push(seen(&answer));
            }
            assert_eq!(answers[0], answers[1], "{own} at {door} is known for something");
        }
    }

    assert_eq!(world.events().await, events, "and nothing was used up by that");
    for (own, secret) in &secrets {
        let (name, caller, input) = knock(own, &guest, secret);
        let answer = world.call(name, &caller, input).await;
        assert!(answer.is_ok(), "{own}: {answer:?}");
    }
}

/// GHSA-xg6x-h9c9-2m83: a session that could be used was there before all that it was to wait for. The cookie, which
/// there is none of either, is in `http`.
#[tokio::test]
async fn ghsa_xg6x_h9c9_2m83_there_is_no_session_before_the_address_is_verified() {
    let world = World::verifying().await;
    let input = json!({ "email": "new@example.test", "password": World::PASSWORD });
    let sessions = world.count("select count(*) from sessions").await;

    let signed_up = world.call("auth.signUp", &Caller::nobody(), input.clone()).await.unwrap();
    let refused = world.call("auth.signIn", &Caller::nobody(), input.clone()).await.unwrap_err();

    assert_eq!((&signed_up["user"], &signed_up["session"]), (&json!(null), &json!(null)));
    assert_eq!(refused.data(), Some(json!({ "reason": "email_unverified" })));
    assert_eq!(world.count("select count(*) from sessions").await, sessions);
    let token = world.token_for("new@example.test").await;
    world.call("auth.verifyEmail", &Caller::nobody(), json!({ "token": token })).await.unwrap();
    assert!(world.call("auth.signIn", &Caller::nobody(), input).await.is_ok());
}
