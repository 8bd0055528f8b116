use guildhall_domain::{
    Error, Id, Resource, Result,
    access::Permission,
    analytics::{TimeRange, WalkthroughFunnel},
    id,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query};

/// Where people leave a walkthrough: of the runs that were started in a range, or of all, how many reached each step and how
/// many did it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetWalkthroughFunnel {
    /// Of which walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
    /// Of the runs that were started in it; all without. What was done later counts all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_range: Option<TimeRange>,
}

impl Procedure for GetWalkthroughFunnel {
    const NAME: &'static str = "analytics.getWalkthroughFunnel";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadAnalytics;
    type Output = WalkthroughFunnel;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<WalkthroughFunnel> {
        let span = self.time_range.map(|range| range.span(cx.now()));
        let funnel = cx.tenant().runs().funnel(self.walkthrough_id, span).await?;
        funnel.ok_or(Error::NotFound(Resource::Walkthrough))
    }
}
