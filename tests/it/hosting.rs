//! Hosted servers under attack, over a real listener (T76, T77, T81, T82; hosts: T73 in `crates/http/src/host.rs`).

use std::sync::Arc;

use reqwest::{Method, header};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::node::Node;

const PATH: &str = "/s/guildhall-demo/mcp";

/// Calls a tool in the stateless era; every caller with the same JSON-RPC id.
async fn tool(node: &Node, path: &str, name: &str, arguments: Value) -> (u16, Value) {
    let params = json!({ "name": name, "arguments": arguments,
        "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "attack", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {} } });
    let request = node.request(Method::POST, path);
    let request = request
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", "tools/call")
        .header("mcp-name", name);
    let answer =
        request.json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params })).send().await;
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or_default())
}

/// Begins a session of the older era.
async fn initialize(node: &Node, path: &str) -> String {
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "attack", "version": "1" } });
    let request = node.request(Method::POST, path).header(header::ACCEPT, "application/json, text/event-stream");
    let answer = request
        .json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }))
        .send()
        .await
        .unwrap();
    answer.headers()["mcp-session-id"].to_str().unwrap().to_owned()
}

async fn ping(node: &Node, path: &str, session: &str) -> u16 {
    let request = node.request(Method::POST, path).header(header::ACCEPT, "application/json, text/event-stream");
    let request = request.header("mcp-session-id", session).header("mcp-protocol-version", "2025-11-25");
    request.json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" })).send().await.unwrap().status().as_u16()
}

/// T77 (CVE-2026-25536): answers of one transport that many share went to whoever asked last.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn callers_with_the_same_json_rpc_id_get_their_own_answers() {
    let node = Arc::new(Node::start().await);
    let mut callers = JoinSet::new();
    for caller in 0..32 {
        let node = node.clone();
        callers.spawn(async move {
            let mut filed = Vec::new();
            for turn in 0..10 {
                let title = format!("canary {caller} {turn}");
                let arguments = json!({ "title": title, "problemDescription": "d" });
                let (status, answer) = tool(&node, &format!("{PATH}/caller-{caller}"), "get_support", arguments).await;
                assert_eq!((status, &answer["id"]), (200, &json!(1)), "{answer}");
                filed.push((answer["result"]["structuredContent"]["ticketId"].clone(), title));
            }
            filed
        });
    }
    let filed: Vec<(Value, String)> = callers.join_all().await.into_iter().flatten().collect();
    let owner = node.sign_in().await;
    let mut titles = std::collections::HashMap::new();
    let mut input = json!({ "limit": 100 });
    loop {
        let (_, page) = node.post("/api/supportTickets/list", Some(&owner), input.clone()).await;
        for ticket in page["items"].as_array().unwrap() {
            titles.insert(ticket["id"].clone(), ticket["title"].as_str().unwrap().to_owned());
        }
        match page["nextCursor"].as_str() {
            Some(cursor) => input["cursor"] = json!(cursor),
            None => break,
        }
    }
    assert_eq!(filed.len(), 320);
    for (id, title) in filed {
        assert_eq!(titles.get(&id), Some(&title), "somebody else's answer");
    }
}

/// T76 (CVE-2025-6515, CVE-2026-33946): a session's or a visitor's name is no key to anything of somebody else.
#[tokio::test]
async fn a_session_opens_nothing_but_its_own_server_and_person() {
    let node = Node::start().await;
    let owner = node.sign_in().await;
    let other = json!({ "name": "Other", "slug": "other-server" });
    assert_eq!(node.post("/api/mcpServers/create", Some(&owner), other).await.0, 200);
    let (ann, bob) = (initialize(&node, &format!("{PATH}/ann")).await, initialize(&node, PATH).await);
    for (path, session, expected) in [
        (format!("{PATH}/ann"), &ann, 200),
        (PATH.to_owned(), &bob, 200),
        (format!("{PATH}/bob"), &ann, 404),
        (format!("{PATH}/ann"), &bob, 404),
        ("/s/other-server/mcp/ann".to_owned(), &ann, 404),
        ("/s/other-server/mcp".to_owned(), &bob, 404),
        (PATH.to_owned(), &"0".repeat(48), 404),
    ] {
        assert_eq!(ping(&node, &path, session).await, expected, "{path}");
    }
    let delete = node.request(Method::DELETE, "/s/other-server/mcp").header("mcp-session-id", &bob);
    assert_eq!(delete.send().await.unwrap().status(), 404, "nor can it be ended from there");
    assert_eq!(ping(&node, PATH, &bob).await, 200);

    let (_, first) = tool(&node, PATH, "get_support", json!({ "title": "t", "problemDescription": "d" })).await;
    let handle = first["result"]["_meta"]["guildhall/visitor"].clone();
    let (_, there) = tool(
        &node,
        "/s/other-server/mcp",
        "get_support",
        json!({ "title": "t", "problemDescription": "d", "visitor": handle }),
    )
    .await;
    assert_ne!(there["result"]["_meta"]["guildhall/visitor"], handle, "somebody new");
}

/// T81: what is too large or too deep is refused before it is kept, and keys are not kept at all.
#[tokio::test]
async fn arguments_have_their_bounds_and_secrets_are_masked() {
    let node = Node::start().await;
    let large = json!({ "title": "t", "problemDescription": "x".repeat(10 * 1024 * 1024) });
    assert_eq!(tool(&node, PATH, "get_support", large).await.0, 413);
    let mut deep = json!(1);
    for _ in 0..200 {
        deep = json!([deep]);
    }
    let (status, answer) = tool(&node, PATH, "get_support", json!({ "title": deep, "problemDescription": "d" })).await;
    assert!(status == 400 || answer["result"]["isError"] == true, "{status} {answer}");
    let secret = "ghp_0123456789abcdefghijklmnopqrstuvwxyz";
    let path = format!("{PATH}/ann");
    let leaky = json!({ "title": "t", "problemDescription": format!("my token is {secret}") });
    assert_eq!(tool(&node, &path, "get_support", leaky).await.1["result"]["isError"], false);
    let owner = node.sign_in().await;
    let (_, users) = node.post("/api/mcpServers/listUsers", Some(&owner), json!({ "search": "ann" })).await;
    let filter = json!({ "mcpUserId": users["items"][0]["id"] });
    let (_, visits) = node.post("/api/sessions/list", Some(&owner), filter).await;
    let session = json!({ "sessionId": visits["items"][0]["id"] });
    let (_, calls) = node.post("/api/sessions/getToolCalls", Some(&owner), session).await;
    assert_eq!(calls[0]["toolName"], "get_support");
    assert!(!calls.to_string().contains(secret), "{calls}");
}
