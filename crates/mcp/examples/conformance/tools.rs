//! The tools, by the names that the suite calls.
use std::time::Duration;

use rmcp::{
    ErrorData, RoleServer,
    model::{
        CallToolRequestParams, CallToolResponse, ProgressNotificationParam, ServerNotification, ServerRequest, Tool,
    },
    service::{RequestContext, ServiceError},
};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    answers::{WAV, content, embedded, failed, image, read, says, text},
    fixture::{Change, Fixture},
    rounds::{self, Turn, form, sample},
    sessions,
};

const STEP: Duration = Duration::from_millis(50);
const JSON_SCHEMA: &str = "json_schema_2020_12_tool";
const HEADER: &str = "test_custom_header";

const TOOLS: [(&str, &str); 28] = [
    ("test_simple_text", "says one thing"),
    ("test_image_content", "shows an image"),
    ("test_audio_content", "plays a sound"),
    ("test_embedded_resource", "brings a resource along"),
    ("test_multiple_content_types", "brings text, an image and a resource along"),
    ("test_error_handling", "fails, always"),
    ("test_tool_with_progress", "says how far it is"),
    ("test_tool_with_logging", "says what it does"),
    ("test_logging_tool", "says what it does, to whom asks for it"),
    ("test_sampling", "asks the client's model, in a session"),
    ("test_elicitation", "asks the client's user, in a session"),
    ("test_elicitation_sep1034_defaults", "asks with answers filled in, in a session"),
    ("test_elicitation_sep1330_enums", "asks to choose, in a session"),
    ("test_reconnection", "hangs up before it answers, in a session"),
    ("test_missing_capability", "needs a client that can sample"),
    ("test_trigger_tool_change", "has the list of tools announced as changed"),
    ("test_trigger_prompt_change", "has the list of prompts announced as changed"),
    (JSON_SCHEMA, "has an input schema with much of JSON Schema 2020-12"),
    (HEADER, "repeats a parameter that is sent as a header too"),
    ("test_streaming_elicitation", "asks for a name"),
    ("test_input_required_result_elicitation", "asks for a name"),
    ("test_input_required_result_sampling", "asks the client's model"),
    ("test_input_required_result_list_roots", "asks for the client's roots"),
    ("test_input_required_result_request_state", "asks for consent, and has the client carry a state"),
    ("test_input_required_result_tampered_state", "asks for consent, and minds its state"),
    ("test_input_required_result_multiple_inputs", "asks three things at once"),
    ("test_input_required_result_multi_round", "asks twice"),
    ("test_input_required_result_capabilities", "asks what the client can answer"),
];

/// All of them.
pub(crate) fn list() -> Result<Vec<Tool>, ErrorData> {
    let tool =
        |(name, about): &(&str, &str)| json!({ "name": name, "description": about, "inputSchema": schema(name) });
    read(TOOLS.iter().map(tool).collect())
}

fn schema(name: &str) -> Value {
    let required =
        |field: &str| json!({ "type": "object", "properties": { field: { "type": "string" } }, "required": [field] });
    match name {
        "test_sampling" => required("prompt"),
        "test_elicitation" => required("message"),
        HEADER => {
            let region = json!({ "type": "string", "x-mcp-header": "Region" });
            json!({ "type": "object", "properties": { "region": region } })
        }
        JSON_SCHEMA => json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "$defs": { "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": { "street": { "type": "string" }, "city": { "type": "string" } },
            } },
            "properties": {
                "name": { "type": "string" },
                "address": { "$ref": "#/$defs/address" },
                "contactMethod": { "type": "string", "enum": ["phone", "email"] },
                "phone": { "type": "string" },
                "email": { "type": "string" },
            },
            "allOf": [{ "anyOf": [{ "required": ["phone"] }, { "required": ["email"] }] }],
            "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
            "then": { "required": ["phone"] },
            "else": { "required": ["email"] },
            "additionalProperties": false,
        }),
        _ => json!({ "type": "object" }),
    }
}

/// Calls the one that is named.
pub(crate) async fn call(
    fixture: &Fixture,
    request: CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let arguments = Value::Object(request.arguments.unwrap_or_default());
    let given = |name: &str| arguments[name].as_str().unwrap_or_default().to_owned();
    let name = request.name.as_ref();
    match name {
        "test_simple_text" => says("This is a simple text response for testing."),
        "test_image_content" => content(json!([image()])),
        "test_audio_content" => content(json!([{ "type": "audio", "data": WAV, "mimeType": "audio/wav" }])),
        "test_embedded_resource" => {
            let words = "This is an embedded resource content.";
            content(json!([embedded("test://embedded-resource", "text/plain", words)]))
        }
        "test_multiple_content_types" => {
            let document = json!({ "test": "data", "value": 123 }).to_string();
            let resource = embedded("test://mixed-content-resource", "application/json", &document);
            content(json!([text("Multiple content types test:"), image(), resource]))
        }
        "test_error_handling" => failed("This tool intentionally returns an error for testing"),
        "test_tool_with_progress" => progress(context).await,
        "test_tool_with_logging" | "test_logging_tool" => log(fixture, context).await,
        "test_sampling" => {
            let answer = ask(fixture, context, "sampling", sample(&given("prompt"), 100)).await;
            told(answer, |answer| format!("LLM response: {}", answer["content"]["text"].as_str().unwrap_or_default()))
        }
        "test_elicitation" => {
            let field = |about: &str| json!({ "type": "string", "description": about });
            let fields = json!({ "username": field("User's response"), "email": field("User's email address") });
            let answer = ask(fixture, context, "elicitation", form(&given("message"), fields)).await;
            told(answer, |answer| format!("User response: {answer}"))
        }
        "test_elicitation_sep1034_defaults" => {
            let answer = ask(fixture, context, "elicitation", form("Are these right?", defaults())).await;
            told(answer, |answer| format!("Elicitation completed: {answer}"))
        }
        "test_elicitation_sep1330_enums" => {
            let answer = ask(fixture, context, "elicitation", form("Which of these?", choices())).await;
            told(answer, |answer| format!("Elicitation completed: {answer}"))
        }
        "test_reconnection" => {
            sessions::hang_up(context).await;
            sleep(STEP).await;
            says("This was said after the stream had been closed.")
        }
        "test_missing_capability" if declared(context, "sampling") => says("This client can sample."),
        "test_missing_capability" => Err(rounds::lacks(json!({ "sampling": {} }))),
        "test_trigger_tool_change" => announce(fixture, Change::Tools),
        "test_trigger_prompt_change" => announce(fixture, Change::Prompts),
        JSON_SCHEMA => says(&arguments.to_string()),
        HEADER => says(&given("region")),
        _ if TOOLS.iter().all(|(tool, _)| *tool != name) => Err(ErrorData::invalid_params("unknown tool", None)),
        _ => {
            let answers = request.input_responses.unwrap_or_default();
            match fixture.seal.play(name, request.request_state.as_deref(), &answers, context)? {
                Turn::Ask(questions) => Ok(questions.into()),
                Turn::Over(words) => says(&words),
            }
        }
    }
}

