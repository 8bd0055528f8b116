//! An invitation is answered once, and whoever answers in time is in.

use guildhall_domain::access::Role::{self, Admin, Member, Owner};
use guildhall_services::Caller;
use guildhall_tests::{Account, Team, World};
use serde_json::{Value, json};

use super::arena::{Arena, FEW, Racer, racer, rounds};

/// Somebody who was asked into a team.
struct Asked {
    team: Team,
    guest: Account,
    /// The invitation.
    id: Value,
    token: String,
}

/// A team with an owner and the inviter, who has asked somebody.
async fn asked_by(arena: &Arena, inviter: Role) -> Asked {
    let (team, guest) = (arena.world.team(&[Owner, inviter]).await, arena.world.account().await);
    let input = json!({ "email": guest.email, "role": "viewer" });
    let made = arena.world.call("organization.inviteMember", &team.people[1].caller, input).await.unwrap();
    let token = arena.world.token_for(&guest.email).await;
    Asked { team, guest, id: made["invitation"]["id"].clone(), token }
}

impl Asked {
    fn accept(&self, as_guest: &Caller) -> Racer {
        racer(as_guest, "organization.acceptInvitation", json!({ "token": self.token }))
    }

    /// The owner does something about the invitation.
    fn owner(&self, name: &'static str) -> Racer {
        racer(&self.team.people[0].caller, name, json!({ "invitationId": self.id }))
    }

    /// The owner does something about the inviter.
    fn about_inviter(&self, name: &'static str, more: &Value) -> Racer {
        let mut input = json!({ "memberId": self.team.people[1].place });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        racer(&self.team.people[0].caller, name, input)
    }

    fn invite(&self, by: usize) -> Racer {
        let input = json!({ "email": format!("second-{}", self.guest.email) });
        racer(&self.team.people[by].caller, "organization.inviteMember", input)
    }
}

#[test]
fn whoever_accepts_twice_has_one_place() {
    rounds("accept x accept", FEW, async |arena| {
        let asked = asked_by(arena, Admin).await;
        let (phone, laptop) = (arena.world.sign_in(&asked.guest).await.0, arena.world.sign_in(&asked.guest).await.0);
        let calls = [asked.accept(&phone), asked.accept(&laptop)];
        arena.at_once(calls, &["ok, invitation_closed", "invitation_closed, ok"]).await;
    });
}

#[test]
fn an_invitation_is_accepted_or_revoked() {
    rounds("accept x revoke", FEW, async |arena| {
        let asked = asked_by(arena, Admin).await;
        let calls = [asked.accept(&asked.guest.caller), asked.owner("organization.revokeInvitation")];
        arena.at_once(calls, &["ok, invitation_closed", "invitation_closed, ok"]).await;
    });
}

#[test]
fn an_invitation_is_accepted_or_its_token_renewed() {
    rounds("accept x resend, by token", FEW, async |arena| {
        let asked = asked_by(arena, Admin).await;
        let calls = [asked.accept(&asked.guest.caller), asked.owner("organization.resendInvitation")];
        arena.at_once(calls, &["ok, already_member", "no invitation, ok"]).await;
    });
}

#[test]
fn an_invitation_is_accepted_by_its_id_also_while_it_is_renewed() {
    rounds("accept x resend, by id", FEW, async |arena| {
        let asked = asked_by(arena, Admin).await;
        let by_id = json!({ "invitationId": asked.id });
        let accept = racer(&asked.guest.caller, "organization.acceptInvitation", by_id);
        arena.at_once([accept, asked.owner("organization.resendInvitation")], &["ok, already_member", "ok, ok"]).await;
    });
}

#[test]
fn an_invitation_is_accepted_or_declined() {
    rounds("accept x decline", FEW, async |arena| {
        let asked = asked_by(arena, Admin).await;
        let decline = json!({ "token": asked.token });
        let decline = racer(&asked.guest.caller, "organization.declineInvitation", decline);
        let calls = [asked.accept(&asked.guest.caller), decline];
        arena.at_once(calls, &["ok, invitation_closed", "invitation_closed, ok"]).await;
    });
}

