//! The catalogue's tools as MCP shows them, made once.
use std::sync::Arc;

use guildhall_catalogue::{ToolEntry, Tools};
use guildhall_services::Served;
use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

/// The argument in which an anonymous stateless caller says who it was before.
pub(crate) const VISITOR: &str = "visitor";

/// Every tool with its two faces: callers that nobody knows are asked for their handle.
pub(crate) struct Shelf {
    tools: Tools,
    for_known: Vec<Tool>,
    for_strangers: Vec<Tool>,
}

impl Shelf {
    /// Shows `tools`.
    pub(crate) fn new(tools: Tools) -> Self {
        let for_known = tools.iter().map(|entry| face(entry, object(&entry.input))).collect();
        let for_strangers = tools.iter().map(|entry| face(entry, asking_for_visitor(object(&entry.input)))).collect();
        Self { tools, for_known, for_strangers }
    }

    /// What `server` offers to somebody whom a session or a tracking id names.
    pub(crate) fn for_known(&self, server: &Served) -> Vec<Tool> {
        self.offered(&self.for_known, server)
    }

    /// What `server` offers to an anonymous stateless caller.
    pub(crate) fn for_strangers(&self, server: &Served) -> Vec<Tool> {
        self.offered(&self.for_strangers, server)
    }

    /// The names of what `server` offers.
    pub(crate) fn names(&self, server: &Served) -> Vec<&'static str> {
        self.tools.iter().filter(|entry| entry.offered(server)).map(|entry| entry.name).collect()
    }

    /// What `server` offers, for people: title, name, and what it does in a sentence.
    pub(crate) fn for_people(&self, server: &Served) -> Vec<[&str; 3]> {
        let offered = self.tools.iter().filter(|entry| entry.offered(server));
        offered.map(|entry| [entry.title, entry.name, first_sentence(&entry.description)]).collect()
    }

    /// The tool of this name, if `server` offers it.
    pub(crate) fn find(&self, name: &str, server: &Served) -> Option<&ToolEntry> {
        self.tools.get(name).filter(|entry| entry.offered(server))
    }

    fn offered(&self, faces: &[Tool], server: &Served) -> Vec<Tool> {
        let pairs = self.tools.iter().zip(faces);
        pairs.filter(|(entry, _)| entry.offered(server)).map(|(_, face)| face.clone()).collect()
    }
}

/// The rest of a description tells an agent how to go about it.
fn first_sentence(text: &str) -> &str {
    text.find(". ").and_then(|end| text.get(..=end)).unwrap_or(text)
}

fn face(entry: &ToolEntry, input: JsonObject) -> Tool {
    // No tool takes anything away for good, and none reaches beyond its server's own records.
    let hints = ToolAnnotations::new().read_only(entry.read_only).destructive(false).open_world(false);
    let hints = if entry.read_only { hints.idempotent(true) } else { hints };
    Tool::new(entry.name, entry.description.clone(), input)
        .with_title(entry.title)
        .with_raw_output_schema(Arc::new(object(&entry.output)))
        .with_annotations(hints)
}

fn object(schema: &Value) -> JsonObject {
    schema.as_object().cloned().unwrap_or_default()
}

fn asking_for_visitor(mut schema: JsonObject) -> JsonObject {
    let visitor = json!({
        "type": "string",
        "description": "The visitor handle of an earlier answer of this server; send it so that your progress is kept.",
    });
    if let Some(properties) = schema.entry("properties").or_insert_with(|| json!({})).as_object_mut() {
        properties.insert(VISITOR.to_owned(), visitor);
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{asking_for_visitor, first_sentence, object};

    #[test]
    fn people_read_the_first_sentence() {
        assert_eq!(first_sentence("Files a ticket, version 1.0. Ask first."), "Files a ticket, version 1.0.");
        assert_eq!(first_sentence("Says hello."), "Says hello.");
    }

    #[test]
    fn the_handle_is_an_optional_text() {
        let input = json!({ "type": "object", "required": ["name"], "additionalProperties": false,
            "properties": { "name": { "type": "string" } } });
        let asked = asking_for_visitor(object(&input));
        assert_eq!(asked["properties"]["visitor"]["type"], "string");
        assert_eq!((&asked["required"], &asked["additionalProperties"]), (&json!(["name"]), &json!(false)));
        let empty = asking_for_visitor(object(&json!({ "type": "object", "additionalProperties": false })));
        assert_eq!(empty["properties"].as_object().unwrap().len(), 1);
    }
}
