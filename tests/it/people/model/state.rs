//! What the model remembers, and what can be asked of it. An index never comes to mean another thing.

use std::collections::BTreeSet;

use super::steps::Proof;
use crate::people::table::Table;

const FIVE_MINUTES: i64 = 5 * 60_000;

/// Somebody's account; another one of the same address may have been before it.
#[derive(Debug)]
pub(super) struct Account {
    pub address: usize,
    pub verified: bool,
    pub living: bool,
    pub home: usize,
    /// Where it last switched to, whether or not it can still enter there.
    pub chosen: usize,
    /// When it last got a link that verifies its address.
    pub asked_at: Option<i64>,
}

#[derive(Debug)]
pub(super) struct Organization {
    pub is_home: bool,
    pub living: bool,
}

#[derive(Debug)]
pub(super) struct Place {
    pub organization: usize,
    pub account: usize,
    pub role: &'static str,
    pub living: bool,
}

#[derive(Debug)]
pub(super) struct Invitation {
    pub organization: usize,
    pub address: usize,
    pub role: &'static str,
    pub inviter: usize,
    /// As it is kept: a pending one may be late.
    pub status: &'static str,
    pub until: i64,
    /// How many letters were written about it; the token of the last one works.
    pub letters: usize,
}

/// Everything there is.
pub(super) struct Model {
    pub now: i64,
    pub table: Table,
    pub accounts: Vec<Account>,
    pub organizations: Vec<Organization>,
    pub places: Vec<Place>,
    pub invitations: Vec<Invitation>,
    /// The event that the last step left although it was refused.
    pub aside: Option<&'static str>,
}

impl Model {
    pub(super) fn new(now: i64) -> Self {
        let (accounts, organizations, places, invitations) = Default::default();
        Self { now, table: Table::read(), accounts, organizations, places, invitations, aside: None }
    }

    /// The account's place in an organization that lives.
    pub(super) fn place_of(&self, organization: usize, account: usize) -> Option<usize> {
        let there = |place: &Place| place.living && (place.organization, place.account) == (organization, account);
        self.places.iter().position(there).filter(|_| self.organizations[organization].living)
    }

    /// Where a call works that does not say where.
    pub(super) fn works_in(&self, account: usize) -> usize {
        let Account { chosen, home, .. } = self.accounts[account];
        if self.place_of(chosen, account).is_some() { chosen } else { home }
    }

    /// Where the account begins: where it chose to be, else in its first team, else at home.
    pub(super) fn begins_in(&self, account: usize) -> usize {
        let Account { chosen, home, .. } = self.accounts[account];
        let teams = (0..self.places.len()).map(|place| (place, self.places[place].organization));
        let mine = teams.filter(|(place, at)| self.place_of(*at, account) == Some(*place));
        let mine: Vec<usize> = mine.map(|(_, at)| at).collect();
        let team = mine.iter().find(|at| !self.organizations[**at].is_home);
        if mine.contains(&chosen) { chosen } else { team.copied().unwrap_or(home) }
    }

