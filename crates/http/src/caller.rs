//! Who calls, as the headers say it. Nothing is proven here: that is the pipeline's.

use std::net::{IpAddr, SocketAddr};

use guildhall_domain::{Error, Result, text::Text};
use guildhall_services::Caller;
use http::{
    HeaderMap, HeaderName,
    header::{AUTHORIZATION, COOKIE, HOST, ORIGIN, USER_AGENT},
};

use crate::{Settings, cookies};

/// The organization to work in, by id or slug.
pub(crate) const ORGANIZATION: HeaderName = HeaderName::from_static("x-organization");
/// What makes a mutation happen once.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Which page made a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// One that may use the browser's cookie.
    Ours,
    /// Any other.
    Foreign,
    /// Nobody said; not a browser, or an old one.
    Unsaid,
}

/// Which page made a request: `Origin` decides, then `Sec-Fetch-Site`, neither of which a page can forge.
pub(crate) fn page(headers: &HeaderMap, settings: &Settings) -> Page {
    if let Some(origin) = single(headers, &ORIGIN) {
        let is_ours = |origin: &str| settings.allows_origin(origin) || is_same_origin(origin, headers, settings);
        return if origin.is_some_and(is_ours) { Page::Ours } else { Page::Foreign };
    }
    match single(headers, &FETCH_SITE) {
        None => Page::Unsaid,
        Some(Some("same-origin" | "none")) => Page::Ours,
        Some(_) => Page::Foreign,
    }
}

/// Whether a page came from the host that is called. That host is one of ours, or the request would not be here.
fn is_same_origin(origin: &str, headers: &HeaderMap, settings: &Settings) -> bool {
    let scheme = if settings.is_https() { "https://" } else { "http://" };
    let host = single(headers, &HOST).flatten();
    origin.strip_prefix(scheme).zip(host).is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host))
}

/// Who calls, from where.
pub(crate) fn caller(headers: &HeaderMap, address: Option<IpAddr>, settings: &Settings) -> Result<Caller> {
    let mut caller = bearer(headers).map_or_else(|| by_cookie(headers, settings), Caller::bearer);
    if let Some(named) = spoken(headers, &ORGANIZATION, "x-organization")? {
        caller = caller.in_organization(named.to_string());
    }
    if let Some(key) = spoken(headers, &IDEMPOTENCY_KEY, "Idempotency-Key")? {
        caller = caller.with_idempotency_key(key);
    }
    Ok(caller.from_device(address, program(headers)))
}

/// Whoever the browser's cookie stands for.
pub(crate) fn by_cookie(headers: &HeaderMap, settings: &Settings) -> Caller {
    match cookies::session(headers, settings) {
        Some(token) if page(headers, settings) == Page::Ours => Caller::cookie(token),
        Some(token) => Caller::cookie_from_foreign_page(token),
        None => Caller::nobody(),
    }
}

/// The program that calls, as it names itself.
pub(crate) fn program(headers: &HeaderMap) -> Option<String> {
    let user_agent = headers.get(USER_AGENT).map(|agent| String::from_utf8_lossy(agent.as_bytes()));
    user_agent.map(|agent| agent.chars().take(512).collect())
}

/// The address a request comes from: the peer's, or, where the peer is a proxy of ours, the rightmost of
/// `X-Forwarded-For` that is not. IPv4 is IPv4 also inside IPv6.
pub(crate) fn address(peer: IpAddr, headers: &HeaderMap, trusted: &[IpAddr]) -> IpAddr {
    let is_ours = |address: IpAddr| trusted.iter().any(|proxy| proxy.to_canonical() == address);
    let mut address = peer.to_canonical();
    let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().map(|line| line.to_str().unwrap_or("?")).collect();
    for hop in lines.iter().flat_map(|line| line.split(',')).rev() {
        if !is_ours(address) {
            break;
        }
        let hop = hop.trim();
        let parsed = hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|socket| socket.ip()));
        let Ok(parsed) = parsed.map(|address: IpAddr| address.to_canonical()) else { break };
        address = parsed;
    }
    address
}

/// The bearer token. Whatever else `Authorization` says is taken for a token too, and will not pass for one: a caller
/// who tried to say who it is does not become nobody, or whom its cookie says.
fn bearer(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(AUTHORIZATION).iter().map(|value| String::from_utf8_lossy(value.as_bytes()));
    let first = values.next()?;
    if let Some(second) = values.next() {
        return Some(format!("{first},{second}"));
    }
    match first.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Some(token.trim().to_owned()),
        _ => Some(first.into_owned()),
    }
}

/// A header that is there once and legible.
fn spoken(headers: &HeaderMap, name: &HeaderName, spelled: &str) -> Result<Option<Text<1, 128>>> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::field(spelled, "said twice"));
    }
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| Error::field(spelled, "not UTF-8"))?;
    if text.chars().any(char::is_control) {
        return Err(Error::field(spelled, "control characters are not allowed"));
    }
    text.parse().map(Some).map_err(|problem: String| Error::field(spelled, problem))
}

