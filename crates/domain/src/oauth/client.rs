use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::{Host, Url};

use super::{OauthCode, RedirectUri, Refused};

/// What a client says of itself: at its registration (RFC 7591 §2), or in a document at its own address. What matters is
/// kept; names of owners, pictures and links are not: nobody here could vouch for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientMetadata {
    /// What it calls itself.
    pub name: Option<String>,
    /// Where its answers may go.
    pub redirect_uris: Vec<RedirectUri>,
    /// How it proves itself at the token endpoint.
    pub auth_method: AuthMethod,
}

/// How a client proves itself at the token endpoint (RFC 7591 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// Not at all: its redirect URI and PKCE are what it has.
    None,
    /// With a secret, in the `Authorization` header.
    ClientSecretBasic,
    /// With a secret, in the body.
    ClientSecretPost,
}

impl AuthMethod {
    /// Every one there is.
    pub const ALL: [Self; 3] = [Self::None, Self::ClientSecretBasic, Self::ClientSecretPost];

    /// As the wire spells it.
    #[must_use]
    pub const fn wire(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        }
    }
}

const MOST_URIS: usize = 10;
const LONGEST_NAME: usize = 100;

impl ClientMetadata {
    /// Reads a registration.
    ///
    /// # Errors
    /// `invalid_redirect_uri` or `invalid_client_metadata`.
    pub fn registered(document: &Value) -> Result<Self, Refused> {
        Self::read(document, AuthMethod::ClientSecretBasic)
    }

    /// Reads the document at `client_id`, which must say that it is of that client. Clients that nobody registered have
    /// no secret.
    ///
    /// # Errors
    /// As [`ClientMetadata::registered`].
    pub fn published(client_id: &str, document: &Value) -> Result<Self, Refused> {
        if document["client_id"].as_str() != Some(client_id) {
            return Err(unusable("client_id is not the address of this document"));
        }
        if document.get("client_secret").is_some() {
            return Err(unusable("a published document has no client_secret"));
        }
        let client = Self::read(document, AuthMethod::None)?;
        match client.auth_method {
            AuthMethod::None => Ok(client),
            _ => Err(unusable("a client that is known by its document has token_endpoint_auth_method none")),
        }
    }

    /// Whether an answer may go there.
    #[must_use]
    pub fn admits(&self, asked: &RedirectUri) -> bool {
        self.redirect_uris.iter().any(|registered| registered.admits(asked))
    }

    fn read(document: &Value, usual: AuthMethod) -> Result<Self, Refused> {
        if !document.is_object() {
            return Err(unusable("the metadata is not a JSON object"));
        }
        let name = match &document["client_name"] {
            Value::Null => None,
            Value::String(name) => Some(legible(name)).filter(|name| !name.is_empty()),
            _ => return Err(unusable("client_name is not a text")),
        };
        let auth_method = match &document["token_endpoint_auth_method"] {
            Value::Null => usual,
            Value::String(word) => {
                AuthMethod::ALL.into_iter().find(|method| method.wire() == word).ok_or_else(|| {
                    unusable("token_endpoint_auth_method is none, client_secret_basic or client_secret_post")
                })?
            }
            _ => return Err(unusable("token_endpoint_auth_method is not a text")),
        };
        // What is asked for beyond these is not granted, as RFC 7591 §2 allows; without them there is nothing to grant.
        if !has(&document["grant_types"], "authorization_code") {
            return Err(unusable("grant_types lacks authorization_code"));
        }
        if !has(&document["response_types"], "code") {
            return Err(unusable("response_types lacks code"));
        }
        Ok(Self { name, redirect_uris: redirect_uris(&document["redirect_uris"])?, auth_method })
    }
}

/// Whether that is the address of a client's document rather than an id of ours: `https`, with a path, and nothing that
/// could be written in two ways. With `loopback` also `http` of this machine.
#[must_use]
pub fn is_document_url(client_id: &str, loopback: bool) -> bool {
    let Ok(url) = Url::parse(client_id) else { return false };
    let scheme = match url.scheme() {
        "https" => true,
        "http" => loopback && matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")),
        _ => false,
    };
    let named = matches!(url.host(), Some(Host::Domain(_))) || loopback;
    let bare = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    // What the parser would repair, dot segments among it, is no identifier.
    scheme && named && bare && url.path().len() > 1 && url.as_str() == client_id && client_id.len() <= 500
}

