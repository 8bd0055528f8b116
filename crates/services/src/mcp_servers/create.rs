use guildhall_domain::{
    Error, Id, Result,
    access::Permission,
    event::Event,
    id,
    mcp_servers::{AuthType, McpServer, PayloadCapture, Subdomain, SupportTicketType},
    text::Text,
    ticket_destinations::{LinearTeam, WebhookUrl},
};
use guildhall_repositories::{self as repositories, RetiredName, StoredServer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Publishes an MCP server on a subdomain of its own.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateMcpServer {
    /// What people call it.
    pub name: Text<1, 100>,
    /// Its subdomain: 6 to 36 letters, digits and hyphens, unique for good.
    pub slug: Text<0, 10_000>,
    /// What it helps with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_platform_or_tool: Option<Text<1, 10_000>>,
    /// How an end user proves who it is.
    #[serde(default)]
    pub auth_type: AuthType,
    /// Where its tickets go.
    #[serde(default)]
    pub support_ticket_type: SupportTicketType,
    /// Whether it offers walkthroughs.
    #[serde(default = "yes")]
    pub walkthrough_tools_enabled: bool,
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

fn yes() -> bool {
    true
}

impl Procedure for CreateMcpServer {
    const NAME: &'static str = "mcpServers.create";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteServers;
    type Output = McpServer;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<McpServer>> {
        let slug = Subdomain::parse(self.slug.as_str())?;
        if cx.system().is_retired(RetiredName::McpServer, slug.as_str(), Some(cx.tenant().id())).await? {
            return Err(Error::SubdomainAlreadyExists);
        }
        let config = super::fitting_config(cx.tenant(), self.auth_type, self.custom_oauth_config_id).await?;
        let server = StoredServer {
            id: cx.fresh_id(),
            name: self.name.into(),
            slug,
            product_platform_or_tool: self.product_platform_or_tool.map(String::from),
            auth_type: self.auth_type,
            support_ticket_type: self.support_ticket_type,
            walkthrough_tools_enabled: self.walkthrough_tools_enabled,
            knowledge_tools_enabled: true,
            custom_oauth_config_id: config,
            payload_capture: PayloadCapture::default(),
            is_paused: false,
            created_at: cx.now(),
        };
        cx.tenant().mcp_servers().publish(&server).await.map_err(taken)?;
        super::destinations::keep(cx, &server, self.support_ticket_type, (self.slack_webhook_url, self.linear)).await?;
        let event = Event::McpServerCreated { server_id: server.id, slug: server.slug.as_str().to_owned() };
        Ok(Outcome::Changed(super::view(server, cx.settings()), event))
    }
}

fn taken(error: repositories::Error) -> Error {
    match error {
        repositories::Error::Taken(_) => Error::SubdomainAlreadyExists,
        other => other.into(),
    }
}
