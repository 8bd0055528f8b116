//! Somebody who is taken through a walkthrough, in either era of MCP, and does not take every answer for right.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use guildhall_domain::{Id, id};
use serde_json::{Value, json};

use crate::api::{Seeded, text};
use crate::bench::wire::Connection;

const STATELESS: &str = "2026-07-28";
const SESSIONS: &str = "2025-11-25";

/// The walkthrough, and where it is offered.
#[derive(Clone, Debug)]
pub(super) struct Course {
    slug: String,
    steps: Vec<Value>,
}

impl Course {
    /// The only one of a seeded organization.
    pub(super) async fn of(seeded: &Seeded) -> Result<Self> {
        let walkthroughs = seeded.owner.everything("walkthrough.list").await?;
        let id = &walkthroughs.first().context("no walkthrough")?["id"];
        let whole = seeded.owner.call("walkthrough.get", &json!({ "walkthroughId": id })).await?;
        let steps = whole["steps"].as_array().context("a walkthrough has steps")?;
        Ok(Self { slug: seeded.slug.clone(), steps: steps.iter().map(|step| step["id"].clone()).collect() })
    }

    /// The same where ids are UUIDs and do not say what of.
    pub(super) fn with_plain_ids(&self) -> Result<Self> {
        let plain = |step: &Value| {
            let id: Id<id::Step> = text(step)?.parse().map_err(|problem| anyhow!("{step}: {problem}"))?;
            anyhow::Ok(json!(id.uuid().to_string()))
        };
        Ok(Self { slug: self.slug.clone(), steps: self.steps.iter().map(plain).collect::<Result<_>>()? })
    }

    /// How many steps there are.
    pub(super) const fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether `answer` is what somebody must hear who has done that many steps.
    fn check(&self, answer: &Value, done: usize) -> Result<()> {
        let right = match self.steps.get(done) {
            Some(step) => answer["status"] == "step" && answer["step"]["id"] == *step,
            None => answer["status"] == "finished" && answer["step"].is_null(),
        };
        ensure!(right && answer["progress"]["completedSteps"] == done, "not the answer after {done} steps: {answer}");
        Ok(())
    }
}

/// One person with a connection of their own.
#[derive(Debug)]
pub(super) struct Reader {
    course: Arc<Course>,
    name: String,
    connection: Connection,
    session: Option<String>,
    /// How many calls were answered.
    pub(super) calls: usize,
}

impl Reader {
    /// Of the stateless era: the first call says all.
    pub(super) async fn stateless(course: &Arc<Course>, url: &str, name: String) -> Result<Self> {
        let connection = Connection::open(url).await?;
        Ok(Self { course: Arc::clone(course), name, connection, session: None, calls: 0 })
    }

    /// Of the era of sessions, after the handshake.
    pub(super) async fn in_session(course: &Arc<Course>, url: &str, name: String) -> Result<Self> {
        let mut reader = Self::stateless(course, url, name).await?;
        let hello = json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
            "protocolVersion": SESSIONS, "capabilities": {}, "clientInfo": client() } });
        let said = reader.connection.post(&reader.path(), "", &hello.to_string()).await?;
        ensure!(said.status == 200, "initialize: {}: {}", said.status, String::from_utf8_lossy(&said.body));
        reader.session = Some(said.session.context("initialize begins a session")?);
        let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        let said = reader.connection.post(&reader.path(), &reader.headers(""), &ready.to_string()).await?;
        ensure!(said.status == 202, "notifications/initialized: {}", said.status);
        Ok(reader)
    }

    /// Whether the server has not hung up.
    pub(super) fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    /// Begins at the first step.
    pub(super) async fn start(&mut self) -> Result<()> {
        let answer = self.call("start_walkthrough", &json!({ "restart": true })).await?;
        self.course.check(&answer, 0)
    }

    /// Asks for the step where one is, once more.
    pub(super) async fn ask_again(&mut self) -> Result<()> {
        let answer = self.call("get_next_step", &json!({})).await?;
        self.course.check(&answer, 0)
    }

    /// Says that a step is done, and hears the next.
    pub(super) async fn finish(&mut self, step: usize) -> Result<()> {
        let id = self.course.steps.get(step).context("no such step")?;
        let answer = self.call("get_next_step", &json!({ "currentStepId": id })).await?;
        self.course.check(&answer, step.saturating_add(1))
    }

    async fn call(&mut self, tool: &str, arguments: &Value) -> Result<Value> {
        let mut params = json!({ "name": tool, "arguments": arguments });
        if self.session.is_none() {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": STATELESS,
                "io.modelcontextprotocol/clientInfo": client(),
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let said = self.connection.post(&self.path(), &self.headers(tool), &message.to_string()).await?;
        let body = String::from_utf8_lossy(&said.body);
        ensure!(said.status == 200, "{tool}: {}: {body}", said.status);
        let mut answer: Value = serde_json::from_slice(&said.body)?;
        ensure!(answer["result"]["isError"] != true, "{tool}: {body}");
        text(&answer["result"]["content"][0]["text"])?;
        self.calls = self.calls.saturating_add(1);
        Ok(answer["result"]["structuredContent"].take())
    }

    fn path(&self) -> String {
        format!("/s/{}/mcp/{}", self.course.slug, self.name)
    }

    fn headers(&self, tool: &str) -> String {
        match &self.session {
            Some(key) => format!("mcp-protocol-version: {SESSIONS}\r\nmcp-session-id: {key}\r\n"),
            None => format!("mcp-protocol-version: {STATELESS}\r\nmcp-method: tools/call\r\nmcp-name: {tool}\r\n"),
        }
    }
}

fn client() -> Value {
    json!({ "name": "bench", "version": env!("CARGO_PKG_VERSION") })
}
