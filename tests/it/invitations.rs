//! Asking somebody to join, and the answers.

use std::time::Duration;

use guildhall_domain::{
    Error, Resource,
    access::Role,
    error::{Denied, Reason, Standing},
    mail::Matter,
};
use guildhall_services::{Caller, Limits, Rate};
use guildhall_tests::World;
use serde_json::{Value, json};

const GUEST: &str = "guest@example.test";

async fn invite(world: &World, input: Value) -> guildhall_domain::Result<Value> {
    world.call("organization.inviteMember", &world.ours.vouched, input).await
}

async fn accept(world: &World, caller: &Caller, token: &str) -> guildhall_domain::Result<Value> {
    world.call("organization.acceptInvitation", caller, json!({ "token": token })).await
}

#[tokio::test]
async fn the_letter_lets_its_reader_in_and_the_organization_becomes_active() {
    let world = World::new().await;
    let made = invite(&world, json!({ "email": " GUEST@example.test", "role": "admin", "message": "Welcome" })).await;
    let made = made.unwrap();
    assert_eq!((&made["type"], &made["invitation"]["status"]), (&json!("email_invitation"), &json!("pending")));
    assert!(!made.to_string().contains("oken"), "the token is in the letter only");
    let letter = world.letters().await.pop().unwrap();
    let Matter::Invitation { organization, inviter, role, message, link, .. } = &letter.matter else { panic!() };
    assert_eq!((organization.as_str(), inviter.as_str(), *role), ("ours", "ours", Role::Admin));
    assert_eq!(message.as_deref(), Some("Welcome"));
    assert!(link.starts_with("http://localhost:3000/invitation?token="));
    let token = world.token_for(GUEST).await;

    let shown = world.call("organization.getInvitation", &Caller::nobody(), json!({ "token": token })).await.unwrap();
    assert_eq!(
        (&shown["organizationName"], &shown["inviterName"], &shown["email"], &shown["role"]),
        (&json!("ours"), &json!("ours"), &json!("g…@example.test"), &json!("admin"))
    );
    let (guest, _) = world.person(GUEST).await;
    let joined = accept(&world, &guest, &token).await.unwrap();
    assert_eq!((&joined["member"]["role"], &joined["member"]["email"]), (&json!("admin"), &json!(GUEST)));
    let session = world.call("auth.getSession", &guest, json!({})).await.unwrap();
    assert_eq!(session["membership"]["organizationId"], joined["organizationId"]);

    assert!(matches!(accept(&world, &guest, &token).await, Err(Error::Conflict(Reason::InvitationClosed))));
    let shown = world.call("organization.getInvitation", &Caller::nobody(), json!({ "token": token })).await.unwrap();
    assert_eq!(shown["status"], "accepted");
}

#[tokio::test]
async fn only_the_verified_address_that_was_invited_may_answer() {
    let world = World::new().await;
    let made = invite(&world, json!({ "email": GUEST })).await.unwrap();
    let (token, id) = (world.token_for(GUEST).await, &made["invitation"]["id"]);
    let (other, _) = world.person("other@example.test").await;
    let new = json!({ "email": GUEST, "password": World::PASSWORD });
    let unverified = world.call("auth.signUp", &Caller::nobody(), new).await.unwrap();
    let unverified = Caller::bearer(unverified["session"]["accessToken"].as_str().unwrap().to_owned());

    for name in ["organization.acceptInvitation", "organization.declineInvitation"] {
        let by_token = world.call(name, &other, json!({ "token": token })).await;
        assert!(matches!(by_token, Err(Error::Forbidden(Denied::EmailMismatch))));
        let by_id = world.call(name, &other, json!({ "invitationId": id })).await;
        assert!(matches!(by_id, Err(Error::NotFound(Resource::Invitation))), "an id that never was");
        for input in [json!({ "token": token }), json!({ "invitationId": id })] {
            let answer = world.call(name, &unverified, input).await;
            assert!(matches!(answer, Err(Error::Forbidden(Denied::EmailUnverified))));
        }
        for bad in [json!({}), json!({ "token": token, "invitationId": id })] {
            assert!(matches!(world.call(name, &unverified, bad).await, Err(Error::BadRequest(_))));
        }
    }
    let verify = world.token_for(GUEST).await;
    world.call("auth.verifyEmail", &Caller::nobody(), json!({ "token": verify })).await.unwrap();
    let by_id = json!({ "invitationId": id });
    assert!(world.call("organization.acceptInvitation", &unverified, by_id).await.is_ok());
}

