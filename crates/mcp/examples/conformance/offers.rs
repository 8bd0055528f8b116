//! Prompts and resources.
use rmcp::{
    ErrorData, RoleServer,
    model::{GetPromptRequestParams, GetPromptResponse, GetPromptResult, ReadResourceResponse, ReadResourceResult},
    service::RequestContext,
};
use serde_json::{Value, json};

use crate::{
    answers::{PNG, embedded, image, text, whole},
    fixture::Fixture,
    rounds::{self, Turn},
};

const TEXT: &str = "test://static-text";
const BINARY: &str = "test://static-binary";
const WATCHED: &str = "test://watched-resource";
const TEMPLATE: &str = "test://template/{id}/data";

pub(crate) fn prompts() -> Value {
    let needs = |names: &[&str]| -> Value {
        names.iter().map(|name| json!({ "name": name, "description": "a test argument", "required": true })).collect()
    };
    json!([
        { "name": "test_simple_prompt", "description": "says one thing" },
        {
            "name": "test_prompt_with_arguments",
            "description": "repeats its arguments",
            "arguments": needs(&["arg1", "arg2"]),
        },
        {
            "name": "test_prompt_with_embedded_resource",
            "description": "brings a resource along",
            "arguments": needs(&["resourceUri"]),
        },
        { "name": "test_prompt_with_image", "description": "brings an image along" },
        { "name": rounds::PROMPT, "description": "asks its reader first" },
    ])
}

pub(crate) fn prompt(
    fixture: &Fixture,
    request: GetPromptRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<GetPromptResponse, ErrorData> {
    let arguments = request.arguments.unwrap_or_default();
    let argument = |name: &str| {
        let given = arguments.get(name).and_then(Value::as_str);
        given.ok_or_else(|| ErrorData::invalid_params(format!("{name} is required"), None))
    };
    let contents = match request.name.as_str() {
        "test_simple_prompt" => vec![text("This is a simple prompt for testing.")],
        "test_prompt_with_arguments" => {
            let (first, second) = (argument("arg1")?, argument("arg2")?);
            vec![text(&format!("Prompt with arguments: arg1='{first}', arg2='{second}'"))]
        }
        "test_prompt_with_embedded_resource" => vec![
            embedded(argument("resourceUri")?, "text/plain", "Embedded resource content for testing."),
            text("Please process the embedded resource above."),
        ],
        "test_prompt_with_image" => vec![image(), text("Please analyze the image above.")],
        rounds::PROMPT => {
            let answers = request.input_responses.unwrap_or_default();
            match fixture.seal.play(rounds::PROMPT, request.request_state.as_deref(), &answers, context)? {
                Turn::Ask(questions) => return Ok(questions.into()),
                Turn::Over(words) => vec![text(&words)],
            }
        }
        _ => return Err(ErrorData::invalid_params("unknown prompt", None)),
    };
    let messages: Value = contents.into_iter().map(|content| json!({ "role": "user", "content": content })).collect();
    whole::<GetPromptResult>(json!({ "messages": messages })).map(GetPromptResponse::from)
}

pub(crate) fn resources() -> Value {
    json!([
        { "uri": TEXT, "name": "text", "description": "a text that stays", "mimeType": "text/plain" },
        { "uri": BINARY, "name": "image", "description": "an image that stays", "mimeType": "image/png" },
        { "uri": WATCHED, "name": "watched", "description": "to subscribe to", "mimeType": "text/plain" },
    ])
}

pub(crate) fn templates() -> Value {
    let template = "a document for each id";
    json!([{ "uriTemplate": TEMPLATE, "name": "template", "description": template, "mimeType": "application/json" }])
}

pub(crate) fn resource(uri: &str) -> Result<ReadResourceResponse, ErrorData> {
    let contents = match uri {
        TEXT => json!({ "mimeType": "text/plain", "text": "This is the content of the static text resource." }),
        BINARY => json!({ "mimeType": "image/png", "blob": PNG }),
        WATCHED => json!({ "mimeType": "text/plain", "text": "Nothing has changed." }),
        _ => {
            let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
            let id = id.filter(|id| !id.is_empty() && !id.contains('/')).ok_or_else(|| unknown(uri))?;
            let document = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
            json!({ "mimeType": "application/json", "text": document.to_string() })
        }
    };
    let mut contents = contents;
    contents["uri"] = json!(uri);
    whole::<ReadResourceResult>(json!({ "contents": [contents] })).map(ReadResourceResponse::from)
}

/// There is no such resource.
pub(crate) fn unknown(uri: &str) -> ErrorData {
    ErrorData::resource_not_found("Resource not found", Some(json!({ "uri": uri })))
}
