//! How one JSON-RPC message reaches a handler and its answer comes back, in both eras.
//!
//! Hosted servers are served by this, and so is the fixture server of the conformance suite (`examples/conformance`):
//! what the suite shows there is shown of the transport that hosted servers have.
use std::sync::Arc;

use axum::{
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use guildhall_domain::Error;
use http::{HeaderMap, StatusCode};
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
    },
};

use crate::{entrance, refusal::Refusal};

/// Streamable HTTP without sessions of its own: nothing in it outlives a request.
#[derive(Clone, Debug)]
pub struct Transport {
    config: StreamableHttpServerConfig,
    max_body_bytes: usize,
}

impl Transport {
    /// Reads bodies up to this size.
    pub fn new(max_body_bytes: usize) -> Self {
        // Host and Origin are decided before rmcp sees a request: its own Origin list takes a port that is left out
        // for any port.
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_sse_retry(None)
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_max_request_body_bytes(max_body_bytes);
        Self { config, max_body_bytes }
    }

    /// Has `handler` answer one message. Who may send it, the caller has decided.
    pub async fn answer(&self, handler: impl ServerHandler + Clone, request: Request) -> Response {
        let answer = match self.fits(request.headers()) {
            Ok(()) => self.converse(handler, request).await,
            Err(refusal) => Err(refusal),
        };
        answer.unwrap_or_else(IntoResponse::into_response)
    }

    /// Whether the body is of a size that is read, as far as its headers say.
    pub(crate) fn fits(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        match entrance::announced_length(headers) {
            Some(length) if length > self.max_body_bytes => Err(self.too_large()),
            _ => Ok(()),
        }
    }

    pub(crate) async fn converse(
        &self,
        handler: impl ServerHandler + Clone,
        request: Request,
    ) -> Result<Response, Refusal> {
        let service = StreamableHttpService::new(
            move || Ok(handler.clone()),
            Arc::new(NeverSessionManager::default()),
            self.config.clone(),
        );
        let sends_json = entrance::sends(request.headers(), "application/json");
        let response = service.handle(request).await.map(Body::new);
        self.reword(response.status(), sends_json)?;
        Ok(response)
    }

    /// What rmcp says in plain text before it has a message is said as JSON-RPC, and without words of the body.
    fn reword(&self, status: StatusCode, sends_json: bool) -> Result<(), Refusal> {
        match status {
            StatusCode::NOT_ACCEPTABLE => Err(Refusal::Unreadable),
            StatusCode::PAYLOAD_TOO_LARGE => Err(self.too_large()),
            StatusCode::UNSUPPORTED_MEDIA_TYPE if sends_json => Err(Refusal::NoMessage),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Err(Refusal::NoJson),
            _ => Ok(()),
        }
    }

    fn too_large(&self) -> Refusal {
        Error::PayloadTooLarge { limit: self.max_body_bytes }.into()
    }
}
