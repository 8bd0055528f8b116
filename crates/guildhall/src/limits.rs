//! How often things may be done, as flags and as environment variables.

use clap::Args;
use guildhall_services::{EachFiveMinutes, Limits, Rate};

/// How often things may be done: so often in a time, such as 10/15m. Every limit can be lifted for a load test.
#[derive(Clone, Debug, Default, Args)]
pub struct LimitSettings {
    /// Sign-ins to one account, such as 10/15m; a right password clears the count.
    #[arg(long, env = "GUILDHALL_LIMIT_SIGN_IN_ACCOUNT")]
    pub limit_sign_in_account: Option<Rate>,
    /// Sign-ins from one address.
    #[arg(long, env = "GUILDHALL_LIMIT_SIGN_IN_ADDRESS")]
    pub limit_sign_in_address: Option<Rate>,
    /// Sign-ups with one email address.
    #[arg(long, env = "GUILDHALL_LIMIT_SIGN_UP_ACCOUNT")]
    pub limit_sign_up_account: Option<Rate>,
    /// Sign-ups from one address.
    #[arg(long, env = "GUILDHALL_LIMIT_SIGN_UP_ADDRESS")]
    pub limit_sign_up_address: Option<Rate>,
    /// Refreshes from one address.
    #[arg(long, env = "GUILDHALL_LIMIT_REFRESH_ADDRESS")]
    pub limit_refresh_address: Option<Rate>,
    /// Requests for a new password for one account.
    #[arg(long, env = "GUILDHALL_LIMIT_RESET_ACCOUNT")]
    pub limit_reset_account: Option<Rate>,
    /// Requests for a new password from one address.
    #[arg(long, env = "GUILDHALL_LIMIT_RESET_ADDRESS")]
    pub limit_reset_address: Option<Rate>,
    /// Uses of the links in letters from one address.
    #[arg(long, env = "GUILDHALL_LIMIT_LINK_ADDRESS")]
    pub limit_link_address: Option<Rate>,
    /// Times that a signed-in account gives its own password.
    #[arg(long, env = "GUILDHALL_LIMIT_PASSWORD_ACCOUNT")]
    pub limit_password_account: Option<Rate>,
    /// Invitations sent by one account.
    #[arg(long, env = "GUILDHALL_LIMIT_INVITE_ACCOUNT")]
    pub limit_invite_account: Option<Rate>,
    /// Invitations sent from one address.
    #[arg(long, env = "GUILDHALL_LIMIT_INVITE_ADDRESS")]
    pub limit_invite_address: Option<Rate>,
    /// Invitations sent to one email address, by all organizations together.
    #[arg(long, env = "GUILDHALL_LIMIT_INVITE_RECIPIENT")]
    pub limit_invite_recipient: Option<Rate>,
    /// Invitations made by one organization.
    #[arg(long, env = "GUILDHALL_LIMIT_INVITE_ORGANIZATION")]
    pub limit_invite_organization: Option<Rate>,
    /// Organizations founded, and slugs changed, by one account.
    #[arg(long, env = "GUILDHALL_LIMIT_ORGANIZATION_ACCOUNT")]
    pub limit_organization_account: Option<Rate>,
    /// Authorization servers asked for their metadata for one account.
    #[arg(long, env = "GUILDHALL_LIMIT_METADATA_ACCOUNT")]
    pub limit_metadata_account: Option<Rate>,
    /// Clients registered at hosted servers from one address.
    #[arg(long, env = "GUILDHALL_LIMIT_CLIENT_ADDRESS")]
    pub limit_client_address: Option<Rate>,
    /// Clients registered at one hosted server.
    #[arg(long, env = "GUILDHALL_LIMIT_CLIENT_SERVER")]
    pub limit_client_server: Option<Rate>,
    /// Documents of clients read for one address.
    #[arg(long, env = "GUILDHALL_LIMIT_CLIENT_DOCUMENT_ADDRESS")]
    pub limit_client_document_address: Option<Rate>,
    /// Codes mailed to one email address.
    #[arg(long, env = "GUILDHALL_LIMIT_CODE_RECIPIENT")]
    pub limit_code_recipient: Option<Rate>,
    /// Codes mailed for one address.
    #[arg(long, env = "GUILDHALL_LIMIT_CODE_ADDRESS")]
    pub limit_code_address: Option<Rate>,
    /// Codes mailed for one hosted server.
    #[arg(long, env = "GUILDHALL_LIMIT_CODE_SERVER")]
    pub limit_code_server: Option<Rate>,
    /// Answers that one organization mails to one email address.
    #[arg(long, env = "GUILDHALL_LIMIT_TICKET_RECIPIENT")]
    pub limit_ticket_recipient: Option<Rate>,
    /// Replies on one ticket that are mailed to whoever is on it.
    #[arg(long, env = "GUILDHALL_LIMIT_TICKET_REPLY")]
    pub limit_ticket_reply: Option<Rate>,
    /// Calls of tools of one hosted server, in each five minutes by the clock, such as 60000/5m.
    #[arg(long, env = "GUILDHALL_LIMIT_MCP_SERVER")]
    pub limit_mcp_server: Option<EachFiveMinutes>,
    /// Calls of tools by one end user, in each five minutes by the clock.
    #[arg(long, env = "GUILDHALL_LIMIT_MCP_USER")]
    pub limit_mcp_user: Option<EachFiveMinutes>,
    /// End users whom nobody knew before, at one hosted server from one address.
    #[arg(long, env = "GUILDHALL_LIMIT_MCP_VISITOR_ADDRESS")]
    pub limit_mcp_visitor_address: Option<Rate>,
}

