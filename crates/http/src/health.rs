//! How the server is, for those who watch it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Extension, State},
    response::{IntoResponse, Response},
};
use http::header::CONTENT_TYPE;
use serde_json::{Value, json};

use crate::{
    failure::{Failure, Wire},
    observe::Arrival,
    router::Site,
};

/// The process lives.
pub(crate) async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The database answers too.
pub(crate) async fn ready(State(site): State<Arc<Site>>, Extension(arrival): Extension<Arrival>) -> Response {
    match site.app.ready().await {
        Ok(()) => Json(json!({ "status": "ok" })).into_response(),
        Err(error) => {
            tracing::warn!(?error, "not ready");
            Failure::unavailable(&arrival.request_id).answer(Wire::Envelope)
        }
    }
}

/// The figures, as Prometheus reads them.
pub(crate) async fn metrics(State(site): State<Arc<Site>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], (site.metrics_page)()).into_response()
}

/// The public halves of the keys that sign access tokens (RFC 7517).
pub(crate) async fn jwks(State(site): State<Arc<Site>>, Extension(arrival): Extension<Arrival>) -> Response {
    match site.app.jwks().await {
        Ok(keys) => Json(keys).into_response(),
        Err(error) => Failure::of(&error, &arrival.request_id).answer(Wire::Envelope),
    }
}
