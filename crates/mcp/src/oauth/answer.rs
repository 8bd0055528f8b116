//! How programs are answered.
use axum::{
    Json,
    response::{IntoResponse, Response},
};
use guildhall_domain::{Error, oauth::OauthCode};
use guildhall_services::oauth::Failed;
use http::{
    HeaderValue, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, WWW_AUTHENTICATE,
    },
};
use serde_json::json;

use crate::refusal::patience;

/// An answer that any page may read: nothing here is given for a cookie, so there are no credentials to guard.
pub(super) fn for_everybody(answer: impl IntoResponse) -> Response {
    let mut answer = answer.into_response();
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// What a page may do that is no page of ours.
pub(super) async fn preflight() -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (ACCESS_CONTROL_ALLOW_HEADERS, "authorization, content-type, mcp-protocol-version"),
        (ACCESS_CONTROL_MAX_AGE, "3600"),
    ];
    for_everybody((StatusCode::NO_CONTENT, headers))
}

/// Why not (RFC 6749 §5.2). `basic`: the client tried to prove itself in the `Authorization` header.
pub(super) fn failed(failed: Failed, basic: bool) -> Response {
    let (status, code, description, wait) = match failed {
        Failed::Refused(refused) => {
            let status = match refused.code {
                OauthCode::InvalidClient => StatusCode::UNAUTHORIZED,
                _ => StatusCode::BAD_REQUEST,
            };
            (status, refused.code, refused.description.into_owned(), None)
        }
        // Said to the person's browser only; programs never come here with it.
        Failed::Back(_) => (StatusCode::BAD_REQUEST, OauthCode::InvalidRequest, "ask again".to_owned(), None),
        Failed::Error(error) => {
            let (_, status) = error.code();
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let code = match &error {
                Error::Internal(cause) => {
                    tracing::error!(cause = cause.as_ref() as &dyn std::error::Error, "an authorization server failed");
                    OauthCode::ServerError
                }
                _ => OauthCode::TemporarilyUnavailable,
            };
            (status, code, error.to_string(), patience(&error))
        }
    };
    let mut answer = (status, Json(json!({ "error": code.wire(), "error_description": description }))).into_response();
    if let Some(seconds) = wait {
        answer.headers_mut().insert(http::header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if basic && status == StatusCode::UNAUTHORIZED {
        answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"client\""));
    }
    for_everybody(answer)
}
