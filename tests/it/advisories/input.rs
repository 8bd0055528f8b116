//! Nothing that a caller sends says who it is, where its letters lead, or what a page runs.

use guildhall_domain::Error;
use guildhall_services::Caller;
use guildhall_tests::World;
use serde_json::{Value, json};

/// `input` with one more field.
fn with(input: &Value, field: &str, value: &Value) -> Value {
    let mut more = input.clone();
    more[field] = value.clone();
    more
}

/// GHSA-99h5-pjcv-gr6v (CVE-2025-61928): a user id in the body stood for a session. That nobody gets in without one, and
/// that no procedure takes a field it does not know, is in `laws` for each; here are the fields that would be worth it.
#[tokio::test]
async fn ghsa_99h5_pjcv_gr6v_a_field_makes_nobody_somebody() {
    let world = World::new().await;
    let (victim, organization) = (json!(world.theirs.user), json!(world.theirs.organization.id));
    let profile = json!({ "name": "Renamed" });
    let team = json!({ "name": "New", "slug": "new-team" });
    let account = json!({ "email": "new@example.test", "password": World::PASSWORD });
    let events = world.events().await;

    for (field, value) in [
        ("userId", &victim),
        ("id", &victim),
        ("sessionId", &victim),
        ("ownerId", &victim),
        ("email", &json!("theirs@example.test")),
        ("emailVerified", &json!(true)),
        ("role", &json!("owner")),
        ("isPersonal", &json!(false)),
        ("plan", &json!("enterprise")),
        ("organizationId", &organization),
        ("createdAt", &json!(0)),
    ] {
        for caller in [Caller::nobody(), world.ours.owner.clone()] {
            for (name, input) in [
                ("account.updateProfile", &profile),
                ("account.delete", &json!({ "password": World::PASSWORD })),
                ("auth.changePassword", &json!({ "currentPassword": World::PASSWORD, "newPassword": "p" })),
                ("organization.create", &team),
            ] {
                let refused = world.call(name, &caller, with(input, field, value)).await;
                assert!(matches!(refused, Err(Error::BadRequest(_))), "{name} {field}: {refused:?}");
            }
        }
        if field != "email" {
            let refused = world.call("auth.signUp", &Caller::nobody(), with(&account, field, value)).await;
            assert!(matches!(refused, Err(Error::BadRequest(_))), "auth.signUp {field}: {refused:?}");
        }
    }
    for (name, input) in [("account.updateProfile", profile), ("organization.create", team)] {
        let refused = world.call(name, &Caller::nobody(), input).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{name}: {refused:?}");
    }
    assert_eq!(world.events().await, events);
}

/// GHSA-vp58-j275-797x (CVE-2025-71403), GHSA-8jhw-6pjj-8723 (CVE-2024-56734), GHSA-hjpm-7mrm-26w8 (CVE-2025-27143) and
/// GHSA-36rg-gfq2-3h56 (CVE-2025-53535): where a link leads, and its token with it, was for the caller to say and judged
/// wrongly four times. It is not for the caller to say.
#[tokio::test]
async fn ghsa_vp58_j275_797x_the_operator_alone_says_where_links_lead() {
    let world = World::new().await;
    let guest = "guest@example.test";
    let sign_up = json!({ "email": guest, "password": World::PASSWORD });
    let made = world.ok("organization.inviteMember", json!({ "email": guest })).await;
    let calls = [
        ("organization.inviteMember", json!({ "email": "another@example.test" })),
        ("organization.resendInvitation", json!({ "invitationId": made["invitation"]["id"] })),
        ("auth.signUp", sign_up),
        ("auth.requestPasswordReset", json!({ "email": guest })),
        ("auth.verifyEmail", json!({ "token": "t" })),
        ("auth.resetPassword", json!({ "token": "t", "newPassword": "quite another phrase" })),
    ];
    for (name, input) in &calls {
        for field in ["redirectTo", "callbackUrl", "callbackURL", "errorCallbackURL", "baseUrl", "next"] {
            for to in ["https://evil.test", "//evil.test", "/\\evil.test", "http://localhost:3000.evil.test", "/"] {
                let refused = world.call(name, &world.ours.owner, with(input, field, &json!(to))).await;
                assert!(matches!(refused, Err(Error::BadRequest(_))), "{name} {field}: {refused:?}");
            }
        }
    }

    for (name, input) in &calls[..4] {
        world.call(name, &world.ours.owner, input.clone()).await.unwrap();
    }
    let letters = world.letters().await;
    let theirs: Vec<Value> = letters
        .iter()
        .filter(|letter| letter.to.as_str() == guest)
        .map(|letter| serde_json::to_value(&letter.matter).unwrap())
        .collect();
    assert_eq!(theirs.len(), 4, "two invitations, a verification and a reset");
    for matter in theirs {
        assert!(matter["link"].as_str().unwrap().starts_with("http://localhost:3000/"), "{matter}");
    }
}

/// GHSA-86j7-9j95-vpqj: an address that runs in the page that shows it was kept.
#[tokio::test]
async fn ghsa_86j7_9j95_vpqj_an_address_that_is_kept_is_of_the_web() {
    let world = World::new().await;
    let team = json!({ "name": "New", "slug": "new-team" });
    let events = world.events().await;
    for url in [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "java\tscript:alert(1)",
        " javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "vbscript:msgbox(1)",
        "file:///etc/passwd",
        "//evil.test/x",
        "https:evil.test",
        "https://",
        "https://user:password@evil.test",
        "https://evil.test/\"onerror=\"alert(1)",
        "https://evil.test/<script>",
    ] {
        for (name, input, field) in [
            ("organization.create", &team, "logoUrl"),
            ("organization.create", &team, "website"),
            ("organization.update", &json!({}), "logoUrl"),
            ("organization.update", &json!({}), "website"),
            ("account.updateProfile", &json!({}), "image"),
        ] {
            let refused = world.call(name, &world.ours.owner, with(input, field, &json!(url))).await;
            assert!(matches!(refused, Err(Error::BadRequest(_))), "{name} {field} {url}: {refused:?}");
        }
    }
    let plain = world.call("account.updateProfile", &world.ours.owner, json!({ "image": "http://example.test/i.png" }));
    assert!(matches!(plain.await, Err(Error::BadRequest(_))), "a picture in every page is fetched over TLS");
    assert_eq!(world.events().await, events);
}
