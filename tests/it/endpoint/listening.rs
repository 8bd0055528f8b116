//! Hearing of changes, without asking again and again (`subscriptions/listen`).

use std::time::{Duration, Instant};

use guildhall_services::Visit;
use guildhall_tests::World;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Place, said};

/// What a listener hears.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next message; none where the stream has ended.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let data: String = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
                self.text = rest.to_owned();
                if let Ok(message) = serde_json::from_str(&data) {
                    return Some(message);
                }
                continue;
            }
            let chunk = timeout(Duration::from_secs(10), self.response.chunk()).await.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }

    /// Reads to the end; whether the server ended it in good order.
    async fn ends(&mut self) -> bool {
        let mut last = Value::Null;
        while let Some(message) = self.next().await {
            last = message;
        }
        last["result"].is_object()
    }
}

fn listen(place: &Place, reader: &str) -> RequestBuilder {
    place.stateless(reader, "subscriptions/listen", json!({ "notifications": { "toolsListChanged": true } }))
}

/// A listener that has heard that it is one.
async fn listener(place: &Place) -> Stream {
    let mut stream = Stream::open(listen(place, "")).await;
    let heard = stream.next().await.unwrap();
    assert_eq!(heard["method"], "notifications/subscriptions/acknowledged", "{heard}");
    assert_eq!(heard["params"]["notifications"], json!({ "toolsListChanged": true }), "{heard}");
    stream
}

async fn offer_tickets(place: &Place, tickets: &str, auth_type: &str) {
    let change = json!({ "serverId": place.server["id"], "authType": auth_type, "supportTicketType": tickets });
    place.ok("mcpServers.updateConfiguration", change).await;
}

#[tokio::test]
async fn a_listener_hears_within_two_seconds_that_the_tools_are_others() {
    let place = Place::new().await;
    let new = json!({ "title": "First", "type": "course", "isPublished": true });
    let walkthrough = place.ok("walkthrough.create", new).await["id"].clone();
    place.ok("walkthrough.createStep", json!({ "walkthroughId": walkthrough, "title": "The step" })).await;
    let mut stream = listener(&place).await;
    let assign = |walkthroughs: Value| json!({ "serverId": place.server["id"], "walkthroughs": walkthroughs });

    for walkthroughs in [json!([{ "walkthroughId": walkthrough }]), json!([])] {
        let began = Instant::now();
        place.ok("walkthrough.assignToServer", assign(walkthroughs)).await;
        let heard = stream.next().await.unwrap();
        assert_eq!(heard["method"], "notifications/tools/list_changed", "{heard}");
        assert_eq!(heard["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 1, "{heard}");
        assert!(began.elapsed() < Duration::from_millis(2500), "{:?}", began.elapsed());
    }

    place.update(json!({ "name": "Renamed" })).await;
    offer_tickets(&place, "none", "none").await;
    assert_eq!(stream.next().await.unwrap()["method"], "notifications/tools/list_changed");
    place.update(json!({ "isPaused": true })).await;
    assert!(stream.ends().await, "nothing of a new name, and the end of a paused server");
}

#[tokio::test]
async fn what_is_listened_for_is_what_is_announced() {
    let place = Place::new().await;
    let discovered = said(place.stateless("", "server/discover", json!({}))).await;
    assert_eq!(discovered.body["result"]["capabilities"]["tools"]["listChanged"], true, "{discovered:?}");
    let initialized = said(place.initialize("")).await;
    assert_eq!(initialized.body["result"]["capabilities"]["tools"], json!({}), "a session has no stream");

    let all = json!({ "notifications": { "promptsListChanged": true, "resourcesListChanged": true } });
    let mut stream = Stream::open(place.stateless("", "subscriptions/listen", all)).await;
    let heard = stream.next().await.unwrap();
    assert_eq!(heard["params"]["notifications"].as_object().map(serde_json::Map::len), Some(0), "{heard}");
    let session = place.session().await;
    let legacy = said(place.in_session(&session, "subscriptions/listen", &json!({ "notifications": {} }))).await;
    assert!(legacy.body["error"].is_object() || !legacy.status.is_success(), "{legacy:?}");
}

#[tokio::test]
async fn a_listener_is_let_go_when_the_server_is_gone_or_wants_to_know_who_it_is() {
    let place = Place::new().await;
    let mut stream = listener(&place).await;
    offer_tickets(&place, "dashboard", "platform_oauth").await;
    assert!(stream.ends().await);
    assert_eq!(said(listen(&place, "")).await.status, 401);

    offer_tickets(&place, "dashboard", "none").await;
    let mut stream = listener(&place).await;
    place.ok("mcpServers.delete", json!({ "serverId": place.server["id"], "confirmSlug": place.slug })).await;
    assert!(stream.ends().await);
}

#[tokio::test]
async fn a_node_shuts_down_at_once_though_somebody_listens() {
    let place = Place::new().await;
    let mut stream = listener(&place).await;

    let (took, ended) = tokio::join!(place.node.stop(), stream.ends());

    assert!(ended && took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn only_so_many_listen_and_who_leaves_makes_room() {
    let place = Place::with(&["--max-listeners", "2"]).await;
    let (_first, second) = (listener(&place).await, listener(&place).await);
    let refused = said(listen(&place, "")).await;
    assert_eq!((refused.status.as_u16(), refused.headers.contains_key("retry-after")), (503, true), "{refused:?}");
    assert_eq!(said(place.stateless("", "tools/list", json!({}))).await.status, 200, "others are answered");

    drop(second);
    let mut tries = 0;
    while said_status(&place).await != 200 {
        tries += 1;
        assert!(tries < 50, "the place of somebody who left is not free");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn said_status(place: &Place) -> u16 {
    listen(place, "").send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn what_happens_on_another_node_wakes_those_who_listen_and_costs_nothing_while_nobody_does() {
    let world = World::new().await;
    let other = world.another_node().await;
    let visit = Visit { slug: "ours-server".to_owned(), tracking_id: None, session_key: None, token: None };
    let visitor = other.greet(&visit).await.unwrap();
    let mut changes = other.listen(&visitor);
    let woken = async |changes: &mut guildhall_services::Changes| {
        timeout(Duration::from_millis(2500), changes.next()).await.is_ok()
    };
    assert!(woken(&mut changes).await, "of what happened a moment ago");
    assert!(!woken(&mut changes).await);

    world.clock.advance(Duration::from_secs(10));
    let pause = json!({ "serverId": world.ours.server.id, "isPaused": true });
    world.ok("mcpServers.update", pause).await;
    assert!(woken(&mut changes).await);
    assert!(other.greet_again(&visitor).await.is_err());
    let theirs = json!({ "serverId": world.theirs.server.id, "name": "Renamed" });
    world.call("mcpServers.update", &world.theirs.owner, theirs).await.unwrap();
    assert!(!woken(&mut changes).await, "another organization's news");

    let ours = world.app.listen(&visitor);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    drop(ours);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let quiet = world.statements(tokio::time::sleep(Duration::from_millis(1500))).await.1;
    assert_eq!(quiet, 0, "nobody listens on this node");
}
