//! What is in the answers. Messages are written as the suite writes them, in JSON, and read into rmcp's types: so rmcp
//! has understood whatever is sent.
use rmcp::{
    ErrorData,
    model::{CallToolResponse, CallToolResult},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// One red pixel, PNG.
pub(crate) const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
/// No samples at all, WAV.
pub(crate) const WAV: &str = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA=";

/// Reads what this file's neighbours wrote.
pub(crate) fn read<T: DeserializeOwned>(value: Value) -> Result<T, ErrorData> {
    serde_json::from_value(value).map_err(|bad| ErrorData::internal_error(format!("the fixture is wrong: {bad}"), None))
}

/// Reads a result that is whole; to a client of 2025-11-25, which has no others, rmcp does not say so.
pub(crate) fn whole<T: DeserializeOwned>(mut result: Value) -> Result<T, ErrorData> {
    result["resultType"] = json!("complete");
    read(result)
}

/// What a tool says.
pub(crate) fn content(blocks: Value) -> Result<CallToolResponse, ErrorData> {
    whole::<CallToolResult>(json!({ "content": blocks })).map(CallToolResponse::from)
}

/// A tool that says one thing.
pub(crate) fn says(words: &str) -> Result<CallToolResponse, ErrorData> {
    content(json!([text(words)]))
}

/// A tool that failed.
pub(crate) fn failed(why: &str) -> Result<CallToolResponse, ErrorData> {
    whole::<CallToolResult>(json!({ "content": [text(why)], "isError": true })).map(CallToolResponse::from)
}

pub(crate) fn text(words: &str) -> Value {
    json!({ "type": "text", "text": words })
}

pub(crate) fn image() -> Value {
    json!({ "type": "image", "data": PNG, "mimeType": "image/png" })
}

pub(crate) fn embedded(uri: &str, kind: &str, words: &str) -> Value {
    json!({ "type": "resource", "resource": { "uri": uri, "mimeType": kind, "text": words } })
}
