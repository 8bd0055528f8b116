//! Where a server's tickets go besides Guildhall, and what opens it.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::{
    mcp_servers::SupportTicketType,
    text::{Text, WebUrl, checked_text},
};

/// What is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DestinationKind {
    /// A channel in Slack, or in what takes the same messages.
    Slack,
    /// A team in Linear.
    Linear,
}

impl DestinationKind {
    /// Where tickets of a server go besides Guildhall; none where they do not.
    #[must_use]
    pub const fn of(method: SupportTicketType) -> Option<Self> {
        match method {
            SupportTicketType::Slack => Some(Self::Slack),
            SupportTicketType::Linear => Some(Self::Linear),
            SupportTicketType::Dashboard | SupportTicketType::None => None,
        }
    }

    /// What people call it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Slack => "Slack",
            Self::Linear => "Linear",
        }
    }
}

impl From<DestinationKind> for SupportTicketType {
    fn from(kind: DestinationKind) -> Self {
        match kind {
            DestinationKind::Slack => Self::Slack,
            DestinationKind::Linear => Self::Linear,
        }
    }
}

/// A destination as everybody who may see the server may see it: without what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketDestination {
    /// What is there.
    pub kind: DestinationKind,
    /// The team that tickets are for, in Linear.
    pub team_id: Option<String>,
}

/// The address of an incoming webhook: `https`, or on this very machine; at most 500 characters. Whoever has it can post,
/// so it is shown to nobody, in `Debug` neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebhookUrl(String);

impl TryFrom<String> for WebhookUrl {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.len() > 500 {
            return Err("more than 500 characters".to_owned());
        }
        let url = WebUrl::try_from(text)?;
        if url.is_confidential() { Ok(Self(url.into())) } else { Err("needs to begin with https://".to_owned()) }
    }
}

checked_text!(
    [] WebhookUrl,
    "WebhookUrl".into(),
    json_schema!({ "type": "string", "format": "uri", "maxLength": 500, "pattern": "^https?://[^\\s/?#@]+" })
);

/// What Guildhall proves itself with at Linear. Shown to nobody, in `Debug` neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ApiKey(String);

impl TryFrom<String> for ApiKey {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        // It becomes a header.
        if (1..=200).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(Self(text))
        } else {
            Err("1 to 200 letters, digits and signs without a space".to_owned())
        }
    }
}

checked_text!(
    [] ApiKey,
    "ApiKey".into(),
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$" })
);

/// A team in Linear, and what opens it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LinearTeam {
    /// A personal API key of somebody who may create issues there; kept sealed, and never shown again.
    pub api_key: ApiKey,
    /// The team's id.
    pub team_id: Text<1, 100>,
}

impl fmt::Debug for WebhookUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookUrl(…)")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiKey, WebhookUrl};

    #[test]
    fn a_webhook_is_called_in_secret_and_its_address_is_one() {
        let url: WebhookUrl = "https://hooks.slack.com/services/T0/B0/hush".parse().unwrap();
        assert!(!format!("{url:?}").contains("hush"));
        assert!("http://127.0.0.1:9/x".parse::<WebhookUrl>().is_ok(), "whether it is called, the operator decides");
        let long = format!("https://a.test/{}", "x".repeat(500));
        for bad in ["http://hooks.slack.com/x", "https://a@b/", "file:///etc/passwd", "gopher://a/", "hooks", &long] {
            assert!(bad.parse::<WebhookUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_one_word_and_a_secret() {
        let key: ApiKey = "lin_api_hush".parse().unwrap();
        assert!(!format!("{key:?}").contains("hush"));
        for bad in ["", "a b", "a\r\nx: y", "kéy", &"k".repeat(201)] {
            assert!(bad.parse::<ApiKey>().is_err(), "{bad}");
        }
    }
}
