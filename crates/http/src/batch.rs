//! Several calls in one request (`orpc-wire.md` §7). Each is admitted for itself and answered for itself.

use std::{collections::BTreeSet, convert::Infallible, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::Request,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use crate::{
    body,
    caller::{IDEMPOTENCY_KEY, ORGANIZATION},
    calls, envelope,
    failure::{Failure, Wire},
    limits::Seat,
    observe::Arrival,
    query,
    router::Site,
    rpc::PREFIX,
};

/// Says that a request is a batch, and how its answers come: `buffered` in one piece, or else as they are ready.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-orpc-batch");

/// The most that the client sends.
const MOST: usize = 10;

/// What one call may say for itself. Whatever else it says, the browser said first and truly: an item must not pretend
/// to come from another page or another address.
const OWN_HEADERS: [HeaderName; 3] = [AUTHORIZATION, ORGANIZATION, IDEMPOTENCY_KEY];

#[derive(Debug, Deserialize)]
struct Item {
    url: String,
    method: Option<String>,
    #[serde(default)]
    headers: Map<String, Value>,
    body: Option<Value>,
}

/// What all calls of a batch share.
struct Outer {
    site: Arc<Site>,
    method: Method,
    headers: HeaderMap,
    arrival: Arrival,
}

/// Answers a batch with 207, whatever becomes of its calls: any other answer is a `TypeError` to the client.
pub(crate) async fn batch(site: Arc<Site>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let arrival = Arrival::of(&parts.extensions);
    let read = match parts.method {
        Method::GET => query::parameter(parts.uri.query(), "batch"),
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE => {
            body::json(&parts.headers, body, site.settings.max_body_bytes, &arrival).await
        }
        _ => Err(Failure::method("GET, POST")),
    };
    let items: Vec<Item> = match read {
        Ok(Some(items)) => match serde_json::from_value(items) {
            Ok(items) => items,
            Err(_) => return refused(StatusCode::BAD_REQUEST, INVALID),
        },
        Ok(None) => return refused(StatusCode::BAD_REQUEST, INVALID),
        Err(failure) if failure.status() == 400 => return refused(StatusCode::BAD_REQUEST, INVALID),
        Err(failure) => return failure.answer(Wire::Envelope),
    };
    if items.len() > MOST {
        return refused(StatusCode::PAYLOAD_TOO_LARGE, "Batch request size exceeds the maximum allowed size");
    }
    let is_buffered = parts.headers.get(HEADER).is_some_and(|mode| mode == "buffered");
    let seat = parts.extensions.get::<Seat>().cloned();
    let is_empty = items.is_empty();
    let outer = Arc::new(Outer { site, method: parts.method, headers: parts.headers, arrival });
    let replies = replies(outer, items, seat);
    if is_buffered || is_empty {
        let replies: Vec<Value> = replies.collect().await;
        return (StatusCode::MULTI_STATUS, Json(replies)).into_response();
    }
    let events = replies.map(|reply| format!("event: message\ndata: {reply}\n\n").into());
    // The comment makes proxies pass the headers on.
    let bytes = stream::iter([Bytes::from_static(b": \n\n")]).chain(events).map(Ok::<Bytes, Infallible>);
    (StatusCode::MULTI_STATUS, [(CONTENT_TYPE, "text/event-stream")], Body::from_stream(bytes)).into_response()
}

const INVALID: &str = "Invalid batch request, this could be caused by a malformed request body or a missing header";

fn refused(status: StatusCode, why: &str) -> Response {
    (status, Json(why)).into_response()
}

/// Runs all items at once and gives their answers as they are ready. A dropped stream drops what still runs.
fn replies(outer: Arc<Outer>, items: Vec<Item>, seat: Option<Seat>) -> impl Stream<Item = Value> + Send {
    let unanswered: BTreeSet<usize> = (0..items.len()).collect();
    let mut running = JoinSet::new();
    for (index, item) in items.into_iter().enumerate() {
        let outer = outer.clone();
        running.spawn(async move { (index, reply(&outer, index, item).await) }.in_current_span());
    }
    let start = (running, unanswered, String::new());
    stream::unfold(start, move |(mut running, mut unanswered, mut panic)| {
        let (outer, _seat) = (outer.clone(), seat.clone());
        async move {
            loop {
                match running.join_next().await {
                    Some(Ok((index, reply))) => {
                        unanswered.remove(&index);
                        return Some((reply, (running, unanswered, panic)));
                    }
                    Some(Err(error)) => panic = error.to_string(),
                    // Every index must be answered, also those whose call panicked.
                    None => {
                        let index = unanswered.pop_first()?;
                        let failure = Failure::panicked(&panic, &outer.arrival.request_id);
                        return Some((failed(index, &failure), (running, unanswered, panic)));
                    }
                }
            }
        }
    })
}

async fn reply(outer: &Outer, index: usize, item: Item) -> Value {
    match tokio::time::timeout(outer.site.settings.request_timeout, answer(outer, item)).await {
        Ok(Ok(body)) => json!({ "index": index, "status": 200, "body": body }),
        Ok(Err(failure)) => failed(index, &failure),
        Err(_) => failed(index, &Failure::unavailable(&outer.arrival.request_id)),
    }
}

fn failed(index: usize, failure: &Failure) -> Value {
    let mut reply = json!({ "index": index, "status": failure.status(), "body": failure.body(Wire::Envelope) });
    if let Some(seconds) = failure.retry_after_seconds() {
        reply["headers"] = json!({ "retry-after": seconds.to_string() });
    }
    reply
}

async fn answer(outer: &Outer, item: Item) -> Result<Value, Failure> {
    let (path, query) = target(&item.url).ok_or_else(Failure::not_found)?;
    let entry = calls::find(&outer.site.catalogue, path.strip_prefix(PREFIX).unwrap_or_default())?;
    let method = match &item.method {
        Some(method) => Method::from_bytes(method.as_bytes()).map_err(|_| calls::refused(entry))?,
        None => outer.method.clone(),
    };
    // A link stays a link: what its items call themselves changes nothing.
    calls::permit(entry, &outer.method)?;
    calls::permit(entry, &method)?;
    let envelope = if method == Method::GET { query::parameter(query, "data")? } else { item.body };
    let input = envelope::open(envelope).map_err(|envelope::Malformed| Failure::malformed())?;
    let headers = merged(&outer.headers, &item.headers)?;
    let answer = calls::run(&outer.site, entry, &headers, &outer.arrival, (input, Vec::new())).await?;
    let output = calls::value(&answer, &outer.arrival)?;
    let dates = entry.dates.paths(&output);
    Ok(envelope::close(output, dates))
}

/// Path and query of an absolute or a rooted URL; its host means nothing.
fn target(url: &str) -> Option<(&str, Option<&str>)> {
    let url = url.split('#').next().unwrap_or_default();
    let rooted = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains(['/', '?']) => rest.get(rest.find('/')?..)?,
        _ => url,
    };
    let (path, query) = rooted.split_once('?').map_or((rooted, None), |(path, query)| (path, Some(query)));
    path.starts_with('/').then_some((path, query))
}

