//! How an upstream authorization server can fail us.

/// What is wrong with what an authorization server says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetadataProblem {
    /// It is no JSON object.
    NotJson,
    /// Something that signing in needs is not there, or is of another type.
    Missing(&'static str),
    /// It speaks for another issuer than the one whose address was asked (RFC 8414 §3.3).
    IssuerMismatch,
    /// An endpoint that is not `https`.
    InsecureEndpoint,
    /// It issues no authorization codes.
    NoCodeFlow,
    /// It knows PKCE, but not `S256`.
    NoPkce,
}

impl MetadataProblem {
    pub(super) fn sentence(self) -> String {
        match self {
            Self::NotJson => "it is not a JSON object".to_owned(),
            Self::Missing(field) => format!("{field} is missing"),
            Self::IssuerMismatch => "its issuer is not the one that its address belongs to".to_owned(),
            Self::InsecureEndpoint => "an endpoint does not begin with https://".to_owned(),
            Self::NoCodeFlow => "it does not offer the authorization code flow".to_owned(),
            Self::NoPkce => "it does not offer PKCE with S256".to_owned(),
        }
    }

    pub(super) fn reason(self) -> String {
        match self {
            Self::NotJson => "not_json".to_owned(),
            Self::Missing(field) => format!("missing_{field}"),
            Self::IssuerMismatch => "issuer_mismatch".to_owned(),
            Self::InsecureEndpoint => "insecure_endpoint".to_owned(),
            Self::NoCodeFlow => "no_code_flow".to_owned(),
            Self::NoPkce => "no_pkce".to_owned(),
        }
    }
}

/// Why nothing came from an address that a tenant named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// Nobody has the name, or who has it is not on the public network. Which of the two is not said: names of a private
    /// network are nobody's business.
    #[error("its name has no public address")]
    NoPublicAddress,
    /// A scheme or a port that Guildhall does not call.
    #[error("addresses of this form are not called")]
    NotCalled,
    /// Nobody listens there, or what listens speaks no HTTP.
    #[error("there is no connection")]
    NoConnection,
    /// Above all a certificate that is not trusted.
    #[error("there is no secure connection")]
    Tls,
    /// The whole of it, from asking for the name to the last byte.
    #[error("it took too long")]
    Timeout,
    /// Anything else than 200: this.
    #[error("it did not answer 200, and redirects are not followed")]
    Status(u16),
    /// More than is read.
    #[error("its answer is too large")]
    TooLarge,
}

impl Unreachable {
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::NoPublicAddress => "no_public_address",
            Self::NotCalled => "not_called",
            Self::NoConnection => "no_connection",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Status(_) => "status",
            Self::TooLarge => "too_large",
        }
    }
}
