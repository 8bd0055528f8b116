//! Tools, and a prompt, that ask their caller something first and go on with the answers (SEP-2322). Nothing is kept
//! here between the rounds: where more than the answers is needed, the client carries it, sealed.
use aws_lc_rs::{error::Unspecified, hmac, rand::SystemRandom};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rmcp::{
    ErrorData, RoleServer,
    model::{ClientCapabilities, InputRequiredResult, InputResponses},
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::answers::read;

/// The prompt that asks.
pub(crate) const PROMPT: &str = "test_input_required_result_prompt";

/// What a round comes to.
pub(crate) enum Turn {
    Ask(InputRequiredResult),
    Over(String),
}

/// Knows its own seal again, and no other.
pub(crate) struct Seal(hmac::Key);

/// What `name` asks, round by round: names and requests. Empty where it asks nothing.
fn rounds(name: &str) -> Vec<Value> {
    let who = || form("What is your name?", json!({ "name": { "type": "string" } }));
    let greeting = || sample("Generate a greeting", 50);
    let roots = || json!({ "method": "roots/list", "params": {} });
    match name.strip_prefix("test_input_required_result_").unwrap_or(name) {
        "elicitation" | "test_streaming_elicitation" => vec![json!({ "user_name": who() })],
        "sampling" => vec![json!({ "capital_question": sample("What is the capital of France?", 100) })],
        "list_roots" => vec![json!({ "client_roots": roots() })],
        "request_state" | "tampered_state" => {
            vec![json!({ "confirm": form("Please confirm", json!({ "ok": { "type": "boolean" } })) })]
        }
        "multiple_inputs" => vec![json!({ "user_name": who(), "greeting": greeting(), "client_roots": roots() })],
        "multi_round" => {
            let colour = form("Step 2: What is your favorite color?", json!({ "color": { "type": "string" } }));
            let first = form("Step 1: What is your name?", json!({ "name": { "type": "string" } }));
            vec![json!({ "step1": first }), json!({ "step2": colour })]
        }
        "capabilities" => vec![json!({ "user_name": who(), "greeting": greeting() })],
        "prompt" => {
            let question = "What context should the prompt use?";
            vec![json!({ "user_context": form(question, json!({ "context": { "type": "string" } })) })]
        }
        _ => Vec::new(),
    }
}

/// A form whose every field is required.
pub(crate) fn form(message: &str, properties: Value) -> Value {
    let required: Vec<&String> = properties.as_object().into_iter().flat_map(|fields| fields.keys()).collect();
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    json!({ "method": "elicitation/create", "params": { "mode": "form", "message": message, "requestedSchema": schema } })
}

/// A question to the client's model.
pub(crate) fn sample(question: &str, max_tokens: u32) -> Value {
    let messages = json!([{ "role": "user", "content": { "type": "text", "text": question } }]);
    json!({ "method": "sampling/createMessage", "params": { "messages": messages, "maxTokens": max_tokens } })
}

impl Seal {
    /// A new one every time: what was sealed before a restart is not opened after it.
    pub(crate) fn new() -> Result<Self, Unspecified> {
        hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).map(Self)
    }

    /// Goes one round further.
    pub(crate) fn play(
        &self,
        name: &str,
        state: Option<&str>,
        answers: &InputResponses,
        context: &RequestContext<RoleServer>,
    ) -> Result<Turn, ErrorData> {
        let rounds = rounds(name);
        let round = state.map_or(Ok(0), |state| self.open(name, state))?;
        let asked = rounds.get(round).ok_or_else(|| ErrorData::invalid_params("this conversation is over", None))?;
        let questions = askable(asked, context)?;
        let told =
            |(key, question): (&String, &Value)| answers.get(key).is_some_and(|answer| answered(question, answer));
        let all_told = questions.as_object().is_some_and(|all| all.iter().all(told));
        // Who has to carry a state and comes without has not been asked yet.
        let was_asked = state.is_some() || !carries(name);
        if !(all_told && was_asked) {
            return self.ask(name, round, questions);
        }
        match rounds.get(round.saturating_add(1)) {
            Some(next) => self.ask(name, round.saturating_add(1), askable(next, context)?),
            None => Ok(Turn::Over(last_words(name, answers))),
        }
    }

    fn ask(&self, name: &str, round: usize, questions: Value) -> Result<Turn, ErrorData> {
        let state = carries(name).then(|| self.close(name, round));
        Ok(Turn::Ask(InputRequiredResult::new(Some(read(questions)?), state)))
    }

    fn close(&self, name: &str, round: usize) -> String {
        let words = format!("{name}.{round}");
        let tag = hmac::sign(&self.0, words.as_bytes());
        format!("{words}.{}", BASE64_URL_SAFE_NO_PAD.encode(tag))
    }

    /// The round that `name` is in, as it said itself.
    fn open(&self, name: &str, state: &str) -> Result<usize, ErrorData> {
        let round = state.rsplit_once('.').and_then(|(words, tag)| {
            let tag = BASE64_URL_SAFE_NO_PAD.decode(tag).ok()?;
            hmac::verify(&self.0, words.as_bytes(), &tag).ok()?;
            words.strip_prefix(name)?.strip_prefix('.')?.parse().ok()
        });
        round.ok_or_else(|| ErrorData::invalid_params("requestState is not what this server sent", None))
    }
}

