//! Every cell of `snapshots/roles.txt`, tried on the running system.

use std::collections::BTreeSet;

use guildhall_domain::{Error, Id, Resource, access::Role, error::Denied, id};
use guildhall_services::Caller;
use guildhall_tests::World;
use serde_json::{Value, json};

use super::{
    rows::kept,
    table::{Cell, Table},
};

/// Somebody with an account and a place.
#[derive(Clone, Debug)]
pub(super) struct Somebody {
    pub caller: Caller,
    pub user: Id<id::User>,
    pub place: Id<id::Member>,
}

/// The world in which cells are tried.
pub(super) struct Hall {
    pub world: World,
}

impl Hall {
    pub(super) async fn new() -> Self {
        Self { world: World::new().await }
    }

    /// Somebody new who acts: one of ours, or one who owns another organization and knocks at ours.
    pub(super) async fn actor(&self, who: &str) -> Somebody {
        let (side, role) =
            if who == "outsider" { (&self.world.theirs, Role::Owner) } else { (&self.world.ours, role(who)) };
        let (caller, user, place) = self.world.member_of(side, role).await;
        Somebody { caller: caller.in_organization(self.ours()), user, place }
    }

    /// On whom: somebody new of ours, or the actor itself.
    pub(super) async fn target(&self, whom: &str, actor: &Somebody) -> Somebody {
        match whom {
            "self" => actor.clone(),
            "other owner" => self.actor("owner").await,
            role => self.actor(role).await,
        }
    }

    /// The `n`th invitation of our owner's, which stands.
    pub(super) async fn invitation(&self, n: usize, role: &str) -> Value {
        let input = json!({ "email": format!("guest{n}@example.test"), "role": role });
        let made = self.world.call("organization.inviteMember", &self.world.ours.vouched, input).await.unwrap();
        made["invitation"]["id"].clone()
    }

    pub(super) fn ours(&self) -> String {
        self.world.ours.organization.id.to_string()
    }

    /// Everything that is kept about people.
    pub(super) async fn kept(&self) -> BTreeSet<String> {
        kept(&self.world, "%").await
    }

    /// Makes a call that must come to what `says` says, and to one event and a change, or to neither.
    pub(super) async fn try_it(&self, says: &str, name: &str, caller: &Caller, input: Value) -> Value {
        let before = self.kept().await;
        let answer = self.world.call(name, caller, input.clone()).await;
        let after = self.kept().await;

        let what = format!("{says}: {name} {input} {answer:?}");
        let gone: Vec<&String> = before.difference(&after).collect();
        let new: Vec<&String> = after.difference(&before).collect();
        if says == "yes" {
            let events = |lines: &BTreeSet<String>| -> u64 {
                let line = lines.iter().find_map(|line| line.strip_prefix("events ")).unwrap();
                line.split(' ').next().unwrap().parse().unwrap()
            };
            assert_eq!(events(&after), events(&before) + 1, "{what}");
            assert!(gone.len() <= 2 && new.len() <= 2 && gone.len() + new.len() >= 3, "{what}: {gone:?} {new:?}");
        } else {
            assert!(gone.is_empty() && new.is_empty(), "{what}: {gone:?} {new:?}");
        }
        match (says, answer) {
            ("yes" | "same", Ok(answer)) => answer,
            ("no", Err(Error::Forbidden(Denied::InsufficientRole)))
            | ("not found", Err(Error::NotFound(Resource::Organization))) => Value::Null,
            _ => panic!("{what}"),
        }
    }

    /// Tries a change of roles by somebody who is `cell.who`.
    pub(super) async fn try_change(&self, cell: &Cell, actor: &Somebody) {
        let target = self.target(cell.whom, actor).await;
        let before = self.place_of(&target).await;
        let input = json!({ "organizationId": self.ours(), "memberId": target.place, "role": cell.role });
        let answer = self.try_it(cell.says, "organization.updateMemberRole", &actor.caller, input).await;

        let is = self.place_of(&target).await;
        if matches!(cell.says, "yes" | "same") {
            assert_eq!((is.as_deref(), &answer["role"]), (Some(cell.role), &json!(cell.role)), "{cell:?}");
        } else {
            assert_eq!(is, before, "{cell:?}");
        }
    }

    /// Tries to remove somebody.
    pub(super) async fn try_removal(&self, cell: &Cell, actor: &Somebody) {
        let target = self.target(cell.whom, actor).await;
        let before = self.place_of(&target).await;
        let input = json!({ "organizationId": self.ours(), "memberId": target.place });
        self.try_it(cell.says, "organization.removeMember", &actor.caller, input).await;

        let expected = if cell.says == "yes" { None } else { before };
        assert_eq!(self.place_of(&target).await, expected, "{cell:?}");
    }

