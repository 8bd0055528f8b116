//! Where the two roles alone do not decide: foreign and deleted organizations, tokens older than a demotion, the last
//! owner, and words that are no roles.

use guildhall_domain::{
    Error, Resource,
    access::Role,
    error::{Reason, Segment},
};
use guildhall_services::Caller;
use guildhall_tests::World;
use serde_json::{Value, json};

use super::{
    roles::{Hall, Somebody, role},
    table::{Cell, Table},
};

const ROLES: [&str; 4] = ["viewer", "member", "admin", "owner"];

#[tokio::test]
async fn somebody_of_another_organization_is_not_there_to_be_changed_removed_or_made_owner() {
    let hall = Hall::new().await;
    let places = [hall.actor("outsider").await.place.to_string(), "mem_01jd0000000000000000000000".to_owned()];

    for who in ROLES {
        let actor = hall.actor(who).await;
        let before = hall.kept().await;
        for (place, to) in places.iter().flat_map(|place| ROLES.map(|to| (place, to))) {
            let input = json!({ "organizationId": hall.ours(), "memberId": place, "role": to });
            let changed = hall.world.call("organization.updateMemberRole", &actor.caller, input).await;
            let input = json!({ "organizationId": hall.ours(), "memberId": place });
            let removed = hall.world.call("organization.removeMember", &actor.caller, input).await;
            let input = json!({ "memberId": place });
            let handed = hall.world.call("organization.transferOwnership", &actor.caller, input).await;

            let not_there = |answer| matches!(answer, Err(Error::NotFound(Resource::Member)));
            assert_eq!(not_there(changed), role(who) >= Role::Admin, "{who}: the others may change nobody at all");
            assert!(not_there(removed), "{who}");
            assert_eq!(not_there(handed), who == "owner", "{who}: the others may not hand it over at all");
        }
        assert_eq!(hall.kept().await, before);
    }
}

#[tokio::test]
async fn a_deleted_organization_is_not_found_by_any_role_for_anything_that_has_to_do_with_people() {
    let hall = Hall::new().await;
    let (guest, target) = (hall.actor("outsider").await, hall.actor("viewer").await);
    let invitation = hall.invitation(0, "viewer").await;
    let mut actors = Vec::new();
    for who in ROLES.into_iter().chain(["outsider"]) {
        actors.push(hall.actor(who).await);
    }
    let delete = json!({ "confirmSlug": hall.world.ours.organization.slug });
    hall.world.call("organization.delete", &hall.world.ours.vouched, delete).await.unwrap();
    let ours = hall.ours();

    for actor in &actors {
        let mut calls = vec![
            ("organization.leave", json!({ "organizationId": ours })),
            ("organization.transferOwnership", json!({ "memberId": target.place })),
            ("organization.resendInvitation", json!({ "invitationId": invitation })),
            ("organization.revokeInvitation", json!({ "invitationId": invitation })),
            ("organization.listMembers", json!({})),
        ];
        for place in [target.place, actor.place] {
            calls.push(("organization.removeMember", json!({ "organizationId": ours, "memberId": place })));
            let change = |to| json!({ "organizationId": ours, "memberId": place, "role": to });
            calls.extend(ROLES.map(|to| ("organization.updateMemberRole", change(to))));
        }
        for role in ROLES {
            let by_address = json!({ "organizationId": ours, "email": "new@example.test", "role": role });
            let by_account = json!({ "organizationId": ours, "userId": guest.user, "role": role });
            calls.extend([by_address, by_account].map(|input| ("organization.inviteMember", input)));
        }
        for (name, input) in calls {
            hall.try_it("not found", name, &actor.caller, input).await;
        }
    }
}

#[tokio::test]
async fn a_token_from_before_a_demotion_does_only_what_the_new_role_may() {
    let (hall, table) = (Hall::new().await, Table::read());
    let (_, user) = hall.world.person("ada@example.test").await;
    let owner = &hall.world.ours.vouched;
    let added = json!({ "userId": user, "role": "owner" });
    let added = hall.world.call("organization.inviteMember", owner, added).await.unwrap();
    let place = serde_json::from_value(added["member"]["id"].clone()).unwrap();
    let sign_in = json!({ "email": "ada@example.test", "password": World::PASSWORD });
    let signed_in = hall.world.call("auth.signIn", &Caller::nobody(), sign_in).await.unwrap();
    let token = signed_in["session"]["accessToken"].as_str().unwrap().to_owned();
    let actor = Somebody { caller: Caller::bearer(token).in_organization(hall.ours()), user, place };

    for who in ["owner", "admin", "member", "viewer", "outsider"] {
        if who == "outsider" {
            let remove = json!({ "memberId": place });
            hall.world.call("organization.removeMember", owner, remove).await.unwrap();
        } else {
            let demote = json!({ "memberId": place, "role": who });
            hall.world.call("organization.updateMemberRole", owner, demote).await.unwrap();
        }
        let of_who = |cells: &[Cell]| -> Vec<Cell> {
            cells.iter().filter(|cell| cell.who == who && cell.whom != "self").copied().collect()
        };
        for cell in of_who(&table.changes) {
            hall.try_change(&cell, &actor).await;
        }
        for cell in of_who(&table.removals) {
            hall.try_removal(&cell, &actor).await;
        }
        for cell in of_who(&table.invitations) {
            hall.try_invitation(&cell, &actor).await;
        }
    }
}

