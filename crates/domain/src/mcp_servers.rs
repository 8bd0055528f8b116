//! MCP servers that an organization publishes for its own customers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    error::{Error, Result, SubdomainProblem},
    id::{self, Id},
    time::Timestamp,
};

/// How an end user proves who it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthType {
    /// Signs in at Guildhall.
    PlatformOauth,
    /// Signs in at the organization's own authorization server.
    CustomOauth,
    /// Does not have to.
    #[default]
    None,
    /// Says an email before anything else.
    CollectEmail,
}

impl AuthType {
    /// Whether end users sign in before anything else, with OAuth.
    #[must_use]
    pub const fn has_sign_in(self) -> bool {
        matches!(self, Self::PlatformOauth | Self::CustomOauth)
    }
}

/// Where a server's support tickets go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SupportTicketType {
    /// Also to Slack.
    Slack,
    /// Also to Linear.
    Linear,
    /// To Guildhall only.
    #[default]
    Dashboard,
    /// The server takes no tickets.
    None,
}

/// How much of a call's input and output is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PayloadCapture {
    /// All of it.
    Full,
    /// All but what looks like a token, key or card number.
    #[default]
    Redacted,
    /// Nothing.
    Metadata,
}

/// A published MCP server.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct McpServer {
    /// Its id.
    pub id: Id<id::McpServer>,
    /// What people call it.
    pub name: String,
    /// Its subdomain, unique everywhere and for good.
    pub slug: Subdomain,
    /// What it helps with.
    pub product_platform_or_tool: Option<String>,
    /// How an end user proves who it is.
    pub auth_type: AuthType,
    /// Where its tickets go.
    pub support_ticket_type: SupportTicketType,
    /// Whether it offers walkthroughs.
    pub walkthrough_tools_enabled: bool,
    /// Whether it offers documentation.
    pub knowledge_tools_enabled: bool,
    /// How end users sign in, where `authType` is `custom_oauth`.
    pub custom_oauth_config_id: Option<Id<id::OauthConfig>>,
    /// How much of a call's input and output is kept.
    pub payload_capture: PayloadCapture,
    /// Whether it lets nobody in for now.
    pub is_paused: bool,
    /// What a person pastes into an MCP client.
    pub url: String,
    /// When it was published.
    pub created_at: Timestamp,
}

/// A server's place in the DNS: one label, 6 to 36 of `a-z 0-9 -`, no hyphen at either end and no two together
/// (which also keeps punycode out), not reserved; lower-cased on the way in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct Subdomain(String);

/// What a subdomain may not be: names that Guildhall needs or that would deceive.
const RESERVED: [&str; 49] = [
    "accounts",
    "administrator",
    "analytics",
    "assets",
    "autoconfig",
    "autodiscover",
    "billing",
    "callback",
    "connect",
    "console",
    "contact",
    "dashboard",
    "developer",
    "developers",
    "documentation",
    "domains",
    "download",
    "example",
    "forward",
    "guildhall",
    "health",
    "hostmaster",
    "images",
    "invite",
    "localhost",
    "logout",
    "mailer",
    "media-cdn",
    "metrics",
    "mcp-server",
    "notifications",
    "openapi",
    "payments",
    "platform",
    "postmaster",
    "pricing",
    "public",
    "security",
    "service",
    "signin",
    "signup",
    "static",
    "staging",
    "status",
    "support",
    "system",
    "webhooks",
    "webmaster",
    "well-known",
];
/// Shorter than any subdomain can be, so refused by their length; named here so that the list is complete.
const RESERVED_SHORT: [&str; 12] =
    ["www", "api", "admin", "docs", "mcp", "mail", "login", "auth", "app", "cdn", "rpc", "blog"];

impl Subdomain {
    /// Checks a subdomain's form.
    ///
    /// # Errors
    /// [`Error::InvalidSubdomain`].
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.to_lowercase();
        let problem = if RESERVED.contains(&text.as_str()) || RESERVED_SHORT.contains(&text.as_str()) {
            SubdomainProblem::Reserved
        } else if !(6..=36).contains(&text.chars().count()) {
            SubdomainProblem::Length
        } else if !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            || text.starts_with('-')
            || text.ends_with('-')
            || text.contains("--")
        {
            SubdomainProblem::Characters
        } else {
            return Ok(Self(text));
        };
        Err(Error::InvalidSubdomain(problem))
    }

    /// The label itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Subdomain {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{RESERVED, Subdomain};
    use crate::error::{Error, SubdomainProblem};

    fn problem(text: &str) -> Option<SubdomainProblem> {
        match Subdomain::parse(text) {
            Ok(_) => None,
            Err(Error::InvalidSubdomain(problem)) => Some(problem),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn a_subdomain_is_one_safe_label() {
        assert_eq!(Subdomain::parse("Acme-Help").unwrap().as_str(), "acme-help");
        assert_eq!(problem("short"), Some(SubdomainProblem::Length));
        assert_eq!(problem(&"a".repeat(37)), Some(SubdomainProblem::Length));
        assert_eq!(problem(&"a".repeat(36)), None);
        for bad in ["a.b.c.d", "-abcdef", "abcdef-", "abc--def", "xn--abcdef", "abc_def", "äbcdef", "abc def"] {
            assert_eq!(problem(bad), Some(SubdomainProblem::Characters), "{bad}");
        }
        for reserved in RESERVED.into_iter().chain(["www", "STATUS"]) {
            assert_eq!(problem(reserved), Some(SubdomainProblem::Reserved), "{reserved}");
        }
    }
}
