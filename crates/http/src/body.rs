//! Bodies: JSON of a limited size, and nothing that a foreign page can send without being asked first.

use axum::body::{Body, HttpBody as _};
use guildhall_domain::Error;
use http::{HeaderMap, header::CONTENT_TYPE};
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::{failure::Failure, observe::Arrival};

/// The JSON of a body; none where it is empty.
pub(crate) async fn json(
    headers: &HeaderMap,
    body: Body,
    limit: usize,
    arrival: &Arrival,
) -> Result<Option<Value>, Failure> {
    // A page can send text or forms anywhere with the browser's cookie, so JSON must not hide in them.
    if !is_json_or_unsaid(headers) {
        return Err(Failure::malformed());
    }
    let bytes = read(body, limit).await.map_err(|unread| match unread {
        Unread::TooLarge => Failure::of(&Error::PayloadTooLarge { limit }, &arrival.request_id),
        Unread::Broken => Failure::malformed(),
    })?;
    if bytes.is_empty() {
        return Ok(None);
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|_| Failure::malformed())
}

enum Unread {
    TooLarge,
    Broken,
}

/// The bytes of a body. One that is somewhat too large is read to its end and forgotten, for a client that still writes
/// does not hear an answer; one that is much too large is not.
async fn read(mut body: Body, limit: usize) -> Result<Vec<u8>, Unread> {
    let patience = limit.saturating_mul(8);
    if usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX) > patience {
        return Err(Unread::TooLarge);
    }
    let (mut bytes, mut length) = (Vec::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| Unread::Broken)?.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length > patience {
            return Err(Unread::TooLarge);
        }
        if length <= limit {
            bytes.extend_from_slice(&data);
        } else {
            bytes = Vec::new();
        }
    }
    if length > limit { Err(Unread::TooLarge) } else { Ok(bytes) }
}

fn is_json_or_unsaid(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    match (types.next(), types.next()) {
        (None, _) => true,
        (Some(only), None) => {
            let essence = only.to_str().unwrap_or_default().split(';').next().unwrap_or_default();
            essence.trim().eq_ignore_ascii_case("application/json")
        }
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header::CONTENT_TYPE};

    use super::is_json_or_unsaid;

    #[test]
    fn only_json_is_json() {
        let of = |types: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for text in types {
                headers.append(CONTENT_TYPE, HeaderValue::from_static(text));
            }
            is_json_or_unsaid(&headers)
        };
        assert!(of(&[]) && of(&["application/json"]) && of(&["Application/JSON; charset=utf-8"]));
        for bad in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonp"] {
            assert!(!of(&[bad]), "{bad}");
        }
        assert!(!of(&["application/json", "application/json"]));
    }
}
