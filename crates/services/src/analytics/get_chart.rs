use guildhall_domain::{
    Error, Id, Resource, Result,
    access::Permission,
    analytics::{Chart, TimeRange},
    id,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query};

/// Calls by tool and different end users over time, in buckets aligned to UTC; the last one holds now.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetChart {
    /// How far back.
    pub time_range: TimeRange,
    /// Of this server only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<Id<id::McpServer>>,
}

impl Procedure for GetChart {
    const NAME: &'static str = "toolCalls.getChart";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadAnalytics;
    type Output = Chart;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Chart> {
        let (counters, width) = (cx.tenant().counters(), self.time_range.width());
        let from = self.time_range.starts(cx.now()).next().unwrap_or(cx.now());
        let calls = counters.calls(width, from, self.server_id).await?;
        let connections = match self.server_id {
            Some(server) => counters.connections_of(server, width, from).await?,
            None => Some(counters.connections(width, from).await?),
        };
        let connections = connections.ok_or(Error::NotFound(Resource::McpServer))?;
        Ok(Chart::assemble(self.time_range, cx.now(), &calls, &connections))
    }
}