    /// Everybody's place in the organization, whether or not that lives.
    pub(super) fn people_of(&self, organization: usize) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(move |place| place.living && place.organization == organization)
    }

    pub(super) fn owners_of(&self, organization: usize) -> usize {
        self.people_of(organization).filter(|place| place.role == "owner").count()
    }

    /// The invitation to that address which nobody has answered, in time or late.
    pub(super) fn asked(&self, organization: usize, address: usize) -> Option<usize> {
        let pending = |it: &Invitation| (it.organization, it.address, it.status) == (organization, address, "pending");
        self.invitations.iter().position(pending)
    }

    pub(super) fn stands(&self, invitation: usize) -> bool {
        let Invitation { status, until, .. } = self.invitations[invitation];
        status == "pending" && self.now < until
    }

    /// A new organization and its owner's place.
    pub(super) fn found(&mut self, account: usize, is_home: bool) -> usize {
        let organization = self.organizations.len();
        self.organizations.push(Organization { is_home, living: true });
        self.places.push(Place { organization, account, role: "owner", living: true });
        organization
    }

    pub(super) fn admit(
        &mut self,
        organization: usize,
        account: usize,
        role: &'static str,
    ) -> Result<(), &'static str> {
        self.nobody_in(organization, self.accounts[account].address)?;
        self.places.push(Place { organization, account, role, living: true });
        Ok(())
    }

    pub(super) fn nobody_in(&self, organization: usize, address: usize) -> Result<(), &'static str> {
        let mut addresses = self.people_of(organization).map(|it| self.accounts[it.account].address);
        if_so(addresses.all(|it| it != address), "NobodyToInvite(Member)")
    }

    /// Whom a place is of, as the table calls it, where `me` is the caller's own.
    pub(super) fn whom(&self, at: usize, me: usize, place: usize) -> Result<&'static str, &'static str> {
        let Place { organization, role, living, .. } = self.places[place];
        if_so(living && organization == at, "NotFound(Member)")?;
        Ok(if place == me {
            "self"
        } else if role == "owner" {
            "other owner"
        } else {
            role
        })
    }

    pub(super) fn keep_an_owner(&self, place: usize) -> Result<(), &'static str> {
        let Place { organization, role, .. } = self.places[place];
        if_so(role != "owner" || self.owners_of(organization) > 1, "Conflict(LastOwner)")
    }

    /// An invitation that the caller may answer.
    pub(super) fn opened(
        &mut self,
        actor: usize,
        invitation: usize,
        proof: Proof,
    ) -> Result<&Invitation, &'static str> {
        let (it, me) = (&self.invitations[invitation], &mut self.accounts[actor]);
        if_so(proof != Proof::OldToken && self.organizations[it.organization].living, "NotFound(Invitation)")?;
        let mismatch = if proof == Proof::Id { "NotFound(Invitation)" } else { "Forbidden(EmailMismatch)" };
        if_so(it.address == me.address, mismatch)?;
        if !me.verified {
            if me.asked_at.is_none_or(|at| at + FIVE_MINUTES <= self.now) {
                me.asked_at = Some(self.now);
                self.aside = Some("user.email_verification_requested");
            }
            return Err("Forbidden(EmailUnverified)");
        }
        if_so(self.stands(invitation), "Conflict(InvitationClosed)")?;
        Ok(it)
    }

    /// All of it as the rows say it: see `people::rows`.
    pub(super) fn lines(&self, names: &Names) -> BTreeSet<String> {
        let organizations = self.organizations.iter().enumerate().map(|(n, it)| {
            let deleted = if it.living { "" } else { " deleted" };
            format!("organization {}{deleted}", names.slug(n))
        });
        let places = self.places.iter().filter(|it| it.living).map(|it| {
            let email = names.email(self.accounts[it.account].address);
            format!("place {} {email} {}", names.slug(it.organization), it.role)
        });
        let invitations = self.invitations.iter().map(|it| {
            let inviter = &self.accounts[it.inviter];
            let inviter = if inviter.living { names.email(inviter.address) } else { "-".to_owned() };
            let (slug, email) = (names.slug(it.organization), names.email(it.address));
            format!("invitation {slug} {email} {} {} until {} by {inviter}", it.role, it.status, it.until)
        });
        let accounts = self.accounts.iter().filter(|it| it.living).map(|it| {
            let (email, slug) = (names.email(it.address), names.slug(it.chosen));
            format!("account {email} begins in {slug} works in {slug}")
        });
        organizations.chain(places).chain(invitations).chain(accounts).collect()
    }
}

/// Fine where the table does not say no.
pub(super) fn allowed(says: &str) -> Result<(), &'static str> {
    if_so(says == "yes" || says == "same", "Forbidden(InsufficientRole)")
}

pub(super) fn if_so(so: bool, otherwise: &'static str) -> Result<(), &'static str> {
    if so { Ok(()) } else { Err(otherwise) }
}

/// What a sequence calls its things: its own, so that many fit into one database.
#[derive(Clone, Debug)]
pub(super) struct Names(pub String);

impl Names {
    pub(super) fn slug(&self, organization: usize) -> String {
        format!("{}-{organization}", self.0)
    }

    pub(super) fn email(&self, address: usize) -> String {
        format!("{}-{address}@example.test", self.0)
    }
}
