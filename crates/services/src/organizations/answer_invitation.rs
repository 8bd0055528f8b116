use guildhall_domain::{
    Error, Id, Issue, Resource, Result,
    accounts::User,
    error::{Denied, Reason, Standing},
    event::Event,
    id,
    organizations::{InvitationStatus, Member},
    text::Text,
};
use guildhall_repositories::{StoredInvitation, Tenant};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Cx, Mutation, Outcome, Procedure, SignedIn, Throttle,
    auth::{
        Done,
        links::{self, Opens},
        verify_email,
    },
    settings::Limits,
};

/// Joins the organization that asked the caller, who works in it from now on. The account's address must be the invited
/// one, and verified.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AcceptInvitation {
    /// What the letter's link carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Text<1, 200>>,
    /// Or which invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation_id: Option<Id<id::Invitation>>,
}

/// Says no to the organization that asked the caller. The account's address must be the invited one, and verified.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeclineInvitation {
    /// What the letter's link carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Text<1, 200>>,
    /// Or which invitation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invitation_id: Option<Id<id::Invitation>>,
}

/// The caller's new place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Joined {
    /// The place.
    pub member: Member,
    /// Where: it is the active organization now.
    pub organization_id: Id<id::Organization>,
}

impl Procedure for AcceptInvitation {
    const NAME: &'static str = "organization.acceptInvitation";
    type Effect = Mutation;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = Joined;

    fn check(&self) -> Vec<Issue> {
        exactly_one(self.token.is_some(), self.invitation_id.is_some())
    }

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![Throttle::Address("link", limits.link_address)]
    }

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Outcome<Joined>> {
        let (account, offer) = match open(cx, self.token, self.invitation_id).await? {
            Opened::For(account, offer) => (account, offer),
            Opened::Unverified(account) => return verify_email::refuse(cx, &account).await,
        };
        let tenant = cx.inviting(&offer);
        if !inviter_still_may(tenant, &offer).await? {
            return Err(Error::Conflict(Reason::InvitationClosed));
        }
        if tenant.members().has(account.id).await? {
            return Err(Error::NobodyToInvite(Standing::Member));
        }
        settle(cx, &offer, InvitationStatus::Accepted).await?;
        let member_id = cx.fresh_id();
        tenant.members().add(member_id, account.id, offer.role, cx.now()).await?;
        if let Some(session) = cx.admission().session {
            cx.person().activate(session, offer.organization, cx.now()).await?;
        }
        let member = tenant.members().find(member_id).await?.ok_or(Error::NotFound(Resource::Member))?;
        let organization_id = offer.organization;
        let event = Event::InvitationAccepted { organization_id, invitation_id: offer.id, member_id };
        Ok(Outcome::Changed(Joined { member, organization_id }, event))
    }
}

impl Procedure for DeclineInvitation {
    const NAME: &'static str = "organization.declineInvitation";
    type Effect = Mutation;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = Done;

    fn check(&self) -> Vec<Issue> {
        exactly_one(self.token.is_some(), self.invitation_id.is_some())
    }

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![Throttle::Address("link", limits.link_address)]
    }

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Outcome<Done>> {
        let offer = match open(cx, self.token, self.invitation_id).await? {
            Opened::For(_, offer) => offer,
            Opened::Unverified(account) => return verify_email::refuse(cx, &account).await,
        };
        settle(cx, &offer, InvitationStatus::Declined).await?;
        let event = Event::InvitationDeclined { organization_id: offer.organization, invitation_id: offer.id };
        Ok(Outcome::Changed(Done::new(), event))
    }
}

fn exactly_one(token: bool, id: bool) -> Vec<Issue> {
    if token == id {
        vec![Issue::at(["token".into()], "give exactly one of token and invitationId")]
    } else {
        Vec::new()
    }
}

/// What the caller is to an invitation.
enum Opened {
    /// The one it is for.
    For(User, StoredInvitation),
    /// The one it is for, if the address is this account's: nobody has shown that yet.
    Unverified(User),
}

/// The invitation and the account it is for, with the organization held. To whoever is not the one invited, an invitation
/// named by its id is not there.
async fn open(cx: &Cx<'_, SignedIn>, token: Option<Text<1, 200>>, id: Option<Id<id::Invitation>>) -> Result<Opened> {
    let missing = || Error::NotFound(Resource::Invitation);
    let account = cx.person().account().await?.ok_or(Error::Unauthenticated)?;
    let opened = match (&token, id) {
        (Some(token), _) => cx.system().invitation_by_token(&links::hash_of(Opens::Invitation, token.as_str())).await?,
        (None, Some(id)) => cx.system().invitation_by_id(id).await?,
        (None, None) => None,
    };
    let offer = opened.ok_or_else(missing)?.offer;
    if offer.email != account.email {
        return Err(if token.is_some() { Error::Forbidden(Denied::EmailMismatch) } else { missing() });
    }
    if !account.email_verified {
        return Ok(Opened::Unverified(account));
    }
    let tenant = cx.inviting(&offer);
    tenant.profile().hold().await?.ok_or_else(missing)?;
    // Read again: it may have been answered or sent anew while this call waited.
    let now = tenant.invitations().find(offer.id).await?.ok_or_else(missing)?;
    if token.is_some() && now.token_hash != offer.token_hash {
        return Err(missing());
    }
    if now.status(cx.now()) != InvitationStatus::Pending {
        return Err(Error::Conflict(Reason::InvitationClosed));
    }
    Ok(Opened::For(account, now))
}

/// Whether whoever asked may still do so: an invitation is worth no more than its inviter.
async fn inviter_still_may(tenant: Tenant<'_>, offer: &StoredInvitation) -> Result<bool> {
    let Some(inviter) = offer.inviter else { return Ok(false) };
    Ok(tenant.members().of(inviter).await?.is_some_and(|inviter| inviter.role.may_grant(offer.role)))
}

async fn settle(cx: &Cx<'_, SignedIn>, offer: &StoredInvitation, status: InvitationStatus) -> Result<()> {
    if cx.inviting(offer).invitations().settle(offer, status, cx.now()).await? {
        Ok(())
    } else {
        Err(Error::Conflict(Reason::InvitationClosed))
    }
}
