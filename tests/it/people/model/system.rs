//! The running system, doing what the model does.

use std::collections::VecDeque;

use guildhall_domain::{Error, Id, Timestamp, error::Segment, id, mail::Matter};
use guildhall_services::Caller;
use guildhall_tests::{World, token_in};
use serde_json::{Value, json};

use super::{
    state::{Model, Names},
    steps::{Act, Proof, Step},
};

/// What the model's indexes mean in the running system.
pub(super) struct System<'a> {
    world: &'a World,
    names: &'a Names,
    accounts: Vec<(Caller, Id<id::User>)>,
    organizations: Vec<Id<id::Organization>>,
    places: Vec<Id<id::Member>>,
    invitations: Vec<Id<id::Invitation>>,
    /// Of every invitation the tokens, as their letters came.
    tokens: Vec<Vec<String>>,
    /// What the letters are about that were not sent yet.
    letters: VecDeque<Option<usize>>,
}

impl<'a> System<'a> {
    pub(super) fn new(world: &'a World, names: &'a Names) -> Self {
        let (accounts, organizations, places, invitations) = Default::default();
        let (tokens, letters) = Default::default();
        Self { world, names, accounts, organizations, places, invitations, tokens, letters }
    }

    /// Takes a step, one millisecond after the one before; `model` has not taken it yet.
    pub(super) async fn take(&mut self, step: &Step, model: &Model) -> Result<(), String> {
        self.world.clock.set(Timestamp::from_millis(model.now + 1));
        match *step {
            Step::Wait { hours } => self.world.clock.set(Timestamp::from_millis(model.now + 1 + hours * 3_600_000)),
            Step::SignUp { address, verified } => {
                let (email, slug) = (self.names.email(address), self.names.slug(model.organizations.len()));
                let newcomer = self.world.newcomer(&email, &self.names.0, &slug).await;
                if verified {
                    self.world.verify(newcomer.1).await;
                }
                self.accounts.push(newcomer);
            }
            Step::Restore { organization, owner } => {
                let slug = self.names.slug(organization).parse().unwrap();
                let owner = owner.map(|address| self.names.email(address).parse().unwrap());
                self.world.app.restore_organization(&slug, owner.as_ref()).await.map_err(|error| words(&error))?;
            }
            Step::Call { actor, at, act } => {
                self.call(actor, at, act, model).await.map_err(|error| words(&error))?;
            }
        }
        Ok(())
    }

    async fn call(&mut self, actor: usize, at: Option<usize>, act: Act, model: &Model) -> guildhall_domain::Result<()> {
        let (name, mut input) = self.input(act, model, at.unwrap_or_else(|| model.works_in(actor))).await;
        let mut caller = self.accounts[actor].0.clone();
        if let Some(at) = at {
            let by_id = matches!(act, Act::Invite { .. } | Act::Add { .. } | Act::Change { .. } | Act::Remove { .. });
            if by_id || matches!(act, Act::DeleteOrganization { .. }) {
                input["organizationId"] = json!(self.organizations[at]);
            } else {
                caller = caller.in_organization(self.organizations[at].to_string());
            }
        }
        let answer = self.world.call(name, &caller, input).await?;
        match act {
            Act::Invite { .. } => {
                self.letters.push_back(Some(self.invitations.len()));
                self.invitations.push(serde_json::from_value(answer["invitation"]["id"].clone()).unwrap());
                self.tokens.push(Vec::new());
            }
            Act::Resend { invitation } => self.letters.push_back(Some(invitation)),
            Act::Add { .. } => self.letters.push_back(None),
            _ => return Ok(()),
        }
        self.fetch_letters().await; // none is sent once its organization is gone
        Ok(())
    }

