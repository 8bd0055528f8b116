//! `/api/charts/tool-calls.svg`: what `toolCalls.getChart` answers, drawn for mails and READMEs.
//!
//! It is called like any other procedure, with the input in the query: whoever may not see the figures gets no picture,
//! and the same refusal as JSON.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use guildhall_domain::{Error, analytics::Chart};
use guildhall_services::{Procedure as _, analytics::GetChart};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, VARY};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{
    calls,
    failure::{Failure, Wire},
    observe::Arrival,
    query,
    router::Site,
};

/// Where the picture is.
pub(crate) const PATH: &str = "/api/charts/tool-calls.svg";

/// Pages that show it again and again need not draw it each time. Whoever works in several organizations asks by a header.
const SHORTLY: &str = "private, max-age=60";

/// Answers with the picture.
pub(crate) async fn tool_calls(State(site): State<Arc<Site>>, request: Request) -> Response {
    draw(site, request).await.unwrap_or_else(|failure| failure.answer(Wire::Plain))
}

async fn draw(site: Arc<Site>, request: Request) -> Result<Response, Failure> {
    let (parts, _) = request.into_parts();
    let arrival = Arrival::of(&parts.extensions);
    let entry = site.catalogue.get(GetChart::NAME).ok_or_else(Failure::not_found)?;
    let input = query::input(parts.uri.query(), &entry.input)?;
    let answer = calls::run(&site, entry, &parts.headers, &arrival, (input.clone(), Vec::new())).await?;
    let output = calls::value(&answer, &arrival)?;
    let svg = picture(input.unwrap_or_default(), output).map_err(|error| Failure::of(&error, &arrival.request_id))?;
    let headers = [(CONTENT_TYPE, "image/svg+xml"), (CACHE_CONTROL, SHORTLY), (VARY, "x-organization")];
    Ok((headers, svg).into_response())
}

/// The picture of what was answered to `input`.
fn picture(input: Value, output: Value) -> Result<String, Error> {
    let (asked, chart): (GetChart, Chart) = (read(input)?, read(output)?);
    chart.picture(asked.time_range)
}

fn read<T: DeserializeOwned>(value: Value) -> Result<T, Error> {
    serde_json::from_value(value).map_err(Error::internal)
}
