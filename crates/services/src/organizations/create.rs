use guildhall_domain::{
    Result,
    access::Role,
    event::Event,
    organizations::Organization,
    text::{Slug, Text, WebUrl},
};
use guildhall_repositories::{OrganizationRow, RetiredName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::update::taken;
use crate::{Cx, Mutation, Outcome, Procedure, SignedIn};

/// Founds an organization. The caller becomes its owner, and works in it from now on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateOrganization {
    /// What people call it.
    pub name: Text<2, 100>,
    /// Its name in addresses, unique.
    pub slug: Slug,
    /// A sentence about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<0, 500>>,
    /// A picture's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_url: Option<WebUrl>,
    /// Its home page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<WebUrl>,
}

/// What founding and renaming are counted under.
pub(super) const LIMIT: &str = "organization";

impl Procedure for CreateOrganization {
    const NAME: &'static str = "organization.create";
    type Effect = Mutation;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = Organization;

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Outcome<Organization>> {
        // A name that was let go of stays reserved, so nobody may go through many.
        cx.count(LIMIT, &cx.person().id().to_string(), cx.settings().limits.organization_account).await?;
        let home = cx.founding();
        let new = OrganizationRow {
            name: self.name.into(),
            slug: self.slug,
            description: self.description.map(String::from),
            logo_url: self.logo_url.map(String::from),
            website: self.website.map(String::from),
            is_personal: false,
        };
        let organization = home.profile().found(new, cx.now()).await?.ok_or_else(taken)?;
        // Asked last: whoever has just let go of the slug was waited for.
        if cx.system().is_retired(RetiredName::Organization, organization.slug.as_str(), None).await? {
            return Err(taken());
        }
        home.members().add(cx.fresh_id(), cx.person().id(), Role::Owner, cx.now()).await?;
        if let Some(session) = cx.admission().session {
            cx.person().activate(session, organization.id, cx.now()).await?;
        }
        let event = Event::OrganizationCreated { organization_id: organization.id, owner_role: Role::Owner };
        Ok(Outcome::Changed(organization, event))
    }
}