#[tokio::test]
async fn an_invitation_stands_for_48_hours_and_can_be_renewed() {
    let world = World::new().await;
    let made = invite(&world, json!({ "email": GUEST })).await.unwrap();
    let first = world.token_for(GUEST).await;
    let owner = &world.ours.vouched;
    let by_status = async |status: &str| {
        let listed = world.call("organization.listInvitations", owner, json!({ "status": status })).await.unwrap();
        listed["items"].as_array().unwrap().len()
    };
    assert_eq!((by_status("pending").await, by_status("expired").await), (1, 0));

    world.clock.advance(Duration::from_hours(48));
    assert_eq!((by_status("pending").await, by_status("expired").await), (0, 1));
    let (guest, _) = world.person(GUEST).await;
    assert!(matches!(accept(&world, &guest, &first).await, Err(Error::Conflict(Reason::InvitationClosed))));

    let renew = json!({ "invitationId": made["invitation"]["id"] });
    let renewed = world.call("organization.resendInvitation", owner, renew).await.unwrap();
    assert_eq!(renewed["status"], "pending");
    let second = world.token_for(GUEST).await;
    assert_ne!(first, second);
    let old = accept(&world, &guest, &first).await;
    assert!(matches!(old, Err(Error::NotFound(Resource::Invitation))), "the old token is dead");
    assert!(accept(&world, &guest, &second).await.is_ok());
}