#[test]
fn nobody_joins_an_organization_that_is_deleted() {
    rounds("accept x organization.delete", FEW, async |arena| {
        let asked = asked_by(arena, Admin).await;
        let input = json!({ "organizationId": asked.team.id, "confirmSlug": asked.team.slug });
        let delete = racer(&asked.team.people[0].caller, "organization.delete", input);
        arena.at_once([asked.accept(&asked.guest.caller), delete], &["ok, ok", "no invitation, ok"]).await;
        let into_it = json!({ "organizationId": asked.team.id });
        let entered = arena.world.call("organization.get", &asked.guest.caller, into_it).await;
        arena.expect(entered.is_err(), "the guest is in an organization that was deleted");
    });
}

#[test]
fn an_invitation_is_worth_nothing_once_its_inviter_is_removed() {
    rounds("accept x removal of the inviter", FEW, async |arena| {
        let asked = asked_by(arena, Admin).await;
        let remove = asked.about_inviter("organization.removeMember", &json!({}));
        arena.at_once([asked.accept(&asked.guest.caller), remove], &["ok, ok", "invitation_closed, ok"]).await;
    });
}

#[test]
fn an_invitation_is_worth_nothing_once_its_inviter_is_demoted() {
    rounds("accept x demotion of the inviter", FEW, async |arena| {
        let asked = asked_by(arena, Admin).await;
        let demote = asked.about_inviter("organization.updateMemberRole", &json!({ "role": "member" }));
        arena.at_once([asked.accept(&asked.guest.caller), demote], &["ok, ok", "invitation_closed, ok"]).await;
    });
}

#[test]
fn an_account_that_is_deleted_joins_nothing() {
    rounds("accept x account.delete of the invitee", FEW, async |arena| {
        let asked = asked_by(arena, Admin).await;
        let delete = racer(&asked.guest.caller, "account.delete", json!({ "password": World::PASSWORD }));
        arena.at_once([asked.accept(&asked.guest.caller), delete], &["ok, ok", "unauthenticated, ok"]).await;
        let page = arena.world.call("organization.listMembers", &asked.team.people[0].caller, json!({})).await.unwrap();
        arena.expect(page["totalCount"] == 2, "a deleted account has a place");
    });
}

#[test]
fn an_account_that_is_deleted_while_it_is_asked_by_id_gets_no_place() {
    rounds("invite by id x account.delete of the invitee", FEW, async |arena| {
        let (team, guest) = (arena.world.team(&[Owner]).await, arena.world.account().await);
        let add = racer(&team.people[0].caller, "organization.inviteMember", json!({ "userId": guest.user }));
        let delete = racer(&guest.caller, "account.delete", json!({ "password": World::PASSWORD }));
        arena.at_once([add, delete], &["ok, ok", "no user, ok"]).await;
    });
}

#[test]
fn one_address_is_asked_once_at_a_time() {
    rounds("invite x invite", FEW, async |arena| {
        let asked = asked_by(arena, Admin).await;
        arena.at_once([asked.invite(0), asked.invite(1)], &["ok, already_invited", "already_invited, ok"]).await;
    });
}

#[test]
fn one_account_gets_one_place() {
    rounds("invite by id x invite by id", FEW, async |arena| {
        let (team, guest) = (arena.world.team(&[Owner, Admin, Member]).await, arena.world.account().await);
        let add =
            |by: usize| racer(&team.people[by].caller, "organization.inviteMember", json!({ "userId": guest.user }));
        arena.at_once([add(0), add(1)], &["ok, already_member", "already_member, ok"]).await;
    });
}

#[test]
fn one_slug_has_one_organization() {
    rounds("create x create, one slug", FEW, async |arena| {
        let (one, other) = (arena.world.account().await, arena.world.account().await);
        let slug = json!({ "name": "Contested", "slug": format!("contested-{}", one.user.uuid().simple()) });
        let create = |by: &Account| racer(&by.caller, "organization.create", slug.clone());
        let ends = ["ok, resource_already_exists", "resource_already_exists, ok"];
        arena.at_once([create(&one), create(&other)], &ends).await;
    });
}

#[test]
fn a_slug_is_taken_by_a_new_organization_or_by_one_that_is_renamed() {
    rounds("update x create, one slug", FEW, async |arena| {
        let (team, other) = (arena.world.team(&[Owner]).await, arena.world.account().await);
        let slug = format!("contested-{}", other.user.uuid().simple());
        let input = json!({ "organizationId": team.id, "slug": slug });
        let update = racer(&team.people[0].caller, "organization.update", input);
        let create = racer(&other.caller, "organization.create", json!({ "name": "Contested", "slug": slug }));
        let ends = ["ok, resource_already_exists", "resource_already_exists, ok"];
        arena.at_once([update, create], &ends).await;
    });
}
