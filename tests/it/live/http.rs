//! The same over a real listener: bytes, resuming, refusals, shutdown.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use guildhall_tests::World;
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{LONG, SOON};
use crate::node::Node;

/// A node whose demo server takes tickets.
pub(super) struct Counter {
    pub(super) node: Node,
    pub(super) token: String,
}

impl Counter {
    pub(super) async fn open(flags: &[&str]) -> Self {
        let node = Node::start_with(flags).await;
        let token = node.sign_in().await;
        Self { node, token }
    }

    /// Has an agent file a ticket with that title.
    pub(super) async fn file(&self, title: &str) {
        let about = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {} });
        let asked = json!({ "title": title, "problemDescription": "d", "email": "a@example.test" });
        let params = json!({ "name": "get_support", "arguments": asked, "_meta": about });
        let request = self.node.request(Method::POST, "/s/guildhall-demo/mcp/reader");
        let request = request.header("accept", "application/json, text/event-stream");
        let request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/call");
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let answer: Value =
            request.header("mcp-name", "get_support").json(&message).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["result"]["structuredContent"]["status"], "pending", "{answer}");
    }

    /// Follows over RPC.
    fn rpc(&self) -> RequestBuilder {
        self.node.request(Method::POST, "/rpc/supportTickets/live").bearer_auth(&self.token).json(&json!({}))
    }

    pub(super) async fn sign_out(&self) {
        let (status, answer) = self.node.post("/api/auth/signOut", Some(&self.token), json!({})).await;
        assert_eq!(status, 200, "{answer}");
    }
}

/// What a reader hears.
struct Stream {
    response: Response,
    text: String,
    events: VecDeque<String>,
}

impl Stream {
    async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["cache-control"], "no-store");
        let mut stream = Self { response, text: String::new(), events: VecDeque::new() };
        assert_eq!(stream.next().await.as_deref(), Some(": "), "at once");
        stream
    }

    /// The next event or comment; none where the stream has ended.
    async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Some(event);
            }
            let chunk = timeout(LONG, self.response.chunk()).await.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                self.events.push_back(event.to_owned());
                self.text = rest.to_owned();
            }
        }
    }

    /// The next event that is no comment: its name, its id and its data.
    async fn event(&mut self) -> (String, Option<String>, Value) {
        loop {
            let event = self.next().await.unwrap();
            if event == ": " {
                continue;
            }
            let line = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).map(str::to_owned);
            let data = serde_json::from_str(&line("data: ").unwrap()).unwrap();
            return (line("event: ").unwrap(), line("id: "), data);
        }
    }
}

#[tokio::test]
async fn an_event_has_an_id_and_an_envelope_and_whoever_says_the_last_id_goes_on_after_it() {
    let counter = Counter::open(&[]).await;
    let mut stream = Stream::open(counter.rpc()).await;
    counter.file("first").await;

    let (name, id, data) = stream.event().await;

    assert_eq!((name.as_str(), id.as_deref()), ("message", Some("1")));
    assert_eq!((&data["json"]["type"], &data["json"]["ticket"]["title"]), (&json!("ticket.created"), &json!("first")));
    assert!(data["json"]["ticket"]["createdAt"].is_i64() && data.as_object().unwrap().len() == 1, "{data}");
    drop(stream);
    counter.file("second").await;
    counter.file("third").await;
    let mut again = Stream::open(counter.rpc().header("last-event-id", "1")).await;
    for (number, title) in [("2", "second"), ("3", "third")] {
        let (_, id, data) = again.event().await;
        assert_eq!((id.as_deref(), &data["json"]["ticket"]["title"]), (Some(number), &json!(title)));
    }

    // A browser's EventSource: a GET with the cookie, and bare items.
    let cookie = counter.node.browser().await;
    let get = counter.node.request(Method::GET, "/api/supportTickets/live").header("cookie", cookie);
    let mut plain = Stream::open(get.header("last-event-id", "2")).await;
    let (name, id, data) = plain.event().await;
    assert_eq!((name.as_str(), id.as_deref(), &data["ticket"]["title"]), ("message", Some("3"), &json!("third")));
}