#[tokio::test]
async fn the_last_owner_cannot_step_down_be_removed_leave_or_delete_its_account() {
    let hall = Hall::new().await;
    let (owner, ours) = (&hall.world.ours.vouched, hall.ours());
    let (admin, member) = (hall.actor("admin").await, hall.actor("member").await);
    let all = json!({ "pageSize": 100 });
    let listed = hall.world.call("organization.listMembers", owner, all).await.unwrap();
    let own = listed["members"].as_array().unwrap().iter().find(|one| one["role"] == "owner").unwrap()["id"].clone();
    let change = |place: &Value, to: &str| json!({ "organizationId": ours, "memberId": place, "role": to });
    let place = |place: &Value| json!({ "organizationId": ours, "memberId": place });
    let of_itself = [
        ("organization.updateMemberRole", change(&own, "admin")),
        ("organization.updateMemberRole", change(&own, "member")),
        ("organization.updateMemberRole", change(&own, "viewer")),
        ("organization.removeMember", place(&own)),
        ("organization.leave", json!({ "organizationId": ours })),
        ("account.delete", json!({ "password": World::PASSWORD })),
    ];
    let all_refused = async || {
        let before = hall.kept().await;
        for (name, input) in &of_itself {
            let answer = hall.world.call(name, owner, input.clone()).await;
            assert!(matches!(answer, Err(Error::Conflict(Reason::LastOwner))), "{name} {input}: {answer:?}");
        }
        assert_eq!(hall.kept().await, before);
    };

    // Alone, with an admin and a member.
    all_refused().await;
    for actor in [&admin, &member] {
        hall.try_it("no", "organization.updateMemberRole", &actor.caller, change(&own, "viewer")).await;
        hall.try_it("no", "organization.removeMember", &actor.caller, place(&own)).await;
    }
    // After another owner was demoted, removed, or left.
    let second = hall.actor("owner").await;
    let demote = change(&json!(second.place), "admin");
    hall.try_it("yes", "organization.updateMemberRole", owner, demote).await;
    all_refused().await;
    let third = hall.actor("owner").await;
    hall.try_it("yes", "organization.removeMember", owner, place(&json!(third.place))).await;
    all_refused().await;
    let fourth = hall.actor("owner").await;
    hall.try_it("yes", "organization.leave", &fourth.caller, json!({ "organizationId": ours })).await;
    all_refused().await;
    // And with another owner it may; then that one is the last.
    let heir = hall.actor("owner").await;
    hall.try_it("yes", "organization.updateMemberRole", owner, change(&own, "viewer")).await;
    let refused = hall.world.call("organization.leave", &heir.caller, json!({ "organizationId": ours })).await;
    assert!(matches!(refused, Err(Error::Conflict(Reason::LastOwner))), "{refused:?}");
}

#[tokio::test]
async fn what_is_no_role_is_refused_and_the_field_is_named() {
    let hall = Hall::new().await;
    let (owner, target, guest) =
        (hall.actor("owner").await, hall.actor("member").await, hall.actor("outsider").await.user);
    let words =
        ["superuser", "member,owner", "owner,member", "member owner", "Owner", "OWNER", " owner", "owner\0", ""];
    let others =
        [json!(["owner"]), json!(["member", "owner"]), json!({ "owner": true }), json!(3), json!(true), json!(null)];

    let before = hall.kept().await;
    for role in words.into_iter().map(Value::from).chain(others) {
        for (name, input) in [
            ("organization.updateMemberRole", json!({ "memberId": target.place, "role": role })),
            ("organization.inviteMember", json!({ "email": "new@example.test", "role": role })),
            ("organization.inviteMember", json!({ "userId": guest, "role": role })),
        ] {
            let answer = hall.world.call(name, &owner.caller, input).await;
            let Err(Error::BadRequest(issues)) = &answer else { panic!("{name} {role}: {answer:?}") };
            assert_eq!(issues[0].path, [Segment::from("role")], "{name} {role}: {issues:?}");
        }
    }
    assert_eq!(hall.kept().await, before);
}

#[tokio::test]
async fn an_invitation_that_an_admin_may_not_touch_still_opens_with_its_token() {
    let hall = Hall::new().await;
    let admin = hall.actor("admin").await;
    for (n, role) in ["admin", "owner"].into_iter().enumerate() {
        let input = json!({ "invitationId": hall.invitation(n, role).await });
        let token = hall.world.token_for(&format!("guest{n}@example.test")).await;

        hall.try_it("no", "organization.resendInvitation", &admin.caller, input.clone()).await;
        hall.try_it("no", "organization.revokeInvitation", &admin.caller, input).await;

        let shown = hall.world.call("organization.getInvitation", &Caller::nobody(), json!({ "token": token })).await;
        assert_eq!(shown.unwrap()["status"], "pending", "{role}");
    }
}
