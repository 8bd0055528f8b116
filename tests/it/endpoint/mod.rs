//! A hosted server over HTTP, in both eras of the protocol.

mod limits;
mod listening;
mod page;
mod pausing;

use reqwest::{Method, RequestBuilder, Response, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

use crate::node::Node;

/// The revision without sessions.
const STATELESS: &str = "2026-07-28";
/// The last revision with them.
const SESSIONS: &str = "2025-11-25";

/// A node with a server of the demo organization that nobody else uses.
struct Place {
    node: Node,
    token: String,
    server: Value,
    slug: String,
}

/// What a request gets.
#[derive(Debug)]
struct Answered {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Place {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same with those flags.
    async fn with(flags: &[&str]) -> Self {
        let node = Node::start_with(flags).await;
        let token = node.sign_in().await;
        let slug = "acme-help".to_owned();
        let new = json!({ "name": "Acme Help", "slug": slug, "productPlatformOrTool": "ovens" });
        let (status, server) = node.post("/api/mcpServers/create", Some(&token), new).await;
        assert_eq!(status, 200, "{server}");
        Self { node, token, server, slug }
    }

    /// Calls a procedure as the organization's owner, which must succeed.
    async fn ok(&self, name: &str, input: Value) -> Value {
        let (status, answer) =
            self.node.post(&format!("/api/{}", name.replace('.', "/")), Some(&self.token), input).await;
        assert_eq!(status, 200, "{name}: {answer}");
        answer
    }

    async fn update(&self, mut change: Value) {
        change["serverId"] = self.server["id"].clone();
        self.ok("mcpServers.update", change).await;
    }

    /// How many calls of this server are kept.
    async fn calls(&self) -> i64 {
        let detail = self.ok("mcpServers.get", json!({ "serverId": self.server["id"] })).await;
        detail["toolCallCount"].as_i64().unwrap()
    }

    fn request(&self, method: Method, reader: &str) -> RequestBuilder {
        let request = self.node.request(method, &format!("/s/{}/mcp{reader}", self.slug));
        request.header("accept", "application/json, text/event-stream")
    }

    /// A request of the revision without sessions; `reader`: empty, or a slash and a trackingId.
    fn stateless(&self, reader: &str, method: &str, mut params: Value) -> RequestBuilder {
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": STATELESS,
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let mut request = self.request(Method::POST, reader);
        request = request.header("mcp-protocol-version", STATELESS).header("mcp-method", method);
        if let Some(name) = params["name"].as_str() {
            request = request.header("mcp-name", name);
        }
        request.json(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
    }

    /// A request in a session.
    fn in_session(&self, session: &str, method: &str, params: &Value) -> RequestBuilder {
        let request = self.request(Method::POST, "").header("mcp-protocol-version", SESSIONS);
        let request = request.header("mcp-session-id", session);
        request.json(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }))
    }

    fn initialize(&self, reader: &str) -> RequestBuilder {
        let client = json!({ "name": "old", "version": "1" });
        let params = json!({ "protocolVersion": SESSIONS, "capabilities": {}, "clientInfo": client });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        self.request(Method::POST, reader).json(&message)
    }

    /// A new session's key.
    async fn session(&self) -> String {
        let begun = said(self.initialize("")).await;
        assert_eq!(begun.status, 200, "{begun:?}");
        begun.headers["mcp-session-id"].to_str().unwrap().to_owned()
    }
}

/// What a request gets.
async fn said(request: RequestBuilder) -> Answered {
    let response: Response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = serde_json::from_str(&response.text().await.unwrap()).unwrap_or_default();
    Answered { status, headers, body }
}

/// A call that every server answers.
fn get_support() -> Value {
    let asked = json!({ "title": "Help", "problemDescription": "It does not work", "email": "ann@example.test" });
    json!({ "name": "get_support", "arguments": asked })
}
