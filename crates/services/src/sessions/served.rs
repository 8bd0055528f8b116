//! A hosted server, as those who come to it see it.

use guildhall_domain::mcp_servers::{AuthType, SupportTicketType};
use guildhall_repositories::VisitorRow;

use crate::settings::Settings;

/// What a hosted server offers.
#[derive(Clone, Debug)]
pub struct Served {
    /// What people call it.
    pub name: String,
    /// Its subdomain.
    pub slug: String,
    /// What a person pastes into a client.
    pub url: String,
    /// Whose it is.
    pub organization: String,
    /// What it helps with.
    pub product: Option<String>,
    /// How an end user proves who it is.
    pub auth_type: AuthType,
    /// Whether it lets nobody in for now.
    pub is_paused: bool,
    /// Whether it takes support tickets.
    pub takes_tickets: bool,
    /// Whether it has a walkthrough that can be started.
    pub has_walkthroughs: bool,
    /// Whether it has documents that can be searched.
    pub has_knowledge: bool,
}

impl Served {
    pub(super) fn of(row: &VisitorRow, settings: &Settings) -> Self {
        let server = &row.server;
        Self {
            name: server.name.clone(),
            slug: server.slug.as_str().to_owned(),
            url: settings.server_url(server.slug.as_str()),
            organization: row.organization_name.clone(),
            product: server.product_platform_or_tool.clone(),
            auth_type: server.auth_type,
            is_paused: server.is_paused,
            takes_tickets: server.support_ticket_type != SupportTicketType::None,
            has_walkthroughs: server.walkthrough_tools_enabled && row.has_walkthroughs,
            has_knowledge: server.knowledge_tools_enabled && row.has_knowledge,
        }
    }
}
