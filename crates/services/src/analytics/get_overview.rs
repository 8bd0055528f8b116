use guildhall_domain::{
    Result,
    access::Permission,
    analytics::{Compared, Overview, TimeRange},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query};

/// What happened in a range, each figure beside that of as many buckets just before; the buckets are the chart's.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetOverview {
    /// How far back.
    pub time_range: TimeRange,
}

impl Procedure for GetOverview {
    const NAME: &'static str = "analytics.getOverview";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadAnalytics;
    type Output = Overview;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Overview> {
        let (range, now, counters) = (self.time_range, cx.now(), cx.tenant().counters());
        let spans = Compared { current: range.span(now), previous: range.span_before(now) };
        let counts = counters.counts(range.width(), spans).await?;
        Ok(Overview::assemble(counts, &counters.durations(range.width(), spans).await?))
    }
}
