//! What a handler has to say about the HTTP response, which rmcp makes without asking it.
use std::sync::OnceLock;

use axum::response::Response;
use http::{HeaderValue, StatusCode, header::RETRY_AFTER};

use crate::entrance::SESSION;

/// One request's slot; mostly empty.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    session: OnceLock<HeaderValue>,
    status: OnceLock<StatusCode>,
    patience: OnceLock<u64>,
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

    /// In how many seconds the client may come back.
    pub(crate) fn wait(&self, seconds: Option<u64>) {
        let _ = seconds.map(|seconds| self.patience.set(seconds));
    }

    /// Writes it all down.
    pub(crate) fn finish(&self, response: &mut Response) {
        if let Some(status) = self.status.get() {
            *response.status_mut() = *status;
        }
        if let Some(seconds) = self.patience.get() {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
        }
        if let Some(session) = self.session.get().filter(|_| response.status().is_success()) {
            response.headers_mut().insert(SESSION, session.clone());
        }
    }
}
