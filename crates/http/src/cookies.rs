//! The cookie a browser gets at sign-in.

use std::sync::Arc;

use guildhall_catalogue::Answer;
use guildhall_domain::Timestamp;
use http::{HeaderMap, HeaderValue, header::SET_COOKIE};
use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    Settings,
    caller::{self, Page},
    router::Site,
};

/// The cookie's name. Behind TLS the prefix keeps every other host, above all tenants' subdomains, from setting it.
const fn name(is_https: bool) -> &'static str {
    if is_https { "__Host-gh_session" } else { "gh_session" }
}

/// What the browser's cookie says.
pub(crate) fn session(headers: &HeaderMap, settings: &Settings) -> Option<String> {
    let name = name(settings.is_https());
    let value = caller::cookies(headers).find(|(known, _)| *known == name).map(|(_, value)| value.trim())?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// What a successful call means for the browser's cookie: signing in sets it, signing out and deleting the account clear
/// it.
pub(crate) async fn after(site: &Arc<Site>, procedure: &str, output: &Answer, headers: &HeaderMap) -> HeaderMap {
    let mut answer = HeaderMap::new();
    let cookie = match procedure {
        "auth.signOut" | "account.delete" => Some(cleared(site.settings.is_https())),
        "auth.signIn" | "auth.signUp" => {
            let output = output.value().unwrap_or_default();
            match output.pointer("/session/accessToken").and_then(Value::as_str) {
                Some(token) => begun(site, token, headers).await,
                None => None,
            }
        }
        _ => None,
    };
    answer.extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    answer
}

/// The cookie for a session that has just begun. A page that is not ours gets none, so it cannot sign anybody in as
/// somebody else.
pub(crate) async fn begun(site: &Arc<Site>, access_token: &str, headers: &HeaderMap) -> Option<HeaderValue> {
    if caller::page(headers, &site.settings) == Page::Foreign {
        return None;
    }
    match site.app.browser_cookie(access_token).await {
        Ok((value, expires)) => set(site.settings.is_https(), &value, expires),
        Err(error) => {
            tracing::error!(?error, "no cookie for a session that was just made");
            None
        }
    }
}

fn set(is_https: bool, value: &str, expires: Timestamp) -> Option<HeaderValue> {
    let expires = imf_fixdate(expires)?;
    let secure = if is_https { "; Secure" } else { "" };
    let cookie = format!("{}={value}; Path=/; Expires={expires}; HttpOnly; SameSite=Lax{secure}", name(is_https));
    let is_safe = value.bytes().all(|b| b.is_ascii_graphic() && !b"\",;\\".contains(&b));
    if is_safe { HeaderValue::try_from(cookie).ok() } else { None }
}

fn cleared(is_https: bool) -> HeaderValue {
    HeaderValue::from_static(if is_https {
        "__Host-gh_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure"
    } else {
        "gh_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
    })
}

/// A time as HTTP writes it (RFC 9110 §5.6.7).
fn imf_fixdate(at: Timestamp) -> Option<String> {
    let at = OffsetDateTime::from_unix_timestamp(at.seconds()).ok()?;
    let short = |name: String| name.chars().take(3).collect::<String>();
    let (day, month) = (short(at.weekday().to_string()), short(at.month().to_string()));
    let (hour, minute, second) = at.to_hms();
    Some(format!("{day}, {:02} {month} {:04} {hour:02}:{minute:02}:{second:02} GMT", at.day(), at.year()))
}

#[cfg(test)]
mod tests {
    use guildhall_domain::Timestamp;
    use http::{HeaderMap, HeaderValue, header::COOKIE};

    use super::{session, set};
    use crate::Settings;

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let at = Timestamp::from_millis(1_767_323_045_678);
        let expected = "gh_session=v; Path=/; Expires=Fri, 02 Jan 2026 03:04:05 GMT; HttpOnly; SameSite=Lax";
        assert_eq!(set(false, "v", at).unwrap(), expected);
        assert_eq!(set(true, "v", at).unwrap(), format!("__Host-{expected}; Secure"));
        assert_eq!(set(true, "v; Domain=evil.test", at), None);
    }

    #[test]
    fn the_cookie_is_found_among_others_and_only_under_its_own_name() {
        let of = |lines: &[&'static str], public_url: &str| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(COOKIE, HeaderValue::from_static(line));
            }
            session(&headers, &Settings { public_url: public_url.to_owned(), ..Settings::default() })
        };
        assert_eq!(of(&["a=b; gh_session=x=y; c"], "http://a.test").as_deref(), Some("x=y"));
        assert_eq!(of(&["a=b", "gh_session=v"], "http://a.test").as_deref(), Some("v"));
        assert_eq!(of(&["gh_session=v"], "https://a.test"), None);
        assert_eq!(of(&["__Host-gh_session=v"], "https://a.test").as_deref(), Some("v"));
        assert_eq!(of(&["gh_session=; xgh_session=v"], "http://a.test"), None);
    }
}
