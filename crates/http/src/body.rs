//! Bodies: JSON of a limited size, and nothing that a foreign page can send without being asked first; forms only for
//! pages, which ask whose form it was.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use guildhall_domain::Error;
use http::{HeaderMap, Request, header::CONTENT_TYPE};
use http_body_util::BodyExt as _;
use hyper::body::{Frame, SizeHint};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{failure::Failure, observe::Arrival};

/// More than any form of ours, filled in by anybody, needs.
const MOST_FORM_BYTES: usize = 16 * 1024;
/// So much is read of what nobody wants, and for so long.
const MOST_UNWANTED_BYTES: u64 = 16 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// The JSON of a body; none where it is empty.
pub(crate) async fn json(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    arrival: &Arrival,
) -> Result<Option<Value>, Failure> {
    // A page can send text or forms anywhere with the browser's cookie, so JSON must not hide in them.
    if !is_or_unsaid(headers, "application/json") {
        return Err(Failure::malformed());
    }
    let bytes = within(limit, body, arrival).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|_| Failure::malformed())
}

/// What a form sent: each of its fields once, and no others.
pub(crate) async fn form<T: DeserializeOwned>(
    headers: &HeaderMap,
    body: Body,
    arrival: &Arrival,
) -> Result<T, Failure> {
    if !headers.contains_key(CONTENT_TYPE) || !is_or_unsaid(headers, "application/x-www-form-urlencoded") {
        return Err(Failure::malformed());
    }
    let bytes = within(MOST_FORM_BYTES, body, arrival).await?;
    serde_urlencoded::from_bytes(&bytes).map_err(|_| Failure::malformed())
}

async fn within(limit: usize, body: Body, arrival: &Arrival) -> Result<Vec<u8>, Failure> {
    read(body, limit).await.map_err(|unread| match unread {
        Unread::TooLarge => Failure::of(&Error::PayloadTooLarge { limit }, &arrival.request_id),
        Unread::Broken => Failure::malformed(),
    })
}

enum Unread {
    TooLarge,
    Broken,
}

async fn read(mut body: Body, limit: usize) -> Result<Vec<u8>, Unread> {
    if usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX) > limit {
        return Err(Unread::TooLarge);
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        if data.len() > limit.saturating_sub(bytes.len()) {
            return Err(Unread::TooLarge);
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes)
}

/// A body that is read to its end when nobody wants the rest of it: a client that still writes when the connection
/// closes does not hear why.
struct Heard {
    body: Option<Body>,
}

/// `request` with a body that is [`Heard`] by whoever answers.
pub(crate) async fn heard(request: Request<Body>) -> Request<Body> {
    request.map(|body| if body.is_end_stream() { body } else { Body::new(Heard { body: Some(body) }) })
}

impl HttpBody for Heard {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let polled = Pin::new(body).poll_frame(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.body = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(HttpBody::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map_or_else(|| SizeHint::with_exact(0), HttpBody::size_hint)
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let Some(mut body) = self.body.take().filter(|body| !body.is_end_stream()) else { return };
        if body.size_hint().lower() > MOST_UNWANTED_BYTES {
            return;
        }
        tokio::spawn(tokio::time::timeout(PATIENCE, async move {
            let mut length = 0_u64;
            while let Some(Ok(frame)) = body.frame().await {
                length = length.saturating_add(frame.data_ref().map_or(0, |data| data.len() as u64));
                if length > MOST_UNWANTED_BYTES {
                    return;
                }
            }
        }));
    }
}

fn is_or_unsaid(headers: &HeaderMap, wanted: &str) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (None, _) => true,
        (Some(only), None) => {
            let essence = only.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            essence.trim().eq_ignore_ascii_case(wanted)
        }
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};
    use serde::Deserialize;

    use super::{MOST_FORM_BYTES, form, is_or_unsaid};
    use crate::observe::Arrival;

    #[test]
    fn only_json_is_json() {
        let of = |types: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for text in types {
                headers.append(CONTENT_TYPE, HeaderValue::from_static(text));
            }
            is_or_unsaid(&headers, "application/json")
        };
        assert!(of(&[]) && of(&["application/json"]) && of(&["Application/JSON; charset=utf-8"]));
        for bad in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonp"] {
            assert!(!of(&[bad]), "{bad}");
        }
        assert!(!of(&["application/json", "application/json"]));
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
    enum Sent {
        Only { text: String },
    }

    #[tokio::test]
    async fn a_form_has_each_of_its_fields_once_and_no_others() {
        let of = async |kind: Option<&'static str>, text: &str| {
            let mut headers = HeaderMap::new();
            headers.extend(kind.map(|kind| (CONTENT_TYPE, HeaderValue::from_static(kind))));
            let arrival = Arrival::of(&http::Extensions::new());
            let read = form::<Sent>(&headers, Body::from(text.to_owned()), &arrival).await;
            read.map(|Sent::Only { text }| text).map_err(|failure| failure.status())
        };
        let kind = Some("application/x-www-form-urlencoded");
        assert_eq!(of(kind, "answer=only&text=a+b%26%C3%A4").await.as_deref(), Ok("a b&ä"));
        for bad in [
            "",
            "text=a",
            "answer=only",
            "answer=other&text=a",
            "answer=only&text=a&text=b",
            "answer=only&answer=only&text=a",
            "answer=only&text=a&more=b",
            "{\"answer\":\"only\",\"text\":\"a\"}",
        ] {
            assert_eq!(of(kind, bad).await, Err(400), "{bad}");
        }
        for bad in [None, Some("application/json"), Some("multipart/form-data; boundary=x"), Some("text/plain")] {
            assert_eq!(of(bad, "answer=only&text=a").await, Err(400), "{bad:?}");
        }
        let long = format!("answer=only&text={}", "a".repeat(MOST_FORM_BYTES));
        assert_eq!(of(kind, &long).await, Err(413));
    }
}
