//! Publishing MCP servers.
mod create;
mod delete;
mod delete_users;
mod destinations;
mod list_users;
mod queries;
mod update;
mod update_configuration;
mod validate_subdomain;

use guildhall_domain::{Error, Id, Resource, Result, id, mcp_servers::AuthType, mcp_servers::McpServer};
use guildhall_repositories::{StoredServer, Tenant};

pub use create::CreateMcpServer;
pub use delete::DeleteMcpServer;
pub use delete_users::{DeleteMcpUsers, DeletedMcpUsers};
pub use list_users::ListMcpUsers;
pub use queries::{GetMcpServer, ListMcpServers, McpServerDetail};
pub use update::UpdateMcpServer;
pub use update_configuration::UpdateConfiguration;
pub use validate_subdomain::{ValidSubdomain, ValidateSubdomain};

use crate::settings::Settings;

/// A server as the wire shows it.
pub(crate) fn view(server: StoredServer, settings: &Settings) -> McpServer {
    McpServer {
        url: settings.server_url(server.slug.as_str()),
        id: server.id,
        name: server.name,
        slug: server.slug,
        product_platform_or_tool: server.product_platform_or_tool,
        auth_type: server.auth_type,
        support_ticket_type: server.support_ticket_type,
        walkthrough_tools_enabled: server.walkthrough_tools_enabled,
        knowledge_tools_enabled: server.knowledge_tools_enabled,
        custom_oauth_config_id: server.custom_oauth_config_id,
        payload_capture: server.payload_capture,
        is_paused: server.is_paused,
        created_at: server.created_at,
    }
}

/// The organization's server of that id.
pub(crate) async fn find(tenant: Tenant<'_>, id: Id<id::McpServer>) -> Result<StoredServer> {
    tenant.mcp_servers().find(id).await?.ok_or(Error::NotFound(Resource::McpServer))
}

/// The same, so that nobody else changes it before the call is over.
pub(crate) async fn find_to_change(tenant: Tenant<'_>, id: Id<id::McpServer>) -> Result<StoredServer> {
    tenant.mcp_servers().find_to_change(id).await?.ok_or(Error::NotFound(Resource::McpServer))
}

/// Signing in somewhere else needs a configuration of this organization; nothing else keeps one.
async fn fitting_config(
    tenant: Tenant<'_>,
    auth_type: AuthType,
    config: Option<Id<id::OauthConfig>>,
) -> Result<Option<Id<id::OauthConfig>>> {
    match (auth_type, config) {
        (AuthType::CustomOauth, None) => {
            Err(Error::field("customOauthConfigId", "needed where authType is custom_oauth"))
        }
        (_, Some(id)) if !tenant.oauth_configs().hold(id).await? => Err(Error::NotFound(Resource::OauthConfig)),
        (AuthType::CustomOauth, config) => Ok(config),
        _ => Ok(None),
    }
}
