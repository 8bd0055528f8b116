//! `/rpc`: what the unmodified `@orpc/client` speaks (`orpc-wire.md`).

use std::sync::Arc;

use axum::{
    Json,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::Method;

use crate::{
    batch, body, calls, cookies, envelope,
    failure::{Failure, Wire},
    live,
    observe::Arrival,
    query,
    router::Site,
    uploads::{self, Upload},
};

/// Where RPC begins.
pub(crate) const PREFIX: &str = "/rpc";

/// Answers a call, or a batch of them.
pub(crate) async fn rpc(State(site): State<Arc<Site>>, request: Request) -> Response {
    if request.headers().contains_key(batch::HEADER) {
        return batch::batch(site, request).await;
    }
    single(site, request).await.unwrap_or_else(|failure| failure.answer(Wire::Envelope))
}

async fn single(site: Arc<Site>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let arrival = Arrival::of(&parts.extensions);
    let entry = calls::find(&site.catalogue, parts.uri.path().strip_prefix(PREFIX).unwrap_or_default())?;
    calls::permit(entry, &parts.method)?;
    let (envelope, files) = if parts.method == Method::GET {
        (query::parameter(parts.uri.query(), "data")?, Vec::new())
    } else if let Some(field) = uploads::wanted(entry, &parts.headers) {
        let upload = Upload { site: &site, entry, field, headers: &parts.headers, arrival: &arrival };
        upload.envelope(body).await?
    } else {
        (body::json(&parts.headers, body, calls::most_bytes(&site, entry), &arrival).await?, Vec::new())
    };
    let input = envelope::open(envelope).map_err(|envelope::Malformed| Failure::malformed())?;
    if entry.is_feed() {
        return live::stream(&site, entry, &parts.headers, &arrival, input, Wire::Envelope).await;
    }
    let answer = calls::run(&site, entry, &parts.headers, &arrival, (input, files)).await?;
    let cookies = cookies::after(&site, entry.name, &answer, &parts.headers).await;
    let output = calls::value(&answer, &arrival)?;
    let dates = entry.dates.paths(&output);
    Ok((cookies, Json(envelope::close(output, dates))).into_response())
}
