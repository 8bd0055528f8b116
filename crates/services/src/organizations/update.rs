use guildhall_domain::{
    Error, Id, Patch, Resource, Result,
    access::Permission,
    event::Event,
    id,
    organizations::Organization,
    text::{Slug, Text, WebUrl},
};
use guildhall_repositories::{self as repositories, RetiredName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{create, named};
use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Changes what an organization is called and how it presents itself: what is left out stays, null clears.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateOrganization {
    /// Which organization; the active one where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Id<id::Organization>>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<2, 100>>,
    /// Its name in addresses, unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<Slug>,
    /// A sentence about it.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub description: Patch<Text<0, 500>>,
    /// A picture's address.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub logo_url: Patch<WebUrl>,
    /// Its home page.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub website: Patch<WebUrl>,
}

impl Procedure for UpdateOrganization {
    const NAME: &'static str = "organization.update";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::UpdateOrganization;
    type Output = Organization;

    fn organization(&self) -> Option<String> {
        named(self.organization_id)
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Organization>> {
        let (before, _) = cx.hold(Self::NEEDS).await?;
        let edited = Organization {
            name: self.name.map_or_else(|| before.name.clone(), String::from),
            slug: self.slug.unwrap_or_else(|| before.slug.clone()),
            description: self.description.apply(before.description.clone()),
            logo_url: self.logo_url.apply(before.logo_url.clone()),
            website: self.website.apply(before.website.clone()),
            ..before.clone()
        };
        if edited == before {
            return Ok(Outcome::Unchanged(before));
        }
        let edited = Organization { updated_at: cx.now(), ..edited };
        cx.tenant().profile().update(&edited).await.map_err(|error| match error {
            repositories::Error::Taken(_) => taken(),
            other => other.into(),
        })?;
        if edited.slug != before.slug {
            let account = cx.own_person().id().to_string();
            cx.count(create::LIMIT, &account, cx.settings().limits.organization_account).await?;
            // Asked last: whoever has just let go of the slug was waited for.
            if cx.system().is_retired(RetiredName::Organization, edited.slug.as_str(), Some(edited.id)).await? {
                return Err(taken());
            }
            cx.system().retire(RetiredName::Organization, before.slug.as_str().to_owned(), edited.id, cx.now()).await?;
        }
        let event = Event::OrganizationUpdated { organization_id: edited.id };
        Ok(Outcome::Changed(edited, event))
    }
}

/// The answer to a slug that another organization has, or had until a while ago.
pub(super) const fn taken() -> Error {
    Error::AlreadyExists { resource: Resource::Organization, field: "slug" }
}
