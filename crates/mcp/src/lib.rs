//! The hosted MCP endpoint: one URL a published server, both eras of the protocol on it.
//!
//! **Invariant:** a handler is made for one request and knows one visitor. Nothing here outlives a request, so any
//! request can land on any node, and two clients that choose the same JSON-RPC id never meet.
//! Payloads and query strings are not logged: slug, method, tool and outcome are.
mod entrance;
mod hosted;
mod origins;
mod page;
mod refusal;
mod reply;
mod shelf;
mod spoken;

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Path, Request, State, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::any,
};
use guildhall_domain::{Error, sessions::TrackingId};
use guildhall_services::{App, Visit};
use http::{Method, StatusCode};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use serde::Deserialize;

use crate::{hosted::Hosted, origins::Origins, refusal::Refusal, reply::Reply, shelf::Shelf};

/// What the endpoint has to know of the installation.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where people reach Guildhall itself; hosted servers share its scheme and port.
    pub public_url: String,
    /// The domain that hosted servers are one label above.
    pub base_domain: String,
    /// Origins of browser pages that may call any hosted server, such as `https://app.example.com`.
    pub allowed_origins: Vec<String>,
    /// The largest request body that is read.
    pub max_body_bytes: usize,
}

/// The endpoint's routes, for requests whose path starts with the slug that their host names.
///
/// Whoever mounts this has compared the host with the base domain already: here the slug is believed, not the host.
pub fn router(app: App, settings: Arc<Settings>) -> Router {
    Router::new()
        .route("/{slug}", any(front))
        .route("/{slug}/", any(front))
        .route("/{slug}/mcp", any(serve))
        .route("/{slug}/mcp/{tracking_id}", any(serve))
        .route("/{slug}/api/mcpserver/mcp", any(serve))
        .route("/{slug}/api/mcpserver/{tracking_id}/mcp", any(serve))
        .fallback(async || Refusal::NothingHere)
        .with_state(Arc::new(Endpoint::new(app, &settings)))
}

/// Which server a path names, and who is said to be reading.
#[derive(Clone, Deserialize)]
struct Place {
    slug: String,
    #[serde(default)]
    tracking_id: Option<String>,
}

type Found = Result<Path<Place>, PathRejection>;

/// The bare host: a page for people, nothing for programs.
async fn front(State(endpoint): State<Arc<Endpoint>>, place: Found, request: Request) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    match place {
        Ok(Path(place)) if reads && entrance::is_browser(request.headers()) => endpoint.respond(place, request).await,
        _ => Refusal::NothingHere.into_response(),
    }
}

async fn serve(State(endpoint): State<Arc<Endpoint>>, place: Found, request: Request) -> Response {
    match place {
        Ok(Path(place)) => endpoint.respond(place, request).await,
        Err(_) => Refusal::NothingHere.into_response(),
    }
}

struct Endpoint {
    app: App,
    origins: Origins,
    shelf: Arc<Shelf>,
    transport: StreamableHttpServerConfig,
    max_body_bytes: usize,
}

impl Endpoint {
    fn new(app: App, settings: &Settings) -> Self {
        // Host and Origin are decided before rmcp sees a request: its own Origin list takes a port that is left out
        // for any port.
        let transport = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_sse_retry(None)
            .disable_allowed_hosts()
            .disable_allowed_origins()
            .with_max_request_body_bytes(settings.max_body_bytes);
        Self {
            app,
            origins: Origins::new(settings),
            shelf: Arc::new(Shelf::new(guildhall_catalogue::tools())),
            transport,
            max_body_bytes: settings.max_body_bytes,
        }
    }

    async fn respond(&self, place: Place, request: Request) -> Response {
        let (slug, method) = (place.slug.clone(), request.method().clone());
        let response = self.admit(place, request).await.unwrap_or_else(IntoResponse::into_response);
        tracing::debug!(slug, %method, status = response.status().as_u16(), "mcp request");
        response
    }

    async fn admit(&self, place: Place, request: Request) -> Result<Response, Refusal> {
        let Place { slug, tracking_id } = place;
        let tracking_id = tracking_id.map(TrackingId::try_from).transpose().map_err(|_| Refusal::NothingHere)?;
        self.origins.check(&slug, request.headers())?;
        let method = request.method().clone();
        match method {
            Method::POST => {
                let session_key = entrance::session_key(request.headers())?;
                self.converse(Visit { slug, tracking_id, session_key }, request).await
            }
            Method::DELETE => {
                let session_key = Some(entrance::session_to_end(request.headers())?);
                self.leave(&Visit { slug, tracking_id, session_key }).await
            }
            Method::GET | Method::HEAD => {
                self.show(Visit { slug, tracking_id, session_key: None }, entrance::is_browser(request.headers())).await
            }
            _ => Err(Refusal::Method),
        }
    }

    /// Answers one JSON-RPC message, with a handler made for it.
    async fn converse(&self, visit: Visit, request: Request) -> Result<Response, Refusal> {
        if entrance::announced_length(request.headers()).is_some_and(|length| length > self.max_body_bytes) {
            return Err(Error::PayloadTooLarge { limit: self.max_body_bytes }.into());
        }
        let visitor = self.app.greet(&visit).await?;
        let reply = Arc::new(Reply::default());
        let hosted = Hosted {
            app: self.app.clone(),
            shelf: Arc::clone(&self.shelf),
            has_session: visit.session_key.is_some(),
            reply: Arc::clone(&reply),
            visitor,
        };
        let service = StreamableHttpService::new(
            move || Ok(hosted.clone()),
            Arc::new(NeverSessionManager::default()),
            self.transport.clone(),
        );
        let sends_json = entrance::sends_json(request.headers());
        let mut response = service.handle(request).await.map(Body::new);
        self.reword(response.status(), sends_json)?;
        reply.finish(&mut response);
        Ok(response)
    }

    /// What rmcp says in plain text before it has a message is said as JSON-RPC, and without words of the body.
    fn reword(&self, status: StatusCode, sends_json: bool) -> Result<(), Refusal> {
        match status {
            StatusCode::NOT_ACCEPTABLE => Err(Refusal::Unreadable),
            StatusCode::PAYLOAD_TOO_LARGE => Err(Error::PayloadTooLarge { limit: self.max_body_bytes }.into()),
            StatusCode::UNSUPPORTED_MEDIA_TYPE if sends_json => Err(Refusal::NoMessage),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Err(Refusal::NoJson),
            _ => Ok(()),
        }
    }

    /// Ends the session that the client names (revisions up to 2025-11-25).
    async fn leave(&self, visit: &Visit) -> Result<Response, Refusal> {
        let visitor = self.app.greet(visit).await?;
        self.app.disconnect(&visitor).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// A browser is told what this is; a client that wants a stream is told that there is none.
    async fn show(&self, visit: Visit, to_a_person: bool) -> Result<Response, Refusal> {
        let visitor = self.app.greet(&visit).await?;
        if !to_a_person {
            return Err(Refusal::Method);
        }
        let reader = visit.tracking_id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
        Ok(page::connect(visitor.server(), &format!("{}{reader}", visitor.server().url)))
    }
}
