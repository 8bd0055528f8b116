use guildhall_domain::{Error, Id, Result, access::Permission, event::Event, id, text::Slug};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, auth::Done};

/// Deletes a server: it stops answering at once, on every node. What its end users did and the tickets they filed stay,
/// and so does its subdomain: nobody gets it again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteMcpServer {
    /// Which server.
    pub server_id: Id<id::McpServer>,
    /// The server's subdomain, typed once more.
    pub confirm_slug: Slug,
}

impl Procedure for DeleteMcpServer {
    const NAME: &'static str = "mcpServers.delete";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::DeleteServers;
    type Output = Done;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Done>> {
        let server = super::find_to_change(cx.tenant(), self.server_id).await?;
        if self.confirm_slug.as_str() != server.slug.as_str() {
            return Err(Error::field("confirmSlug", "is not this server's subdomain"));
        }
        cx.tenant().ticket_destinations().forget(server.id).await?;
        cx.tenant().mcp_servers().delete(&server, cx.now()).await?;
        let event = Event::McpServerDeleted { server_id: server.id, slug: server.slug.as_str().to_owned() };
        Ok(Outcome::Changed(Done::new(), event))
    }
}
