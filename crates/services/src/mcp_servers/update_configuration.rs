use guildhall_domain::{
    Id, Result,
    access::Permission,
    event::Event,
    id,
    mcp_servers::{AuthType, McpServer, SupportTicketType},
    ticket_destinations::{LinearTeam, WebhookUrl},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Changes how a server knows its users and where its tickets go; the next request on any node meets the change. A
/// destination that was given once stays known, whatever is chosen.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateConfiguration {
    /// Which server.
    pub server_id: Id<id::McpServer>,
    /// How an end user proves who it is.
    pub auth_type: AuthType,
    /// Where its tickets go.
    pub support_ticket_type: SupportTicketType,
    /// How end users sign in, where `authType` is `custom_oauth`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_oauth_config_id: Option<Id<id::OauthConfig>>,
    /// A Slack incoming webhook, or one of what takes the same messages; needed where `supportTicketType` is `slack` and none
    /// is known. Kept sealed, and never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slack_webhook_url: Option<WebhookUrl>,
    /// A team in Linear; needed where `supportTicketType` is `linear` and none is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub linear: Option<LinearTeam>,
}

impl Procedure for UpdateConfiguration {
    const NAME: &'static str = "mcpServers.updateConfiguration";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteServers;
    type Output = McpServer;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<McpServer>> {
        let server = super::find_to_change(cx.tenant(), self.server_id).await?;
        let config = super::fitting_config(cx.tenant(), self.auth_type, self.custom_oauth_config_id).await?;
        let given = (self.slack_webhook_url, self.linear);
        let new = super::destinations::keep(cx, &server, self.support_ticket_type, given).await?;
        let before = (server.auth_type, server.support_ticket_type, server.custom_oauth_config_id);
        if !new && before == (self.auth_type, self.support_ticket_type, config) {
            return Ok(Outcome::Unchanged(super::view(server, cx.settings())));
        }
        let servers = cx.tenant().mcp_servers();
        let server = servers.configure(server, self.auth_type, self.support_ticket_type, config, cx.now()).await?;
        let event = Event::McpServerConfigured {
            server_id: server.id,
            auth_type: server.auth_type,
            support_ticket_type: server.support_ticket_type,
        };
        Ok(Outcome::Changed(super::view(server, cx.settings()), event))
    }
}
