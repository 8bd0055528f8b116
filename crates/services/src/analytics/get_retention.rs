use guildhall_domain::{
    Result,
    access::Permission,
    analytics::{Retention, Week},
    page::Limit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query};

/// How many come back: end users by the week in which they were seen first, and how many of them were active in each week
/// since. Weeks begin on Monday, 00:00 UTC; who was forgotten is not counted.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetRetention {
    /// How many weeks, with this one.
    #[serde(default)]
    pub weeks: Limit<52, 8>,
}

impl Procedure for GetRetention {
    const NAME: &'static str = "analytics.getRetention";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadAnalytics;
    type Output = Retention;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Retention> {
        let weeks = u32::try_from(self.weeks.get()).unwrap_or(u32::MAX);
        let counts = cx.tenant().counters().weeks(Week::span(weeks, cx.now())).await?;
        Ok(Retention::assemble(weeks, cx.now(), &counts))
    }
}