fn redirect_uris(list: &Value) -> Result<Vec<RedirectUri>, Refused> {
    let refused = |why| Refused::new(OauthCode::InvalidRedirectUri, why);
    let list = list.as_array().ok_or_else(|| refused("redirect_uris is not a list"))?;
    if list.is_empty() || list.len() > MOST_URIS {
        return Err(refused("redirect_uris has 1 to 10 addresses"));
    }
    let read = |value: &Value| {
        let text = value.as_str().map(str::to_owned).ok_or_else(|| refused("a redirect URI is a text"))?;
        RedirectUri::try_from(text)
            .map_err(|why| Refused { code: OauthCode::InvalidRedirectUri, description: Cow::Owned(why) })
    };
    list.iter().map(read).collect()
}

/// Whether a list has that word, as it has where there is no list.
fn has(list: &Value, word: &str) -> bool {
    match list {
        Value::Null => true,
        Value::Array(list) => list.iter().any(|one| one == word),
        _ => false,
    }
}

/// A name as it can be shown: one line, and nothing that changes the direction of what is around it.
fn legible(name: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    let name: String = name.chars().filter(|c| !c.is_control() && !turns(*c)).take(LONGEST_NAME).collect();
    name.trim().to_owned()
}

fn unusable(why: &'static str) -> Refused {
    Refused::new(OauthCode::InvalidClientMetadata, why)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{AuthMethod, ClientMetadata, is_document_url};
    use crate::oauth::OauthCode;

    fn with(field: &str, value: Value) -> Value {
        let mut document = json!({ "redirect_uris": ["https://a.test/cb"], "client_name": "A" });
        document[field] = value;
        document
    }

    fn refused(field: &str, value: Value) -> OauthCode {
        ClientMetadata::registered(&with(field, value)).unwrap_err().code
    }

    #[test]
    fn a_registration_keeps_what_matters() {
        let client = ClientMetadata::registered(&with("logo_uri", json!("http://10.0.0.1/x"))).unwrap();
        assert_eq!((client.name.as_deref(), client.auth_method), (Some("A"), AuthMethod::ClientSecretBasic));
        let shown = ClientMetadata::registered(&with("client_name", json!("  A\u{202e}B\n\u{200b} "))).unwrap();
        assert_eq!(shown.name.as_deref(), Some("AB"));
        let long = ClientMetadata::registered(&with("client_name", json!("x".repeat(5_000)))).unwrap();
        assert_eq!(long.name.unwrap().len(), 100);
        for (field, value) in [
            ("grant_types", json!(["implicit"])),
            ("grant_types", json!(["refresh_token"])),
            ("grant_types", json!("authorization_code")),
            ("response_types", json!(["token"])),
            ("token_endpoint_auth_method", json!("private_key_jwt")),
            ("token_endpoint_auth_method", json!(1)),
            ("client_name", json!({})),
        ] {
            assert_eq!(refused(field, value.clone()), OauthCode::InvalidClientMetadata, "{field} {value}");
        }
        for value in [
            json!(null),
            json!([]),
            json!("https://a.test/cb"),
            json!([1]),
            json!(["javascript:x"]),
            json!(vec!["https://a.test/cb"; 11]),
        ] {
            assert_eq!(refused("redirect_uris", value.clone()), OauthCode::InvalidRedirectUri, "{value}");
        }
        assert!(ClientMetadata::registered(&json!([])).is_err());
    }

    #[test]
    fn a_document_is_of_the_client_whose_address_it_has_and_of_no_other() {
        let at = "https://client.test/oauth/metadata.json";
        let document = with("client_id", json!(at));
        assert_eq!(ClientMetadata::published(at, &document).unwrap().auth_method, AuthMethod::None);
        assert!(ClientMetadata::published("https://client.test/other", &document).is_err());
        let mut secretive = document.clone();
        secretive["client_secret"] = json!("s");
        assert!(ClientMetadata::published(at, &secretive).is_err());
        let mut proving = document;
        proving["token_endpoint_auth_method"] = json!("client_secret_post");
        assert!(ClientMetadata::published(at, &proving).is_err());
    }

    #[test]
    fn a_client_id_is_an_address_only_where_it_can_be_written_in_one_way() {
        for good in ["https://client.test/metadata.json", "https://client.test:8443/a?b=c"] {
            assert!(is_document_url(good, false), "{good}");
        }
        for bad in [
            "cli_01jd0000000000000000000000",
            "https://client.test",
            "https://client.test/",
            "http://client.test/a",
            "https://client.test/a#b",
            "https://u@client.test/a",
            "https://client.test/a/../b",
            "https://CLIENT.test/a",
            "https://client.test:443/a",
            "https://127.0.0.1/a",
            "https://2130706433/a",
            "file:///a",
        ] {
            assert!(!is_document_url(bad, false), "{bad}");
        }
        assert!(is_document_url("http://localhost:7/a", true) && !is_document_url("http://localhost:7/a", false));
    }
}
