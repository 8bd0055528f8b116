//! What went wrong, as the wire says it: five keys and never another, or the client loses them all (`orpc-wire.md` §3).

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use guildhall_domain::{Error, error::chain};
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, RETRY_AFTER},
};
use serde_json::{Value, json};

use crate::{observe::RequestId, pages};

/// A failed call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Failure {
    defined: bool,
    code: &'static str,
    status: u16,
    message: String,
    data: Option<Box<Value>>,
    allow: Option<&'static str>,
    retry_after_seconds: Option<u64>,
}

/// How an answer is wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// `{ "json": … }`, for RPC clients.
    Envelope,
    /// As it is, for everybody who speaks JSON.
    Plain,
    /// As a page, for people.
    Page,
}

impl Wire {
    /// What the caller of this path expects.
    pub(crate) fn of(path: &str) -> Self {
        match path {
            path if path.starts_with("/api/") => Self::Plain,
            path if pages::is_for_people(path) => Self::Page,
            _ => Self::Envelope,
        }
    }
}

impl Failure {
    /// An error of the contract. What is internal goes to the log with the request's id, and only the id to the caller.
    pub(crate) fn of(error: &Error, request_id: &RequestId) -> Self {
        let (code, status) = error.code();
        let data = error.data().map(Box::new);
        let mut failure = Self {
            defined: true,
            code,
            status,
            message: error.to_string(),
            data,
            allow: None,
            retry_after_seconds: None,
        };
        match error {
            Error::Internal(cause) => {
                tracing::error!(request_id = request_id.as_str(), cause = chain(&**cause), "a call broke");
                failure.data = Some(Box::new(json!({ "requestId": request_id.as_str() })));
            }
            Error::TooManyRequests { retry_after_ms } => {
                failure.retry_after_seconds = Some(retry_after_ms.div_ceil(1000).max(1));
            }
            Error::Unavailable | Error::Contended => failure.retry_after_seconds = Some(1),
            _ => {}
        }
        failure
    }

    /// A panic, as a bug of ours; its message goes to the log only.
    pub(crate) fn panicked(message: &str, request_id: &RequestId) -> Self {
        Self::of(&Error::internal(format!("panic: {message}")), request_id)
    }

    /// Overload, or a call that took too long.
    pub(crate) fn unavailable(request_id: &RequestId) -> Self {
        Self::of(&Error::Unavailable, request_id)
    }

    /// No such procedure or page.
    pub(crate) fn not_found() -> Self {
        Self::undefined("NOT_FOUND", 404, "Not Found")
    }

    /// A host that is not ours.
    pub(crate) fn misdirected() -> Self {
        Self::undefined("NOT_FOUND", 421, "no such host here")
    }

    /// A method that this procedure or page does not take; `allow` lists those it does.
    pub(crate) fn method(allow: &'static str) -> Self {
        Self { allow: Some(allow), ..Self::undefined("METHOD_NOT_SUPPORTED", 405, "Method Not Supported") }
    }

    /// A request for something that only a WebSocket gets.
    pub(crate) fn no_socket() -> Self {
        Self::undefined("UPGRADE_REQUIRED", 426, "this is for WebSockets")
    }

    /// A request that cannot be read.
    pub(crate) fn malformed() -> Self {
        let message = "Malformed request. Ensure the request body is properly formatted and the 'Content-Type' header \
            is set correctly.";
        Self::undefined("BAD_REQUEST", 400, message)
    }

    fn undefined(code: &'static str, status: u16, message: &str) -> Self {
        Self {
            defined: false,
            code,
            status,
            message: message.to_owned(),
            data: None,
            allow: None,
            retry_after_seconds: None,
        }
    }

    /// The HTTP status, which is also in the body.
    pub(crate) const fn status(&self) -> u16 {
        self.status
    }

    /// What is said about it.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// What names it in the log, where there is more to know than is said.
    pub(crate) fn request_id(&self) -> Option<&str> {
        self.data.as_ref()?.get("requestId")?.as_str()
    }

    /// When to try again, for those who read headers.
    pub(crate) const fn retry_after_seconds(&self) -> Option<u64> {
        self.retry_after_seconds
    }

    /// The body.
    pub(crate) fn body(&self, wire: Wire) -> Value {
        let mut body =
            json!({ "defined": self.defined, "code": self.code, "status": self.status, "message": self.message });
        if let (Some(body), Some(data)) = (body.as_object_mut(), &self.data) {
            body.insert("data".to_owned(), Value::clone(data));
        }
        match wire {
            Wire::Envelope => json!({ "json": body }),
            Wire::Plain | Wire::Page => body,
        }
    }

    /// The whole answer.
    pub(crate) fn answer(&self, wire: Wire) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = match wire {
            Wire::Page => pages::trouble(self),
            Wire::Envelope | Wire::Plain => (status, Json(self.body(wire))).into_response(),
        };
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use guildhall_domain::{Error, Resource};
    use serde_json::json;

    use super::{Failure, Wire};
    use crate::observe::RequestId;

    #[test]
    fn an_error_has_five_keys_at_most() {
        let id = RequestId::from("req_1");
        let missing = Failure::of(&Error::NotFound(Resource::Ticket), &id);
        let expected = json!({ "defined": true, "code": "RESOURCE_NOT_FOUND", "status": 404, "message": "ticket not found",
            "data": { "resource": "ticket" } });
        assert_eq!(missing.body(Wire::Plain), expected);
        assert_eq!(missing.body(Wire::Envelope), json!({ "json": expected }));
        let unknown =
            json!({ "json": { "defined": false, "code": "NOT_FOUND", "status": 404, "message": "Not Found" } });
        assert_eq!(Failure::not_found().body(Wire::Envelope), unknown);
    }

    #[test]
    fn what_is_internal_stays_inside() {
        let failure = Failure::of(&Error::internal("password=hunter2"), &RequestId::from("req_1"));
        assert_eq!(failure.body(Wire::Plain)["data"], json!({ "requestId": "req_1" }));
        assert!(!failure.body(Wire::Plain).to_string().contains("hunter2"));
    }

    #[test]
    fn waiting_is_said_in_whole_seconds() {
        let id = RequestId::from("req_1");
        let failure = Failure::of(&Error::TooManyRequests { retry_after_ms: 1001 }, &id);
        assert_eq!(failure.answer(Wire::Envelope).headers()["retry-after"], "2");
        assert_eq!(Failure::unavailable(&id).answer(Wire::Plain).headers()["retry-after"], "1");
    }
}
