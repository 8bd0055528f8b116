//! `/api/<namespace>/<name>`: the same procedures as plain JSON, as the OpenAPI document describes them.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use http::{Method, header::CONTENT_TYPE};

use crate::{
    body, calls, cookies,
    failure::{Failure, Wire},
    live,
    observe::Arrival,
    query,
    router::Site,
    uploads::{self, Upload},
};

/// Answers a call.
pub(crate) async fn plain(State(site): State<Arc<Site>>, request: Request) -> Response {
    call(site, request).await.unwrap_or_else(|failure| failure.answer(Wire::Plain))
}

async fn call(site: Arc<Site>, request: Request) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let arrival = Arrival::of(&parts.extensions);
    let entry = calls::find(&site.catalogue, parts.uri.path().strip_prefix("/api").unwrap_or_default())?;
    let wanted = uploads::wanted(entry, &parts.headers).filter(|_| parts.method == Method::POST);
    let input = match (&parts.method, wanted) {
        (&Method::POST, Some(field)) => {
            let upload = Upload { site: &site, entry, field, headers: &parts.headers, arrival: &arrival };
            upload.plain(&parts.uri, body).await?
        }
        (&Method::POST, None) => {
            (body::json(&parts.headers, body, calls::most_bytes(&site, entry), &arrival).await?, Vec::new())
        }
        (&Method::GET, _) => {
            calls::permit(entry, &parts.method)?;
            (query::input(parts.uri.query(), &entry.input)?, Vec::new())
        }
        _ => return Err(calls::refused(entry)),
    };
    if entry.is_feed() {
        return live::stream(&site, entry, &parts.headers, &arrival, input.0, Wire::Plain).await;
    }
    let answer = calls::run(&site, entry, &parts.headers, &arrival, input).await?;
    let text = answer.text().map_err(|error| Failure::of(&error, &arrival.request_id))?;
    let cookies = cookies::after(&site, entry.name, &answer, &parts.headers).await;
    Ok((cookies, [(CONTENT_TYPE, "application/json")], text).into_response())
}
