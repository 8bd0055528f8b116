use std::time::Duration;

use guildhall_domain::{
    Error, Id, Issue, Resource, Result,
    access::{Permission, Role},
    error::{Denied, Reason, Standing},
    event::Event,
    id,
    mail::Matter,
    organizations::{Invitation, InvitationStatus, Member, Organization},
    text::{Email, Text},
};
use guildhall_repositories::StoredInvitation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named;
use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, Throttle, auth::links::Opens, settings::Limits};

/// Asks somebody to join. By email: an invitation that stands for 48 hours, whose token is in the letter only. By user id:
/// a place at once, and a letter that says so.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct InviteMember {
    /// Which organization; the active one where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Id<id::Organization>>,
    /// Who is asked, by address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// Who gets a place, by account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Id<id::User>>,
    /// With what standing.
    #[serde(default = "member")]
    pub role: Role,
    /// What to say in the letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Text<0, 500>>,
}

const fn member() -> Role {
    Role::Member
}

/// What came of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Invited {
    /// A letter is on its way.
    EmailInvitation {
        /// What was offered.
        invitation: Invitation,
    },
    /// The person is in.
    DirectMembership {
        /// The new place.
        member: Member,
    },
}

/// How long an invitation stands.
pub(super) const LIFE: Duration = Duration::from_hours(48);

impl Procedure for InviteMember {
    const NAME: &'static str = "organization.inviteMember";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ManagePeople;
    type Output = Invited;

    fn check(&self) -> Vec<Issue> {
        if self.email.is_some() == self.user_id.is_some() {
            return vec![Issue::at(["email".into()], "give exactly one of email and userId")];
        }
        Vec::new()
    }

    fn organization(&self) -> Option<String> {
        named(self.organization_id)
    }

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        limit(limits)
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Invited>> {
        let (organization, me) = cx.hold(Self::NEEDS).await?;
        if !me.role.may_grant(self.role) {
            return Err(Error::Forbidden(Denied::InsufficientRole));
        }
        if organization.is_personal {
            return Err(Error::Conflict(Reason::PersonalOrganization));
        }
        match (self.email, self.user_id) {
            (Some(email), _) => invite(cx, &organization, &me, email, self.role, self.message).await,
            (None, Some(user)) => add(cx, &organization, &me, user, self.role, self.message).await,
            (None, None) => Err(Error::field("email", "give exactly one of email and userId")),
        }
    }
}

/// How often somebody may have letters sent that ask to join.
pub(super) fn limit(limits: &Limits) -> Vec<Throttle> {
    vec![Throttle::Caller("invite", limits.invite_account), Throttle::Address("invite", limits.invite_address)]
}

async fn invite(
    cx: &Cx<'_, InOrganization>,
    organization: &Organization,
    me: &Member,
    email: Email,
    role: Role,
    message: Option<Text<0, 500>>,
) -> Result<Outcome<Invited>> {
    let (invitations, now) = (cx.tenant().invitations(), cx.now());
    if cx.tenant().members().has_address(&email).await? {
        return Err(Error::NobodyToInvite(Standing::Member));
    }
    let rate = cx.settings().limits.invite_organization;
    let limiting = invitations.made_before_the_last(u64::from(rate.uses)).await?;
    if let Some(free_at) = limiting.map(|at| at.plus(rate.window)).filter(|free_at| *free_at > now) {
        let left = free_at.millis().saturating_sub(now.millis());
        return Err(Error::TooManyRequests { retry_after_ms: u64::try_from(left).unwrap_or(0) });
    }
    let (link, token_hash) = cx.fresh_link(Opens::Invitation);
    let offer = StoredInvitation {
        id: cx.fresh_id(),
        organization: organization.id,
        email,
        role,
        status: InvitationStatus::Pending,
        message: message.map(String::from).filter(|message| !message.is_empty()),
        inviter: Some(me.user_id),
        token_hash,
        created_at: now,
        expires_at: now.plus(LIFE),
    };
    if !invitations.offer(&offer).await? {
        return Err(Error::NobodyToInvite(Standing::Invited));
    }
    write_letter(cx, organization, me, &offer, link).await?;
    let shown = invitations.show(offer.id, now).await?.ok_or(Error::NotFound(Resource::Invitation))?;
    let event = Event::InvitationCreated { invitation_id: offer.id, role };
    Ok(Outcome::Changed(Invited::EmailInvitation { invitation: shown }, event))
}

/// Has the letter written that carries the invitation's link.
pub(super) async fn write_letter(
    cx: &Cx<'_, InOrganization>,
    organization: &Organization,
    inviter: &Member,
    offer: &StoredInvitation,
    link: String,
) -> Result<()> {
    let matter = Matter::Invitation {
        organization: organization.name.clone(),
        inviter: called(inviter),
        role: offer.role,
        message: offer.message.clone(),
        link,
        expires_at: offer.expires_at,
    };
    send(cx, organization, offer.email.clone(), matter).await
}

/// Has a letter sent to somebody who did not ask for it. Counted by mailbox, whoever writes.
async fn send(cx: &Cx<'_, InOrganization>, organization: &Organization, to: Email, matter: Matter) -> Result<()> {
    cx.count("invited", to.as_str(), cx.settings().limits.invite_recipient).await?;
    cx.post_from(organization.id, to, matter).await
}

async fn add(
    cx: &Cx<'_, InOrganization>,
    organization: &Organization,
    me: &Member,
    user: Id<id::User>,
    role: Role,
    message: Option<Text<0, 500>>,
) -> Result<Outcome<Invited>> {
    let account = cx.account_of(user).await?.ok_or(Error::NotFound(Resource::User))?;
    let members = cx.tenant().members();
    if members.has(user).await? {
        return Err(Error::NobodyToInvite(Standing::Member));
    }
    if cx.tenant().invitations().stands_for(&account.email, cx.now()).await? {
        return Err(Error::NobodyToInvite(Standing::Invited));
    }
    let member_id = cx.fresh_id();
    members.add(member_id, user, role, cx.now()).await?;
    let matter = Matter::Membership {
        organization: organization.name.clone(),
        inviter: called(me),
        role,
        message: message.map(String::from).filter(|message| !message.is_empty()),
        link: cx.settings().public_url.clone(),
    };
    send(cx, organization, account.email, matter).await?;
    let member = members.find(member_id).await?.ok_or(Error::NotFound(Resource::Member))?;
    let event = Event::MemberAdded { member_id, user_id: user, role };
    Ok(Outcome::Changed(Invited::DirectMembership { member }, event))
}

fn called(member: &Member) -> String {
    member.name.clone().unwrap_or_else(|| member.email.to_string())
}
