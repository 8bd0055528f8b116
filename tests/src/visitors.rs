//! End users of hosted servers, as the MCP endpoint brings them in.

use std::time::Duration;

use guildhall_catalogue::{Answer, tools};
use guildhall_domain::Result;
use guildhall_services::{App, Client, FinishedCall, Guest, Visit};
use serde_json::{Value, json};

/// Somebody at a hosted server.
pub struct Visiting<'a> {
    app: &'a App,
    /// The person and the visit.
    pub guest: Guest,
}

impl<'a> Visiting<'a> {
    /// Somebody whom the customer's page calls `tracking_id`, in the stateless era.
    pub async fn tracked(app: &'a App, slug: &str, tracking_id: &str) -> Self {
        Self::new(app, slug, Some(tracking_id), None).await.expect("is let in")
    }

    /// Somebody, perhaps with a trackingId or a handle.
    ///
    /// # Errors
    /// Where the door stays closed.
    pub async fn new(app: &'a App, slug: &str, tracking_id: Option<&str>, handle: Option<&str>) -> Result<Self> {
        let tracking_id = tracking_id.map(|id| id.parse().expect("a trackingId"));
        let visitor = app.greet(&Visit { slug: slug.to_owned(), tracking_id, session_key: None }).await?;
        Ok(Self { app, guest: app.settle(&visitor, &client(), handle).await? })
    }

    /// Calls a tool and records it, as the endpoint does.
    pub async fn tool(&self, name: &str, input: Value) -> Answer {
        let tools = tools();
        let tool = tools.get(name).expect("a tool of that name");
        let answer = tool.call(self.app, &self.guest, input.clone()).await.expect("the tool answers");
        let call = FinishedCall {
            tool_name: name.to_owned(),
            input,
            output: json!({ "text": answer.text, "structured": answer.structured }),
            is_error: answer.is_error,
            duration: Duration::from_millis(1),
            started_at: self.app.now(),
        };
        self.app.record(&self.guest, call).await.expect("the call is kept");
        answer
    }
}

/// What the tests' client says it is.
fn client() -> Client {
    Client { name: Some("tests".to_owned()), version: Some("1".to_owned()), protocol: Some("2026-07-28".to_owned()) }
}

impl std::fmt::Debug for Visiting<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Visiting")
    }
}
