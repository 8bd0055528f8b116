//! The chart as a picture, over a real listener.

use guildhall_domain::analytics::{Chart, TimeRange};
use reqwest::{Method, RequestBuilder, header};
use roxmltree::Document;
use serde_json::{Value, json};

use crate::node::{self, Node};

const PATH: &str = "/api/charts/tool-calls.svg?timeRange=1m";

/// Has an agent ask for its next step.
async fn ask_for_a_step(node: &Node) {
    let about = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {} });
    let params = json!({ "name": "get_next_step", "arguments": {}, "_meta": about });
    let request = node.request(Method::POST, "/s/guildhall-demo/mcp/reader");
    let request = request.header("accept", "application/json, text/event-stream");
    let request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/call");
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
    let answer = request.header("mcp-name", "get_next_step").json(&message).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn the_picture_is_what_the_procedure_answers_drawn() {
    let node = Node::start().await;
    let token = node.sign_in().await;
    for _ in 0..3 {
        ask_for_a_step(&node).await;
    }
    let (_, chart) = node.post("/api/toolCalls/getChart", Some(&token), json!({ "timeRange": "1m" })).await;
    let chart: Chart = serde_json::from_value(chart).unwrap();

    let answer = node.request(Method::GET, PATH).bearer_auth(&token).send().await.unwrap();

    assert_eq!(answer.status(), 200);
    let said = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(said("content-type"), "image/svg+xml");
    assert_eq!(said("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(
        (said("x-content-type-options"), said("cache-control")),
        ("nosniff".into(), "private, max-age=60".into())
    );
    let vary = answer.headers().get_all(header::VARY).iter().map(|vary| vary.to_str().unwrap()).collect::<Vec<_>>();
    assert!(
        ["x-organization", "Cookie", "Authorization"].iter().all(|name| vary.join(", ").contains(name)),
        "{vary:?}"
    );
    let svg = answer.text().await.unwrap();
    assert_eq!(svg, chart.picture(TimeRange::Month).unwrap());
    let document = Document::parse(&svg).unwrap();
    let texts: Vec<&str> = document.descendants().filter_map(|node| node.text().map(str::trim)).collect();
    assert!(texts.contains(&"3 calls of tools in the last 30 days") && texts.contains(&"get_next_step"), "{texts:?}");
}

#[tokio::test]
async fn who_may_not_see_the_figures_gets_the_answer_of_the_procedure() {
    let node = Node::start().await;
    let token = node.sign_in().await;
    let get = |query: &str| node.request(Method::GET, &format!("/api/charts/tool-calls.svg{query}"));
    let signed = |query: &str| get(query).bearer_auth(&token);
    let refused = async |request: RequestBuilder| {
        let (status, body) = node::answer(request).await;
        (status.as_u16(), body["code"].as_str().unwrap().to_owned(), body["data"].clone())
    };
    let field = |data: &Value| data["issues"][0]["path"].clone();

    assert_eq!(refused(get("?timeRange=1w")).await.0, 401);
    assert_eq!(refused(get("?timeRange=1w").bearer_auth("not.a.token")).await.0, 401);
    let (status, code, data) = refused(signed("?timeRange=1w").header("x-organization", "never-was")).await;
    assert_eq!((status, code.as_str(), &data["resource"]), (404, "RESOURCE_NOT_FOUND", &json!("organization")));
    let never_was = "?timeRange=1w&serverId=srv_01jd0000000000000000000000";
    let (_, right) = node.post("/api/mcpServers/list", Some(&token), json!({})).await;
    let prefix = right[0]["id"].as_str().unwrap().split('_').next().unwrap();
    let (status, _, data) = refused(signed(&never_was.replace("srv", prefix))).await;
    assert_eq!((status, &data["resource"]), (404, &json!("mcp_server")));
    for (query, path) in [
        ("", json!([])),
        ("?timeRange=2w", json!(["timeRange"])),
        ("?timeRange=1w&serverId=x", json!(["serverId"])),
        ("?timeRange=1w&width=9", json!(["width"])),
    ] {
        let (status, code, data) = refused(signed(query)).await;
        assert_eq!((status, code.as_str()), (400, "BAD_REQUEST"), "{query}");
        let (_, body) = node.post("/api/toolCalls/getChart", Some(&token), json!({})).await;
        let path = if query.is_empty() { field(&body["data"]) } else { path };
        assert_eq!(field(&data), path, "{query}");
    }
}

#[tokio::test]
async fn a_browser_shows_it_by_its_cookie_and_it_is_only_read() {
    let node = Node::start().await;
    let cookie = node.browser().await;
    let ask = |method| node.request(method, PATH).header("cookie", cookie.clone());

    let shown = ask(Method::GET).header("sec-fetch-site", "same-origin").send().await.unwrap();

    assert_eq!((shown.status().as_u16(), &shown.headers()["content-type"]), (200, &"image/svg+xml".parse().unwrap()));
    let head = ask(Method::HEAD).send().await.unwrap();
    assert_eq!((head.status().as_u16(), head.text().await.unwrap().as_str()), (200, ""));
    let (status, body) = node::answer(ask(Method::POST).json(&json!({}))).await;
    assert_eq!((status.as_u16(), &body["code"]), (405, &json!("METHOD_NOT_SUPPORTED")));
}
