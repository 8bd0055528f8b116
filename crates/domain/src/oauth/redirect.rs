use serde::{Deserialize, Serialize};
use url::{Host, Url};

/// Where a client wants its answer: `https`, a loopback address (RFC 8252 §7.3), or an application's own scheme
/// (RFC 8252 §7.1). Never a scheme that a browser runs or shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(String);

/// Schemes of known applications that do not follow RFC 8252's reversed domain names.
const APPLICATIONS: [&str; 6] = ["cursor", "vscode", "vscode-insiders", "vscodium", "windsurf", "zed"];
const LOOPBACK: [&str; 3] = ["127.0.0.1", "[::1]", "localhost"];
const LONGEST: usize = 2_000;

impl RedirectUri {
    /// The text, exactly as the client wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether an answer may go to `asked` where this is registered: the same text, but for the port of a loopback
    /// address, which a native application learns only when it starts.
    #[must_use]
    pub fn admits(&self, asked: &Self) -> bool {
        self == asked || matches!((loopback(&self.0), loopback(&asked.0)), (Some(here), Some(there)) if here == there)
    }

    /// What a person may recognize: the host, or the application's scheme.
    #[must_use]
    pub fn shown(&self) -> String {
        match Url::parse(&self.0) {
            Ok(url) => url.host_str().map_or_else(|| format!("{}:", url.scheme()), str::to_owned),
            Err(_) => self.0.clone(),
        }
    }

    /// What a content security policy calls the place (CSP3 §2.3.1), whose grammar knows no IPv6 address.
    #[must_use]
    pub fn source(&self) -> String {
        match Url::parse(&self.0) {
            Ok(url) if matches!(url.host(), Some(Host::Ipv6(_))) => format!("{}:", url.scheme()),
            Ok(url) if matches!(url.scheme(), "http" | "https") => url.origin().ascii_serialization(),
            Ok(url) => format!("{}:", url.scheme()),
            Err(_) => "'none'".to_owned(),
        }
    }

    /// The address with the answer added to its query.
    #[must_use]
    pub fn with(&self, answer: &[(&str, &str)]) -> String {
        let answer = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(answer).finish();
        let joint = if self.0.contains('?') { '&' } else { '?' };
        format!("{}{joint}{answer}", self.0)
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if is_legal(&text) {
            Ok(Self(text))
        } else {
            Err("a redirect URI is https, http of a loopback address, or an application's own scheme, without a fragment"
                .to_owned())
        }
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.0
    }
}

fn is_legal(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_graphic() && !br#"\"<>^`{|}#*"#.contains(&b));
    let Some(url) = Url::parse(text).ok().filter(|_| plain && text.len() <= LONGEST) else { return false };
    if !url.username().is_empty() || url.password().is_some() {
        return false;
    }
    match url.scheme() {
        // What the parser would repair is not what the client will compare.
        "https" => text.starts_with("https://") && matches!(url.host(), Some(Host::Domain(_))),
        "http" => loopback(text).is_some(),
        scheme => {
            let own = text.starts_with(scheme) && (scheme.contains('.') || APPLICATIONS.contains(&scheme));
            own && text.len() > scheme.len().saturating_add(1)
        }
    }
}

/// Host and path of a loopback address, without the port.
fn loopback(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("http://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = LOOPBACK.into_iter().find(|host| authority.starts_with(host))?;
    let port = authority.strip_prefix(host)?;
    let is_port = |port: &str| port.parse::<u16>().is_ok() && !port.starts_with('+');
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then_some((host, path))
}

#[cfg(test)]
mod tests {
    use super::RedirectUri;

    fn uri(text: &str) -> RedirectUri {
        RedirectUri::try_from(text.to_owned()).unwrap_or_else(|_| panic!("{text}"))
    }

    #[test]
    fn answers_go_to_web_addresses_and_applications_only() {
        for good in [
            "https://claude.ai/api/mcp/auth_callback",
            "https://app.example/cb?tenant=1",
            "http://127.0.0.1:7777/callback",
            "http://localhost/cb",
            "http://[::1]:1/cb",
            "cursor://anysphere.cursor-mcp/oauth/callback",
            "com.example.app:/oauth2redirect",
        ] {
            uri(good);
        }
        for bad in [
            "",
            "/cb",
            "//evil.test/cb",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://a.test/1",
            "about:blank",
            "ftp://a.test/",
            "ws://a.test/",
            "mailto:a@b.test",
            "myapp:/cb",
            "cursor:",
            "http://a.test/cb",
            "http://127.0.0.2/cb",
            "http://127.0.0.1.evil.test/cb",
            "http://localhost.evil.test/cb",
            "http://localhost@evil.test/cb",
            "http://127.0.0.1:99999/cb",
            "http://127.0.0.1:+80/cb",
            "https://a.test/cb#f",
            "https://u@a.test/cb",
            "https://u:p@a.test/cb",
            "https:a.test/cb",
            "https:/a.test/cb",
            "https:\\\\a.test/cb",
            "https://*.a.test/cb",
            "https://a.test/c b",
            "https://a.test/\ncb",
            "https://a.test/<b>",
            "https://ä.test/cb",
            "https://10.0.0.1/cb",
            " https://a.test/cb",
        ] {
            assert!(RedirectUri::try_from(bad.to_owned()).is_err(), "{bad:?}");
        }
        assert!(RedirectUri::try_from(format!("https://a.test/{}", "a".repeat(2_000))).is_err());
    }

    #[test]
    fn only_the_port_of_a_loopback_address_may_differ() {
        let registered = uri("https://app.example/cb");
        assert!(registered.admits(&registered));
        for other in [
            "https://app.example/cb/",
            "https://app.example/cb?x=1",
            "https://app.example/CB",
            "https://app.example/c%62",
            "https://app.example/a/../cb",
            "https://app.example:443/cb",
            "https://app.example:8443/cb",
            "https://App.example/cb",
            "https://app.example./cb",
            "https://app.example.evil.test/cb",
            "https://evil.app.example/cb",
            "https://app.example/cbx",
            "https://app.example/",
            "http://localhost/cb",
        ] {
            assert!(!registered.admits(&uri(other)), "{other}");
        }
        let native = uri("http://127.0.0.1:1234/cb");
        for same in ["http://127.0.0.1:1/cb", "http://127.0.0.1/cb", "http://127.0.0.1:65535/cb"] {
            assert!(native.admits(&uri(same)), "{same}");
        }
        for other in [
            "http://localhost:1234/cb",
            "http://[::1]:1234/cb",
            "http://127.0.0.1:1234/cb2",
            "http://127.0.0.1:1234/cb?a",
        ] {
            assert!(!native.admits(&uri(other)), "{other}");
        }
    }

    #[test]
    fn an_answer_is_added_to_what_is_there() {
        assert_eq!(
            uri("https://a.test/cb").with(&[("code", "a b&c"), ("state", "é")]),
            "https://a.test/cb?code=a+b%26c&state=%C3%A9"
        );
        assert_eq!(uri("https://a.test/cb?t=1").with(&[("code", "x")]), "https://a.test/cb?t=1&code=x");
        assert_eq!(uri("https://a.test:8443/cb").source(), "https://a.test:8443");
        assert_eq!(uri("http://[::1]:1234/cb").source(), "http:");
        assert_eq!(
            (uri("cursor://x/cb").source(), uri("com.example:/x").shown()),
            ("cursor:".to_owned(), "com.example:".to_owned())
        );
    }
}
