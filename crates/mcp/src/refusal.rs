//! Requests that no handler sees, and what they are told.
use std::borrow::Cow;

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use guildhall_domain::{Error, Resource};
use http::{HeaderValue, StatusCode, header};
use rmcp::model::{ErrorCode, ErrorData};
use serde_json::{Value, json};

/// Why a request is turned away.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No such path: said in the words of the rest of Guildhall.
    NothingHere,
    /// The endpoint does not have this method.
    Method,
    /// Somebody has to sign in first; how, the header says.
    SignIn(HeaderValue),
    /// A page of another site.
    Origin,
    /// A header that cannot be.
    Header(&'static str),
    /// The body is not one JSON-RPC message.
    NoMessage,
    /// The body is said to be something else than JSON.
    NoJson,
    /// The client could not read every answer that the protocol has.
    Unreadable,
    /// What the services say.
    Error(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::NothingHere => {
                let body = json!({ "defined": false, "code": "NOT_FOUND", "status": 404, "message": "Not Found" });
                (StatusCode::NOT_FOUND, Json(body)).into_response()
            }
            Self::Method => {
                let said = ErrorData::invalid_request("this endpoint is called with POST", None);
                (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "POST, DELETE")], envelope(&said)).into_response()
            }
            Self::SignIn(challenge) => {
                let mut response = turned_away(StatusCode::UNAUTHORIZED, "sign in first");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
                response
            }
            Self::Origin => turned_away(StatusCode::FORBIDDEN, "this origin may not call this server"),
            Self::Header(problem) => turned_away(StatusCode::BAD_REQUEST, problem),
            Self::NoMessage => {
                let said = ErrorData::parse_error("the body is not one JSON-RPC message", None);
                (StatusCode::BAD_REQUEST, envelope(&said)).into_response()
            }
            Self::NoJson => turned_away(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send application/json"),
            Self::Unreadable => {
                turned_away(StatusCode::NOT_ACCEPTABLE, "accept both application/json and text/event-stream")
            }
            Self::Error(error) => {
                let (_, status) = error.code();
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                let patience = patience(&error);
                let mut response = (status, envelope(&spoken(error))).into_response();
                if let Some(seconds) = patience {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                }
                response
            }
        }
    }
}

fn turned_away(status: StatusCode, why: &'static str) -> Response {
    (status, envelope(&ErrorData::invalid_request(why, None))).into_response()
}

/// A JSON-RPC error that answers no particular message: the body was not read.
fn envelope(error: &ErrorData) -> Json<Value> {
    Json(json!({ "jsonrpc": "2.0", "id": null, "error": error }))
}

/// An error as JSON-RPC says it. A cause goes to the log here, and nowhere else.
pub(crate) fn spoken(error: Error) -> ErrorData {
    let (name, status) = error.code();
    let code = if status >= 500 { ErrorCode::INTERNAL_ERROR } else { ErrorCode::INVALID_REQUEST };
    let message: Cow<'static, str> = match &error {
        Error::Internal(cause) => {
            tracing::error!(cause = cause.as_ref() as &dyn std::error::Error, "mcp request failed");
            error.to_string().into()
        }
        Error::NotFound(Resource::McpSession) => "this session has ended or never was: initialize again".into(),
        Error::FeatureNotAvailable(kind) => format!("sign-in with {kind} is not available yet").into(),
        other => other.to_string().into(),
    };
    ErrorData::new(code, message, Some(json!({ "code": name })))
}

/// Seconds after which a client looks whether a server is still paused: nobody knows for how long it is.
const PAUSE: u64 = 60;

/// Seconds until it is worth trying again.
pub(crate) fn patience(error: &Error) -> Option<u64> {
    match error {
        Error::TooManyRequests { retry_after_ms } => Some(retry_after_ms.div_ceil(1000).max(1)),
        Error::Unavailable => Some(1),
        Error::Paused => Some(PAUSE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse;
    use guildhall_domain::{Error, Resource};
    use http::header::{ALLOW, RETRY_AFTER};

    use super::{Refusal, spoken};

    #[test]
    fn an_error_keeps_its_status_and_hides_its_cause() {
        let gone = Refusal::from(Error::NotFound(Resource::McpSession)).into_response();
        assert_eq!(gone.status(), 404);
        let said = spoken(Error::internal("SELECT secret"));
        assert_eq!((said.code.0, said.message.as_ref()), (-32603, "something broke on our side"));
    }

    #[test]
    fn whoever_may_come_back_is_told_when() {
        let busy = Refusal::from(Error::TooManyRequests { retry_after_ms: 1200 }).into_response();
        assert_eq!((busy.status().as_u16(), busy.headers()[RETRY_AFTER].to_str().unwrap()), (429, "2"));
        assert_eq!(Refusal::Method.into_response().headers()[ALLOW], "POST, DELETE");
    }

    #[test]
    fn an_auth_type_to_come_is_named() {
        let said = spoken(Error::FeatureNotAvailable("platform_oauth"));
        assert_eq!(said.message, "sign-in with platform_oauth is not available yet");
    }
}
