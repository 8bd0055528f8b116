use guildhall_domain::{
    Error, Id, Resource, Result,
    access::Permission,
    error::{Denied, Reason, Standing},
    event::Event,
    id,
    organizations::Invitation,
};
use guildhall_repositories::StoredInvitation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::invite_member::{LIFE, limit, write_letter};
use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, Throttle, auth::links::Opens, settings::Limits};

/// Sends an invitation once more, in the caller's name: with a new token, the old one dead, and 48 hours again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResendInvitation {
    /// Which invitation.
    pub invitation_id: Id<id::Invitation>,
}

impl Procedure for ResendInvitation {
    const NAME: &'static str = "organization.resendInvitation";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ManagePeople;
    type Output = Invitation;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        limit(limits)
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Invitation>> {
        let (organization, me) = cx.hold(Self::NEEDS).await?;
        let invitations = cx.tenant().invitations();
        let before = invitations.find(self.invitation_id).await?.ok_or(Error::NotFound(Resource::Invitation))?;
        if !me.role.may_grant(before.role) {
            return Err(Error::Forbidden(Denied::InsufficientRole));
        }
        if cx.tenant().members().has_address(&before.email).await? {
            return Err(Error::NobodyToInvite(Standing::Member));
        }
        let (link, token_hash) = cx.fresh_link(Opens::Invitation);
        let renewed =
            StoredInvitation { token_hash, inviter: Some(me.user_id), expires_at: cx.now().plus(LIFE), ..before };
        if !invitations.renew(&renewed).await? {
            return Err(Error::Conflict(Reason::InvitationClosed));
        }
        write_letter(cx, &organization, &me, &renewed, link).await?;
        let shown = invitations.show(renewed.id, cx.now()).await?.ok_or(Error::NotFound(Resource::Invitation))?;
        Ok(Outcome::Changed(shown, Event::InvitationResent { invitation_id: renewed.id }))
    }
}
