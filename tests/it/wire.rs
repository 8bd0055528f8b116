//! The faces over a real listener: what a client gets, byte by byte where it matters. The clients themselves are in
//! `tests/clients`.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::node::Node;

#[tokio::test]
async fn the_demo_can_be_signed_in_to_and_used() {
    let node = Node::start().await;
    let token = node.sign_in().await;
    let (_, members) = node.post("/rpc/organization/listMembers", Some(&token), json!({ "json": {} })).await;
    assert_eq!(members["meta"], json!([[1, "members", 0, "createdAt"]]), "a Date for an RPC client");
    let (_, plain) = node.post("/api/organization/listMembers", Some(&token), json!({})).await;
    assert_eq!(plain, members["json"]);
    let (_, servers) = node.post("/api/mcpServers/list", Some(&token), json!({})).await;
    assert_eq!(servers[0]["slug"], "guildhall-demo");
}

#[tokio::test]
async fn errors_are_the_envelope_and_nothing_else() {
    let node = Node::start().await;
    let (status, error) = node.post("/rpc/example/execute", None, json!({ "json": { "name": 1, "age": "x" } })).await;
    assert_eq!(status, 400);
    let keys: Vec<&String> = error["json"].as_object().unwrap().keys().collect();
    assert_eq!(keys, ["defined", "code", "status", "message", "data"]);
    let paths: Vec<&Value> =
        error["json"]["data"]["issues"].as_array().unwrap().iter().map(|issue| &issue["path"]).collect();
    assert_eq!(paths, [&json!(["name"]), &json!(["age"])]);

    let (status, unknown) = node.post("/rpc/no/such", None, json!({})).await;
    let code = (&unknown["json"]["code"], &unknown["json"]["defined"]);
    assert_eq!((status, code), (StatusCode::NOT_FOUND, (&json!("NOT_FOUND"), &json!(false))));
    let (status, nobody) = node.post("/api/auth/getSession", Some("not.a.token"), json!({})).await;
    assert_eq!((status, &nobody["code"]), (StatusCode::UNAUTHORIZED, &json!("UNAUTHORIZED")));
}

#[tokio::test]
async fn a_body_has_a_limit_and_an_import_a_larger_one() {
    let node = Node::start().await;
    let token = node.sign_in().await;
    let step = |place: usize| {
        json!({ "title": "S", "displayOrder": place,
            "contentFields": { "version": "v1", "contentForUser": "x".repeat(49_000) } })
    };
    let document = json!({ "version": "1.0", "exportedAt": "2026-01-01T00:00:00.000Z", "walkthrough": { "title": "Long",
        "type": "course", "status": "draft" }, "steps": (0..40).map(step).collect::<Vec<_>>() });
    let (status, made) = node.post("/api/walkthrough/import", Some(&token), json!({ "document": document })).await;
    assert_eq!((status, &made["stepCount"]), (StatusCode::OK, &json!(40)));

    let (status, refused) =
        node.post("/rpc/walkthrough/list", Some(&token), json!({ "json": { "x": document } })).await;
    assert_eq!((status, &refused["json"]["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("PAYLOAD_TOO_LARGE")));
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_it_private() {
    let node = Node::start().await;
    for path in ["/healthz", "/rpc/no/such", "/openapi.json", "/nowhere"] {
        let response = node.request(Method::GET, path).send().await.unwrap();
        let headers = response.headers();
        assert_eq!(headers["cache-control"], "no-store", "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert!(headers.contains_key("content-security-policy") && headers.contains_key("x-request-id"));
    }
}

#[tokio::test]
async fn a_host_that_is_not_ours_is_misdirected() {
    let node = Node::start().await;
    let port = node.address.port();
    for (host, status) in [
        (format!("localhost:{port}"), 200),
        (format!("evil.example:{port}"), 421),
        (format!("a.b.localhost:{port}"), 421),
        (format!("localhost.:{port}"), 421),
        (format!("guildhall-demo.localhost:{port}"), 404),
    ] {
        let response = node.request(Method::GET, "/healthz").header(header::HOST, &host).send().await.unwrap();
        assert_eq!(response.status(), status, "{host}");
    }
}

#[tokio::test]
async fn both_eras_of_mcp_are_served_on_one_url() {
    let node = Node::start().await;
    let path = "/s/guildhall-demo/mcp/reader";
    let accept = "application/json, text/event-stream";
    let legacy = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": { "protocolVersion": "2025-11-25",
        "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } });
    let answer = node.request(Method::POST, path).header(header::ACCEPT, accept).json(&legacy).send().await.unwrap();
    let session = answer.headers()["mcp-session-id"].to_str().unwrap().to_owned();
    let hello: Value = answer.json().await.unwrap();
    assert_eq!(hello["result"]["protocolVersion"], "2025-11-25");

    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {} });
    let request = node.request(Method::POST, path).header(header::ACCEPT, accept).header("mcp-session-id", session);
    let tools: Value = request.json(&list).send().await.unwrap().json().await.unwrap();
    let names = |tools: &Value| -> Vec<String> {
        tools["result"]["tools"].as_array().unwrap().iter().map(|t| t["name"].as_str().unwrap().to_owned()).collect()
    };
    let support = ["get_support", "check_support", "reply_to_support"];
    let documentation = ["search_documentation", "read_document", "report_docs_gap"];
    let walkthroughs = ["start_walkthrough", "get_next_step"];
    assert_eq!(names(&tools), [&support[..], &walkthroughs, &documentation].concat());

    let meta = json!({ "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {} });
    let list = json!({ "jsonrpc": "2.0", "id": 3, "method": "tools/list", "params": { "_meta": meta } });
    let request = node.request(Method::POST, path).header(header::ACCEPT, accept);
    let request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/list");
    let stateless: Value = request.json(&list).send().await.unwrap().json().await.unwrap();
    assert_eq!(names(&stateless), names(&tools), "{stateless}");
    assert_eq!(stateless["result"]["resultType"], "complete");

    let unknown = node.request(Method::POST, "/s/never-was/mcp").header(header::ACCEPT, accept).json(&legacy);
    assert_eq!(unknown.send().await.unwrap().status(), 404);
    let foreign =
        node.request(Method::POST, path).header(header::ACCEPT, accept).header("origin", "https://evil.example");
    assert_eq!(foreign.json(&legacy).send().await.unwrap().status(), 403);
}
