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
        let id = admission.session.ok_or(Error::Unauthenticated)?;
        let user = cx.person().account().await?.ok_or(Error::Unauthenticated)?;
        // A call may name another organization; this is about the session's own.
        let active = admission.active_organization;
        let mut place = admission.membership.map(|(organization, _, role)| (organization, role));
        if place.is_none_or(|(organization, _)| Some(organization) != active) {
            let found = match cx.person().belongs_to(active).await? {
                None => cx.person().belongs_to(None).await?,
                found => found,
            };
            place = found.map(|(organization, role)| (organization.id, role));
        }
        let membership = place.map(|(organization_id, role)| CurrentMembership { organization_id, role });
        let active_organization_id = place.map(|(organization, _)| organization).or(active);
        let session = SessionView { id, active_organization_id, expires_at: admission.expires_at };
        Ok(CurrentSession { user, session, membership })
    }
}
