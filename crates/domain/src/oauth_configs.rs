//! How end users of a server sign in at an organization's own authorization server.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    error::MetadataProblem,
    id::{self, Id},
    text::{Text, WebUrl, checked_text},
    time::Timestamp,
};

/// How end users sign in at an organization's own authorization server; all of it but the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OauthConfig {
    /// Its id.
    pub id: Id<id::OauthConfig>,
    /// What people call it.
    pub name: String,
    /// Where the authorization server says what it is.
    pub metadata_url: WebUrl,
    /// What the authorization server calls Guildhall.
    pub client_id: String,
    /// What Guildhall asks for, separated by spaces.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What Guildhall proves itself with at an authorization server. Shown to nobody, in `Debug` neither.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ClientSecret(Text<1, 10_000>);

impl ClientSecret {
    /// The secret itself: for sealing it, and for the authorization server.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// Scopes as RFC 6749 §3.3 writes them: words of printable ASCII with one space between them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scopes(String);

impl TryFrom<String> for Scopes {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let legal =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_graphic() && b != b'"' && b != b'\\');
        if text.len() <= 10_000 && text.split(' ').all(legal) {
            Ok(Self(text))
        } else {
            Err("words of printable ASCII with one space between them".to_owned())
        }
    }
}

checked_text!(
    [] Scopes,
    "Scopes".into(),
    json_schema!({ "type": "string", "minLength": 1, "maxLength": 10_000, "pattern": r"^[!#-\[\]-~]+( [!#-\[\]-~]+)*$" })
);

impl Default for Scopes {
    fn default() -> Self {
        Self("openid profile email".to_owned())
    }
}

/// What an authorization server says of itself (RFC 8414, OpenID Connect Discovery), as far as it matters for signing in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuthorizationServer {
    /// What it calls itself.
    pub issuer: WebUrl,
    /// Where people sign in.
    pub authorization_endpoint: WebUrl,
    /// Where codes become tokens.
    pub token_endpoint: WebUrl,
    /// The keys that its tokens are verified with.
    pub jwks_uri: WebUrl,
    /// Where it says more of a person.
    pub userinfo_endpoint: Option<WebUrl>,
    /// What can be asked for; empty where it does not say.
    pub scopes_supported: Vec<String>,
    /// What it answers an authorization with.
    pub response_types_supported: Vec<String>,
    /// What it gives tokens for; empty where it does not say.
    pub grant_types_supported: Vec<String>,
    /// How it does PKCE; empty where it does not say.
    pub code_challenge_methods_supported: Vec<String>,
    /// How a client proves itself; empty where it does not say.
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// How it signs who somebody is; empty where it does not say.
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// Whether its answers say whose they are (RFC 9207).
    pub authorization_response_iss_parameter_supported: bool,
}

const WELL_KNOWN: [&str; 2] = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];

/// What is wrong with an address as that of an authorization server's metadata; none where nothing is.
#[must_use]
pub fn problem_of(metadata_url: &WebUrl) -> Option<&'static str> {
    if !metadata_url.is_confidential() {
        Some("needs to begin with https://")
    } else if metadata_url.as_str().contains('#') {
        Some("must have no fragment")
    } else if issuers(metadata_url).next().is_none() {
        Some(
            "needs to be a well-known address: <issuer>/.well-known/openid-configuration, or oauth-authorization-server",
        )
    } else {
        None
    }
}

/// Whose metadata may be found at an address: the well-known part is written behind an issuer (OpenID Connect Discovery
/// §4) or between its host and its path (RFC 8414 §3).
fn issuers(metadata_url: &WebUrl) -> impl Iterator<Item = String> {
    let url = metadata_url.as_str().split(['?', '#']).next().unwrap_or_default();
    let host = url.find("://").map_or(0, |at| at.saturating_add(3));
    let path = url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| host.saturating_add(at));
    let (origin, path) = url.split_at(path);
    WELL_KNOWN.into_iter().flat_map(move |known| {
        let behind = path.strip_suffix(known);
        let between = path.strip_prefix(known).filter(|rest| rest.starts_with('/'));
        behind.into_iter().chain(between).map(move |rest| format!("{origin}{rest}"))
    })
}

impl AuthorizationServer {
    /// Reads what was found at `metadata_url`.
    ///
    /// # Errors
    /// Where nobody could sign in there, or it speaks for somebody else.
    pub fn read(metadata_url: &WebUrl, document: &[u8]) -> Result<Self, MetadataProblem> {
        let document: Value = serde_json::from_slice(document).map_err(|_| MetadataProblem::NotJson)?;
        if !document.is_object() {
            return Err(MetadataProblem::NotJson);
        }
        let text = |field: &'static str| document[field].as_str().ok_or(MetadataProblem::Missing(field));
        let issuer = text("issuer")?;
        let same = |other: &String| other.trim_end_matches('/') == issuer.trim_end_matches('/');
        if !issuers(metadata_url).any(|known| same(&known)) {
            return Err(MetadataProblem::IssuerMismatch);
        }
        let endpoint = |field: &'static str| confidential(text(field)?);
        let server = Self {
            issuer: confidential(issuer)?,
            authorization_endpoint: endpoint("authorization_endpoint")?,
            token_endpoint: endpoint("token_endpoint")?,
            jwks_uri: endpoint("jwks_uri")?,
            userinfo_endpoint: document["userinfo_endpoint"].as_str().map(confidential).transpose()?,
            scopes_supported: words(&document["scopes_supported"]),
            response_types_supported: words(&document["response_types_supported"]),
            grant_types_supported: words(&document["grant_types_supported"]),
            code_challenge_methods_supported: words(&document["code_challenge_methods_supported"]),
            token_endpoint_auth_methods_supported: words(&document["token_endpoint_auth_methods_supported"]),
            id_token_signing_alg_values_supported: words(&document["id_token_signing_alg_values_supported"]),
            authorization_response_iss_parameter_supported: document["authorization_response_iss_parameter_supported"]
                == true,
        };
        let has = |words: &[String], word: &str| words.iter().any(|one| one == word);
        if server.response_types_supported.is_empty() {
            return Err(MetadataProblem::Missing("response_types_supported"));
        }
        if !has(&server.response_types_supported, "code") {
            return Err(MetadataProblem::NoCodeFlow);
        }
        // OpenID Connect Discovery knows no such field: who says nothing may still do it.
        let challenges = &server.code_challenge_methods_supported;
        if !challenges.is_empty() && !has(challenges, "S256") {
            return Err(MetadataProblem::NoPkce);
        }
        Ok(server)
    }
}

