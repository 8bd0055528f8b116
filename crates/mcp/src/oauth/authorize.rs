//! The pages on which a person signs in and allows a client.
use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use guildhall_domain::text::Email;
use guildhall_services::oauth::{Asked, Entered, Failed};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::{At, Came, Place, Site, pages, parameters, read};
use crate::Endpoint;

/// Asks whether the client is allowed.
pub(super) async fn show(State(endpoint): Site, named: Place, request: Request) -> Response {
    let at = match At::find(&endpoint, named, Came::of(&request)).await {
        Ok(at) => at,
        Err(error) => return pages::failed(&Failed::Error(error)),
    };
    let sent = parameters(request.uri().query().unwrap_or_default().as_bytes());
    match endpoint.app.ask_to_sign_in(&at.server, &sent, at.address).await {
        Ok(asked) => pages::sign_in(&at.server, &asked, None, StatusCode::OK),
        Err(failed) => stopped(failed),
    }
}

/// Reads what was answered.
pub(super) async fn go_on(State(endpoint): Site, named: Place, request: Request) -> Response {
    let at = match At::find(&endpoint, named, Came::of(&request)).await {
        Ok(at) => at,
        Err(error) => return pages::failed(&Failed::Error(error)),
    };
    // Another site's page must not answer for the person, nor sign somebody in as somebody else.
    if !is_own(at.server.issuer(), request.headers()) {
        return pages::foreign();
    }
    let Some(body) = read(request).await else { return pages::foreign() };
    let sent = parameters(&body);
    let one = |name| sent.one(name).ok().flatten().unwrap_or_default().to_owned();
    let (sealed, answer) = (one("request"), one("answer"));
    let asked = match endpoint.app.asked_to_sign_in(&at.server, &sealed) {
        Ok(asked) => asked,
        Err(failed) => return stopped(failed),
    };
    match answer.as_str() {
        "deny" => match endpoint.app.decline_to_sign_in(&at.server, &sealed) {
            Ok(url) => to(&url),
            Err(failed) => stopped(failed),
        },
        "code" => enter(&endpoint, &at, &asked, &one("ticket"), &one("email"), &one("code")).await,
        _ if asked.is_upstream => upstream(&endpoint, &at, &sealed).await,
        _ => mail(&endpoint, &at, &asked, &one("email")).await,
    }
}

/// Reads what the organization's own authorization server answers.
pub(super) async fn come_back(State(endpoint): Site, named: Place, request: Request) -> Response {
    let at = match At::find(&endpoint, named, Came::of(&request)).await {
        Ok(at) => at,
        Err(error) => return pages::failed(&Failed::Error(error)),
    };
    let sent = parameters(request.uri().query().unwrap_or_default().as_bytes());
    let secure = at.server.issuer().starts_with("https://");
    let cookie = cookie(request.headers(), cookie_name(secure));
    let mut answer = match endpoint.app.come_back(&at.server, &sent, cookie.as_deref()).await {
        Ok(url) => to(&url),
        Err(failed) => return stopped(failed),
    };
    answer.headers_mut().extend(set_cookie(secure, "", 0));
    answer
}

async fn mail(endpoint: &Endpoint, at: &At, asked: &Asked, typed: &str) -> Response {
    let Ok(email) = typed.trim().parse::<Email>() else {
        let problem = "This is not an email address; one looks like ann@example.org.";
        return pages::sign_in(&at.server, asked, Some((problem, typed)), StatusCode::BAD_REQUEST);
    };
    match endpoint.app.mail_sign_in_code(&at.server, &asked.sealed, &email, at.address).await {
        Ok(ticket) => pages::code(&at.server, asked, &ticket, email.as_str(), None),
        Err(Failed::Error(error @ guildhall_domain::Error::TooManyRequests { .. })) => {
            pages::sign_in(&at.server, asked, Some((&pages::words(&error), typed)), StatusCode::TOO_MANY_REQUESTS)
        }
        Err(failed) => stopped(failed),
    }
}

async fn enter(endpoint: &Endpoint, at: &At, asked: &Asked, ticket: &str, email: &str, code: &str) -> Response {
    match endpoint.app.enter_sign_in_code(&at.server, ticket, code).await {
        Ok(Entered::Right(url)) => to(&url),
        Ok(Entered::Wrong(left)) => {
            let tries = if left == 1 { "one more try".to_owned() } else { format!("{left} more tries") };
            let problem = format!("This is not the code from the letter. There is {tries}.").replace("is 4", "are 4");
            pages::code(&at.server, asked, ticket, email, Some(&problem))
        }
        Ok(Entered::Over) => {
            let problem = "That code does not work any more. Have another one mailed.";
            pages::sign_in(&at.server, asked, Some((problem, email)), StatusCode::BAD_REQUEST)
        }
        Err(error) => stopped(error.into()),
    }
}

async fn upstream(endpoint: &Endpoint, at: &At, sealed: &str) -> Response {
    match endpoint.app.go_upstream(&at.server, sealed).await {
        Ok(upstream) => {
            let mut answer = to(&upstream.url);
            let secure = at.server.issuer().starts_with("https://");
            answer.headers_mut().extend(set_cookie(secure, &upstream.cookie, 600));
            answer
        }
        Err(failed) => stopped(failed),
    }
}

/// Elsewhere, if the services say so; else a page.
fn stopped(failed: Failed) -> Response {
    match failed {
        Failed::Back(url) => to(&url),
        failed => pages::failed(&failed),
    }
}

/// On to another address, which nobody keeps.
fn to(url: &str) -> Response {
    match HeaderValue::try_from(url) {
        Ok(url) => {
            let headers = [
                (header::LOCATION, url),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            ];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(_) => pages::foreign(),
    }
}

/// Whether a form was sent by a page of this very host.
fn is_own(issuer: &str, headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), None) = (origins.next(), origins.next()) else { return false };
    let own = issuer.split('/').take(3).collect::<Vec<_>>().join("/");
    origin.to_str().is_ok_and(|origin| origin.eq_ignore_ascii_case(&own))
}

/// Behind TLS the prefix keeps every other host from setting it.
const fn cookie_name(secure: bool) -> &'static str {
    if secure { "__Host-gh_sign_in" } else { "gh_sign_in" }
}

fn set_cookie(secure: bool, value: &str, seconds: u32) -> Option<(http::HeaderName, HeaderValue)> {
    let flag = if secure { "; Secure" } else { "" };
    let cookie = format!("{}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{flag}", cookie_name(secure));
    HeaderValue::try_from(cookie).ok().map(|cookie| (header::SET_COOKIE, cookie))
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(known, _)| *known == name).map(|(_, value)| value.to_owned())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header::ORIGIN};

    use super::is_own;

    #[test]
    fn a_form_comes_from_the_server_s_own_host() {
        let of = |issuer: &str, origins: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for origin in origins {
                headers.append(ORIGIN, HeaderValue::from_static(origin));
            }
            is_own(issuer, &headers)
        };
        assert!(of("https://acme.guild.test", &["https://acme.guild.test"]));
        assert!(of("http://localhost:3000/s/acme", &["http://localhost:3000"]));
        for bad in [
            &[] as &[&str],
            &["null"],
            &["https://guild.test"],
            &["https://other.guild.test"],
            &["http://acme.guild.test"],
            &["https://acme.guild.test:8443"],
            &["https://acme.guild.test.evil.test"],
            &["https://acme.guild.test", "https://acme.guild.test"],
        ] {
            assert!(!of("https://acme.guild.test", bad), "{bad:?}");
        }
    }
}
