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
        let (mut seen, mut places) = (HashSet::new(), HashSet::new());
        let mut issues = Vec::new();
        for (index, place) in self.walkthroughs.iter().enumerate() {
            let at = |field: &str| ["walkthroughs".into(), index.into(), field.into()];
            if !seen.insert(place.walkthrough_id) {
                issues.push(Issue::at(at("walkthroughId"), "named twice"));
            }
            if place.display_order.is_some_and(|order| !places.insert(order)) {
                issues.push(Issue::at(at("displayOrder"), "the same place as another"));
            }
        }
        issues
    }

    async fn run(mut self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Vec<Assignment>>> {
        let server = mcp_servers::find_to_change(cx.tenant(), self.server_id).await?;
        let ids: Vec<Id<id::Walkthrough>> = self.walkthroughs.iter().map(|place| place.walkthrough_id).collect();
        if cx.tenant().walkthroughs().find_all(&ids).await?.len() != ids.len() {
            return Err(Error::NotFound(Resource::Walkthrough));
        }
        self.walkthroughs.sort_by_key(|place| place.display_order.unwrap_or(i32::MAX));
        let mut next = 0;
        for place in &mut self.walkthroughs {
            let order = *place.display_order.get_or_insert(next);
            next = order.saturating_add(1);
        }
        let assignments = cx.tenant().assignments();
        let before = assignments.of(&server).await?;
        let switches: HashMap<_, _> = before.iter().map(|a| (a.walkthrough.id, a.is_enabled)).collect();
        let switch = |place: &Place| {
            let is_enabled = *switches.get(&place.walkthrough_id).unwrap_or(&true);
            (place.walkthrough_id, place.display_order.unwrap_or_default(), is_enabled)
        };
        let after: Vec<(Id<id::Walkthrough>, i32, bool)> = self.walkthroughs.iter().map(switch).collect();
        if before.iter().map(|a| (a.walkthrough.id, a.display_order, a.is_enabled)).eq(after.iter().copied()) {
            return Ok(Outcome::Unchanged(before));
        }
        assignments.replace(&server, &after).await?;
        let walkthrough_ids = after.iter().map(|(id, ..)| *id).collect();
        let event = Event::WalkthroughsAssigned { server_id: server.id, walkthrough_ids };
        Ok(Outcome::Changed(assignments.of(&server).await?, event))
    }
}
