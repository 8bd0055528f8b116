use guildhall_domain::{
    Error, Id, Result,
    access::Role,
    accounts::{SessionView, User},
    id,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Procedure, Query, SignedIn};

/// Who is signed in, with which session, and in which organization it works.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetSession {}

/// The caller's own session.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CurrentSession {
    /// The account.
    pub user: User,
    /// The session.
    pub session: SessionView,
    /// The caller's place in the active organization; null where there is none any more.
    pub membership: Option<CurrentMembership>,
}

/// The caller's place in the active organization.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CurrentMembership {
    /// Which organization.
    pub organization_id: Id<id::Organization>,
    /// With what standing.
    pub role: Role,
}

impl Procedure for GetSession {
    const NAME: &'static str = "auth.getSession";
    type Effect = Query;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = CurrentSession;

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<CurrentSession> {
        let admission = cx.admission();
        let session = SessionView {
            id: admission.session.ok_or(Error::Unauthenticated)?,
            active_organization_id: admission.active_organization,
            expires_at: admission.expires_at,
        };
        let user = cx.person().account().await?.ok_or(Error::Unauthenticated)?;
        // A call may name another organization; this is about the session's own.
        let active =
            admission.membership.filter(|(organization, ..)| Some(*organization) == admission.active_organization);
        let membership = active.map(|(organization_id, _, role)| CurrentMembership { organization_id, role });
        Ok(CurrentSession { user, session, membership })
    }
}
