//! What a handler has to say about the HTTP response, which rmcp makes without asking it.
use std::sync::OnceLock;

use axum::response::Response;
use http::{HeaderValue, StatusCode};

use crate::entrance::SESSION;

/// One request's slot; empty unless the era of sessions needs it.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    session: OnceLock<HeaderValue>,
    status: OnceLock<StatusCode>,
}

impl Reply {
    /// The session that `initialize` began.
    pub(crate) fn begin(&self, session: HeaderValue) {
        // A handler runs once, so an earlier value cannot be there.
        let _ = self.session.set(session);
    }

    /// The status of an answer that rmcp would send with 200.
    pub(crate) fn say(&self, status: StatusCode) {
        let _ = self.status.set(status);
    }

    /// Writes both down.
    pub(crate) fn finish(&self, response: &mut Response) {
        if let Some(status) = self.status.get() {
            *response.status_mut() = *status;
        }
        if let Some(session) = self.session.get().filter(|_| response.status().is_success()) {
            response.headers_mut().insert(SESSION, session.clone());
        }
    }
}
