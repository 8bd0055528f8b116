//! The hosted MCP endpoint: one URL a published server, both eras of the protocol on it, and how its people sign in.
//!
//! **Invariant:** a handler is made for one request and knows one visitor. Nothing here outlives a request, so any
//! request can land on any node, and two clients that choose the same JSON-RPC id never meet.
//! Payloads and query strings are not logged: slug, method, tool and outcome are.
mod email;
mod entrance;
mod hosted;
mod oauth;
mod origins;
mod page;
mod refusal;
mod reply;
mod shelf;
mod spoken;
mod transport;
mod ways;

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Path, Request, State, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::any,
};
use guildhall_domain::{Error, sessions::TrackingId};
use guildhall_services::{App, Seats, Visit, oauth::Face};
use http::{Method, StatusCode};
use serde::Deserialize;

pub use tokio_util::sync::CancellationToken as Closing;

pub use crate::transport::Transport;
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
    /// Places for clients that listen for changes.
    pub seats: Arc<Seats>,
}

/// The endpoint's routes, for requests whose path starts with the slug that their host names.
///
/// Whoever mounts this has compared the host with the base domain already: here the slug is believed, not the host. Those
/// who listen for changes are let go when `closing` is cancelled; requests under way are answered all the same.
pub fn router(app: App, settings: Arc<Settings>, closing: Closing) -> Router {
    Router::new()
        .route("/{slug}", any(front))
        .route("/{slug}/", any(front))
        .route("/{slug}/mcp", any(serve))
        .route("/{slug}/mcp/{tracking_id}", any(serve))
        .route("/{slug}/api/mcpserver/mcp", any(serve))
        .route("/{slug}/api/mcpserver/{tracking_id}/mcp", any(serve))
        .merge(oauth::routes())
        .fallback(async || Refusal::NothingHere)
        .with_state(Arc::new(Endpoint::new(app, &settings, closing)))
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

pub(crate) struct Endpoint {
    app: App,
    origins: Origins,
    shelf: Arc<Shelf>,
    transport: Transport,
    seats: Arc<Seats>,
    closing: Closing,
}

impl Endpoint {
    fn new(app: App, settings: &Settings, closing: Closing) -> Self {
        Self {
            app,
            origins: Origins::new(settings),
            shelf: Arc::new(Shelf::new(guildhall_catalogue::tools())),
            transport: Transport::new(settings.max_body_bytes),
            seats: Arc::clone(&settings.seats),
            closing,
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
        let token = entrance::bearer(request.headers())?;
        let had_token = token.is_some();
        let mut visit = Visit { slug, tracking_id, session_key: None, token };
        let (face, uri) = (oauth::Came::of(&request).face, request.uri().clone());
        let answer = match *request.method() {
            Method::POST => {
                visit.session_key = entrance::session_key(request.headers())?;
                self.converse(visit, request).await
            }
            Method::DELETE => {
                visit.session_key = Some(entrance::session_to_end(request.headers())?);
                self.leave(&visit).await
            }
            Method::GET | Method::HEAD if entrance::is_browser(request.headers()) => self.show(&visit, face).await,
            Method::GET | Method::HEAD => self.app.greet(&visit).await.map_err(Refusal::from).and(Err(Refusal::Method)),
            _ => Err(Refusal::Method),
        };
        match answer {
            Err(Refusal::Error(Error::Unauthenticated)) => Err(self.challenge(uri.path(), face, had_token)),
            answer => answer,
        }
    }

    /// How to sign in for the endpoint at `path`, which begins with the server's slug.
    fn challenge(&self, path: &str, face: Face, had_token: bool) -> Refusal {
        let path = path.strip_prefix('/').unwrap_or(path);
        let (slug, endpoint) = path.split_at(path.find('/').unwrap_or(path.len()));
        let issuer = self.app.settings().issuer(slug, face);
        oauth::challenge(&issuer, endpoint, had_token).map_or(Refusal::NothingHere, Refusal::SignIn)
    }

    /// Answers one JSON-RPC message, with a handler made for it.
    async fn converse(&self, visit: Visit, request: Request) -> Result<Response, Refusal> {
        self.transport.fits(request.headers())?;
        let address = oauth::Came::of(&request).address;
        let visitor = self.app.greet(&visit).await?.calling_from(address);
        let listens = entrance::listens(request.headers());
        let seat = if listens { Some(self.seats.take(&visit.slug, address)?) } else { None };
        let reply = Arc::new(Reply::default());
        let hosted = Hosted {
            app: self.app.clone(),
            shelf: Arc::clone(&self.shelf),
            has_session: visit.session_key.is_some(),
            reply: Arc::clone(&reply),
            seat: Arc::new(Mutex::new(seat)),
            closing: self.closing.clone(),
            visitor: Arc::new(visitor),
        };
        let mut response = self.transport.converse(hosted, request).await?;
        reply.finish(&mut response);
        Ok(response)
    }

    /// Ends the session that the client names (revisions up to 2025-11-25).
    async fn leave(&self, visit: &Visit) -> Result<Response, Refusal> {
        let visitor = self.app.greet(visit).await?;
        self.app.disconnect(&visitor).await?;
        Ok(StatusCode::NO_CONTENT.into_response())
    }

    /// A person is told what this is and how to use it, whether or not it is paused, before anybody signs in. A client
    /// that wants a stream is told that there is none.
    async fn show(&self, visit: &Visit, face: Face) -> Result<Response, Refusal> {
        let server = self.app.look_at(&visit.slug).await?;
        let reader = visit.tracking_id.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
        let address = format!("{}{reader}", server.url);
        let here = match face {
            Face::Host => format!("/mcp{reader}"),
            Face::Path => format!("/s/{}/mcp{reader}", server.slug),
        };
        Ok(page::connect(&server, &self.shelf.for_people(&server), &address, &here))
    }
}
