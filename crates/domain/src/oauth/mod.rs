//! OAuth 2.1 as a hosted server's own authorization server speaks it: who asks (clients), where answers go (redirect
//! URIs), and the closed set of ways it says no.
//!
//! Sources: draft-ietf-oauth-v2-1, RFC 6749 (errors), RFC 7591 (registration), RFC 7636 (PKCE), RFC 8252 (native
//! applications), RFC 8707 (resource indicators), draft-ietf-oauth-client-id-metadata-document.
mod client;
mod pkce;
mod redirect;
mod refused;

pub use client::{AuthMethod, ClientMetadata, is_document_url};
pub use pkce::{Challenge, is_verifier};
pub use redirect::RedirectUri;
pub use refused::{OauthCode, Refused};

/// The one thing that can be granted: to use the server as the person who signed in.
pub const SCOPE: &str = "mcp";

/// What is granted of what was asked for: nothing more than was asked for, and nothing that does not exist.
///
/// # Errors
/// `invalid_scope` where nothing is left.
pub fn granted(asked: Option<&str>) -> Result<&'static str, Refused> {
    match asked.map(str::trim).filter(|asked| !asked.is_empty()) {
        None => Ok(SCOPE),
        Some(asked) if asked.split(' ').any(|word| word == SCOPE) => Ok(SCOPE),
        Some(_) => Err(Refused::new(OauthCode::InvalidScope, "the only scope is mcp")),
    }
}

#[cfg(test)]
mod tests {
    use super::granted;

    #[test]
    fn a_scope_is_never_more_than_was_asked_for() {
        for asked in [None, Some(""), Some("mcp"), Some("openid mcp offline_access")] {
            assert_eq!(granted(asked), Ok("mcp"), "{asked:?}");
        }
        for asked in ["admin", "mcp2", "MCP", "openid"] {
            assert!(granted(Some(asked)).is_err(), "{asked}");
        }
    }
}
