//! Somebody who is taken through a walkthrough, in either era of MCP, and does not take every answer for right.

use std::{borrow::Cow, sync::Arc};

use anyhow::{Context, Result, anyhow, ensure};
use guildhall_domain::{Id, id, walkthroughs::Progress};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::api::{Seeded, text};
use crate::bench::wire::Connection;

const STATELESS: &str = "2026-07-28";
const SESSIONS: &str = "2025-11-25";

/// The walkthrough, where it is offered, and what is said there.
#[derive(Clone, Debug)]
pub(super) struct Course {
    slug: String,
    steps: Vec<String>,
    stateless: Messages,
    in_session: Messages,
}

/// Everybody says the same, so it is written once: who measures takes its time from the same cores.
#[derive(Clone, Debug)]
struct Messages {
    start: Message,
    ask: Message,
    /// One a step.
    finish: Vec<Message>,
}

/// A call of a tool.
#[derive(Clone, Debug)]
struct Message {
    tool: &'static str,
    body: String,
}

impl Course {
    /// The only one of a seeded organization.
    pub(super) async fn of(seeded: &Seeded) -> Result<Self> {
        let walkthroughs = seeded.owner.everything("walkthrough.list").await?;
        let id = &walkthroughs.first().context("no walkthrough")?["id"];
        let whole = seeded.owner.call("walkthrough.get", &json!({ "walkthroughId": id })).await?;
        let steps = whole["steps"].as_array().context("a walkthrough has steps")?;
        let steps = steps.iter().map(|step| text(&step["id"])).collect::<Result<_>>()?;
        Ok(Self::through(seeded.slug.clone(), steps))
    }

    /// The same where ids are UUIDs and do not say what of.
    pub(super) fn with_plain_ids(&self) -> Result<Self> {
        let plain = |step: &String| {
            let id: Id<id::Step> = step.parse().map_err(|problem| anyhow!("{step}: {problem}"))?;
            anyhow::Ok(id.uuid().to_string())
        };
        Ok(Self::through(self.slug.clone(), self.steps.iter().map(plain).collect::<Result<_>>()?))
    }

    fn through(slug: String, steps: Vec<String>) -> Self {
        let (stateless, in_session) = (Messages::about(&steps, true), Messages::about(&steps, false));
        Self { slug, steps, stateless, in_session }
    }

    /// How many steps there are.
    pub(super) const fn len(&self) -> usize {
        self.steps.len()
    }

    /// Whether that is where somebody must be who has done that many steps.
    fn check(&self, place: &Place<'_>, done: usize) -> Result<()> {
        let (step, status) = match self.steps.get(done) {
            Some(step) => (Some(step.as_str()), "step"),
            None => (None, "finished"),
        };
        let here = place.step.as_ref().map(|step| step.id.as_ref());
        let right = place.status == status && here == step && u32::try_from(done) == Ok(place.progress.completed_steps);
        ensure!(right, "not the answer after {done} steps: {place:?}");
        Ok(())
    }
}

impl Messages {
    fn about(steps: &[String], stateless: bool) -> Self {
        let message = |tool, arguments| Message::new(tool, &arguments, stateless);
        Self {
            start: message("start_walkthrough", json!({ "restart": true })),
            ask: message("get_next_step", json!({})),
            finish: steps.iter().map(|id| message("get_next_step", json!({ "currentStepId": id }))).collect(),
        }
    }
}

impl Message {
    fn new(tool: &'static str, arguments: &Value, stateless: bool) -> Self {
        let mut params = json!({ "name": tool, "arguments": arguments });
        if stateless {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": STATELESS,
                "io.modelcontextprotocol/clientInfo": client(),
                "io.modelcontextprotocol/clientCapabilities": {},
            });
        }
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        Self { tool, body: message.to_string() }
    }
}

/// What is read of an answer.
#[derive(Debug, Deserialize)]
struct Said<'a> {
    #[serde(borrow)]
    result: Told<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    #[serde(default)]
    is_error: bool,
    #[serde(borrow)]
    content: [Words<'a>; 1],
    #[serde(borrow)]
    structured_content: Place<'a>,
}

#[derive(Debug, Deserialize)]
struct Words<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// Where somebody is.
#[derive(Debug, Deserialize)]
struct Place<'a> {
    #[serde(borrow)]
    status: Cow<'a, str>,
    #[serde(borrow)]
    step: Option<Here<'a>>,
    progress: Progress,
}

#[derive(Debug, Deserialize)]
struct Here<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
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
        let course = Arc::clone(&self.course);
        self.call(&self.messages(&course).start, 0).await
    }

    /// Asks for the step where one is, once more.
    pub(super) async fn ask_again(&mut self) -> Result<()> {
        let course = Arc::clone(&self.course);
        self.call(&self.messages(&course).ask, 0).await
    }

    /// Says that a step is done, and hears the next.
    pub(super) async fn finish(&mut self, step: usize) -> Result<()> {
        let course = Arc::clone(&self.course);
        let message = self.messages(&course).finish.get(step).context("no such step")?;
        self.call(message, step.saturating_add(1)).await
    }

    const fn messages<'a>(&self, course: &'a Course) -> &'a Messages {
        if self.session.is_none() { &course.stateless } else { &course.in_session }
    }

    /// Calls, and takes the answer for right only where it is that of somebody who has done that many steps.
    async fn call(&mut self, message: &Message, done: usize) -> Result<()> {
        let said = self.connection.post(&self.path(), &self.headers(message.tool), &message.body).await?;
        let body = || format!("{}: {}: {}", message.tool, said.status, String::from_utf8_lossy(&said.body));
        ensure!(said.status == 200, body());
        let answer: Said<'_> = serde_json::from_slice(&said.body).with_context(body)?;
        let Told { is_error, content: [words], structured_content: place } = answer.result;
        ensure!(!is_error && !words.text.is_empty(), body());
        self.course.check(&place, done)?;
        self.calls = self.calls.saturating_add(1);
        Ok(())
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
