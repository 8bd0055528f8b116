//! What is said about every request: its id, a line in the log, figures, and the headers that keep browsers careful.

use std::{
    any::Any,
    hash::{BuildHasher, RandomState},
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use axum::{
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS},
};
use tracing::Instrument as _;

use crate::{
    caller,
    failure::{Failure, Wire},
    host::{self, Place},
    pages,
    router::Site,
};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Names a request in the log and to its caller; always made here.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// One that was never given before and cannot be guessed: a keyed hash of a counter, the key new in each process.
    fn fresh() -> Self {
        static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        Self(format!("req_{:016x}{:08x}", KEY.hash_one(count), count & 0xffff_ffff).into())
    }

    /// As the wire writes it.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for RequestId {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

/// What is known about a request before it is read.
#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    /// Its name.
    pub(crate) request_id: RequestId,
    /// Where it comes from.
    pub(crate) address: Option<IpAddr>,
}

impl Arrival {
    /// What [`observe`] left with the request.
    pub(crate) fn of(extensions: &Extensions) -> Self {
        let arrival = extensions.get::<Self>().cloned();
        arrival.unwrap_or_else(|| Self { request_id: RequestId::fresh(), address: None })
    }
}

/// Left in an answer by [`caught`], for [`observe`] to say in the caller's language.
#[derive(Clone, Debug)]
struct Panicked(String);

/// What becomes of a panic: a bug of ours, and not the end of the connection.
pub(crate) fn caught(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let mut response = StatusCode::INTERNAL_SERVER_ERROR.into_response();
    response.extensions_mut().insert(Panicked(text.unwrap_or_else(|| "without words".to_owned())));
    response
}

/// Names a request, decides whose host it is for, and says how it went.
pub(crate) async fn observe(State(site): State<Arc<Site>>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let request_id = RequestId::fresh();
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let address = peer.map(|peer| caller::address(peer, request.headers(), &site.settings.trusted_proxies));
    let place = host::place_of(request.uri(), request.headers(), &site.settings);
    let (route, wire) = (route(&place, request.uri().path()), Wire::of(request.uri().path()));
    let id_header = HeaderValue::try_from(request_id.as_str()).unwrap_or_else(|_| HeaderValue::from_static("req"));
    request.headers_mut().insert(REQUEST_ID, id_header.clone());
    let extensions = request.extensions_mut();
    extensions.insert(Arrival { request_id: request_id.clone(), address });
    extensions.insert(place);
    if let Some(address) = address {
        // For the hosted routes, which do not know this crate's types.
        extensions.insert(ConnectInfo(address));
    }
    // The path without its query: tokens travel in queries. Never the body. At a hosted server the path names a person.
    let (method, path) = (request.method(), if route == "mcp" { "(hosted)" } else { request.uri().path() });
    let span = tracing::info_span!("request", id = request_id.as_str(), %method, path);

    let mut response = next.run(request).instrument(span.clone()).await;

    if let Some(Panicked(message)) = response.extensions_mut().remove::<Panicked>() {
        response = span.in_scope(|| Failure::panicked(&message, &request_id).answer(wire));
    }
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, id_header);
    careful(headers);
    let (status, seconds) = (response.status(), began.elapsed().as_secs_f64());
    metrics::counter!("guildhall_http_requests_total", "route" => route, "code" => status.as_str().to_owned())
        .increment(1);
    metrics::histogram!("guildhall_http_request_seconds", "route" => route).record(seconds);
    span.in_scope(|| tracing::debug!(status = status.as_u16(), seconds, "answered"));
    response
}

/// A request's kind, for figures: never a name that a caller can make up.
fn route(place: &Place, path: &str) -> &'static str {
    match (place, path.trim_start_matches('/').split('/').next().unwrap_or_default()) {
        (Place::Unknown, _) => "unknown_host",
        (Place::Hosted { .. }, _) | (Place::Api, "s") => "mcp",
        (Place::Api, "rpc") => "rpc",
        (Place::Api, "api") => "api",
        (Place::Api, "healthz" | "readyz" | "metrics") => "health",
        (Place::Api, "" | "docs" | "openapi.json" | "contract.ts" | ".well-known") => "pages",
        (Place::Api, _) if pages::is_for_people(path) => "pages",
        (Place::Api, _) => "other",
    }
}

/// Tells browsers to keep nothing, guess nothing and embed nothing, where a route has not decided for itself.
fn careful(headers: &mut HeaderMap) {
    let quiet = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in quiet {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    headers.append(VARY, HeaderValue::from_static("Authorization, Cookie, Origin"));
}

#[cfg(test)]
mod tests {
    use super::{Place, RequestId, route};

    #[test]
    fn request_ids_differ() {
        let (first, second) = (RequestId::fresh(), RequestId::fresh());
        assert_ne!(first.as_str(), second.as_str());
        assert_eq!(first.as_str().len(), 28);
    }

    #[test]
    fn figures_never_carry_what_a_caller_made_up() {
        assert_eq!(route(&Place::Api, "/rpc/tickets/list"), "rpc");
        assert_eq!(route(&Place::Api, "/s/acme-help/mcp"), "mcp");
        assert_eq!(route(&Place::Api, "/anything/at/all"), "other");
        assert_eq!(route(&Place::Api, "/invitation"), "pages");
        assert_eq!(route(&Place::Hosted { slug: "acme-help".to_owned() }, "/rpc"), "mcp");
        assert_eq!(route(&Place::Unknown, "/rpc"), "unknown_host");
    }
}
