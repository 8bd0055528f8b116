use guildhall_domain::{
    Result,
    access::Permission,
    organizations::{Invitation, InvitationStatus},
    page::{Cursor, Page, PageLimit, PageRequest},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query};

/// Whom the organization has asked to join, the newest first. One that nobody answered in time reads `expired`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListInvitations {
    /// How many at the most.
    #[serde(default)]
    pub limit: PageLimit,
    /// The `nextCursor` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// With which outcome.
    #[serde(default = "pending")]
    pub status: InvitationStatus,
}

const fn pending() -> InvitationStatus {
    InvitationStatus::Pending
}

impl Procedure for ListInvitations {
    const NAME: &'static str = "organization.listInvitations";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ManagePeople;
    type Output = Page<Invitation>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Page<Invitation>> {
        let page = PageRequest::new(self.limit, self.cursor);
        Ok(cx.tenant().invitations().list(self.status, page, cx.now()).await?)
    }
}
