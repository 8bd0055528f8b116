//! What is asked permission for is what is changed, in the organization that was named.

use guildhall_domain::{Error, Resource, Result, access::Role, error::Denied};
use guildhall_tests::{Team, World};
use serde_json::{Value, json};

/// What outsiders would change: members, invitations and what the organization is called.
async fn shape(world: &World, team: &Team) -> Value {
    let owner = &team.people[0].caller;
    let of = async |name: &str, input: Value| world.call(name, owner, input).await.unwrap();
    json!([
        of("organization.get", json!({ "includeMembers": true })).await,
        of("organization.listInvitations", json!({})).await,
    ])
}

async fn invited(world: &World, team: &Team) -> Value {
    let input = json!({ "email": format!("guest-{}@example.test", team.slug), "role": "viewer" });
    let made = world.call("organization.inviteMember", &team.people[0].caller, input).await.unwrap();
    made["invitation"]["id"].clone()
}

/// GHSA-h3rm-78g3-j7cp: permission was asked for the organization that a request named, and the deed done in the active
/// one. Alice owns the first and is a member of the second; she gets from neither into the other.
#[tokio::test]
async fn ghsa_h3rm_78g3_j7cp_the_organization_asked_is_the_one_acted_in() {
    let world = World::new().await;
    let (first, second) = (world.team(&[Role::Owner, Role::Viewer]).await, world.team(&[Role::Owner]).await);
    let alice = &first.people[0];
    let join = json!({ "userId": alice.account.user });
    world.call("organization.inviteMember", &second.people[0].caller, join).await.unwrap();
    let invitations = [invited(&world, &first).await, invited(&world, &second).await];
    let before = [shape(&world, &first).await, shape(&world, &second).await];
    let about = |team: usize| {
        let (team, invitation) = ([&first, &second][team], &invitations[team]);
        let place = team.people.last().unwrap().place;
        [
            ("organization.updateMemberRole", json!({ "memberId": place, "role": "member" })),
            ("organization.removeMember", json!({ "memberId": place })),
            ("organization.revokeInvitation", json!({ "invitationId": invitation })),
            ("organization.resendInvitation", json!({ "invitationId": invitation })),
        ]
    };
    let in_second = alice.account.caller.clone().in_organization(second.id.to_string());
    let refused = |name: &str, answer: Result<Value>| {
        let foreign = matches!(answer, Err(Error::NotFound(Resource::Member | Resource::Invitation)));
        assert!(foreign || matches!(answer, Err(Error::Forbidden(Denied::InsufficientRole))), "{name}: {answer:?}");
    };

    for (name, input) in about(1) {
        let answer = world.call(name, &alice.caller, input).await;
        assert!(matches!(answer, Err(Error::NotFound(_))), "{name} with the other's id: {answer:?}");
    }
    for (name, input) in about(0) {
        refused(name, world.call(name, &in_second, input).await);
    }
    for (name, input) in [
        ("organization.update", json!({ "organizationId": second.id, "name": "Mine" })),
        ("organization.delete", json!({ "organizationId": second.id, "confirmSlug": second.slug })),
        ("organization.inviteMember", json!({ "organizationId": second.id, "email": "new@example.test" })),
    ] {
        refused(name, world.call(name, &alice.caller, input).await);
    }
    assert_eq!([shape(&world, &first).await, shape(&world, &second).await], before);
}

/// GHSA-gv74-j8m3-fg5f (CVE-2026-53515): to belong to an organization was enough to manage it. The table has every
/// procedure that changes one; each that is not open to everybody refuses a member.
#[tokio::test]
async fn ghsa_gv74_j8m3_fg5f_to_belong_is_not_to_manage() {
    let world = World::new().await;
    let team = world.team(&[Role::Owner, Role::Member, Role::Viewer]).await;
    let [_, member, viewer] = &team.people[..] else { unreachable!() };
    let invitation = invited(&world, &team).await;
    let before = shape(&world, &team).await;
    let managing = [
        ("organization.update", json!({ "name": "Mine" })),
        ("organization.delete", json!({ "confirmSlug": team.slug })),
        ("organization.transferOwnership", json!({ "memberId": member.place })),
        ("organization.inviteMember", json!({ "email": "new@example.test" })),
        ("organization.resendInvitation", json!({ "invitationId": invitation })),
        ("organization.revokeInvitation", json!({ "invitationId": invitation })),
        ("organization.updateMemberRole", json!({ "memberId": viewer.place, "role": "member" })),
        ("organization.removeMember", json!({ "memberId": viewer.place })),
    ];
    let open = ["organization.leave"];

    for (name, input) in &managing {
        let refused = world.call(name, &member.caller, input.clone()).await;
        assert!(matches!(refused, Err(Error::Forbidden(Denied::InsufficientRole))), "{name}: {refused:?}");
    }

    assert_eq!(shape(&world, &team).await, before);
    for entry in world.catalogue.iter() {
        let manages = entry.name.starts_with("organization.") && entry.reach == "org" && entry.effect == "mutation";
        let listed = open.contains(&entry.name) || managing.iter().any(|(name, _)| *name == entry.name);
        assert!(!manages || listed, "{} is not in this table", entry.name);
    }
}
