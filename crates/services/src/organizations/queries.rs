use guildhall_domain::{
    Error, Id, Issue, Resource, Result,
    access::Permission,
    id,
    organizations::{Member, Organization, Owner, Person},
    page::Limit,
    text::Slug,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query};

/// One of the caller's organizations: by id, by slug, or the active one where neither is given.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetOrganization {
    /// Its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Id<id::Organization>>,
    /// Its name in addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<Slug>,
    /// Whether to list its members too.
    #[serde(default)]
    pub include_members: bool,
}

/// An organization, its owner, and how many belong to it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationDetail {
    /// The organization.
    #[serde(flatten)]
    pub organization: Organization,
    /// Who owns it: of several, who joined first.
    pub owner: Owner,
    /// How many belong to it.
    pub member_count: u64,
    /// Who they are: owner, admin, member, viewer, then by joining; at most 1,000. Only where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Vec<Member>>,
}

/// The most members that come with an organization.
const MOST_MEMBERS: u64 = 1000;

impl Procedure for GetOrganization {
    const NAME: &'static str = "organization.get";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadOrganization;
    type Output = OrganizationDetail;

    fn check(&self) -> Vec<Issue> {
        match (&self.organization_id, &self.slug) {
            (Some(_), Some(_)) => vec![Issue::at(["slug".into()], "give organizationId or slug, not both")],
            _ => Vec::new(),
        }
    }

    fn organization(&self) -> Option<String> {
        self.organization_id.map(|id| id.to_string()).or_else(|| self.slug.as_ref().map(Slug::to_string))
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<OrganizationDetail> {
        let members = cx.tenant().members();
        let organization = cx.tenant().profile().find().await?.ok_or(Error::NotFound(Resource::Organization))?;
        let owner = members.owner().await?.ok_or_else(|| Error::internal("an organization without an owner"))?;
        let member_count = members.count().await?;
        let members = if self.include_members { Some(members.by_rank(0, MOST_MEMBERS).await?) } else { None };
        Ok(OrganizationDetail { organization, owner, member_count, members })
    }
}

/// Everybody in the organization by name, for pickers.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetMembers {}

impl Procedure for GetMembers {
    const NAME: &'static str = "organization.getMembers";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadOrganization;
    type Output = Vec<Person>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<Person>> {
        Ok(cx.tenant().members().by_name().await?)
    }
}

/// The organization's members in numbered pages: owner, admin, member, viewer, then by joining.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListMembers {
    /// Which page, from 1.
    #[serde(default)]
    pub page: Limit<1_000_000, 1>,
    /// How many on a page.
    #[serde(default)]
    pub page_size: Limit<100, 20>,
}

/// A numbered page of members.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MemberPage {
    /// Those on this page.
    pub members: Vec<Member>,
    /// How many there are in all.
    pub total_count: u64,
    /// Which page, from 1.
    pub page: u64,
    /// How many on a page.
    pub page_size: u64,
    /// How many pages there are.
    pub total_pages: u64,
}

impl Procedure for ListMembers {
    const NAME: &'static str = "organization.listMembers";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadOrganization;
    type Output = MemberPage;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<MemberPage> {
        let (page, page_size) = (self.page.get(), self.page_size.get());
        let members = cx.tenant().members();
        let total_count = members.count().await?;
        let offset = page.saturating_sub(1).saturating_mul(page_size);
        let members = members.by_rank(offset, page_size).await?;
        Ok(MemberPage { members, total_count, page, page_size, total_pages: total_count.div_ceil(page_size) })
    }
}
