use std::collections::{HashMap, HashSet};

use guildhall_domain::{
    Error, Id, Issue, Resource, Result, access::Permission, event::Event, id, walkthroughs::Assignment,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, mcp_servers};

/// Makes these walkthroughs all that a server offers. What stays keeps its switch.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssignToServer {
    /// Which server.
    pub server_id: Id<id::McpServer>,
    /// What it offers from now on.
    #[schemars(length(max = 200))]
    pub walkthroughs: Vec<Place>,
}

/// A walkthrough's place in a server's list.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Place {
    /// Which walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
    /// Its place; those without one follow in the order given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub display_order: Option<i32>,
}

impl Procedure for AssignToServer {
    const NAME: &'static str = "walkthrough.assignToServer";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteWalkthroughs;
    type Output = Vec<Assignment>;

    fn check(&self) -> Vec<Issue> {
        let mut seen = HashSet::new();
        let again = |(index, place): (usize, &Place)| {
            let path = ["walkthroughs".into(), index.into(), "walkthroughId".into()];
            (!seen.insert(place.walkthrough_id)).then(|| Issue::at(path, "named twice"))
        };
        self.walkthroughs.iter().enumerate().filter_map(again).collect()
    }

    async fn run(mut self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Vec<Assignment>>> {
        let server = mcp_servers::find(cx.tenant(), self.server_id).await?;
        let ids: Vec<Id<id::Walkthrough>> = self.walkthroughs.iter().map(|place| place.walkthrough_id).collect();
        if cx.tenant().walkthroughs().find_all(&ids).await?.len() != ids.len() {
            return Err(Error::NotFound(Resource::Walkthrough));
        }
        self.walkthroughs.sort_by_key(|place| place.display_order.unwrap_or(i32::MAX));
        let assignments = cx.tenant().assignments();
        let before = assignments.of(&server).await?;
        let switches: HashMap<_, _> = before.iter().map(|a| (a.walkthrough.id, a.is_enabled)).collect();
        let switch = |place: &Place| (place.walkthrough_id, *switches.get(&place.walkthrough_id).unwrap_or(&true));
        let after: Vec<(Id<id::Walkthrough>, bool)> = self.walkthroughs.iter().map(switch).collect();
        if before.iter().map(|a| (a.walkthrough.id, a.is_enabled)).eq(after.iter().copied()) {
            return Ok(Outcome::Unchanged(before));
        }
        assignments.replace(&server, &after).await?;
        let walkthrough_ids = after.iter().map(|(id, _)| *id).collect();
        let event = Event::WalkthroughsAssigned { server_id: server.id, walkthrough_ids };
        Ok(Outcome::Changed(assignments.of(&server).await?, event))
    }
}