#[tokio::test]
async fn what_keeps_somebody_out_is_an_ordinary_answer() {
    let counter = Counter::open(&[]).await;
    let status = async |request: RequestBuilder| {
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        (response.status(), response.json::<Value>().await.unwrap())
    };
    let nobody = counter.node.request(Method::POST, "/rpc/supportTickets/live").json(&json!({}));
    let (code, body) = status(nobody).await;
    assert_eq!((code, &body["json"]["code"]), (StatusCode::UNAUTHORIZED, &json!("UNAUTHORIZED")));
    let (code, body) = status(counter.rpc().header("last-event-id", "x")).await;
    assert_eq!(code, 400);
    assert_eq!(body["json"]["data"]["issues"][0]["path"], json!(["Last-Event-ID"]));
    let strange = json!({ "json": { "status": "pending" } });
    assert_eq!(status(counter.rpc().json(&strange)).await.0, 400);
    let (code, _) = status(counter.rpc().header("x-organization", "never-was")).await;
    assert_eq!(code, 404);
    let batch = json!([{ "url": "/rpc/supportTickets/live", "body": {} }]);
    let batch = counter.rpc().header("x-orpc-batch", "buffered").json(&batch);
    let (code, body) = status(batch).await;
    assert_eq!((code.as_u16(), &body[0]["status"]), (207, &json!(400)), "{body}");
}

#[tokio::test]
async fn a_stream_says_why_it_ends() {
    let counter = Counter::open(&[]).await;
    let mut stream = Stream::open(counter.rpc()).await;
    let began = Instant::now();
    counter.sign_out().await;

    let (name, _, data) = stream.event().await;

    assert!(began.elapsed() < SOON);
    assert_eq!((name.as_str(), &data["json"]["code"]), ("error", &json!("UNAUTHORIZED")));
    assert_eq!((&data["json"]["status"], &data["json"]["defined"]), (&json!(401), &json!(true)));
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn a_stream_is_told_every_five_seconds_that_it_lives_and_shutdown_does_not_wait_for_it() {
    let counter = Counter::open(&[]).await;
    let mut stream = Stream::open(counter.rpc()).await;
    let began = Instant::now();
    assert_eq!(stream.next().await.as_deref(), Some(": "));
    assert!((4..8).contains(&began.elapsed().as_secs()), "{:?}", began.elapsed());

    let (took, (name, _, data)) = tokio::join!(counter.node.stop(), stream.event());

    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!((name.as_str(), &data["json"]["code"]), ("error", &json!("SERVICE_UNAVAILABLE")), "and come back");
    assert_eq!(stream.next().await, None);
}

#[tokio::test]
async fn streams_have_places_of_their_own_and_who_leaves_makes_room() {
    let flags = ["--max-listeners", "3", "--max-listeners-per-address", "2", "--max-in-flight", "1"];
    let counter = Counter::open(&flags).await;
    let first = Stream::open(counter.rpc()).await;
    let _second = Stream::open(counter.rpc()).await;

    let refused = counter.rpc().send().await.unwrap();
    assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (429, true));
    let (status, _) = counter.node.post("/api/supportTickets/list", Some(&counter.token), json!({})).await;
    assert_eq!(status, 200, "a stream is not among the requests that are worked on");

    drop(first);
    for _ in 0..100 {
        if counter.rpc().send().await.unwrap().status() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the place of somebody who left is not free");
}

#[tokio::test]
async fn the_documents_say_that_it_is_a_stream() {
    let world = World::new().await;
    let openapi = guildhall_catalogue::openapi::document(world.catalogue, "https://guildhall.example");
    let operation = &openapi["paths"]["/api/supportTickets/live"]["post"];
    let events = &operation["responses"]["200"]["content"]["text/event-stream"]["schema"]["oneOf"];
    assert_eq!(events[0]["properties"]["event"], json!({ "const": "message" }));
    assert!(operation["parameters"].to_string().contains("LastEventId"));
    let contract = guildhall_catalogue::typescript::contract(world.catalogue);
    let line = contract.lines().find(|line| line.trim_start().starts_with("live: ")).unwrap();
    assert!(line.contains("output(eventIterator(type<SupportTicketsLiveOutput>()))"), "{line}");
}
