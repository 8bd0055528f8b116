//! End users of hosted servers, as the MCP endpoint brings them in.

use guildhall_catalogue::tools;
use guildhall_domain::Result;
use guildhall_services::{App, Client, Guest, Visit};
use serde_json::Value;

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
        let visitor = app.greet(&Visit { slug: slug.to_owned(), tracking_id, session_key: None, token: None }).await?;
        Ok(Self { app, guest: app.settle(&visitor, &client(), handle).await? })
    }

    /// Calls a tool, as the endpoint does.
    pub async fn tool(&self, name: &str, input: Value) -> Said {
        let tools = tools();
        let tool = tools.get(name).expect("a tool of that name");
        let answer = tool.call(self.app, &self.guest, input).await.expect("the call is kept");
        Said { text: answer.text, structured: answer.structured.unwrap_or_default(), is_error: answer.is_error }
    }
}

/// What a tool said.
#[derive(Clone, Debug)]
pub struct Said {
    /// To the agent.
    pub text: String,
    /// To programs; null where the call was refused.
    pub structured: Value,
    /// Whether something was wrong with the call.
    pub is_error: bool,
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
