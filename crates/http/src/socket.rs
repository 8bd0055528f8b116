//! Feeds as WebSockets, each at its name with hyphens: `GET /api/support-tickets/live`.
//!
//! Each message is an item with its id in it: `{ "id": "17", "type": …, "ticket": … }`; `?since=17` follows on from there,
//! and `?organization=` is what the header `x-organization` is elsewhere. Browsers let any page open a WebSocket and send
//! the cookie along, so the cookie counts only from a page that says it is ours; a page that cannot send a header takes a
//! token, `?token=`, which says itself for which organization it is.

use std::{ops::ControlFlow, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::{
        FromRequestParts as _, Request, State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::get,
};
use futures_util::SinkExt as _;
use guildhall_catalogue::Catalogue;
use guildhall_domain::{
    Error, Result,
    error::{Denied, chain},
    text::Text,
};
use guildhall_services::{Caller, Ending, Following, News};
use http::{
    HeaderMap,
    header::{AUTHORIZATION, ORIGIN},
};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::{
    Settings,
    caller::{self, Page},
    cookies,
    failure::{Failure, Wire},
    live::{self, Frames, Opened},
    observe::Arrival,
    router::Site,
    serve::Held,
};

/// How often a client is asked whether it is there; it has until the next time to answer.
const PING: Duration = Duration::from_secs(20);
/// How long a client may take nothing of what it is sent.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long a client has to take leave.
const FAREWELL: Duration = Duration::from_secs(1);
/// The largest message that is read. None is wanted.
const MOST_BYTES: usize = 4 * 1024;
/// Every connection has these, so they are small; the library would take 128 KiB to read.
const READ_BUFFER: usize = 1024;
const WRITE_BUFFER: usize = 16 * 1024;
/// More than any item needs.
const MOST_UNWRITTEN: usize = 4 * 1024 * 1024;
/// Items that are written before they are sent off together.
const AT_ONCE: usize = 64;

/// Why a socket is closed, for programs: 4401, 4403 and 4404 as the HTTP status, when following again is of no use;
/// 1001 and 1013 when it is.
mod code {
    pub(super) const GOING_AWAY: u16 = 1001;
    pub(super) const NOT_DATA: u16 = 1003;
    pub(super) const BROKEN: u16 = 1011;
    pub(super) const LATER: u16 = 1013;
    /// Added to an HTTP status.
    pub(super) const REFUSED: u16 = 4000;
}

/// What the address may say.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    since: Option<String>,
    organization: Option<String>,
    token: Option<String>,
}

/// A route for every feed.
pub(crate) fn routes(catalogue: &Catalogue) -> Router<Arc<Site>> {
    catalogue.iter().filter(|entry| entry.is_feed()).fold(Router::new(), |router, feed| {
        let name = feed.name;
        let handler = async move |State(site): State<Arc<Site>>, request: Request| {
            socket(site, name, request).await.unwrap_or_else(|failure| failure.answer(Wire::Plain))
        };
        router.route(&format!("/api/{}", hyphenated(name)), get(handler))
    })
}

/// `supportTickets.live` as an address has it.
fn hyphenated(name: &str) -> String {
    name.chars().fold(String::new(), |mut path, letter| {
        match letter {
            '.' => path.push('/'),
            _ if letter.is_ascii_uppercase() => path.extend(['-', letter.to_ascii_lowercase()]),
            _ => path.push(letter),
        }
        path
    })
}

async fn socket(site: Arc<Site>, feed: &'static str, request: Request) -> Result<Response, Failure> {
    let (mut parts, _) = request.into_parts();
    let arrival = Arrival::of(&parts.extensions);
    // Before anything else: a token must not be used up by what cannot become a socket.
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await.map_err(|_| Failure::no_socket())?;
    let asked: Asked =
        serde_urlencoded::from_str(parts.uri.query().unwrap_or_default()).map_err(|_| Failure::malformed())?;
    let entry = site.catalogue.get(feed).ok_or_else(Failure::not_found)?;
    let opened = async {
        let since = asked.since.as_deref().map(|since| live::number("since", since)).transpose()?;
        let caller = caller(asked, &parts.headers, &arrival, &site.settings)?;
        live::open(&site, entry, &caller, (Value::Null, since), &arrival).await
    };
    let opened = opened.await.map_err(|error| Failure::of(&error, &arrival.request_id))?;
    let held = parts.extensions.remove::<Held>();
    let upgrade = upgrade
        .max_message_size(MOST_BYTES)
        .max_frame_size(MOST_BYTES)
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MOST_UNWRITTEN);
    Ok(upgrade.on_upgrade(async move |socket| {
        let Opened { following, seat } = opened;
        tell(&site, socket, following).await;
        drop((seat, held));
    }))
}

/// Who opens a socket.
fn caller(asked: Asked, headers: &HeaderMap, arrival: &Arrival, settings: &Settings) -> Result<Caller> {
    if let Some(token) = asked.token {
        if asked.organization.is_some() {
            return Err(Error::field("organization", "the token says for which organization it is"));
        }
        return Ok(Caller::live_token(token).from_device(arrival.address, caller::program(headers)));
    }
    let has_cookie = !headers.contains_key(AUTHORIZATION) && cookies::session(headers, settings).is_some();
    let is_ours = headers.contains_key(ORIGIN) && caller::page(headers, settings) == Page::Ours;
    if has_cookie && !is_ours {
        return Err(Error::Forbidden(Denied::CrossSite));
    }
    let caller = caller::caller(headers, arrival.address, settings)?;
    match asked.organization.map(|named| named.parse::<Text<1, 128>>()).transpose() {
        Ok(Some(named)) => Ok(caller.in_organization(named.to_string())),
        Ok(None) => Ok(caller),
        Err(problem) => Err(Error::field("organization", problem)),
    }
}

