//! An invitation is for the owner of a mailbox.

use guildhall_domain::{Error, Resource, access::Role, error::Denied};
use guildhall_services::Caller;
use guildhall_tests::World;
use serde_json::{Value, json};

use super::bearer;

/// Our owner asks that address; the invitation's id and token.
async fn invite(world: &World, email: &str) -> (Value, String) {
    let made = world.ok("organization.inviteMember", json!({ "email": email })).await;
    (made["invitation"]["id"].clone(), world.token_for(email).await)
}

async fn members(world: &World) -> Value {
    world.ok("organization.listMembers", json!({})).await["totalCount"].clone()
}

/// GHSA-fmh4-wcc4-5jm3 (CVE-2026-53514): who signed up with the invited address counted as its owner, though nobody had
/// shown that the mailbox was theirs.
#[tokio::test]
async fn ghsa_fmh4_wcc4_5jm3_an_equal_address_is_no_proof_of_it() {
    let world = World::new().await;
    let (id, token) = invite(&world, "victim@example.test").await;
    let sign_up = json!({ "email": "victim@example.test", "password": World::PASSWORD });
    let mallory = bearer(&world.call("auth.signUp", &Caller::nobody(), sign_up).await.unwrap());
    let proof = world.token_for("victim@example.test").await;
    let (events, before) = (world.events().await, members(&world).await);

    for name in ["organization.acceptInvitation", "organization.declineInvitation"] {
        for input in [json!({ "token": token }), json!({ "invitationId": id })] {
            let refused = world.call(name, &mallory, input).await;
            assert!(matches!(refused, Err(Error::Forbidden(Denied::EmailUnverified))), "{name}: {refused:?}");
        }
    }
    assert_eq!((world.events().await, members(&world).await), (events, before));
    let pending = world.ok("organization.listInvitations", json!({})).await;
    assert_eq!(pending["items"][0]["id"], id, "the invitation stands");

    world.call("auth.verifyEmail", &Caller::nobody(), json!({ "token": proof })).await.unwrap();
    assert!(world.call("organization.acceptInvitation", &mallory, json!({ "token": token })).await.is_ok());
}

/// GHSA-fmh4-wcc4-5jm3 (CVE-2026-53514): reading an invitation was not guarded either. Ours can be read with its token
/// only, and says nothing that the letter has not.
#[tokio::test]
async fn ghsa_fmh4_wcc4_5jm3_an_invitation_says_no_more_than_its_letter() {
    let world = World::new().await;
    let (id, token) = invite(&world, "victim@example.test").await;
    let shown = world.call("organization.getInvitation", &Caller::nobody(), json!({ "token": token })).await.unwrap();
    let by_id = world.call("organization.getInvitation", &Caller::nobody(), json!({ "token": id })).await;

    let keys: Vec<&String> = shown.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["organizationName", "inviterName", "role", "email", "expiresAt", "status"]);
    assert_eq!(shown["email"], "v…@example.test");
    assert!(matches!(by_id, Err(Error::NotFound(Resource::Invitation))), "{by_id:?}");
}

/// GHSA-fmh4-wcc4-5jm3 (CVE-2026-53514): the same for somebody whose own address is verified, but is another one.
#[tokio::test]
async fn ghsa_fmh4_wcc4_5jm3_an_invitation_is_for_one_address_only() {
    let world = World::new().await;
    let (id, token) = invite(&world, "victim@example.test").await;
    let eve = world.account().await.caller;
    let events = world.events().await;

    for name in ["organization.acceptInvitation", "organization.declineInvitation"] {
        let by_token = world.call(name, &eve, json!({ "token": token })).await;
        let by_id = world.call(name, &eve, json!({ "invitationId": id })).await;
        assert!(matches!(by_token, Err(Error::Forbidden(Denied::EmailMismatch))), "{name}: {by_token:?}");
        assert!(matches!(by_id, Err(Error::NotFound(Resource::Invitation))), "{name}: {by_id:?}");
    }
    assert_eq!(world.events().await, events);
}