impl LimitSettings {
    /// The usual limits where nothing else is said.
    pub(crate) fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            sign_in_account: self.limit_sign_in_account.unwrap_or(usual.sign_in_account),
            sign_in_address: self.limit_sign_in_address.unwrap_or(usual.sign_in_address),
            sign_up_account: self.limit_sign_up_account.unwrap_or(usual.sign_up_account),
            sign_up_address: self.limit_sign_up_address.unwrap_or(usual.sign_up_address),
            refresh_address: self.limit_refresh_address.unwrap_or(usual.refresh_address),
            reset_account: self.limit_reset_account.unwrap_or(usual.reset_account),
            reset_address: self.limit_reset_address.unwrap_or(usual.reset_address),
            link_address: self.limit_link_address.unwrap_or(usual.link_address),
            password_account: self.limit_password_account.unwrap_or(usual.password_account),
            invite_account: self.limit_invite_account.unwrap_or(usual.invite_account),
            invite_address: self.limit_invite_address.unwrap_or(usual.invite_address),
            invite_recipient: self.limit_invite_recipient.unwrap_or(usual.invite_recipient),
            invite_organization: self.limit_invite_organization.unwrap_or(usual.invite_organization),
            organization_account: self.limit_organization_account.unwrap_or(usual.organization_account),
            metadata_account: self.limit_metadata_account.unwrap_or(usual.metadata_account),
            client_address: self.limit_client_address.unwrap_or(usual.client_address),
            client_server: self.limit_client_server.unwrap_or(usual.client_server),
            client_document_address: self.limit_client_document_address.unwrap_or(usual.client_document_address),
            code_recipient: self.limit_code_recipient.unwrap_or(usual.code_recipient),
            code_address: self.limit_code_address.unwrap_or(usual.code_address),
            code_server: self.limit_code_server.unwrap_or(usual.code_server),
            ticket_recipient: self.limit_ticket_recipient.unwrap_or(usual.ticket_recipient),
            ticket_reply: self.limit_ticket_reply.unwrap_or(usual.ticket_reply),
            mcp_server: self.limit_mcp_server.unwrap_or(usual.mcp_server),
            mcp_user: self.limit_mcp_user.unwrap_or(usual.mcp_user),
            mcp_visitor_address: self.limit_mcp_visitor_address.unwrap_or(usual.mcp_visitor_address),
        }
    }
}
