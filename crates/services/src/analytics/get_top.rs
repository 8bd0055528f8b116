use guildhall_domain::{
    Result,
    access::Permission,
    analytics::{TimeRange, TopTool, TopUser},
    page::Limit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query};

/// The tools that were called most in a range, of equals the first by name.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetTopTools {
    /// How far back.
    pub time_range: TimeRange,
    /// How many.
    #[serde(default)]
    pub limit: Limit<100, 10>,
}

impl Procedure for GetTopTools {
    const NAME: &'static str = "analytics.getTopTools";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadAnalytics;
    type Output = Vec<TopTool>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<TopTool>> {
        let (range, span) = (self.time_range, self.time_range.span(cx.now()));
        Ok(cx.tenant().counters().top_tools(range.width(), span, self.limit.get()).await?)
    }
}

/// The end users who called most in a range, of equals whoever was known first. Who was forgotten is not among them.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetTopUsers {
    /// How far back.
    pub time_range: TimeRange,
    /// How many.
    #[serde(default)]
    pub limit: Limit<100, 10>,
}

impl Procedure for GetTopUsers {
    const NAME: &'static str = "analytics.getTopUsers";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadAnalytics;
    type Output = Vec<TopUser>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<TopUser>> {
        let (counters, span) = (cx.tenant().counters(), self.time_range.span(cx.now()));
        // People are counted by the day; what is shorter than that is read.
        Ok(match self.time_range {
            TimeRange::Hour | TimeRange::Day => counters.top_users_of_calls(span, self.limit.get()).await?,
            TimeRange::Week | TimeRange::Month => counters.top_users_of_days(span, self.limit.get()).await?,
        })
    }
}
