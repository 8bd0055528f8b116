//! What programs read to find out how people sign in (RFC 8414, RFC 9728). Fixed lists, and addresses from the settings:
//! nothing of the request is in them.
use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use guildhall_domain::oauth::{AuthMethod, SCOPE};
use guildhall_services::oauth::is_endpoint;
use http::HeaderValue;
use serde_json::json;

use super::{At, Came, Place, Site, answer, nothing};
use crate::Refusal;

const PROTECTED_RESOURCE: &str = "oauth-protected-resource";

/// What the authorization server says of itself (RFC 8414).
pub(super) async fn authorization_server(State(endpoint): Site, named: Place, request: Request) -> Response {
    let at = match At::find(&endpoint, named, Came::of(&request)).await {
        Ok(at) => at,
        Err(error) => return nothing(error),
    };
    let issuer = at.server.issuer();
    let methods = AuthMethod::ALL.map(AuthMethod::wire);
    answer::for_everybody(Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/oauth/authorize"),
        "token_endpoint": format!("{issuer}/oauth/token"),
        "registration_endpoint": format!("{issuer}/oauth/register"),
        "revocation_endpoint": format!("{issuer}/oauth/revoke"),
        "scopes_supported": [SCOPE],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_methods_supported": methods,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": true,
        "client_id_metadata_document_supported": true,
    })))
}

/// Where people sign in for an endpoint of the server (RFC 9728).
pub(super) async fn protected_resource(State(endpoint): Site, named: Place, request: Request) -> Response {
    let at = match At::find(&endpoint, named, Came::of(&request)).await {
        Ok(at) => at,
        Err(error) => return nothing(error),
    };
    if !is_endpoint(&at.endpoint) {
        return Refusal::NothingHere.into_response();
    }
    let issuer = at.server.issuer();
    answer::for_everybody(Json(json!({
        "resource": format!("{issuer}{}", at.endpoint),
        "authorization_servers": [issuer],
        "scopes_supported": [SCOPE],
        "bearer_methods_supported": ["header"],
        "resource_name": at.server.name(),
    })))
}

/// What a client is told that has to have its user sign in for the endpoint at `path` (RFC 6750 §3, RFC 9728 §5.1).
pub(crate) fn challenge(issuer: &str, path: &str, had_token: bool) -> Option<HeaderValue> {
    let scheme = issuer.find("://")?.saturating_add(3);
    let host = issuer.get(scheme..)?;
    let at = host.find('/').map_or(issuer.len(), |at| scheme.saturating_add(at));
    let (origin, rest) = issuer.split_at_checked(at)?;
    let error = if had_token { ", error=\"invalid_token\"" } else { "" };
    let url = format!("{origin}/.well-known/{PROTECTED_RESOURCE}{rest}{path}");
    HeaderValue::try_from(format!("Bearer resource_metadata=\"{url}\", scope=\"{SCOPE}\"{error}")).ok()
}

#[cfg(test)]
mod tests {
    use super::challenge;

    #[test]
    fn a_client_is_led_to_the_metadata_of_the_very_address_it_called() {
        let of = |issuer, path, had| challenge(issuer, path, had).unwrap().to_str().unwrap().to_owned();
        assert_eq!(
            of("https://acme.guild.test", "/mcp/ann", false),
            r#"Bearer resource_metadata="https://acme.guild.test/.well-known/oauth-protected-resource/mcp/ann", scope="mcp""#
        );
        assert_eq!(
            of("http://localhost:3000/s/acme", "/mcp", true),
            r#"Bearer resource_metadata="http://localhost:3000/.well-known/oauth-protected-resource/s/acme/mcp", scope="mcp", error="invalid_token""#
        );
    }
}
