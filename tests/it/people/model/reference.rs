//! The rules of membership in as few words as they take. Which role may do what is `snapshots/roles.txt`'s to say.

use super::{
    state::{Account, Invitation, Model, allowed, if_so},
    steps::{Act, Step},
};

/// What a step comes to: the event, where something changed, or the error.
pub(super) type Answer = Result<Option<&'static str>, &'static str>;

const LIFE: i64 = 48 * 3_600_000;

impl Model {
    /// Takes a step, one millisecond after the one before.
    pub(super) fn take(&mut self, step: &Step) -> Answer {
        self.now += 1;
        match *step {
            Step::Wait { hours } => {
                self.now += hours * 3_600_000;
                Ok(None)
            }
            Step::SignUp { address, verified } => {
                let home = self.found(self.accounts.len(), true);
                self.accounts.push(Account { address, verified, living: true, home, chosen: home, asked_at: None });
                Ok(Some("session.started"))
            }
            Step::Restore { organization, owner } => self.restore(organization, owner),
            Step::Call { actor, .. } if !self.accounts[actor].living => Err("Unauthenticated"),
            Step::Call { actor, at, act } => match act {
                Act::Create { taken: Some(_) } => Err("AlreadyExists { resource: Organization, field: \"slug\" }"),
                Act::Create { taken: None } => {
                    self.accounts[actor].chosen = self.found(actor, false);
                    Ok(Some("organization.created"))
                }
                Act::Switch { to } => {
                    let to = to.unwrap_or(self.accounts[actor].home);
                    self.place_of(to, actor).ok_or("Forbidden(NotYours)")?;
                    let before = std::mem::replace(&mut self.accounts[actor].chosen, to);
                    Ok((before != to).then_some("session.organization_switched"))
                }
                Act::DeleteAccount { rightly: true } => self.delete(actor),
                Act::DeleteAccount { rightly: false } => Err("BadRequest(password)"),
                Act::Accept { invitation, proof } => {
                    let Invitation { organization, role, inviter, .. } = *self.opened(actor, invitation, proof)?;
                    let inviter = self.place_of(organization, inviter).map_or("outsider", |it| self.places[it].role);
                    if_so(self.table.invitation(inviter, role) == "yes", "Conflict(InvitationClosed)")?;
                    self.admit(organization, actor, role)?;
                    self.invitations[invitation].status = "accepted";
                    self.accounts[actor].chosen = organization;
                    Ok(Some("invitation.accepted"))
                }
                Act::Decline { invitation, proof } => {
                    self.opened(actor, invitation, proof)?;
                    self.invitations[invitation].status = "declined";
                    Ok(Some("invitation.declined"))
                }
                act => self.manage(actor, at.unwrap_or_else(|| self.works_in(actor)), act),
            },
        }
    }

    /// What is done inside one organization.
    fn manage(&mut self, actor: usize, at: usize, act: Act) -> Answer {
        let me = self.place_of(at, actor).ok_or("NotFound(Organization)")?;
        let who = self.places[me].role;
        let may = match act {
            Act::Leave | Act::Remove { .. } => true,
            Act::Transfer { .. } | Act::DeleteOrganization { .. } => who == "owner",
            _ => who == "owner" || who == "admin",
        };
        if_so(may, "Forbidden(InsufficientRole)")?;
        let team = if_so(!self.organizations[at].is_home, "Conflict(PersonalOrganization)");
        match act {
            Act::Invite { address, role } => {
                allowed(self.table.invitation(who, role)).and(team)?;
                self.nobody_in(at, address)?;
                if let Some(before) = self.asked(at, address) {
                    if_so(!self.stands(before), "NobodyToInvite(Invited)")?;
                    self.invitations[before].status = "expired";
                }
                let (organization, inviter, until) = (at, actor, self.now + LIFE);
                let status = "pending";
                self.invitations.push(Invitation { organization, address, role, inviter, status, until, letters: 1 });
                Ok(Some("invitation.created"))
            }
            Act::Add { account, role } => {
                allowed(self.table.invitation(who, role)).and(team)?;
                if_so(self.accounts[account].living, "NotFound(User)")?;
                self.nobody_in(at, self.accounts[account].address)?;
                let asked = self.asked(at, self.accounts[account].address);
                if_so(!asked.is_some_and(|asked| self.stands(asked)), "NobodyToInvite(Invited)")?;
                self.admit(at, account, role)?;
                Ok(Some("member.added"))
            }
            Act::Resend { invitation } | Act::Revoke { invitation } => {
                let Invitation { organization, address, role, status, .. } = self.invitations[invitation];
                if_so(organization == at, "NotFound(Invitation)")?;
                allowed(self.table.invitation(who, role))?;
                let (stands, now) = (self.stands(invitation), self.now);
                if matches!(act, Act::Revoke { .. }) {
                    if_so(stands, "Conflict(InvitationClosed)")?;
                    self.invitations[invitation].status = "revoked";
                    return Ok(Some("invitation.revoked"));
                }
                self.nobody_in(at, address)?;
                if_so(status == "pending", "Conflict(InvitationClosed)")?;
                let it = &mut self.invitations[invitation];
                (it.until, it.inviter, it.letters) = (now + LIFE, actor, it.letters + 1);
                Ok(Some("invitation.resent"))
            }
            Act::Change { place, role } => {
                let whom = self.whom(at, me, place)?;
                allowed(self.table.change(who, whom, role))?;
                if self.places[place].role == role {
                    return Ok(None);
                }
                self.keep_an_owner(place)?;
                self.places[place].role = role;
                Ok(Some("member.role_changed"))
            }
            Act::Transfer { place } => {
                if_so(self.whom(at, me, place)? != "self", "BadRequest(memberId)")?;
                (self.places[place].role, self.places[me].role) = ("owner", "admin");
                Ok(Some("organization.ownership_transferred"))
            }
            Act::Remove { .. } | Act::Leave => {
                let place = if let Act::Remove { place } = act { place } else { me };
                let whom = self.whom(at, me, place)?;
                allowed(self.table.removal(who, whom)).and(team)?;
                self.keep_an_owner(place)?;
                self.places[place].living = false;
                Ok(Some(if place == me { "member.left" } else { "member.removed" }))
            }
            Act::DeleteOrganization { confirmed } => {
                team.and(if_so(confirmed, "BadRequest(confirmSlug)"))?;
                self.organizations[at].living = false;
                Ok(Some("organization.deleted"))
            }
            _ => unreachable!("{act:?} is not done inside an organization"),
        }
    }
}
