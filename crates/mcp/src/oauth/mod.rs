//! The authorization server of a hosted server, as HTTP: documents for programs, pages for people.
//!
//! **Invariant:** an address that a client named is redirected to only where the services say so. What it is told, and
//! what its tokens are, is in no log and in no cache.
mod answer;
mod authorize;
mod endpoints;
mod metadata;
mod pages;

use std::{net::IpAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, Path, Request, State, rejection::PathRejection},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use guildhall_domain::Error;
use guildhall_services::oauth::{Face, Parameters, SignInServer};
use serde::Deserialize;

use crate::{Endpoint, Refusal};
pub(crate) use metadata::challenge;

/// The most of a form or a registration that is read.
const MOST_BYTES: usize = 64 * 1024;

/// The routes, for requests whose path starts with the slug that their host names.
pub(crate) fn routes() -> Router<Arc<Endpoint>> {
    Router::new()
        .route(
            "/{slug}/.well-known/oauth-authorization-server",
            get(metadata::authorization_server).options(answer::preflight),
        )
        .route(
            "/{slug}/.well-known/oauth-protected-resource",
            get(metadata::protected_resource).options(answer::preflight),
        )
        .route(
            "/{slug}/.well-known/oauth-protected-resource/{*endpoint}",
            get(metadata::protected_resource).options(answer::preflight),
        )
        .route("/{slug}/oauth/authorize", get(authorize::show).post(authorize::go_on))
        .route("/{slug}/oauth/callback", get(authorize::come_back))
        .route("/{slug}/oauth/register", post(endpoints::register).options(answer::preflight))
        .route("/{slug}/oauth/token", post(endpoints::token).options(answer::preflight))
        .route("/{slug}/oauth/revoke", post(endpoints::revoke).options(answer::preflight))
}

#[derive(Deserialize)]
struct Named {
    slug: String,
    #[serde(default)]
    endpoint: Option<String>,
}

/// The server that a request names, and the rest of the request.
pub(crate) struct At {
    server: SignInServer,
    /// The path of the endpoint that is asked about.
    endpoint: String,
    address: Option<IpAddr>,
}

/// How a request came.
#[derive(Clone, Copy)]
pub(crate) struct Came {
    pub(crate) face: Face,
    pub(crate) address: Option<IpAddr>,
}

impl Came {
    /// Reads what was found out before the request came here.
    pub(crate) fn of(request: &Request) -> Self {
        let face = request.extensions().get::<Face>().copied().unwrap_or(Face::Host);
        let address = request.extensions().get::<ConnectInfo<IpAddr>>().map(|ConnectInfo(address)| *address);
        Self { face, address }
    }
}

impl At {
    async fn find(endpoint: &Endpoint, named: Result<Path<Named>, PathRejection>, came: Came) -> Result<Self, Error> {
        let nothing = Error::NotFound(guildhall_domain::Resource::McpServer);
        let Ok(Path(named)) = named else { return Err(nothing) };
        let server = endpoint.app.sign_in_server(&named.slug, came.face).await?;
        let path = named.endpoint.map(|rest| format!("/{rest}")).unwrap_or_default();
        Ok(Self { server, endpoint: path, address: came.address })
    }
}

/// Names and values of a query or a form.
fn parameters(text: &[u8]) -> Parameters {
    Parameters(serde_urlencoded::from_bytes(text).unwrap_or_default())
}

/// A body that is short enough.
async fn read(request: Request) -> Option<axum::body::Bytes> {
    axum::body::to_bytes(request.into_body(), MOST_BYTES).await.ok()
}

/// Nothing is here: the server is not there, or nobody signs in at it.
fn nothing(error: Error) -> Response {
    match error {
        Error::NotFound(_) => Refusal::NothingHere.into_response(),
        error => Refusal::Error(error).into_response(),
    }
}

type Site = State<Arc<Endpoint>>;
type Place = Result<Path<Named>, PathRejection>;
