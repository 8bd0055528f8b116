//! A tool's outcome: as it is recorded, and as the caller reads it.
use guildhall_catalogue::Answer;
use guildhall_domain::{Error, Issue, error::Segment};
use rmcp::model::{CallToolResult, ContentBlock, MetaObject};
use serde_json::{Value, json};

const VISITOR_META: &str = "guildhall/visitor";

/// What a tool said. A failure of ours is also something said: the agent reads it and can do better.
#[derive(Debug, PartialEq)]
pub(crate) struct Spoken {
    text: String,
    structured: Option<Value>,
    pub(crate) is_error: bool,
}

impl From<Answer> for Spoken {
    fn from(answer: Answer) -> Self {
        Self { text: answer.text, structured: Some(answer.structured), is_error: answer.is_error }
    }
}

impl From<&Error> for Spoken {
    fn from(error: &Error) -> Self {
        let text = match error {
            Error::BadRequest(issues) => {
                issues.iter().fold("the input does not fit".to_owned(), |text, issue| text + "\n" + &line(issue))
            }
            other => other.to_string(),
        };
        Self { text, structured: None, is_error: true }
    }
}

impl Spoken {
    /// As the call's record keeps it: without the visitor's handle.
    pub(crate) fn recorded(&self) -> Value {
        json!({ "text": self.text, "structured": self.structured })
    }

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

fn line(issue: &Issue) -> String {
    let path = issue.path.iter().map(|segment| match segment {
        Segment::Index(index) => index.to_string(),
        Segment::Key(key) => key.clone(),
    });
    let path = path.collect::<Vec<_>>().join(".");
    if path.is_empty() { format!("input: {}", issue.message) } else { format!("{path}: {}", issue.message) }
}

#[cfg(test)]
mod tests {
    use guildhall_catalogue::Answer;
    use guildhall_domain::{Error, Issue};
    use serde_json::json;

    use super::Spoken;

    fn answer() -> Spoken {
        Answer { text: "done".to_owned(), structured: json!({ "ok": true }), is_error: false }.into()
    }

    #[test]
    fn every_issue_has_its_line_and_a_cause_has_none() {
        let issues = vec![Issue::at(["title".into()], "too long"), Issue::at([], "unknown field `x`")];
        let spoken = Spoken::from(&Error::BadRequest(issues));
        assert_eq!(spoken.text, "the input does not fit\ntitle: too long\ninput: unknown field `x`");
        assert!(spoken.is_error);
        assert_eq!(Spoken::from(&Error::internal("SELECT secret")).text, "something broke on our side");
    }

    #[test]
    fn a_handle_is_told_but_not_recorded() {
        assert_eq!(answer().recorded(), json!({ "text": "done", "structured": { "ok": true } }));
        let told = serde_json::to_value(answer().told(Some("v-1"))).unwrap();
        let text = "done\nvisitor: v-1 (send this as `visitor` in your next calls to this server)";
        assert_eq!(told["content"][0]["text"], text);
        assert_eq!((&told["_meta"]["guildhall/visitor"], &told["isError"]), (&json!("v-1"), &json!(false)));
        assert_eq!(told["structuredContent"], json!({ "ok": true }));
        assert_eq!(serde_json::to_value(answer().told(None)).unwrap().get("_meta"), None);
    }
}
