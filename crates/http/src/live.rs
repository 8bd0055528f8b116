//! Feeds as event streams (`orpc-wire.md` §6): in envelopes for `@orpc/client`, bare for everybody else, `EventSource`
//! among them.
//!
//! What keeps somebody out is an ordinary answer; once the stream has begun, an event `error` ends it, after which a client
//! comes back with `Last-Event-ID`. A stream has a place among those who listen, not among the requests worked on.

use std::{convert::Infallible, sync::Arc, sync::OnceLock, time::Duration};

use axum::{
    body::Body,
    extract::ws::Utf8Bytes,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use guildhall_catalogue::{DateShape, Entry};
use guildhall_domain::{Error, Result};
use guildhall_services::{Caller, Following, News, Seat, Seats};
use http::{
    HeaderMap, HeaderName,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use serde_json::{Map, Value};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use crate::{
    caller, envelope,
    failure::{Failure, Wire},
    observe::{Arrival, RequestId},
    router::Site,
};

/// What all streams of a node share.
#[derive(Clone, Debug)]
pub struct Streams {
    /// Places for those who listen.
    pub seats: Arc<Seats>,
    /// Cancelled when the node shuts down; then every stream ends.
    pub closing: CancellationToken,
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Keeps proxies from collecting what is told.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// A comment: clients take no notice, and proxies pass the headers on and see that the connection lives.
const COMMENT: &[u8] = b": \n\n";
/// How often it is sent while there is nothing to tell.
const BEAT: Duration = Duration::from_secs(5);

/// Somebody who follows, with its place.
pub(crate) struct Opened {
    pub(crate) following: Following,
    /// Held for as long as it follows.
    pub(crate) seat: Seat,
}

/// Lets somebody follow.
pub(crate) async fn open(
    site: &Arc<Site>,
    entry: &Entry,
    caller: &Caller,
    (input, since): (Value, Option<i64>),
    arrival: &Arrival,
) -> Result<Opened> {
    let seat = site.streams.seats.take(entry.name, arrival.address)?;
    let following = entry.follow(&site.app, caller, input, since).await?;
    Ok(Opened { following, seat })
}

/// The number of an event in what `field` says.
pub(crate) fn number(field: &str, text: &str) -> Result<i64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| Error::field(field, "is not the id of an event"))
}

/// Answers with a stream.
pub(crate) async fn stream(
    site: &Arc<Site>,
    entry: &Entry,
    headers: &HeaderMap,
    arrival: &Arrival,
    input: Option<Value>,
    wire: Wire,
) -> Result<Response, Failure> {
    let opened = async {
        let caller = caller::caller(headers, arrival.address, &site.settings)?;
        open(site, entry, &caller, (input.unwrap_or_default(), last_event_id(headers)?), arrival).await
    };
    let Opened { following, seat } = opened.await.map_err(|error| Failure::of(&error, &arrival.request_id))?;
    let mut beat = interval_at(Instant::now() + BEAT, BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let telling = Telling {
        site: site.clone(),
        feed: entry.name,
        following,
        wire,
        beat,
        request_id: arrival.request_id.clone(),
        is_over: false,
        _seat: seat,
    };
    let told = stream::unfold(telling, async |mut telling| Some((telling.next().await?, telling)));
    let bytes = stream::iter([Bytes::from_static(COMMENT)]).chain(told).map(Ok::<Bytes, Infallible>);
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-store"), (BUFFERING, "no")];
    Ok((headers, Body::from_stream(bytes)).into_response())
}

fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>> {
    let mut values = headers.get_all(LAST_EVENT_ID).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) if value.is_empty() => Ok(None),
        (Some(value), None) => number("Last-Event-ID", value.to_str().unwrap_or("?")).map(Some),
        (Some(_), Some(_)) => Err(Error::field("Last-Event-ID", "said twice")),
    }
}

