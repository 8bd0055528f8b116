//! A tool's answer as the caller reads it.
use guildhall_services::Answer;
use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde_json::Value;

const VISITOR_META: &str = "guildhall/visitor";

/// What a tool said.
#[derive(Debug, PartialEq)]
pub(crate) struct Spoken {
    text: String,
    structured: Option<Value>,
    is_error: bool,
}

impl From<Answer> for Spoken {
    fn from(answer: Answer) -> Self {
        Self { text: answer.text, structured: answer.structured, is_error: answer.is_error }
    }
}

impl Spoken {
    /// As the caller reads it, with the handle that an anonymous stateless one has to send along.
    pub(crate) fn told(self, handle: Option<&str>) -> CallToolResult {
        let text = match handle {
            Some(handle) => {
                format!("{}\nvisitor: {handle} (send this as `visitor` in your next calls to this server)", self.text)
            }
            None => self.text,
        };
        let mut result =
            if self.is_error { CallToolResult::error } else { CallToolResult::success }(vec![ContentBlock::text(text)]);
        result.structured_content = self.structured;
        result.meta = handle.map(|handle| {
            let mut meta = MetaObject::new();
            meta.insert(VISITOR_META.to_owned(), handle.into());
            meta
        });
        result
    }
}

#[cfg(test)]
mod tests {
    use guildhall_services::Answer;
    use serde_json::json;

    use super::Spoken;

    fn answer() -> Spoken {
        Answer { text: "done".to_owned(), structured: Some(json!({ "ok": true })), is_error: false }.into()
    }

    #[test]
    fn a_handle_is_told() {
        let told = serde_json::to_value(answer().told(Some("v-1"))).unwrap();
        let text = "done\nvisitor: v-1 (send this as `visitor` in your next calls to this server)";
        assert_eq!(told["content"][0]["text"], text);
        assert_eq!((&told["_meta"]["guildhall/visitor"], &told["isError"]), (&json!("v-1"), &json!(false)));
        assert_eq!(told["structuredContent"], json!({ "ok": true }));
        assert_eq!(serde_json::to_value(answer().told(None)).unwrap().get("_meta"), None);
    }
}