async fn progress(context: &RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
    let token = context.meta.get_progress_token();
    for percent in [0.0, 50.0, 100.0] {
        if percent > 0.0 {
            sleep(STEP).await;
        }
        if let Some(token) = &token {
            let far = ProgressNotificationParam::new(token.clone(), percent).with_total(100.0);
            context.peer.notify_progress(far).await.map_err(broken)?;
        }
    }
    says("All of it is done.")
}

async fn log(fixture: &Fixture, context: &RequestContext<RoleServer>) -> Result<CallToolResponse, ErrorData> {
    let wanted = sessions::wants_to_read(fixture, context);
    for (index, line) in
        ["Tool execution started", "Tool processing data", "Tool execution completed"].into_iter().enumerate()
    {
        if index > 0 {
            sleep(STEP).await;
        }
        if wanted {
            let message = json!({ "method": "notifications/message", "params": { "level": "info", "data": line } });
            context.peer.send_notification(read::<ServerNotification>(message)?).await.map_err(broken)?;
        }
    }
    says("What was done is in the log.")
}

fn announce(fixture: &Fixture, change: Change) -> Result<CallToolResponse, ErrorData> {
    // An error means that nobody has subscribed.
    let listeners = fixture.changes.send(change).unwrap_or_default();
    says(&format!("{listeners} subscriptions were told."))
}

fn told(answer: Result<Value, String>, words: impl Fn(Value) -> String) -> Result<CallToolResponse, ErrorData> {
    answer.map_or_else(|why| failed(&why), |answer| says(&words(answer)))
}

/// Puts a request to the client, which has to have said that it answers such (2025-11-25, in a session).
async fn ask(
    fixture: &Fixture,
    context: &RequestContext<RoleServer>,
    capability: &str,
    request: Value,
) -> Result<Value, String> {
    if fixture.session.is_none() || is_stateless(context) {
        return Err("this tool asks its client, which takes a session: /sessions/mcp".to_owned());
    }
    if !declared(context, capability) {
        return Err(format!("this tool needs a client with the capability {capability}"));
    }
    let request: ServerRequest = read(request).map_err(|bad| bad.message.into_owned())?;
    let answer = context.peer.send_request(request).await.map_err(|broken| broken.to_string())?;
    serde_json::to_value(answer).map_err(|bad| bad.to_string())
}

/// Whether this request is of the era without sessions.
pub(crate) fn is_stateless(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| !version.has_initialize())
}

fn declared(context: &RequestContext<RoleServer>, capability: &str) -> bool {
    serde_json::to_value(context.client_capabilities()).is_ok_and(|can| can[capability].is_object())
}

fn broken(why: ServiceError) -> ErrorData {
    ErrorData::internal_error(why.to_string(), None)
}

/// A default of each primitive type (SEP-1034).
fn defaults() -> Value {
    json!({
        "name": { "type": "string", "default": "John Doe" },
        "age": { "type": "integer", "default": 30 },
        "score": { "type": "number", "default": 95.5 },
        "status": { "type": "string", "enum": ["active", "inactive", "pending"], "default": "active" },
        "verified": { "type": "boolean", "default": true },
    })
}

/// Each way to offer a choice (SEP-1330).
fn choices() -> Value {
    let titled = |names: [(&str, &str); 3]| names.map(|(value, title)| json!({ "const": value, "title": title }));
    let first = titled([("value1", "First Option"), ("value2", "Second Option"), ("value3", "Third Option")]);
    let choice = titled([("value1", "First Choice"), ("value2", "Second Choice"), ("value3", "Third Choice")]);
    let plain = ["option1", "option2", "option3"];
    let names = ["Option One", "Option Two", "Option Three"];
    json!({
        "untitledSingle": { "type": "string", "enum": plain },
        "titledSingle": { "type": "string", "oneOf": first },
        "legacyEnum": { "type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": names },
        "untitledMulti": { "type": "array", "items": { "type": "string", "enum": plain } },
        "titledMulti": { "type": "array", "items": { "anyOf": choice } },
    })
}
