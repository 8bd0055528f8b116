//! The routes, and what every request passes on its way to one.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Extension, Request, State},
    middleware,
    response::Response,
    routing::{any, get},
};
use guildhall_catalogue::Catalogue;
use guildhall_services::{App, oauth::Face};
use http::{Uri, uri::PathAndQuery};
use tower::ServiceExt as _;
use tower_http::catch_panic::CatchPanicLayer;

use crate::{
    Settings, body, charts, cors,
    failure::{Failure, Wire},
    health,
    host::Place,
    limits::{self, Limits},
    live::Streams,
    observe,
    pages::{self, Documents},
    plain, rpc, socket,
};

/// Writes the figures as Prometheus reads them.
pub type MetricsPage = Arc<dyn Fn() -> String + Send + Sync>;

/// What the routes share.
pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) settings: Arc<Settings>,
    pub(crate) metrics_page: MetricsPage,
    pub(crate) documents: Documents,
    pub(crate) streams: Streams,
}

/// Everything that is answered over HTTP. `hosted` answers for organizations' MCP servers: its routes begin with the
/// server's slug (`/acme-help/mcp`), whether the caller wrote that as a subdomain or as `/s/acme-help/mcp`. There the
/// client's address is the extension `ConnectInfo<IpAddr>`, and the request's id the header `x-request-id`.
pub fn router(
    app: App,
    catalogue: Arc<Catalogue>,
    settings: Arc<Settings>,
    streams: Streams,
    hosted: Router,
    metrics_page: MetricsPage,
) -> Router {
    let documents = Documents::of(&catalogue, &settings.public_url);
    let limits = Arc::new(Limits::new(settings.clone()));
    let sockets = socket::routes(&catalogue);
    let site = Arc::new(Site { app, catalogue, settings, metrics_page, documents, streams });

    let work = Router::new()
        .route("/rpc", any(rpc::rpc))
        .route("/rpc/{*path}", any(rpc::rpc))
        .route("/api/{*path}", any(plain::plain))
        .route(charts::PATH, get(charts::tool_calls))
        .merge(sockets)
        .merge(pages::routes())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(site.clone())
        .layer(middleware::from_fn_with_state(limits.clone(), limits::limits));
    // How the server is must be readable above all when it is overloaded.
    let health = Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/.well-known/jwks.json", get(health::jwks))
        .method_not_allowed_fallback(method_not_allowed)
        .with_state(site.clone());
    let api = work.merge(health).layer(middleware::from_fn_with_state(site.clone(), cors::cors));
    let hosted = hosted.layer(middleware::from_fn_with_state(limits, limits::limits));

    Router::new()
        .fallback(direct)
        .with_state(Arc::new(Houses { api, hosted }))
        .layer(CatchPanicLayer::custom(observe::caught))
        .layer(middleware::from_fn_with_state(site, observe::observe))
        .layer(middleware::map_request(body::heard))
}

/// The two routers, by whose host a request is for.
struct Houses {
    api: Router,
    hosted: Router,
}

async fn direct(
    State(houses): State<Arc<Houses>>,
    Extension(place): Extension<Place>,
    mut request: Request<Body>,
) -> Response {
    let (face, path) = match place {
        Place::Unknown => return Failure::misdirected().answer(Wire::Envelope),
        Place::Hosted { slug } => (Face::Host, Some(format!("/{slug}{}", request.uri().path()))),
        Place::Api => (Face::Path, hosted_path(request.uri().path())),
    };
    request.extensions_mut().insert(face);
    let router = match path {
        None => &houses.api,
        Some(path) => {
            let Some(uri) = rewritten(request.uri(), &path) else { return Failure::not_found().answer(Wire::Envelope) };
            *request.uri_mut() = uri;
            &houses.hosted
        }
    };
    let answer = router.clone().oneshot(request).await;
    answer.unwrap_or_else(|never| match never {})
}

/// The path of a hosted server that a path of our own host stands for: `/s/<slug>/…`, or a document about what is there,
/// which well-known addresses put in front of it (RFC 8414 §3, RFC 9728 §3).
fn hosted_path(path: &str) -> Option<String> {
    if let Some(rest) = path.strip_prefix("/s/") {
        return Some(format!("/{rest}"));
    }
    WELL_KNOWN.into_iter().find_map(|known| {
        let rest = path.strip_prefix(known)?.strip_prefix("/s/")?;
        let (slug, rest) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        Some(format!("/{slug}{known}{rest}"))
    })
}

/// What is known of a hosted server before it is called.
const WELL_KNOWN: [&str; 2] = ["/.well-known/oauth-authorization-server", "/.well-known/oauth-protected-resource"];

/// The same target with another path, in origin form.
fn rewritten(uri: &Uri, path: &str) -> Option<Uri> {
    if !uri.path().starts_with('/') {
        return None;
    }
    let target = uri.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    PathAndQuery::try_from(target).ok().map(Uri::from)
}

async fn not_found(request: Request) -> Response {
    Failure::not_found().answer(Wire::of(request.uri().path()))
}

async fn method_not_allowed(request: Request) -> Response {
    Failure::method("GET, HEAD").answer(Wire::of(request.uri().path()))
}

#[cfg(test)]
mod tests {
    use super::hosted_path;

    #[test]
    fn a_path_stands_for_a_hosted_server() {
        for (path, hosted) in [
            ("/s/acme/mcp/ann", Some("/acme/mcp/ann")),
            ("/.well-known/oauth-authorization-server/s/acme", Some("/acme/.well-known/oauth-authorization-server")),
            (
                "/.well-known/oauth-protected-resource/s/acme/mcp",
                Some("/acme/.well-known/oauth-protected-resource/mcp"),
            ),
            ("/.well-known/oauth-protected-resource", None),
            ("/.well-known/jwks.json", None),
            ("/rpc/a/b", None),
        ] {
            assert_eq!(hosted_path(path).as_deref(), hosted, "{path}");
        }
    }
}
