use guildhall_domain::{Error, Id, Resource, Result, access::Permission, event::Event, id, walkthroughs::Assignment};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, mcp_servers};

/// Moves one of a server's walkthroughs to a free place, or switches it off and on for end users; what is left out stays.
/// To move several at once there is `walkthrough.reorderForServer`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateAssignment {
    /// On which server.
    pub server_id: Id<id::McpServer>,
    /// Which walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
    /// Its place, which no other may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub display_order: Option<i32>,
    /// Whether the server offers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_enabled: Option<bool>,
}

impl Procedure for UpdateAssignment {
    const NAME: &'static str = "walkthrough.updateAssignment";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteWalkthroughs;
    type Output = Assignment;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Assignment>> {
        let server = mcp_servers::find_to_change(cx.tenant(), self.server_id).await?;
        let all = cx.tenant().assignments().of(&server).await?;
        let missing = Error::NotFound(Resource::Assignment);
        let before = all.iter().find(|one| one.walkthrough.id == self.walkthrough_id).ok_or(missing)?.clone();
        let edited = Assignment {
            display_order: self.display_order.unwrap_or(before.display_order),
            is_enabled: self.is_enabled.unwrap_or(before.is_enabled),
            ..before.clone()
        };
        let mut others = all.iter().filter(|one| one.walkthrough.id != self.walkthrough_id);
        if others.any(|one| one.display_order == edited.display_order) {
            return Err(Error::AlreadyExists { resource: Resource::Assignment, field: "displayOrder" });
        }
        if edited == before {
            return Ok(Outcome::Unchanged(before));
        }
        cx.tenant().assignments().update(&server, &edited).await?;
        let event = Event::AssignmentUpdated {
            server_id: server.id,
            walkthrough_id: edited.walkthrough.id,
            display_order: edited.display_order,
            is_enabled: edited.is_enabled,
        };
        Ok(Outcome::Changed(edited, event))
    }
}
