//! Being asked for an email address in the middle of a call, over a real listener (revision 2026-07-28).

use reqwest::header;
use serde_json::{Value, json};

use crate::node::Node;

struct Caller {
    node: Node,
    can_ask: bool,
}

impl Caller {
    async fn new(can_ask: bool) -> Self {
        let node = Node::start().await;
        let owner = node.sign_in().await;
        let (_, servers) = node.post("/api/mcpServers/list", Some(&owner), json!({})).await;
        let change =
            json!({ "serverId": servers[0]["id"], "authType": "collect_email", "supportTicketType": "dashboard" });
        let (status, answer) = node.post("/api/mcpServers/updateConfiguration", Some(&owner), change).await;
        assert_eq!(status, 200, "{answer}");
        Self { node, can_ask }
    }

    /// Calls `get_support`; `more` is what a round adds.
    async fn call(&self, more: Value) -> Value {
        self.tool("get_support", json!({ "title": "Help", "problemDescription": "It is broken." }), more).await
    }

    async fn tool(&self, name: &str, arguments: Value, more: Value) -> Value {
        let can = if self.can_ask { json!({ "elicitation": { "form": {} } }) } else { json!({}) };
        let mut params = json!({
            "name": name, "arguments": arguments,
            "_meta": { "io.modelcontextprotocol/protocolVersion": "2026-07-28",
                "io.modelcontextprotocol/clientInfo": { "name": "rounds", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": can },
        });
        params.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let request = self.node.request(reqwest::Method::POST, "/s/guildhall-demo/mcp");
        let request = request
            .header(header::ACCEPT, "application/json, text/event-stream")
            .header("mcp-protocol-version", "2026-07-28")
            .header("mcp-method", "tools/call")
            .header("mcp-name", name);
        let answer =
            request.json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params })).send().await;
        let answer: Value = answer.unwrap().json().await.unwrap();
        assert_eq!(answer["error"], Value::Null, "{answer}");
        answer["result"].clone()
    }

    /// Answers what was asked; what comes of it.
    async fn reply(&self, asked: &Value, action: &str, content: Value) -> Value {
        let name = asked["inputRequests"].as_object().unwrap().keys().next().unwrap().clone();
        let reply = json!({ "action": action, "content": content });
        self.call(json!({ "inputResponses": { name: reply }, "requestState": asked["requestState"] })).await
    }

    async fn code(&self, letters: usize) -> String {
        let all = self.node.letters("ann@example.test", letters).await;
        let mut codes = all.iter().map(|letter| letter.split("Subject: ").nth(1).unwrap()[..6].to_owned());
        codes.next_back().unwrap()
    }
}

fn question(result: &Value, field: &str) -> String {
    assert_eq!(result["resultType"], "input_required", "{result}");
    let request = &result["inputRequests"][field];
    assert_eq!(request["method"], "elicitation/create", "{result}");
    assert_eq!(request["params"]["requestedSchema"]["required"], json!([field]));
    request["params"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_first_call_asks_its_way_to_an_answer() {
    let caller = Caller::new(true).await;
    let asked = caller.call(json!({})).await;
    assert!(question(&asked, "email").contains("needs your email address"));
    let again = caller.reply(&asked, "accept", json!({ "email": "no address" })).await;
    assert!(question(&again, "email").starts_with("That did not work"));
    let code = caller.reply(&again, "accept", json!({ "email": "ann@example.test" })).await;
    assert!(question(&code, "code").contains("ann@example.test"));
    let right = caller.code(1).await;
    let wrong = if right == "000000" { "000001" } else { "000000" };
    let again = caller.reply(&code, "accept", json!({ "code": wrong })).await;
    assert!(question(&again, "code").starts_with("That did not work"));
    let done = caller.reply(&again, "accept", json!({ "code": right })).await;
    assert_eq!((&done["isError"], &done["structuredContent"]["status"]), (&json!(false), &json!("pending")), "{done}");
    let handle = done["_meta"]["guildhall/visitor"].as_str().unwrap();
    let known = json!({ "title": "More", "problemDescription": "Still.", "visitor": handle });
    let next = caller.tool("get_support", known, json!({})).await;
    assert_eq!(
        (&next["isError"], &next["structuredContent"]["number"]),
        (&json!(false), &json!(2)),
        "not asked again: {next}"
    );
}

#[tokio::test]
async fn who_does_not_want_to_is_told_and_who_cannot_be_asked_calls_a_tool() {
    let caller = Caller::new(true).await;
    let asked = caller.call(json!({})).await;
    let declined = caller.reply(&asked, "decline", Value::Null).await;
    assert_eq!(declined["isError"], true);
    assert!(declined["content"][0]["text"].as_str().unwrap().contains("provide_email"));

    let caller = Caller { can_ask: false, ..caller };
    let told = caller.call(json!({})).await;
    assert_eq!(told["isError"], true, "{told}");
    let handle = told["_meta"]["guildhall/visitor"].as_str().unwrap();
    let email = json!({ "email": "ann@example.test", "visitor": handle });
    assert_eq!(caller.tool("provide_email", email, json!({})).await["isError"], false);
    let proof = json!({ "email": "ann@example.test", "code": caller.code(1).await, "visitor": handle });
    assert_eq!(caller.tool("provide_email", proof, json!({})).await["structuredContent"]["status"], "verified");
    let known = json!({ "title": "Help", "problemDescription": "It is broken.", "visitor": handle });
    assert_eq!(caller.tool("get_support", known, json!({})).await["structuredContent"]["status"], "pending");
}
