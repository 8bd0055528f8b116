//! Which web pages may call a hosted server.
use http::{HeaderMap, Uri, header, uri::Authority};

use crate::{Settings, refusal::Refusal};

/// The origins that are let in.
#[derive(Clone, Debug)]
pub(crate) struct Origins {
    allowed: Vec<Origin>,
    home: Origin,
    base_domain: String,
}

/// Scheme, host and port, the port always told.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origins {
    /// Reads them from the settings; an allowed origin that is none is never met.
    pub(crate) fn new(settings: &Settings) -> Self {
        let base_domain = settings.base_domain.to_ascii_lowercase();
        let home = Origin::of_url(&settings.public_url);
        Self {
            allowed: settings
                .allowed_origins
                .iter()
                .filter_map(|text| Origin::parse(text.trim_end_matches('/')))
                .collect(),
            home: home.unwrap_or_else(|| Origin { scheme: "https".into(), host: base_domain.clone(), port: 443 }),
            base_domain,
        }
    }

    /// Refuses a request from a page that has no business here: DNS rebinding ends at this point.
    pub(crate) fn check(&self, slug: &str, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut values = headers.get_all(header::ORIGIN).iter();
        let (first, second) = (values.next(), values.next());
        let Some(value) = first else { return Ok(()) };
        let origin = value.to_str().ok().and_then(Origin::parse);
        match origin {
            Some(origin) if second.is_none() && self.lets_in(slug, &origin) => Ok(()),
            _ => Err(Refusal::Origin),
        }
    }

    fn lets_in(&self, slug: &str, origin: &Origin) -> bool {
        let same_place = origin.scheme == self.home.scheme && origin.port == self.home.port;
        let own = same_place
            && (origin.host == self.home.host
                || origin.host == self.base_domain
                || origin.host.strip_suffix(&self.base_domain).and_then(|h| h.strip_suffix('.')) == Some(slug));
        own || self.allowed.contains(origin) || (self.base_domain == "localhost" && origin.is_loopback())
    }
}

impl Origin {
    /// An origin as browsers write it: nothing after the port, nobody before the host.
    fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let authority: Authority = authority.parse().ok()?;
        if authority.as_str().contains('@') {
            return None;
        }
        let port = authority.port_u16().or_else(|| default_port(&scheme))?;
        Some(Self { host: authority.host().to_ascii_lowercase(), scheme, port })
    }

    fn of_url(text: &str) -> Option<Self> {
        let url: Uri = text.parse().ok()?;
        Self::parse(&format!("{}://{}", url.scheme_str()?, url.authority()?))
    }

    fn is_loopback(&self) -> bool {
        matches!(self.host.as_str(), "localhost" | "127.0.0.1" | "[::1]") || self.host.ends_with(".localhost")
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header::ORIGIN};

    use super::Origins;
    use crate::Settings;

    fn origins(public_url: &str, base_domain: &str, allowed: &[&str]) -> Origins {
        Origins::new(&Settings {
            public_url: public_url.to_owned(),
            base_domain: base_domain.to_owned(),
            allowed_origins: allowed.iter().map(|&text| text.to_owned()).collect(),
            max_body_bytes: 1,
            seats: guildhall_services::Seats::new(1, 1),
        })
    }

    fn admits(origins: &Origins, origin: &str) -> bool {
        let headers = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_str(origin).unwrap())]);
        origins.check("acme-help", &headers).is_ok()
    }

    #[test]
    fn a_page_is_let_in_when_it_is_ours_or_listed() {
        let ours =
            origins("https://guild.example", "guild.example", &["https://app.example.com/", "http://dev.example:8080"]);
        for good in [
            "https://acme-help.guild.example",
            "https://ACME-help.guild.example:443",
            "https://guild.example",
            "https://app.example.com",
            "http://dev.example:8080",
        ] {
            assert!(admits(&ours, good), "{good}");
        }
        for bad in [
            "null",
            "",
            "https://other-help.guild.example",
            "https://evil.acme-help.guild.example",
            "https://acme-helpguild.example",
            "http://acme-help.guild.example",
            "https://acme-help.guild.example:8443",
            "https://app.example.com:8443",
            "https://app.example.com.evil.example",
            "https://app.example.com/path",
            "https://app.example.com@evil.example",
            "http://dev.example",
            "http://localhost:3000",
            "file://",
        ] {
            assert!(!admits(&ours, bad), "{bad}");
        }
        assert!(ours.check("acme-help", &HeaderMap::new()).is_ok());
    }

    #[test]
    fn loopback_pages_are_let_in_only_at_home() {
        let home = origins("http://localhost:3000", "localhost", &[]);
        for good in ["http://localhost:6274", "http://127.0.0.1:1", "http://[::1]:9", "http://acme-help.localhost:3000"]
        {
            assert!(admits(&home, good), "{good}");
        }
        for bad in ["http://evil.example", "http://localhost.evil.example", "http://127.0.0.1.evil.example"] {
            assert!(!admits(&home, bad), "{bad}");
        }
    }

    #[test]
    fn two_origins_are_none() {
        let ours = origins("https://guild.example", "guild.example", &[]);
        let mut headers = HeaderMap::new();
        headers.append(ORIGIN, HeaderValue::from_static("https://guild.example"));
        headers.append(ORIGIN, HeaderValue::from_static("https://evil.example"));
        assert!(ours.check("acme-help", &headers).is_err());
    }
}