    /// Tries to invite somebody, by address and by account.
    pub(super) async fn try_invitation(&self, cell: &Cell, actor: &Somebody) {
        let guest = self.actor("outsider").await;
        let input = json!({ "organizationId": self.ours(), "userId": guest.user, "role": cell.role });
        let added = self.try_it(cell.says, "organization.inviteMember", &actor.caller, input).await;
        let email = format!("new-{}@example.test", guest.place);
        let input = json!({ "organizationId": self.ours(), "email": email, "role": cell.role });
        let invited = self.try_it(cell.says, "organization.inviteMember", &actor.caller, input).await;

        if cell.says == "yes" {
            assert_eq!((&added["type"], &added["member"]["role"]), (&json!("direct_membership"), &json!(cell.role)));
            assert_eq!(
                (&invited["type"], &invited["invitation"]["role"]),
                (&json!("email_invitation"), &json!(cell.role))
            );
        }
        let (_, is) = self.listed().await.into_iter().find(|(user, _)| *user == guest.user.to_string()).unzip();
        assert_eq!(is, (cell.says == "yes").then(|| cell.role.to_owned()), "{cell:?}");
    }

    /// What our owner sees of the members: who, and as what.
    async fn listed(&self) -> Vec<(String, String)> {
        let all = json!({ "organizationId": self.ours(), "includeMembers": true });
        let ours = self.world.call("organization.get", &self.world.ours.vouched, all).await.unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        ours["members"].as_array().unwrap().iter().map(|it| (text(&it["userId"]), text(&it["role"]))).collect()
    }

    /// The role of somebody's place, read from the row, and where it is one of ours the same as our owner sees.
    async fn place_of(&self, somebody: &Somebody) -> Option<String> {
        let access = self.world.database.read();
        let word = |role: Role| json!(role).as_str().unwrap().to_owned();
        let ours = access.tenant(self.world.ours.organization.id).members().find(somebody.place).await.unwrap();
        let ours = ours.map(|member| word(member.role));
        let seen = self.listed().await.into_iter().find(|(user, _)| *user == somebody.user.to_string());
        assert_eq!(seen.map(|(_, role)| role), ours);
        let theirs = access.tenant(self.world.theirs.organization.id).members().find(somebody.place).await.unwrap();
        ours.or(theirs.map(|member| word(member.role)))
    }
}

/// The role of that name.
pub(super) fn role(word: &str) -> Role {
    serde_json::from_value(json!(word)).unwrap()
}

#[tokio::test]
async fn each_of_a_hundred_changes_of_roles_comes_to_what_the_table_says() {
    let (hall, table) = (Hall::new().await, Table::read());

    for cell in &table.changes {
        hall.try_change(cell, &hall.actor(cell.who).await).await;
    }

    assert_eq!(table.changes.len(), 100);
}

#[tokio::test]
async fn each_of_twenty_five_removals_comes_to_what_the_table_says() {
    let (hall, table) = (Hall::new().await, Table::read());

    for cell in &table.removals {
        hall.try_removal(cell, &hall.actor(cell.who).await).await;
        if cell.whom == "self" {
            let leaving = hall.actor(cell.who).await;
            let input = json!({ "organizationId": hall.ours() });
            hall.try_it(cell.says, "organization.leave", &leaving.caller, input).await;
        }
    }

    assert_eq!(table.removals.len(), 25);
}

#[tokio::test]
async fn each_of_twenty_invitations_comes_to_what_the_table_says_by_address_and_by_account() {
    let (hall, table) = (Hall::new().await, Table::read());

    for cell in &table.invitations {
        hall.try_invitation(cell, &hall.actor(cell.who).await).await;
    }

    assert_eq!(table.invitations.len(), 20);
}

#[tokio::test]
async fn who_may_invite_as_a_role_may_send_such_an_invitation_again_or_take_it_back_and_nobody_else() {
    let (hall, table) = (Hall::new().await, Table::read());

    for (n, cell) in table.invitations.iter().enumerate() {
        let actor = hall.actor(cell.who).await;
        let input = json!({ "invitationId": hall.invitation(n, cell.role).await });
        let sent = hall.try_it(cell.says, "organization.resendInvitation", &actor.caller, input.clone()).await;
        hall.try_it(cell.says, "organization.revokeInvitation", &actor.caller, input).await;

        if cell.says == "yes" {
            assert_eq!((&sent["role"], &sent["inviter"]["id"]), (&json!(cell.role), &json!(actor.user)), "{cell:?}");
        }
    }

    assert_eq!(table.invitations.len(), 20);
}
