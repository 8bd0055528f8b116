use std::collections::HashMap;

use guildhall_domain::{Error, Id, Result, access::Permission, event::Event, id, walkthroughs::Assignment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, mcp_servers};

/// Puts a server's walkthroughs in another order, all at once; each keeps its switch.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReorderForServer {
    /// Of which server.
    pub server_id: Id<id::McpServer>,
    /// All of its walkthroughs, each once, in the new order; their places are 0, 1, 2 and so on.
    #[schemars(length(max = 200))]
    pub walkthrough_ids: Vec<Id<id::Walkthrough>>,
}

impl Procedure for ReorderForServer {
    const NAME: &'static str = "walkthrough.reorderForServer";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteWalkthroughs;
    type Output = Vec<Assignment>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Vec<Assignment>>> {
        let server = mcp_servers::find_to_change(cx.tenant(), self.server_id).await?;
        let assignments = cx.tenant().assignments();
        let before = assignments.of(&server).await?;
        let mut left: HashMap<_, _> = before.iter().map(|one| (one.walkthrough.id, one.clone())).collect();
        let mut after = Vec::with_capacity(before.len());
        for (place, id) in (0..).zip(&self.walkthrough_ids) {
            after.extend(left.remove(id).map(|one| Assignment { display_order: place, ..one }));
        }
        if !left.is_empty() || after.len() != self.walkthrough_ids.len() {
            return Err(Error::field("walkthroughIds", "must name exactly the server's walkthroughs, each once"));
        }
        if after == before {
            return Ok(Outcome::Unchanged(before));
        }
        let places: Vec<_> = after.iter().map(|one| (one.walkthrough.id, one.display_order, one.is_enabled)).collect();
        assignments.replace(&server, &places).await?;
        Ok(Outcome::Changed(after, Event::AssignmentsReordered { server_id: server.id }))
    }
}