/// A stream under way.
struct Telling {
    site: Arc<Site>,
    feed: &'static str,
    following: Following,
    wire: Wire,
    beat: Interval,
    request_id: RequestId,
    is_over: bool,
    _seat: Seat,
}

impl Telling {
    /// The next bytes; none where the stream has ended.
    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        let told = tokio::select! {
            biased;
            () = self.site.streams.closing.cancelled() => Err(Error::Unavailable),
            told = self.following.next() => told,
            _ = self.beat.tick() => return Some(Bytes::from_static(COMMENT)),
        };
        self.beat.reset();
        let bytes = told.and_then(|news| {
            let dates = &self.site.catalogue.get(self.feed).ok_or(Error::Unavailable)?.dates;
            let frames = news.kept(|_| Frames::default()).ok_or(Error::Unavailable)?;
            Ok(match self.wire {
                Wire::Envelope => frames.envelope(&news, dates),
                Wire::Plain | Wire::Page => frames.plain(&news),
            })
        });
        Some(bytes.unwrap_or_else(|error| {
            self.is_over = true;
            let failure = Failure::of(&error, &self.request_id);
            format!("event: error\ndata: {}\n\n", failure.body(self.wire)).into()
        }))
    }
}

/// An item as it goes over the wire, made once for all who read it in that form.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    envelope: OnceLock<Bytes>,
    plain: OnceLock<Bytes>,
    text: OnceLock<Utf8Bytes>,
}

impl Frames {
    fn envelope(&self, news: &News, dates: &DateShape) -> Bytes {
        let made = || event(news.id, &envelope::close(news.item.clone(), dates.paths(&news.item)));
        self.envelope.get_or_init(made).clone()
    }

    fn plain(&self, news: &News) -> Bytes {
        self.plain.get_or_init(|| event(news.id, &news.item)).clone()
    }

    /// For a WebSocket, which has no place for the id but in the message.
    pub(crate) fn text(&self, news: &News) -> Utf8Bytes {
        self.text.get_or_init(|| with_id(news.id, &news.item).into()).clone()
    }
}

fn event(id: i64, data: &Value) -> Bytes {
    format!("event: message\nid: {id}\ndata: {data}\n\n").into()
}

fn with_id(id: i64, item: &Value) -> String {
    let mut fields = Map::from_iter([("id".to_owned(), Value::String(id.to_string()))]);
    fields.extend(item.as_object().cloned().unwrap_or_default());
    Value::Object(fields).to_string()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use serde_json::json;

    use super::{LAST_EVENT_ID, event, last_event_id, number, with_id};

    #[test]
    fn an_id_is_a_number_and_nothing_like_one() {
        assert_eq!(number("since", "0").unwrap(), 0);
        assert_eq!(number("since", "9223372036854775807").unwrap(), i64::MAX);
        for bad in ["", "-1", "+1", " 1", "1.0", "0x1", "evt_1", "9223372036854775808", "?"] {
            assert!(number("since", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_last_id_is_said_once_or_not_at_all() {
        let of = |values: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(LAST_EVENT_ID, HeaderValue::from_static(value));
            }
            last_event_id(&headers)
        };
        assert_eq!(of(&[]).unwrap(), None);
        assert_eq!(of(&[""]).unwrap(), None);
        assert_eq!(of(&["17"]).unwrap(), Some(17));
        assert!(of(&["17", "17"]).is_err() && of(&["x"]).is_err());
    }

    #[test]
    fn an_item_is_one_event_or_one_message() {
        let item = json!({ "type": "ticket.created", "ticket": { "title": "two\nlines" } });
        assert_eq!(
            event(7, &item),
            "event: message\nid: 7\ndata: {\"type\":\"ticket.created\",\"ticket\":{\"title\":\"two\\nlines\"}}\n\n"
        );
        let message = r#"{"id":"7","type":"ticket.created","ticket":{"title":"two\nlines"}}"#;
        assert_eq!(with_id(7, &item), message);
    }
}
