use guildhall_domain::{Error, Id, Result, access::Permission, error::Reason, event::Event, id, text::Slug};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::named;
use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Deletes an organization: it is gone from every answer at once, and its MCP servers stop answering. An administrator of
/// the installation can restore it for 30 days; its slugs stay reserved.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteOrganization {
    /// Which organization; the active one where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Id<id::Organization>>,
    /// The organization's slug, typed once more.
    pub confirm_slug: Slug,
}

/// Deleted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletedOrganization {
    /// Always true; a failure is an error.
    pub success: bool,
    /// Where the caller works now: its personal organization.
    pub personal_slug: Slug,
}

impl Procedure for DeleteOrganization {
    const NAME: &'static str = "organization.delete";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::RuleOrganization;
    type Output = DeletedOrganization;

    fn organization(&self) -> Option<String> {
        named(self.organization_id)
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<DeletedOrganization>> {
        let (organization, _) = cx.hold(Self::NEEDS).await?;
        if organization.is_personal {
            return Err(Error::Conflict(Reason::PersonalOrganization));
        }
        if self.confirm_slug != organization.slug {
            return Err(Error::field("confirmSlug", "is not this organization's slug"));
        }
        cx.tenant().profile().delete(cx.now()).await?;
        let home = cx.own_person().belongs_to(None).await?;
        let (home, _) = home.ok_or_else(|| Error::internal("an account without a personal organization"))?;
        let event = Event::OrganizationDeleted { organization_id: organization.id };
        Ok(Outcome::Changed(DeletedOrganization { success: true, personal_slug: home.slug }, event))
    }
}
