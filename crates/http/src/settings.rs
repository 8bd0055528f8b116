//! What an operator can decide about HTTP.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

/// Everything about HTTP that can be set; the defaults are for one machine and a developer's browser.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The host of the API; one label above it is an organization's MCP server.
    pub base_domain: String,
    /// Where people reach this server, with scheme, without a path.
    pub public_url: String,
    /// Origins of pages that may call with the browser's cookie, besides that of `public_url`.
    pub allowed_origins: Vec<String>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The largest body that is read.
    pub max_body_bytes: usize,
    /// How long the head of a request may take from its first byte.
    pub header_timeout: Duration,
    /// How long a call may take; for a streamed batch, each of its calls.
    pub request_timeout: Duration,
    /// How long a connection may stay without a request, or not take what it was sent.
    pub idle_timeout: Duration,
    /// How many connections are open at once; more wait to be accepted.
    pub max_connections: usize,
    /// How many requests are worked on at once; more are answered with `SERVICE_UNAVAILABLE`.
    pub max_in_flight: usize,
    /// How long open requests may go on after shutdown begins.
    pub shutdown_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_domain: "localhost".to_owned(),
            public_url: "http://localhost:3000".to_owned(),
            allowed_origins: Vec::new(),
            trusted_proxies: Vec::new(),
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 3000)),
            max_body_bytes: 1024 * 1024,
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            max_connections: 10_000,
            max_in_flight: 1024,
            shutdown_timeout: Duration::from_secs(10),
        }
    }
}

impl Settings {
    /// Whether people reach this server behind TLS.
    pub(crate) fn is_https(&self) -> bool {
        self.public_url.starts_with("https://")
    }

    /// Whether a page of this origin may call with the browser's cookie.
    pub(crate) fn allows_origin(&self, origin: &str) -> bool {
        let mut allowed = self.allowed_origins.iter().map(String::as_str).chain([self.public_url.as_str()]);
        allowed.any(|allowed| bare(allowed).eq_ignore_ascii_case(origin))
    }

    /// The authority of `public_url`.
    pub(crate) fn public_authority(&self) -> &str {
        bare(&self.public_url).split_once("://").map_or("", |(_, authority)| authority)
    }
}

/// A URL without its path: an origin, as browsers write it.
fn bare(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at.saturating_add(3));
    let end = url.get(authority..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| authority.saturating_add(at));
    url.get(..end).unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn origins_are_compared_whole() {
        let settings = Settings {
            public_url: "https://guildhall.test/".to_owned(),
            allowed_origins: vec!["http://app.test:8080".to_owned()],
            ..Settings::default()
        };
        assert_eq!(settings.public_authority(), "guildhall.test");
        for good in ["https://guildhall.test", "http://app.test:8080"] {
            assert!(settings.allows_origin(good), "{good}");
        }
        for bad in [
            "",
            "null",
            "http://guildhall.test",
            "https://guildhall.test.evil",
            "https://a.guildhall.test",
            "http://app.test",
        ] {
            assert!(!settings.allows_origin(bad), "{bad}");
        }
    }
}
