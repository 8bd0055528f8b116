use guildhall_domain::{Error, Id, Resource, Result, access::Permission, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, auth::Done, mcp_servers};

/// Takes a walkthrough out of what a server offers. How far end users are in it is kept for when it comes back.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RemoveAssignment {
    /// From which server.
    pub server_id: Id<id::McpServer>,
    /// Which walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
}

impl Procedure for RemoveAssignment {
    const NAME: &'static str = "walkthrough.removeAssignment";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteWalkthroughs;
    type Output = Done;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Done>> {
        let server = mcp_servers::find_to_change(cx.tenant(), self.server_id).await?;
        if !cx.tenant().assignments().remove(&server, self.walkthrough_id).await? {
            return Err(Error::NotFound(Resource::Assignment));
        }
        let event = Event::WalkthroughUnassigned { server_id: server.id, walkthrough_id: self.walkthrough_id };
        Ok(Outcome::Changed(Done::new(), event))
    }
}
