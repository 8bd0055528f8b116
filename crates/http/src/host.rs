//! Whose host a request is for: the one place that reads `Host`, and nothing else is ever asked (T73).

use std::net::Ipv6Addr;

use http::{HeaderMap, Uri, header::HOST};

use crate::Settings;

/// Whom a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Guildhall itself.
    Api,
    /// An organization's MCP server; whether there is one, somebody else knows.
    Hosted {
        /// The label above the base domain.
        slug: String,
    },
    /// Nobody here.
    Unknown,
}

/// Whom this `Host` means. Pure: the header's text and the settings decide.
#[must_use]
pub fn place(host_header: &str, settings: &Settings) -> Place {
    let Some((host, _)) = authority(host_header) else { return Place::Unknown };
    let base = settings.base_domain.to_ascii_lowercase();
    let public = authority(settings.public_authority()).map(|(host, _)| host);
    let local = settings.listen.ip().is_loopback() && ["127.0.0.1", "[::1]", "localhost"].contains(&host.as_str());
    if host == base || Some(&host) == public.as_ref() || local {
        return Place::Api;
    }
    match host.strip_suffix(&base).and_then(|rest| rest.strip_suffix('.')) {
        Some(slug) if !slug.contains('.') => Place::Hosted { slug: slug.to_owned() },
        _ => Place::Unknown,
    }
}

/// Whom a request means: exactly one `Host`, and an absolute request target that agrees with it.
pub(crate) fn place_of(uri: &Uri, headers: &HeaderMap, settings: &Settings) -> Place {
    let mut hosts = headers.get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return Place::Unknown };
    let Ok(host) = host.to_str() else { return Place::Unknown };
    match uri.authority() {
        Some(target) if authority(target.as_str()) != authority(host) => Place::Unknown,
        _ => place(host, settings),
    }
}

/// Host in lower case, and port. None for whatever is not plainly a host: user information, an empty label, a trailing
/// dot, anything outside of letters, digits and hyphens.
fn authority(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (inner, after) = rest.split_once(']')?;
            let address: Ipv6Addr = inner.parse().ok()?;
            let port = if after.is_empty() { None } else { Some(after.strip_prefix(':')?) };
            (format!("[{address}]"), port)
        }
        None => {
            let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
            let is_label = |label: &str| {
                (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            };
            if host.len() > 253 || !host.split('.').all(is_label) {
                return None;
            }
            (host.to_ascii_lowercase(), port)
        }
    };
    let digits = |port: &&str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match port {
        Some(port) => Some((host, Some(Some(port).filter(digits)?.parse().ok()?))),
        None => Some((host, None)),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Uri, header::HOST};

    use super::{Place, place, place_of};
    use crate::Settings;

    fn settings() -> Settings {
        Settings {
            base_domain: "guildhall.test".to_owned(),
            public_url: "https://app.guildhall.test".to_owned(),
            ..Settings::default()
        }
    }

    fn hosted(slug: &str) -> Place {
        Place::Hosted { slug: slug.to_owned() }
    }

    #[test]
    fn a_host_is_ours_a_tenants_or_nobodys() {
        let corpus = [
            ("guildhall.test", Place::Api),
            ("GuildHall.TEST:443", Place::Api),
            ("app.guildhall.test", Place::Api),
            ("127.0.0.1:3000", Place::Api),
            ("[::1]:3000", Place::Api),
            ("[0:0:0:0:0:0:0:1]", Place::Api),
            ("localhost", Place::Api),
            ("acme-help.guildhall.test", hosted("acme-help")),
            ("ACME-help.guildhall.test:8443", hosted("acme-help")),
            ("xn--bcher-kva.guildhall.test", hosted("xn--bcher-kva")),
        ];
        for (host, expected) in corpus {
            assert_eq!(place(host, &settings()), expected, "{host}");
        }
        let nobodys = [
            "",
            ".",
            "test",
            "guildhall.test.",
            "acme.guildhall.test.",
            ".guildhall.test",
            "..guildhall.test",
            "a.b.guildhall.test",
            "acmeguildhall.test",
            "guildhall.test.evil.test",
            "evil.test",
            "u@guildhall.test",
            "guildhall.test@evil.test",
            "guildhall.test:",
            "guildhall.test:x",
            "guildhall.test:+80",
            "guildhall.test:99999",
            "guildhall.test:80:80",
            "guildhall.test/",
            "guildhall.test#",
            " guildhall.test",
            "guildhall.test\t",
            "acme_help.guildhall.test",
            "äcme.guildhall.test",
            "acme%2eb.guildhall.test",
            "[::1",
            "[::1]x",
            "[::2]",
            "[::1]:",
            "::1",
            "127.0.0.2",
            "0x7f.1",
            "acme.guildhall.test,guildhall.test",
            "*.guildhall.test",
        ];
        for host in nobodys {
            assert_eq!(place(host, &settings()), Place::Unknown, "{host:?}");
        }
    }

    #[test]
    fn loopback_names_are_ours_only_when_nobody_else_can_listen() {
        let open = Settings { listen: "0.0.0.0:80".parse().unwrap(), ..settings() };
        assert_eq!(place("127.0.0.1", &open), Place::Unknown);
        assert_eq!(place("acme-help.localhost:3000", &Settings::default()), hosted("acme-help"));
    }

    #[test]
    fn there_is_one_host_and_an_absolute_target_agrees_with_it() {
        let headers = |hosts: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_static(host));
            }
            headers
        };
        let at = |target: &'static str, hosts: &[&'static str]| {
            place_of(&Uri::from_static(target), &headers(hosts), &settings())
        };
        assert_eq!(at("/", &["guildhall.test"]), Place::Api);
        assert_eq!(at("/", &[]), Place::Unknown);
        assert_eq!(at("/", &["guildhall.test", "guildhall.test"]), Place::Unknown);
        assert_eq!(at("http://Guildhall.test/", &["guildhall.test"]), Place::Api);
        assert_eq!(at("http://acme-help.guildhall.test/", &["guildhall.test"]), Place::Unknown);
        assert_eq!(at("http://guildhall.test:81/", &["guildhall.test"]), Place::Unknown);
        assert_eq!(at("http://u@guildhall.test/", &["guildhall.test"]), Place::Unknown);
    }
}