/// Sends what there is to tell until the client leaves, may no longer listen, does not keep up, or the node shuts down.
async fn tell(site: &Site, mut socket: WebSocket, mut following: Following) {
    let mut ending = following.ending();
    let mut ping = interval_at(Instant::now() + PING, PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut has_answered = true;
    let farewell = loop {
        let sent = tokio::select! {
            biased;
            farewell = over(site, &mut ending) => break farewell,
            heard = socket.recv() => match heard {
                Some(Ok(Message::Pong(_) | Message::Ping(_))) => {
                    has_answered = true;
                    continue;
                }
                Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                    break (code::NOT_DATA, "nothing is to be said here".to_owned());
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
            },
            _ = ping.tick() => {
                if !std::mem::replace(&mut has_answered, false) {
                    return;
                }
                tokio::select! {
                    farewell = over(site, &mut ending) => break farewell,
                    sent = send(&mut socket, Message::Ping(bytes::Bytes::new())) => sent,
                }
            }
            told = following.next() => match told {
                Ok(news) => tokio::select! {
                    farewell = over(site, &mut ending) => break farewell,
                    sent = timeout(PATIENCE, write(&mut socket, &mut following, news)) => {
                        sent.unwrap_or(ControlFlow::Break(()))
                    }
                },
                Err(error) => break reason(&error),
            },
        };
        if sent.is_break() {
            return;
        }
    };
    let (code, why) = farewell;
    let goodbye = async {
        let frame = CloseFrame { code, reason: why.into() };
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            // To hang up on what is still on its way would lose the frame.
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    let _ = timeout(FAREWELL, goodbye).await; // whoever does not take leave is left
}

/// Ends when the stream must, also while the client takes nothing of what it is sent.
async fn over(site: &Site, ending: &mut Ending) -> (u16, String) {
    tokio::select! {
        () = site.streams.closing.cancelled() => (code::GOING_AWAY, "shutting down".to_owned()),
        error = ending.wait() => reason(&error),
    }
}

async fn send(socket: &mut WebSocket, message: Message) -> ControlFlow<()> {
    match timeout(PATIENCE, socket.send(message)).await {
        Ok(Ok(())) => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    }
}

/// Writes an item, and what else there is by now, and sends it all off.
async fn write(socket: &mut WebSocket, following: &mut Following, news: Arc<News>) -> ControlFlow<()> {
    let (mut next, mut written) = (Some(news), 0);
    while let Some(news) = next {
        let Some(frames) = news.kept(|_| Frames::default()) else { return ControlFlow::Break(()) };
        if socket.feed(Message::Text(frames.text(&news))).await.is_err() {
            return ControlFlow::Break(());
        }
        written += 1;
        // What ends the stream is met with the next item that is waited for.
        next = if written < AT_ONCE { following.at_hand().ok().flatten() } else { None };
    }
    match socket.flush().await {
        Ok(()) => ControlFlow::Continue(()),
        Err(_) => ControlFlow::Break(()),
    }
}

/// What ended a stream, as a code and a sentence.
fn reason(error: &Error) -> (u16, String) {
    let (_, status) = error.code();
    let code = match error {
        Error::Unavailable | Error::Contended => code::LATER,
        Error::Internal(cause) => {
            tracing::error!(cause = chain(&**cause), "a stream broke");
            code::BROKEN
        }
        _ => code::REFUSED.saturating_add(status),
    };
    (code, error.to_string())
}

#[cfg(test)]
mod tests {
    use guildhall_domain::{Error, Resource, error::Denied};
    use http::{HeaderMap, HeaderName, HeaderValue};

    use super::{Asked, caller, hyphenated, reason};
    use crate::{
        Settings,
        observe::{Arrival, RequestId},
    };

    #[test]
    fn an_address_has_hyphens() {
        assert_eq!(hyphenated("supportTickets.live"), "support-tickets/live");
    }

    #[test]
    fn what_cannot_be_mended_by_coming_back_says_so() {
        assert_eq!(reason(&Error::Unauthenticated).0, 4401);
        assert_eq!(reason(&Error::Forbidden(Denied::InsufficientRole)).0, 4403);
        assert_eq!(reason(&Error::NotFound(Resource::Organization)).0, 4404);
        assert_eq!(reason(&Error::Unavailable).0, 1013);
        assert_eq!(reason(&Error::internal("secret")), (1011, "something broke on our side".to_owned()));
    }

    #[test]
    fn a_cookie_counts_only_from_a_page_that_says_it_is_ours() {
        let arrival = Arrival { request_id: RequestId::from("req_1"), address: None };
        let of = |lines: &[(&'static str, &'static str)], asked: Asked| {
            let mut headers = HeaderMap::new();
            for (name, value) in lines {
                headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            caller(asked, &headers, &arrival, &Settings::default())
        };
        let cookie = ("cookie", "gh_session=x");
        assert!(of(&[cookie, ("origin", "http://localhost:3000")], Asked::default()).is_ok());
        for page in [("origin", "http://evil.test"), ("origin", "null"), ("sec-fetch-site", "same-origin")] {
            let refused = of(&[cookie, page], Asked::default());
            assert!(matches!(refused, Err(Error::Forbidden(Denied::CrossSite))), "{page:?}");
        }
        assert!(of(&[cookie], Asked::default()).is_err());
        assert!(of(&[("authorization", "Bearer x"), cookie], Asked::default()).is_ok(), "no page can send that");
        let token = |organization| Asked { token: Some("t".to_owned()), organization, since: None };
        assert!(of(&[cookie, ("origin", "http://evil.test")], token(None)).is_ok(), "the cookie is not looked at");
        assert!(of(&[], token(Some("acme".to_owned()))).is_err());
    }
}
