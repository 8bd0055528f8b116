use std::{borrow::Cow, fmt};

/// Why an authorization server says no, as its clients read it (RFC 6749 §4.1.2.1 and §5.2, RFC 7591 §3.2.2, RFC 8707 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OauthCode {
    /// Something is missing, repeated or cannot be.
    InvalidRequest,
    /// Nobody knows that client, or it did not prove itself.
    InvalidClient,
    /// The code or the refresh token does not work, or was made for somebody else.
    InvalidGrant,
    /// Neither `authorization_code` nor `refresh_token`.
    UnsupportedGrantType,
    /// Something else than a code was asked for.
    UnsupportedResponseType,
    /// Nothing that was asked for exists.
    InvalidScope,
    /// Another server's address.
    InvalidTarget,
    /// The person, or who is asked about the person, said no.
    AccessDenied,
    /// Something broke.
    ServerError,
    /// Not now.
    TemporarilyUnavailable,
    /// A redirect URI that nothing is sent to.
    InvalidRedirectUri,
    /// Something else about a client that cannot be.
    InvalidClientMetadata,
}

impl OauthCode {
    /// As the wire spells it.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::InvalidGrant => "invalid_grant",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::AccessDenied => "access_denied",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidClientMetadata => "invalid_client_metadata",
        }
    }
}

/// A refusal, with a sentence for whoever wrote the client. Neither ever repeats what was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What programs read.
    pub code: OauthCode,
    /// What people read; printable ASCII without quotes (RFC 6749 §5.2).
    pub description: Cow<'static, str>,
}

impl Refused {
    /// A refusal with that explanation.
    pub const fn new(code: OauthCode, description: &'static str) -> Self {
        Self { code, description: Cow::Borrowed(description) }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.wire(), self.description)
    }
}
