//! An organization that lives has an owner, whoever goes at the same moment.

use guildhall_domain::access::Role::{Admin, Member, Owner};
use guildhall_tests::{Placed, Team, World};
use serde_json::json;

use super::arena::{FEW, Racer, racer, rounds};

fn demote(by: &Placed, whom: &Placed) -> Racer {
    racer(&by.caller, "organization.updateMemberRole", json!({ "memberId": whom.place, "role": "admin" }))
}

fn remove(by: &Placed, whom: &Placed) -> Racer {
    racer(&by.caller, "organization.removeMember", json!({ "memberId": whom.place }))
}

fn transfer(by: &Placed, to: &Placed) -> Racer {
    racer(&by.caller, "organization.transferOwnership", json!({ "memberId": to.place }))
}

fn leave(team: &Team, who: &Placed) -> Racer {
    racer(&who.caller, "organization.leave", json!({ "organizationId": team.id }))
}

fn delete_account(who: &Placed) -> Racer {
    racer(&who.caller, "account.delete", json!({ "password": World::PASSWORD }))
}

#[test]
fn of_two_owners_who_demote_each_other_one_stays_owner() {
    rounds("demote x demote", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Owner]).await;
        let [a, b] = &team.people[..] else { unreachable!() };
        arena.at_once([demote(a, b), demote(b, a)], &["ok, insufficient_role", "insufficient_role, ok"]).await;
    });
}

#[test]
fn of_two_owners_who_leave_one_stays() {
    rounds("leave x leave", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Owner]).await;
        let [a, b] = &team.people[..] else { unreachable!() };
        arena.at_once([leave(&team, a), leave(&team, b)], &["ok, last_owner", "last_owner, ok"]).await;
    });
}

#[test]
fn an_owner_who_leaves_can_no_longer_demote_the_other() {
    rounds("demote x leave, of one owner", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Owner]).await;
        let [a, b] = &team.people[..] else { unreachable!() };
        arena.at_once([demote(a, b), leave(&team, a)], &["ok, last_owner", "no organization, ok"]).await;
    });
}

#[test]
fn an_owner_leaves_also_while_being_demoted() {
    rounds("demote x leave, of two owners", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Owner]).await;
        let [a, b] = &team.people[..] else { unreachable!() };
        arena.at_once([demote(a, b), leave(&team, b)], &["ok, ok", "no member, ok"]).await;
    });
}

#[test]
fn of_two_owners_who_remove_each_other_one_stays() {
    rounds("remove x remove", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Owner]).await;
        let [a, b] = &team.people[..] else { unreachable!() };
        arena.at_once([remove(a, b), remove(b, a)], &["ok, no organization", "no organization, ok"]).await;
    });
}

#[test]
fn the_owner_leaves_only_once_somebody_else_is_one() {
    rounds("transfer x leave, of the owner", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Member]).await;
        let [a, b] = &team.people[..] else { unreachable!() };
        arena.at_once([transfer(a, b), leave(&team, a)], &["ok, ok", "ok, last_owner"]).await;
    });
}

#[test]
fn an_heir_is_there_or_does_not_inherit() {
    rounds("transfer x leave, of the heir", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Member]).await;
        let [a, b] = &team.people[..] else { unreachable!() };
        arena.at_once([transfer(a, b), leave(&team, b)], &["ok, last_owner", "no member, ok"]).await;
    });
}

#[test]
fn an_organization_is_handed_over_once() {
    rounds("transfer x transfer", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Member, Member]).await;
        let [a, b, c] = &team.people[..] else { unreachable!() };
        arena.at_once([transfer(a, b), transfer(a, c)], &["ok, insufficient_role", "insufficient_role, ok"]).await;
    });
}

#[test]
fn of_two_last_owners_who_delete_their_accounts_one_stays() {
    rounds("account.delete x account.delete, with a member left", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Owner, Member]).await;
        let [a, b, _] = &team.people[..] else { unreachable!() };
        arena.at_once([delete_account(a), delete_account(b)], &["ok, last_owner", "last_owner, ok"]).await;
    });
}

#[test]
fn two_owners_who_delete_their_accounts_and_are_all_there_is_take_the_team_with_them() {
    rounds("account.delete x account.delete, with nobody left", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Owner]).await;
        let [a, b] = &team.people[..] else { unreachable!() };
        arena.at_once([delete_account(a), delete_account(b)], &["ok, ok"]).await;
    });
}

#[test]
fn of_an_owner_who_leaves_and_one_who_deletes_its_account_one_stays() {
    rounds("leave x account.delete", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Owner, Admin]).await;
        let [a, b, _] = &team.people[..] else { unreachable!() };
        arena.at_once([leave(&team, a), delete_account(b)], &["ok, last_owner", "last_owner, ok"]).await;
    });
}

#[test]
fn an_account_that_is_deleted_leaves_no_organization_behind_that_it_is_founding() {
    rounds("organization.create x account.delete", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Member]).await;
        let founder = &team.people[1];
        let slug = format!("new-{}", team.slug.trim_start_matches("team-"));
        let create = racer(&founder.account.caller, "organization.create", json!({ "name": "New", "slug": slug }));
        arena.at_once([create, delete_account(founder)], &["ok, ok", "unauthenticated, ok"]).await;
    });
}