/// The batch's headers with an item's own over them.
fn merged(outer: &HeaderMap, own: &Map<String, Value>) -> Result<HeaderMap, Failure> {
    let mut headers = outer.clone();
    for (name, value) in own {
        let Some(name) = OWN_HEADERS.into_iter().find(|known| name.eq_ignore_ascii_case(known.as_str())) else {
            continue;
        };
        headers.remove(&name);
        let values = match value {
            Value::Array(values) => values.iter().collect(),
            value => vec![value],
        };
        for value in values {
            let value =
                value.as_str().and_then(|text| HeaderValue::from_str(text).ok()).ok_or_else(Failure::malformed)?;
            headers.append(&name, value);
        }
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use serde_json::json;

    use super::{merged, target};

    #[test]
    fn only_path_and_query_of_an_items_url_count() {
        assert_eq!(target("http://127.0.0.1:41021/rpc/echo"), Some(("/rpc/echo", None)));
        assert_eq!(target("https://evil.test/rpc/a/b?data=1?2#x"), Some(("/rpc/a/b", Some("data=1?2"))));
        assert_eq!(target("/rpc/a/b?u=http://x/"), Some(("/rpc/a/b", Some("u=http://x/"))));
        for bad in ["", "rpc/a", "http://host", "http:///?", "?x"] {
            assert!(target(bad).is_none_or(|(path, _)| path == "/"), "{bad}");
        }
    }

    #[test]
    fn an_item_may_say_who_calls_but_not_from_where() {
        let mut outer = HeaderMap::new();
        outer.insert("authorization", HeaderValue::from_static("Bearer OUTER"));
        outer.insert("origin", HeaderValue::from_static("https://evil.test"));
        let own = json!({ "Authorization": "Bearer ITEM", "x-organization": ["acme"], "origin": "http://localhost:3000",
            "cookie": "gh_session=x", "sec-fetch-site": "same-origin", "x-forwarded-for": "10.0.0.1" });

        let headers = merged(&outer, own.as_object().unwrap()).unwrap();

        assert_eq!(headers["authorization"], "Bearer ITEM");
        assert_eq!(headers["x-organization"], "acme");
        assert_eq!(headers["origin"], "https://evil.test");
        assert_eq!(headers.len(), 3);
        assert!(merged(&outer, json!({ "authorization": "a\nb" }).as_object().unwrap()).is_err());
        assert!(merged(&outer, json!({ "authorization": 7 }).as_object().unwrap()).is_err());
    }
}