fn confidential(url: &str) -> Result<WebUrl, MetadataProblem> {
    let url = url.parse().ok().filter(WebUrl::is_confidential);
    url.ok_or(MetadataProblem::InsecureEndpoint)
}

fn words(list: &Value) -> Vec<String> {
    let words = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    words.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{AuthorizationServer, ClientSecret, Scopes, problem_of};
    use crate::error::MetadataProblem;

    const AT: &str = "https://id.example.test/realm/.well-known/openid-configuration";

    fn document() -> Value {
        json!({
            "issuer": "https://id.example.test/realm", "authorization_endpoint": "https://id.example.test/authorize",
            "token_endpoint": "https://id.example.test/token", "jwks_uri": "https://keys.example.test/jwks",
            "response_types_supported": ["code", "id_token"], "code_challenge_methods_supported": ["plain", "S256"],
            "surprise": { "a": [1] }
        })
    }

    fn read(at: &str, document: &Value) -> Result<AuthorizationServer, MetadataProblem> {
        AuthorizationServer::read(&at.parse().unwrap(), document.to_string().as_bytes())
    }

    #[test]
    fn a_server_speaks_for_the_issuer_whose_address_was_asked() {
        let of = |issuer: &str| {
            let mut document = document();
            document["issuer"] = json!(issuer);
            document
        };
        for (at, issuer) in [
            (AT, "https://id.example.test/realm"),
            (AT, "https://id.example.test/realm/"),
            ("https://id.example.test/.well-known/oauth-authorization-server/realm", "https://id.example.test/realm"),
            ("https://id.example.test/.well-known/openid-configuration", "https://id.example.test/"),
            ("https://id.example.test/a/.well-known/openid-configuration?p=b", "https://id.example.test/a"),
            ("http://localhost:9/.well-known/openid-configuration", "http://localhost:9"),
        ] {
            assert_eq!(read(at, &of(issuer)).unwrap().issuer.as_str(), issuer, "{at}");
        }
        for issuer in ["https://other.example.test/realm", "https://id.example.test", "https://id.example.test/realm2"]
        {
            assert_eq!(read(AT, &of(issuer)), Err(MetadataProblem::IssuerMismatch), "{issuer}");
        }
    }

    #[test]
    fn what_signing_in_needs_must_be_there_and_safe() {
        let changed = |field: &str, value: Value| {
            let mut document = document();
            document[field] = value;
            read(AT, &document).map(|_| ())
        };
        for field in ["issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported"] {
            assert_eq!(changed(field, Value::Null), Err(MetadataProblem::Missing(field)));
            assert_eq!(changed(field, json!(7)), Err(MetadataProblem::Missing(field)));
        }
        let insecure = Err(MetadataProblem::InsecureEndpoint);
        assert_eq!(changed("token_endpoint", json!("http://id.example.test/token")), insecure);
        assert_eq!(changed("userinfo_endpoint", json!("javascript:alert(1)")), insecure);
        assert_eq!(changed("response_types_supported", json!(["token"])), Err(MetadataProblem::NoCodeFlow));
        assert_eq!(changed("code_challenge_methods_supported", json!(["plain"])), Err(MetadataProblem::NoPkce));
        assert_eq!(changed("code_challenge_methods_supported", Value::Null), Ok(()));
        assert_eq!(read(AT, &json!([1])), Err(MetadataProblem::NotJson));
        assert_eq!(AuthorizationServer::read(&AT.parse().unwrap(), b"<html>"), Err(MetadataProblem::NotJson));
    }

    #[test]
    fn an_address_is_a_well_known_one_that_nobody_reads_along() {
        assert_eq!(problem_of(&AT.parse().unwrap()), None);
        for bad in [
            "http://id.example.test/.well-known/openid-configuration",
            "https://id.example.test/",
            "https://id.example.test/.well-known/openid-configurations",
            "https://id.example.test/.well-known/openid-configuration#a",
            "https://id.example.test/?a=/.well-known/openid-configuration",
        ] {
            assert!(problem_of(&bad.parse().unwrap()).is_some(), "{bad}");
        }
    }

    #[test]
    fn scopes_are_words_and_a_secret_shows_nowhere() {
        assert_eq!(Scopes::default().as_str().parse(), Ok(Scopes::default()));
        for bad in ["", " openid", "openid  email", "a\"b", "a\\b", "ä", "a\nb"] {
            assert!(bad.parse::<Scopes>().is_err(), "{bad:?}");
        }
        let secret: ClientSecret = serde_json::from_value(json!("s3cret")).unwrap();
        assert_eq!((secret.expose(), format!("{secret:?}").contains("s3cret")), ("s3cret", false));
    }
}