/// GHSA-7w99-5wm4-3g79 (CVE-2026-53518): what works once was looked up and then deleted, so it worked for everybody who
/// came in between; `races` has them come at once, here they come one after the other.
#[tokio::test]
async fn ghsa_7w99_5wm4_3g79_what_was_used_up_is_worth_nothing() {
    let world = World::new().await;
    let guest = world.account().await;
    let (_, token) = invite(&world, &guest.email).await;
    world.call("auth.requestPasswordReset", &Caller::nobody(), json!({ "email": guest.email })).await.unwrap();
    let reset = json!({ "token": world.token_for(&guest.email).await, "newPassword": "quite another phrase" });
    let verify = json!({ "token": world.token_for(&world.ours.email).await });

    for (name, caller, input, again) in [
        ("organization.acceptInvitation", guest.caller, json!({ "token": token }), "CONFLICT"),
        ("auth.resetPassword", Caller::nobody(), reset, "RESOURCE_NOT_FOUND"),
        ("auth.verifyEmail", Caller::nobody(), verify, "RESOURCE_NOT_FOUND"),
    ] {
        world.call(name, &caller, input.clone()).await.unwrap();
        let events = world.events().await;
        let refused = world.call(name, &caller, input).await.unwrap_err();
        assert_eq!(refused.code().0, again, "{name}: {refused:?}");
        assert_eq!(world.events().await, events, "{name}");
    }
}

/// better-auth #9962: a role that is none, or several in one, was kept as it came.
#[tokio::test]
async fn better_auth_9962_a_role_is_one_of_the_four() {
    let world = World::new().await;
    let (.., place) = world.member_of(&world.ours, Role::Member).await;
    let events = world.events().await;
    for role in ["member,owner", "Owner", "superuser", "owner ", "", "member owner"] {
        let change = json!({ "memberId": place, "role": role });
        let invite = json!({ "email": "new@example.test", "role": role });
        for (name, input) in [("organization.updateMemberRole", change), ("organization.inviteMember", invite)] {
            let refused = world.call(name, &world.ours.owner, input).await;
            assert!(matches!(refused, Err(Error::BadRequest(_))), "{name} {role}: {refused:?}");
        }
    }
    for role in [json!(["member", "owner"]), json!({ "role": "owner" }), json!(3), json!(null)] {
        let refused =
            world.call("organization.updateMemberRole", &world.ours.owner, json!({ "memberId": place, "role": role }));
        assert!(matches!(refused.await, Err(Error::BadRequest(_))), "{role}");
    }
    assert_eq!(world.events().await, events);
}

/// better-auth #1518: an admin could make itself owner, and demote or remove those who are.
#[tokio::test]
async fn better_auth_1518_an_admin_makes_no_owner_and_unmakes_none() {
    let world = World::new().await;
    let team = world.team(&[Role::Owner, Role::Admin, Role::Member, Role::Admin]).await;
    let [owner, admin, member, peer] = &team.people[..] else { unreachable!() };
    let events = world.events().await;
    let change = |whom: &guildhall_tests::Placed, role| json!({ "memberId": whom.place, "role": role });

    for (name, input) in [
        ("organization.updateMemberRole", change(admin, "owner")),
        ("organization.updateMemberRole", change(member, "owner")),
        ("organization.updateMemberRole", change(member, "admin")),
        ("organization.updateMemberRole", change(owner, "member")),
        ("organization.updateMemberRole", change(peer, "member")),
        ("organization.inviteMember", json!({ "email": "new@example.test", "role": "owner" })),
        ("organization.inviteMember", json!({ "userId": world.theirs.user, "role": "admin" })),
        ("organization.removeMember", json!({ "memberId": owner.place })),
        ("organization.removeMember", json!({ "memberId": peer.place })),
        ("organization.transferOwnership", json!({ "memberId": admin.place })),
        ("organization.delete", json!({ "confirmSlug": team.slug })),
    ] {
        let refused = world.call(name, &admin.caller, input.clone()).await;
        assert!(matches!(refused, Err(Error::Forbidden(Denied::InsufficientRole))), "{name} {input}: {refused:?}");
    }
    assert_eq!(world.events().await, events);
}
