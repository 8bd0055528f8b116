//! What a request's headers say before anybody is looked up.
use http::{HeaderMap, header};
use rmcp::model::ProtocolVersion;

use crate::refusal::Refusal;

/// Names a session, in revisions up to 2025-11-25.
pub(crate) const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const LONGEST_SESSION: usize = 128;
const LONGEST_TOKEN: usize = 200;

/// The session that a request belongs to. Revisions from 2026-07-28 have none and ignore the header.
pub(crate) fn session_key(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    if is_stateless(headers) {
        return Ok(None);
    }
    let mut values = headers.get_all(SESSION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => match value.to_str() {
            Ok(key) if is_key(key) => Ok(Some(key.to_owned())),
            _ => Err(Refusal::Header("Mcp-Session-Id must be 1 to 128 visible ASCII characters")),
        },
        _ => Err(Refusal::Header("Mcp-Session-Id must be sent once")),
    }
}

/// The session that a DELETE ends.
pub(crate) fn session_to_end(headers: &HeaderMap) -> Result<String, Refusal> {
    match session_key(headers)? {
        Some(key) => Ok(key),
        None if is_stateless(headers) => Err(Refusal::Method),
        None => Err(Refusal::Header("Mcp-Session-Id is required")),
    }
}

/// Whether the client wants to hear of changes; rmcp holds body and header together.
pub(crate) fn listens(headers: &HeaderMap) -> bool {
    is_stateless(headers) && headers.get(METHOD).is_some_and(|method| method == "subscriptions/listen")
}

/// The access token (RFC 6750 §2.1); in a query it is none.
pub(crate) fn bearer(headers: &HeaderMap) -> Result<Option<String>, Refusal> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let said = value.to_str().ok().and_then(|value| value.split_once(' '));
            let token = said.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
            Ok(token.map(|token| token.chars().take(LONGEST_TOKEN).collect()))
        }
        _ => Err(Refusal::Header("Authorization must be sent once")),
    }
}

/// Whether the request says that it speaks a revision without sessions; rmcp holds body and header together.
fn is_stateless(headers: &HeaderMap) -> bool {
    let version = headers.get(VERSION).and_then(|value| value.to_str().ok());
    version.is_some_and(|version| version >= ProtocolVersion::NO_INITIALIZE.as_str())
}

fn is_key(text: &str) -> bool {
    (1..=LONGEST_SESSION).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Whether a person is looking.
pub(crate) fn is_browser(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accepts.flat_map(|value| value.split(',')).any(|range| {
        let essence = range.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("text/html")
    })
}

/// Whether the body is said to be of that media type, whatever its parameters.
pub(crate) fn sends(headers: &HeaderMap, media_type: &str) -> bool {
    let said = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    said.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(media_type))
}

/// How long the body is said to be.
pub(crate) fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};

    use super::{SESSION, VERSION, is_browser, session_key, session_to_end};
    use crate::refusal::Refusal;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn a_session_is_named_once_and_in_visible_characters() {
        assert_eq!(session_key(&headers(&[])).unwrap(), None);
        assert_eq!(session_key(&headers(&[(SESSION, "a-b_c.1")])).unwrap().as_deref(), Some("a-b_c.1"));
        assert!(session_key(&headers(&[(SESSION, &"k".repeat(128))])).is_ok());
        for bad in ["", "two words", &"k".repeat(129)] {
            assert!(session_key(&headers(&[(SESSION, bad)])).is_err(), "{bad}");
        }
        assert!(session_key(&headers(&[(SESSION, "a"), (SESSION, "a")])).is_err());
    }

    #[test]
    fn revisions_without_sessions_ignore_the_header() {
        let stateless = headers(&[(SESSION, "a"), (VERSION, "2026-07-28")]);
        assert_eq!(session_key(&stateless).unwrap(), None);
        assert!(matches!(session_to_end(&stateless), Err(Refusal::Method)));
        let older = headers(&[(SESSION, "a"), (VERSION, "2025-11-25")]);
        assert_eq!(session_to_end(&older).unwrap(), "a");
        assert!(matches!(session_to_end(&headers(&[])), Err(Refusal::Header(_))));
    }

    #[test]
    fn a_browser_asks_for_html() {
        assert!(is_browser(&headers(&[("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")])));
        assert!(is_browser(&headers(&[("accept", "application/json, Text/HTML;q=0.5")])));
        assert!(!is_browser(&headers(&[("accept", "text/event-stream")])));
        assert!(!is_browser(&headers(&[("accept", "*/*")])));
    }
}
