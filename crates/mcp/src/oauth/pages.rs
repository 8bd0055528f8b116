//! What people see who sign in.
use axum::response::Response;
use guildhall_domain::Error;
use guildhall_pages::context;
use guildhall_services::oauth::{Asked, Failed, SignInServer};
use http::{HeaderValue, StatusCode, header};

use crate::page::PRESS;

/// Who asks for what, and what to do about it. `wrong`: what is wrong with the address that was typed.
pub(super) fn sign_in(at: &SignInServer, asked: &Asked, wrong: Option<(&str, &str)>, status: StatusCode) -> Response {
    let (problem, email) = wrong.unzip();
    let page = context! {
        home => at.issuer(),
        server => at.name(),
        organization => at.organization_name(),
        client => &asked.client_name,
        client_host => &asked.client_host,
        goes_to => &asked.goes_to,
        upstream => asked.is_upstream,
        request => &asked.sealed,
        problem => problem.unwrap_or_default(),
        email => email.unwrap_or_default(),
    };
    // Browsers hold every address against the policy that a form leads to in the end; where the organization's own
    // server sends people, it alone knows. A scheme of an application's own is not in "everywhere".
    let own = if asked.is_upstream { "*" } else { "'self'" };
    printed(status, "sign-in.html", page, &format!("{own} {}", asked.source))
}

/// Asks for the code from the letter.
pub(super) fn code(at: &SignInServer, asked: &Asked, ticket: &str, email: &str, problem: Option<&str>) -> Response {
    let page = context! {
        home => at.issuer(),
        server => at.name(),
        request => &asked.sealed,
        ticket,
        email,
        problem => problem.unwrap_or_default(),
    };
    let status = if problem.is_some() { StatusCode::BAD_REQUEST } else { StatusCode::OK };
    printed(status, "code.html", page, &format!("'self' {}", asked.source))
}

/// Why it does not go on, where no client can be told.
pub(super) fn failed(failed: &Failed) -> Response {
    let (status, line) = match failed {
        Failed::Refused(refused) => {
            let line = format!(
                "The application that sent you here asked in a way that cannot be answered: {}.",
                refused.description
            );
            (StatusCode::BAD_REQUEST, line)
        }
        Failed::Back(_) => (StatusCode::BAD_REQUEST, "Go back to the application and try again.".to_owned()),
        Failed::Error(Error::NotFound(_)) => (StatusCode::NOT_FOUND, "Nobody signs in here.".to_owned()),
        Failed::Error(error) => {
            if let Error::Internal(cause) = error {
                tracing::error!(cause = cause.as_ref() as &dyn std::error::Error, "a sign-in failed");
            }
            let status = StatusCode::from_u16(error.code().1).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            (status, words(error))
        }
    };
    printed(status, "trouble.html", context! { line }, "'none'")
}

/// A form that no page of ours sent.
pub(super) fn foreign() -> Response {
    let line = "This was not sent by the page that asks for it. Go back to the application and try again.";
    printed(StatusCode::FORBIDDEN, "trouble.html", context! { line }, "'none'")
}

/// An error in words for people.
pub(super) fn words(error: &Error) -> String {
    match error {
        Error::TooManyRequests { retry_after_ms } => {
            let minutes = retry_after_ms.div_ceil(60_000).max(1);
            let unit = if minutes == 1 { "minute" } else { "minutes" };
            format!("That was tried too often. Try again in {minutes} {unit}.")
        }
        _ => "Something broke on our side. Go back to the application and try again.".to_owned(),
    }
}

fn printed(status: StatusCode, template: &str, page: guildhall_pages::Value, leads_to: &str) -> Response {
    let mut page = PRESS.page(status, template, page, leads_to);
    page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    page.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    page
}
