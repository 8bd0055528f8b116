//! The WebSocket `/api/support-tickets/live`.

use std::time::{Duration, Instant};

use futures_util::{SinkExt, StreamExt};
use reqwest::header::HeaderName;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest, http::HeaderValue},
};

use super::{LONG, SOON, http::Counter};

type Socket = WebSocketStream<TcpStream>;

const PATH: &str = "/api/support-tickets/live";

/// Opens a socket with those headers; or the status that refuses it.
async fn open(counter: &Counter, query: &str, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let address = counter.node.address;
    let mut request = format!("ws://{address}{PATH}{query}").into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    match client_async(request, TcpStream::connect(address).await.unwrap()).await {
        Ok((socket, _)) => Ok(socket),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

async fn bearer(counter: &Counter, query: &str) -> Result<Socket, u16> {
    open(counter, query, &[("authorization", &format!("Bearer {}", counter.token))]).await
}

/// The next message that is text; the code where the socket was closed.
async fn next(socket: &mut Socket) -> Result<Value, u16> {
    loop {
        match timeout(LONG, socket.next()).await.unwrap().unwrap().unwrap() {
            Message::Text(text) => return Ok(serde_json::from_str(&text).unwrap()),
            Message::Close(frame) => return Err(frame.unwrap().code.into()),
            _ => {}
        }
    }
}

#[tokio::test]
async fn each_ticket_comes_as_json_and_since_follows_on() {
    let counter = Counter::open(&[]).await;
    let mut socket = bearer(&counter, "").await.unwrap();
    counter.file("first").await;
    counter.file("second").await;
    for (id, title) in [("1", "first"), ("2", "second")] {
        let message = next(&mut socket).await.unwrap();
        assert_eq!(message.as_object().unwrap().keys().collect::<Vec<_>>(), ["id", "type", "ticket"]);
        assert_eq!((&message["id"], &message["ticket"]["title"]), (&json!(id), &json!(title)));
        assert_eq!(message["type"], "ticket.created");
    }
    let mut again = bearer(&counter, "?since=1").await.unwrap();
    assert_eq!(next(&mut again).await.unwrap()["id"], "2");
    socket.close(None).await.unwrap();
    counter.file("third").await;
    assert_eq!(next(&mut again).await.unwrap()["id"], "3");
}

#[tokio::test]
async fn a_browser_comes_with_its_cookie_from_a_page_of_ours_or_with_a_token() {
    let counter = Counter::open(&[]).await;
    let cookie = counter.node.browser().await;
    let ours = format!("http://{}", counter.node.address);
    for origin in ["http://evil.test", "null", &format!("https://{}", counter.node.address)] {
        assert_eq!(open(&counter, "", &[("cookie", &cookie), ("origin", origin)]).await.err(), Some(403), "{origin}");
    }
    assert_eq!(open(&counter, "", &[("cookie", &cookie)]).await.err(), Some(403), "no page says that it is ours");
    let mut by_cookie = open(&counter, "", &[("cookie", &cookie), ("origin", &ours)]).await.unwrap();

    let (_, made) = counter.node.post("/api/supportTickets/createLiveToken", Some(&counter.token), json!({})).await;
    let query = format!("?token={}", made["token"].as_str().unwrap());
    let elsewhere = [("origin", "https://front-end.example")];
    assert_eq!(open(&counter, &format!("{query}&organization=x"), &elsewhere).await.err(), Some(400));
    let get = counter.node.request(reqwest::Method::GET, &format!("{PATH}{query}")).send().await.unwrap();
    assert_eq!(get.status(), 426, "what is no socket does not use it up");
    let mut by_token = open(&counter, &query, &elsewhere).await.unwrap();
    assert_eq!(open(&counter, &query, &elsewhere).await.err(), Some(401), "it is used up");

    counter.file("first").await;
    for socket in [&mut by_cookie, &mut by_token] {
        assert_eq!(next(socket).await.unwrap()["ticket"]["title"], "first");
    }
}

#[tokio::test]
async fn what_cannot_be_followed_is_refused_before_there_is_a_socket() {
    let counter = Counter::open(&[]).await;
    assert_eq!(open(&counter, "", &[]).await.err(), Some(401));
    for (query, status) in [
        ("?since=x", 400),
        ("?since=-1", 400),
        ("?since=1&since=2", 400),
        ("?sinse=1", 400),
        ("?organization=", 400),
        ("?organization=never-was", 404),
    ] {
        assert_eq!(bearer(&counter, query).await.err(), Some(status), "{query}");
    }
    assert!(bearer(&counter, "?since=999").await.is_ok(), "from now on");
}

#[tokio::test]
async fn a_socket_is_closed_when_its_reader_signs_out_or_has_something_to_say() {
    let counter = Counter::open(&[]).await;
    let mut talker = bearer(&counter, "").await.unwrap();
    talker.send(Message::Ping(Vec::new().into())).await.unwrap();
    talker.send(Message::text("hello")).await.unwrap();
    assert_eq!(next(&mut talker).await, Err(1003));
    let mut shouter = bearer(&counter, "").await.unwrap();
    shouter.send(Message::text("x".repeat(64 * 1024))).await.unwrap();
    let heard = timeout(LONG, shouter.next()).await.unwrap();
    assert!(matches!(heard, None | Some(Err(_) | Ok(Message::Close(_)))), "{heard:?}");

    let mut socket = bearer(&counter, "").await.unwrap();
    let began = Instant::now();
    counter.sign_out().await;
    assert_eq!(next(&mut socket).await, Err(4401));
    assert!(began.elapsed() < SOON);
}

#[tokio::test]
async fn a_node_shuts_down_at_once_though_sockets_are_open_and_says_so() {
    let counter = Counter::open(&[]).await;
    let mut sockets = [bearer(&counter, "").await.unwrap(), bearer(&counter, "").await.unwrap()];
    let [first, second] = &mut sockets;

    let (took, first, second) = tokio::join!(counter.node.stop(), next(first), next(second));

    assert_eq!((first, second), (Err(1001), Err(1001)));
    assert!(took < Duration::from_secs(2), "{took:?}");
}