/// A header's text; `Some(None)` where it is there twice or illegible.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Option<&'a str>> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    Some(if values.next().is_some() { None } else { first.to_str().ok() })
}

/// All cookies, in the order they were sent.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|cookie| cookie.trim().split_once('='))
}

#[cfg(test)]
mod tests {
    use guildhall_domain::Error;
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{Page, address, bearer, page, spoken};
    use crate::Settings;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn a_page_is_ours_by_its_origin_or_else_by_what_the_browser_says() {
        let of = |lines: &[(&'static str, &str)]| page(&headers(lines), &Settings::default());
        assert_eq!(of(&[("origin", "http://localhost:3000")]), Page::Ours);
        assert_eq!(of(&[("origin", "http://localhost:3000"), ("sec-fetch-site", "cross-site")]), Page::Ours);
        assert_eq!(of(&[("sec-fetch-site", "same-origin")]), Page::Ours);
        assert_eq!(of(&[("sec-fetch-site", "none")]), Page::Ours);
        assert_eq!(of(&[]), Page::Unsaid);
        assert_eq!(of(&[("host", "127.0.0.1:3000"), ("origin", "http://127.0.0.1:3000")]), Page::Ours);
        assert_eq!(of(&[("host", "127.0.0.1:3000"), ("origin", "https://127.0.0.1:3000")]), Page::Foreign);
        assert_eq!(of(&[("host", "127.0.0.1:3000"), ("origin", "http://127.0.0.1:8080")]), Page::Foreign);
        for site in ["same-site", "cross-site", ""] {
            assert_eq!(of(&[("sec-fetch-site", site)]), Page::Foreign, "{site}");
        }
        for origin in ["null", "", "http://evil.test", "http://localhost:3000.evil.test"] {
            assert_eq!(of(&[("origin", origin), ("sec-fetch-site", "same-origin")]), Page::Foreign, "{origin}");
        }
        assert_eq!(of(&[("origin", "http://localhost:3000"), ("origin", "http://localhost:3000")]), Page::Foreign);
    }

    #[test]
    fn whatever_authorization_says_is_a_token() {
        let of = |lines: &[(&'static str, &str)]| bearer(&headers(lines));
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("authorization", "Bearer TOK")]).as_deref(), Some("TOK"));
        assert_eq!(of(&[("authorization", "bearer  TOK ")]).as_deref(), Some("TOK"));
        assert_eq!(of(&[("authorization", "Basic eDp5")]).as_deref(), Some("Basic eDp5"));
        assert_eq!(of(&[("authorization", "")]).as_deref(), Some(""));
        assert_eq!(
            of(&[("authorization", "Bearer A"), ("authorization", "Bearer B")]).as_deref(),
            Some("Bearer A,Bearer B")
        );
    }

    #[test]
    fn a_bad_idempotency_key_is_an_issue_of_the_input() {
        let of = |lines: &[(&'static str, &str)]| spoken(&headers(lines), &super::IDEMPOTENCY_KEY, "Idempotency-Key");
        assert_eq!(of(&[]).unwrap(), None);
        assert_eq!(of(&[("idempotency-key", &"ä".repeat(128))]).unwrap().unwrap().as_str().chars().count(), 128);
        let long = "k".repeat(129);
        for bad in [
            &[("idempotency-key", "")][..],
            &[("idempotency-key", "  ")],
            &[("idempotency-key", "a\tb")],
            &[("idempotency-key", &long)],
            &[("idempotency-key", "a"), ("idempotency-key", "a")],
        ] {
            let Err(Error::BadRequest(issues)) = of(bad) else { panic!("{bad:?} passed") };
            assert_eq!(issues[0].path, ["Idempotency-Key".into()]);
        }
    }

    #[test]
    fn only_our_own_proxies_say_where_a_request_comes_from() {
        let ours = ["10.0.0.1".parse().unwrap(), "10.0.0.2".parse().unwrap()];
        let of = |peer: &str, forwarded: &[&str]| {
            let lines: Vec<_> = forwarded.iter().map(|line| ("x-forwarded-for", *line)).collect();
            address(peer.parse().unwrap(), &headers(&lines), &ours).to_string()
        };
        assert_eq!(of("203.0.113.9", &["198.51.100.1"]), "203.0.113.9");
        assert_eq!(of("::ffff:203.0.113.9", &[]), "203.0.113.9");
        assert_eq!(of("10.0.0.1", &["1.2.3.4, 198.51.100.1"]), "198.51.100.1");
        assert_eq!(of("::ffff:10.0.0.1", &["1.2.3.4", "198.51.100.1, 10.0.0.2"]), "198.51.100.1");
        assert_eq!(of("10.0.0.1", &["[2001:db8::1]:443"]), "2001:db8::1");
        assert_eq!(of("10.0.0.1", &["::ffff:198.51.100.1"]), "198.51.100.1");
        assert_eq!(of("10.0.0.1", &["1.2.3.4, garbage"]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &["10.0.0.2"]), "10.0.0.2");
        assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
    }
}
