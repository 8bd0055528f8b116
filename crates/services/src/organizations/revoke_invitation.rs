use guildhall_domain::{
    Error, Id, Resource, Result,
    access::Permission,
    error::{Denied, Reason},
    event::Event,
    id,
    organizations::InvitationStatus,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, auth::Done};

/// Takes an invitation back that nobody has answered yet.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeInvitation {
    /// Which invitation.
    pub invitation_id: Id<id::Invitation>,
}

impl Procedure for RevokeInvitation {
    const NAME: &'static str = "organization.revokeInvitation";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ManagePeople;
    type Output = Done;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Done>> {
        let (_, me) = cx.hold(Self::NEEDS).await?;
        let invitations = cx.tenant().invitations();
        let offer = invitations.find(self.invitation_id).await?.ok_or(Error::NotFound(Resource::Invitation))?;
        if !me.role.may_grant(offer.role) {
            return Err(Error::Forbidden(Denied::InsufficientRole));
        }
        if !invitations.settle(&offer, InvitationStatus::Revoked, cx.now()).await? {
            return Err(Error::Conflict(Reason::InvitationClosed));
        }
        Ok(Outcome::Changed(Done::new(), Event::InvitationRevoked { invitation_id: offer.id }))
    }
}
