use guildhall_domain::{Error, Result, text::Slug};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Procedure, Query, SignedIn};

/// Where the caller begins: the active organization while it belongs to it, else its first team, else its own place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetDefaultOrganization {}

/// Where to begin.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DefaultOrganization {
    /// The organization's name in addresses.
    pub slug: Slug,
}

impl Procedure for GetDefaultOrganization {
    const NAME: &'static str = "account.getDefaultOrganization";
    type Effect = Query;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = DefaultOrganization;

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<DefaultOrganization> {
        let mine = cx.person().organizations().await?;
        let active = cx.admission().chosen_organization;
        let by_joining = |team: &&_| {
            let team: &guildhall_domain::organizations::Belonging = team;
            (team.membership.joined_at, team.id.uuid())
        };
        let found = mine.iter().find(|one| Some(one.id) == active);
        let found = found.or_else(|| mine.iter().filter(|one| !one.is_personal).min_by_key(by_joining));
        let found = found.or_else(|| mine.iter().find(|one| one.is_personal));
        let slug = found.ok_or_else(|| Error::internal("an account without an organization"))?.slug.clone();
        Ok(DefaultOrganization { slug })
    }
}
