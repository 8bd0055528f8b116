use guildhall_domain::{Error, Resource, Result, Timestamp, access::Role, organizations::InvitationStatus, text::Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Cx, Procedure, Public, Query, Throttle,
    auth::links::{self, Opens},
    settings::Limits,
};

/// What the bearer of an invitation's token may know of it before signing in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetInvitation {
    /// What the letter's link carries.
    pub token: Text<1, 200>,
}

/// An invitation as its bearer sees it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitationShown {
    /// Which organization.
    pub organization_name: String,
    /// Who asks; null where that account has no name or is gone.
    pub inviter_name: Option<String>,
    /// With what standing.
    pub role: Role,
    /// Who is asked, enough of it to be recognized.
    pub email: String,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// What became of it.
    pub status: InvitationStatus,
}

impl Procedure for GetInvitation {
    const NAME: &'static str = "organization.getInvitation";
    type Effect = Query;
    type Reach = Public;
    const NEEDS: () = ();
    type Output = InvitationShown;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![Throttle::Address("link", limits.link_address)]
    }

    async fn run(self, cx: &Cx<'_, Public>) -> Result<InvitationShown> {
        let hash = links::hash_of(Opens::Invitation, self.token.as_str());
        let opened = cx.system().invitation_by_token(&hash).await?.ok_or(Error::NotFound(Resource::Invitation))?;
        Ok(InvitationShown {
            status: opened.offer.status(cx.now()),
            organization_name: opened.organization_name,
            inviter_name: opened.inviter_name,
            role: opened.offer.role,
            email: opened.offer.email.masked(),
            expires_at: opened.offer.expires_at,
        })
    }
}