#[tokio::test]
async fn one_that_lapsed_makes_room_for_another() {
    let world = World::new().await;
    invite(&world, json!({ "email": GUEST })).await.unwrap();
    let twice = invite(&world, json!({ "email": GUEST, "role": "viewer" })).await;
    assert!(matches!(twice, Err(Error::NobodyToInvite(Standing::Invited))));
    world.clock.advance(Duration::from_hours(48));
    let again = invite(&world, json!({ "email": GUEST, "role": "viewer" })).await.unwrap();
    assert_eq!(again["invitation"]["role"], "viewer");
    let ids = json!({ "status": "expired" });
    let expired = world.call("organization.listInvitations", &world.ours.vouched, ids).await.unwrap();
    assert_eq!(expired["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn whoever_is_in_or_asked_is_not_asked_again_and_the_reason_is_told() {
    let world = World::new().await;
    let (_, user, _) = world.member_of(&world.ours, Role::Viewer).await;
    let (_, guest) = world.person(GUEST).await;
    let address = format!("{user}@example.test");
    for member in [json!({ "email": address }), json!({ "userId": user })] {
        let answer = invite(&world, member).await.unwrap_err();
        assert!(matches!(answer, Error::NobodyToInvite(Standing::Member)), "{answer:?}");
        assert_eq!(answer.code(), ("RESOURCE_NOT_FOUND", 404));
        assert_eq!(answer.data().unwrap()["reason"], "already_member");
    }
    invite(&world, json!({ "email": GUEST })).await.unwrap();
    for asked in [json!({ "email": GUEST }), json!({ "userId": guest })] {
        let answer = invite(&world, asked).await.unwrap_err();
        assert_eq!(answer.data().unwrap()["reason"], "already_invited");
    }
    let never_was = json!({ "userId": "usr_01jd0000000000000000000000" });
    assert!(matches!(invite(&world, never_was).await, Err(Error::NotFound(Resource::User))));
    for bad in [json!({}), json!({ "email": GUEST, "userId": guest })] {
        assert!(matches!(invite(&world, bad).await, Err(Error::BadRequest(_))));
    }
}

#[tokio::test]
async fn somebody_with_an_account_is_in_at_once_and_gets_a_letter() {
    let world = World::new().await;
    let (guest, id) = world.person(GUEST).await;
    let made = invite(&world, json!({ "userId": id, "role": "viewer" })).await.unwrap();
    assert_eq!((&made["type"], &made["member"]["role"]), (&json!("direct_membership"), &json!("viewer")));
    let letter = world.letters().await.pop().unwrap();
    assert!(matches!(letter.matter, Matter::Membership { .. }) && letter.to.as_str() == GUEST);
    let theirs = guest.in_organization(world.ours.organization.id.to_string());
    assert!(world.call("organization.get", &theirs, json!({})).await.is_ok());
}

#[tokio::test]
async fn nobody_else_enters_a_personal_organization() {
    let world = World::new().await;
    let (caller, _) = world.person("ann@example.test").await;
    let (_, guest) = world.person(GUEST).await;
    for input in [json!({ "email": GUEST }), json!({ "userId": guest })] {
        let answer = world.call("organization.inviteMember", &caller, input).await;
        assert!(matches!(answer, Err(Error::Conflict(Reason::PersonalOrganization))));
    }
    let home = world.call("organization.get", &caller, json!({})).await.unwrap();
    let leave = world.call("organization.leave", &caller, json!({ "organizationId": home["id"] })).await;
    assert!(matches!(leave, Err(Error::Conflict(Reason::PersonalOrganization))));
    let delete = world.call("organization.delete", &caller, json!({ "confirmSlug": home["slug"] })).await;
    assert!(matches!(delete, Err(Error::Conflict(Reason::PersonalOrganization))));
}

#[tokio::test]
async fn an_invitation_is_worth_no_more_than_its_inviter() {
    for end in ["demoted", "removed"] {
        let world = World::new().await;
        let (admin, _, place) = world.member_of(&world.ours, Role::Admin).await;
        let ask = json!({ "email": GUEST, "organizationId": world.ours.organization.id });
        let made = world.call("organization.inviteMember", &admin, ask).await.unwrap();
        let token = world.token_for(GUEST).await;
        let (guest, _) = world.person(GUEST).await;
        let (name, input) = match end {
            "demoted" => ("organization.updateMemberRole", json!({ "memberId": place, "role": "member" })),
            _ => ("organization.removeMember", json!({ "memberId": place })),
        };
        world.call(name, &world.ours.vouched, input).await.unwrap();

        let answer = accept(&world, &guest, &token).await;
        assert!(matches!(answer, Err(Error::Conflict(Reason::InvitationClosed))), "{end}");

        let renew = json!({ "invitationId": made["invitation"]["id"] });
        world.call("organization.resendInvitation", &world.ours.vouched, renew).await.unwrap();
        let token = world.token_for(GUEST).await;
        assert!(accept(&world, &guest, &token).await.is_ok(), "sent again by somebody who may");
    }
}

#[tokio::test]
async fn revoked_and_declined_ones_are_closed() {
    let world = World::new().await;
    let (guest, _) = world.person(GUEST).await;
    for end in ["revoked", "declined"] {
        let made = invite(&world, json!({ "email": GUEST })).await.unwrap();
        let (token, id) = (world.token_for(GUEST).await, json!({ "invitationId": made["invitation"]["id"] }));
        let owner = &world.ours.vouched;
        match end {
            "revoked" => world.call("organization.revokeInvitation", owner, id.clone()).await.unwrap(),
            _ => world.call("organization.declineInvitation", &guest, id.clone()).await.unwrap(),
        };
        assert!(matches!(accept(&world, &guest, &token).await, Err(Error::Conflict(Reason::InvitationClosed))));
        for name in ["organization.revokeInvitation", "organization.resendInvitation"] {
            let answer = world.call(name, owner, id.clone()).await;
            assert!(matches!(answer, Err(Error::Conflict(Reason::InvitationClosed))), "{end} {name}");
        }
        let listed = world.call("organization.listInvitations", owner, json!({ "status": end })).await.unwrap();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn pages_of_invitations_follow_each_other() {
    let world = World::new().await;
    for n in 0..5 {
        invite(&world, json!({ "email": format!("guest{n}@example.test") })).await.unwrap();
    }
    let (mut found, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let mut input = json!({ "limit": 2 });
        if !cursor.is_null() {
            input["cursor"] = cursor;
        }
        let page = world.call("organization.listInvitations", &world.ours.vouched, input).await.unwrap();
        let emails = page["items"].as_array().unwrap().iter().map(|one| one["email"].as_str().unwrap().to_owned());
        found.extend(emails);
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    let newest_first: Vec<String> = (0..5).rev().map(|n| format!("guest{n}@example.test")).collect();
    assert_eq!(found, newest_first);
}

#[tokio::test]
async fn invitations_are_limited_by_inviter_mailbox_and_organization() {
    let (twice, often) =
        (Rate { uses: 2, window: Duration::from_hours(1) }, Rate { uses: 99, window: Duration::from_hours(1) });
    let usual =
        Limits { invite_account: often, invite_recipient: often, invite_organization: often, ..Limits::default() };
    for (name, limits) in [
        ("inviter", Limits { invite_account: twice, ..usual }),
        ("organization", Limits { invite_organization: twice, ..usual }),
    ] {
        let world = World::with_limits(limits).await;
        let node = world.another_node().await;
        let mut answers = Vec::new();
        for n in 0..3 {
            let email = format!("guest{n}@example.test");
            let app = if n % 2 == 0 { &world.app } else { &node };
            let entry = world.catalogue.get("organization.inviteMember").unwrap();
            answers.push(entry.call(app, &world.ours.vouched, json!({ "email": email })).await);
        }
        assert!(matches!(answers[2], Err(Error::TooManyRequests { .. })), "{name}: {answers:?}");
    }
}

#[tokio::test]
async fn one_mailbox_gets_so_many_letters_and_what_is_refused_is_none() {
    let twice = Rate { uses: 2, window: Duration::from_hours(1) };
    let world = World::with_limits(Limits { invite_recipient: twice, ..Limits::default() }).await;
    let mine = invite(&world, json!({ "email": GUEST })).await.unwrap();
    for _ in 0..3 {
        let again = invite(&world, json!({ "email": GUEST })).await;
        assert!(matches!(again, Err(Error::NobodyToInvite(Standing::Invited))));
    }
    let theirs = world.call("organization.inviteMember", &world.theirs.vouched, json!({ "email": GUEST })).await;
    assert!(theirs.is_ok(), "organizations share it");
    let revoke = json!({ "invitationId": mine["invitation"]["id"] });
    world.call("organization.revokeInvitation", &world.ours.vouched, revoke).await.unwrap();
    let third = invite(&world, json!({ "email": GUEST })).await;
    assert!(matches!(third, Err(Error::TooManyRequests { .. })), "{third:?}");
    world.clock.advance(Duration::from_hours(1));
    assert!(invite(&world, json!({ "email": GUEST })).await.is_ok());
}