    /// The procedure, and what it is given where it is to work in `at`.
    async fn input(&mut self, act: Act, model: &Model, at: usize) -> (&'static str, Value) {
        match act {
            Act::Create { taken } => {
                let slug = self.names.slug(taken.unwrap_or(model.organizations.len()));
                ("organization.create", json!({ "name": self.names.0, "slug": slug }))
            }
            Act::Switch { to } => {
                let to = to.map_or(json!({}), |to| json!({ "organizationId": self.organizations[to] }));
                ("account.switchOrganization", to)
            }
            Act::DeleteAccount { rightly } => {
                let password = if rightly { World::PASSWORD } else { "another" };
                ("account.delete", json!({ "password": password }))
            }
            Act::Invite { address, role } => {
                ("organization.inviteMember", json!({ "email": self.names.email(address), "role": role }))
            }
            Act::Add { account, role } => {
                ("organization.inviteMember", json!({ "userId": self.accounts[account].1, "role": role }))
            }
            Act::Resend { invitation } => ("organization.resendInvitation", self.by_id(invitation)),
            Act::Revoke { invitation } => ("organization.revokeInvitation", self.by_id(invitation)),
            Act::Accept { invitation, proof } => {
                ("organization.acceptInvitation", self.proof(invitation, proof, model).await)
            }
            Act::Decline { invitation, proof } => {
                ("organization.declineInvitation", self.proof(invitation, proof, model).await)
            }
            Act::Change { place, role } => {
                ("organization.updateMemberRole", json!({ "memberId": self.places[place], "role": role }))
            }
            Act::Remove { place } => ("organization.removeMember", json!({ "memberId": self.places[place] })),
            Act::Leave => ("organization.leave", json!({ "organizationId": self.organizations[at] })),
            Act::Transfer { place } => ("organization.transferOwnership", json!({ "memberId": self.places[place] })),
            Act::DeleteOrganization { confirmed } => {
                let slug = if confirmed { self.names.slug(at) } else { "another".to_owned() };
                ("organization.delete", json!({ "confirmSlug": slug }))
            }
        }
    }

    fn by_id(&self, invitation: usize) -> Value {
        json!({ "invitationId": self.invitations[invitation] })
    }

    async fn proof(&mut self, invitation: usize, proof: Proof, model: &Model) -> Value {
        if proof == Proof::Id {
            return self.by_id(invitation);
        }
        let last = model.invitations[invitation].letters - 1;
        let letter = if proof == Proof::Token { last } else { last - 1 };
        json!({ "token": self.tokens[invitation][letter] })
    }

    /// Has the letter sent that was just written, and keeps its token.
    async fn fetch_letters(&mut self) {
        while self.world.app.carry_out_next().await.unwrap() {}
        let ours = |address: &str| address.starts_with(&format!("{}-", self.names.0));
        let verifies = |matter: &Matter| matches!(matter, Matter::EmailVerification { .. });
        let letters = self.world.mail.take().into_iter();
        let letters = letters.filter(|letter| ours(letter.to.as_str()) && !verifies(&letter.matter));
        for letter in letters {
            let about = self.letters.pop_front().unwrap();
            assert_eq!(about.is_some(), matches!(letter.matter, Matter::Invitation { .. }), "letters in order");
            if let Some(invitation) = about {
                self.tokens[invitation].push(token_in(&letter));
            }
        }
    }

    /// Finds out what the things are called that the model's last step made.
    pub(super) async fn learn(&mut self, model: &Model) {
        for n in self.organizations.len()..model.organizations.len() {
            let owner = model.people_of(n).next().unwrap().account;
            let mine = self.ask("account.listOrganizations", owner).await;
            let found = mine.as_array().unwrap().iter().find(|one| one["slug"] == self.names.slug(n));
            self.organizations.push(serde_json::from_value(found.unwrap()["id"].clone()).unwrap());
        }
        for place in &model.places[self.places.len()..] {
            let access = self.world.database.read();
            let members = access.tenant(self.organizations[place.organization]).members();
            self.places.push(members.of(self.accounts[place.account].1).await.unwrap().unwrap().id);
        }
    }

    /// Asserts that calls of that account work where the model says, in a place that it has; or nowhere once it is gone.
    pub(super) async fn check_where_it_works(&self, account: usize, model: &Model) {
        if !model.accounts[account].living {
            let answer = self.world.call("auth.getSession", &self.accounts[account].0, json!({})).await;
            return assert!(matches!(answer, Err(Error::Unauthenticated)), "{answer:?}");
        }
        let at = model.works_in(account);
        let role = model.places[model.place_of(at, account).unwrap()].role;
        let session = self.ask("auth.getSession", account).await;
        assert_eq!(session["membership"], json!({ "organizationId": self.organizations[at], "role": role }));
        assert_eq!(session["session"]["activeOrganizationId"], json!(self.organizations[at]));
        let begins = self.ask("account.getDefaultOrganization", account).await;
        assert_eq!(begins["slug"], json!(self.names.slug(model.begins_in(account))));
    }

    async fn ask(&self, name: &str, account: usize) -> Value {
        self.world.call(name, &self.accounts[account].0, json!({})).await.unwrap()
    }
}

/// An error as the model calls it.
fn words(error: &Error) -> String {
    match error {
        Error::BadRequest(issues) => match issues[0].path.first() {
            Some(Segment::Key(field)) => format!("BadRequest({field})"),
            other => format!("BadRequest({other:?})"),
        },
        other => format!("{other:?}"),
    }
}
