//! Slack, as far as an incoming webhook is concerned (docs.slack.dev: "Sending messages using incoming webhooks", "Block
//! Kit reference", "Formatting message text").

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::{Heard, Mood, Said, Standing};

/// Slack, with one webhook.
#[derive(Debug)]
pub struct SlackStandIn {
    standing: Standing,
    messages: Arc<Mutex<Vec<Value>>>,
}

const SECRET_PATH: &str = "/services/T0000/B0000/hush-hush-slack";

impl SlackStandIn {
    /// One that feels well.
    pub async fn up() -> Self {
        let messages = Arc::new(Mutex::new(Vec::new()));
        let taken = messages.clone();
        let answer = move |heard: &Heard| match message_of(heard) {
            Ok(message) => {
                taken.lock().unwrap_or_else(PoisonError::into_inner).push(message);
                said(200, "ok")
            }
            Err((status, why)) => said(status, why),
        };
        Self { standing: Standing::up(answer, said(429, "rate_limited")).await, messages }
    }

    /// The webhook's address; whoever has it can post.
    #[must_use]
    pub fn webhook(&self) -> String {
        format!("http://{}{SECRET_PATH}", self.standing.address)
    }

    /// What was posted, the oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Value> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often somebody asked for anything.
    #[must_use]
    pub fn heard(&self) -> usize {
        self.standing.heard()
    }

    /// Feels so from now on.
    pub fn feels(&self, mood: Mood) {
        self.standing.feels(mood);
    }
}

fn said(status: u16, words: &str) -> Said {
    (status, "text/plain", words.to_owned())
}

fn message_of(heard: &Heard) -> Result<Value, (u16, &'static str)> {
    if heard.path != SECRET_PATH {
        return Err((404, "no_service"));
    }
    if heard.method != "POST" {
        return Err((405, "method_not_allowed"));
    }
    if heard.headers.get("content-type").map(String::as_str) != Some("application/json") {
        return Err((400, "invalid_payload"));
    }
    let message: Value = serde_json::from_str(&heard.body).map_err(|_| (400, "invalid_payload"))?;
    if message["text"].as_str().is_none_or(|text| text.is_empty() || text.chars().count() > 40_000) {
        return Err((400, "no_text"));
    }
    let blocks = message["blocks"].as_array().ok_or((400, "invalid_blocks"))?;
    if blocks.len() > 50 || !blocks.iter().all(is_block) {
        return Err((400, "invalid_blocks"));
    }
    Ok(message)
}

fn is_block(block: &Value) -> bool {
    match block["type"].as_str() {
        Some("header") => block["text"]["type"] == "plain_text" && is_text(&block["text"], 150),
        Some("section") => is_text(&block["text"], 3000),
        Some("context") => block["elements"]
            .as_array()
            .is_some_and(|elements| (1..=10).contains(&elements.len()) && elements.iter().all(|it| is_text(it, 3000))),
        _ => false,
    }
}

fn is_text(text: &Value, longest: usize) -> bool {
    let known = match text["type"].as_str() {
        Some("plain_text") => ["type", "text", "emoji"],
        Some("mrkdwn") => ["type", "text", "verbatim"],
        _ => return false,
    };
    let fields = text.as_object().is_some_and(|fields| fields.keys().all(|key| known.contains(&key.as_str())));
    fields && text["text"].as_str().is_some_and(|text| (1..=longest).contains(&text.encode_utf16().count()))
}