/// Whether more than the answers is needed to go on.
fn carries(name: &str) -> bool {
    ["_state", "_multiple_inputs", "_multi_round"].iter().any(|end| name.ends_with(end))
}

/// What of it the client says that it can answer; where that is nothing, it is told what it lacks.
fn askable(questions: &Value, context: &RequestContext<RoleServer>) -> Result<Value, ErrorData> {
    let can = serde_json::to_value(context.client_capabilities()).unwrap_or_default();
    let needed = |question: &Value| -> String {
        question["method"].as_str().and_then(|method| method.split('/').next()).unwrap_or_default().to_owned()
    };
    let all = || questions.as_object().into_iter().flatten();
    let askable: serde_json::Map<String, Value> = all()
        .filter(|(_, question)| can[needed(question)].is_object())
        .map(|(key, question)| (key.clone(), question.clone()))
        .collect();
    if askable.is_empty() {
        let lacking: serde_json::Map<String, Value> = all().map(|(_, asked)| (needed(asked), json!({}))).collect();
        return Err(lacks(Value::Object(lacking)));
    }
    Ok(Value::Object(askable))
}

/// The client has to be able to do these.
pub(crate) fn lacks(capabilities: Value) -> ErrorData {
    match read::<ClientCapabilities>(capabilities) {
        Ok(needed) => ErrorData::missing_required_client_capability(needed),
        Err(bad) => bad,
    }
}

/// Whether it is an answer to this question at all.
fn answered(question: &Value, answer: &Value) -> bool {
    match question["method"].as_str() {
        Some("elicitation/create") => {
            let fields = question["params"]["requestedSchema"]["required"].as_array();
            let content = &answer["content"];
            let whole =
                || fields.into_iter().flatten().filter_map(Value::as_str).all(|field| !content[field].is_null());
            answer["action"].is_string() && (answer["action"] != "accept" || whole())
        }
        Some("sampling/createMessage") => answer["content"].is_object(),
        _ => answer["roots"].is_array(),
    }
}

fn last_words(name: &str, answers: &InputResponses) -> String {
    let said = json!(answers);
    match name {
        "test_input_required_result_elicitation" => {
            format!("Hello, {}!", said["user_name"]["content"]["name"].as_str().unwrap_or("stranger"))
        }
        "test_input_required_result_sampling" => {
            said["capital_question"]["content"]["text"].as_str().unwrap_or_default().to_owned()
        }
        "test_input_required_result_request_state" => "state-ok".to_owned(),
        _ => format!("The answers: {said}"),
    }
}
