//! Something to try at once: an organization with a published server, a walkthrough and documents, all made the way a user would.

use std::{fs, path::Path};

use anyhow::{Context, Result, anyhow};
use guildhall_domain::{
    Error,
    knowledge::{ContentType, NewDocument},
    mcp_servers::SupportTicketType,
    text::Email,
    walkthroughs::WalkthroughType,
};
use guildhall_services::{
    App, Caller,
    auth::{Password, SignIn},
    knowledge::{CreateNamespace, Ingest, SetForServer},
    mcp_servers::CreateMcpServer,
    organizations::CreateOrganization,
    walkthroughs::{AssignToServer, CreateStep, CreateWalkthrough, Place},
};
use serde_json::{Value, json};

use crate::{admin, secret};

/// What a newcomer needs to try Guildhall.
#[derive(Clone, Debug)]
pub struct Demo {
    /// The demo account.
    pub email: String,
    /// Its password, made for this installation.
    pub password: String,
    /// What to paste into an MCP client.
    pub mcp_url: String,
}

const FILE: &str = "demo.json";
pub(crate) const EMAIL: &str = "demo@guildhall.test";
pub(crate) const SLUG: &str = "guildhall-demo";

pub(crate) async fn find_or_make(app: &App, data: &Path) -> Result<Option<Demo>> {
    let path = data.join(FILE);
    if app.is_new().await? {
        let demo = Demo { email: EMAIL.to_owned(), password: admin::made(), mcp_url: app.settings().server_url(SLUG) };
        // Written first: a password that nobody knows would be of no use.
        let text = json!({ "email": demo.email, "password": demo.password });
        secret::write(&path, &text.to_string())?;
        if make(app, &demo).await? {
            return Ok(Some(demo));
        }
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        return Ok(None);
    }
    let Ok(text) = fs::read_to_string(&path) else { return Ok(None) };
    let kept: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?;
    let field = |name: &str| kept[name].as_str().unwrap_or_default().to_owned();
    Ok(Some(Demo { email: field("email"), password: field("password"), mcp_url: app.settings().server_url(SLUG) }))
}

/// Makes the demo; false where another node that started at the same time is making it.
async fn make(app: &App, demo: &Demo) -> Result<bool> {
    let email: Email = EMAIL.parse().map_err(|e: String| anyhow!(e))?;
    let password: Password<12, 128> = demo.password.clone().try_into().map_err(|e: String| anyhow!(e))?;
    match app.create_user(email.clone(), Some(text("Demo")?), &password).await {
        Err(Error::AlreadyExists { .. }) => return Ok(false),
        other => other?,
    };
    let password = demo.password.clone().try_into().map_err(|e: String| anyhow!(e))?;
    let signed_in = app.call(&Caller::nobody(), SignIn { email, password }).await?;
    let caller = Caller::bearer(signed_in.session.access_token);
    let organization = CreateOrganization {
        name: text("Guildhall Demo")?,
        slug: SLUG.parse().map_err(|e: String| anyhow!(e))?,
        description: Some(text("An example of a company that helps its customers through their own agents.")?),
        logo_url: None,
        website: None,
    };
    app.call(&caller, organization).await?;
    let server = CreateMcpServer {
        name: text("Guildhall demo help")?,
        slug: text(SLUG)?,
        product_platform_or_tool: Some(text("Guildhall")?),
        auth_type: guildhall_domain::mcp_servers::AuthType::None,
        support_ticket_type: SupportTicketType::Dashboard,
        walkthrough_tools_enabled: true,
        custom_oauth_config_id: None,
        slack_webhook_url: None,
        linear: None,
    };
    let server = app.call(&caller, server).await?;
    let walkthrough = CreateWalkthrough {
        title: text("Your first MCP server")?,
        description: Some(text("From an empty account to a server that your customers' agents can use.")?),
        kind: WalkthroughType::Quickstart,
        is_published: true,
        tags: vec![text("guildhall")?],
        estimated_duration_minutes: Some(10),
    };
    let walkthrough = app.call(&caller, walkthrough).await?;
    for (title, fields) in steps() {
        let content_fields = serde_json::from_value(fields)?;
        let step =
            CreateStep { walkthrough_id: walkthrough.id, title: text(title)?, content_fields: Some(content_fields) };
        app.call(&caller, step).await?;
    }
    let places = vec![Place { walkthrough_id: walkthrough.id, display_order: None }];
    app.call(&caller, AssignToServer { server_id: server.id, walkthroughs: places }).await?;
    let name = text("Guildhall")?;
    let namespace =
        app.call(&caller, CreateNamespace { name, description: Some(text("How to use Guildhall.")?) }).await?;
    let documents = documents().into_iter().map(document).collect::<Result<_>>()?;
    let prune_below = Default::default();
    app.call(&caller, Ingest { namespace_id: namespace.id, documents, prune: false, prune_below }).await?;
    app.call(&caller, SetForServer { server_id: server.id, namespace_ids: vec![namespace.id] }).await?;
    Ok(true)
}

fn text<const MIN: usize, const MAX: usize>(text: &str) -> Result<guildhall_domain::text::Text<MIN, MAX>> {
    text.parse().map_err(|e: String| anyhow!("{text}: {e}"))
}

fn document((path, content): (&str, &str)) -> Result<NewDocument> {
    Ok(NewDocument {
        path: path.parse().map_err(|e: String| anyhow!("{path}: {e}"))?,
        title: None,
        content: text(content)?,
        content_type: ContentType::Markdown,
        tags: Vec::new(),
    })
}

/// The demo documentation: what somebody wants to know first.
const fn documents() -> [(&'static str, &'static str); 4] {
    [
        ("servers.md", include_str!("../demo/servers.md")),
        ("walkthroughs.md", include_str!("../demo/walkthroughs.md")),
        ("documentation.md", include_str!("../demo/documentation.md")),
        ("people.md", include_str!("../demo/people.md")),
    ]
}

/// The demo walkthrough: how to do with one's own product what the demo does with Guildhall.
fn steps() -> [(&'static str, Value); 4] {
    let fields = |introduction: &str, operations: &str, user: &str| json!({ "version": "v1", "introductionForAgent": introduction, "operationsForAgent": operations, "contentForUser": user });
    [
        (
            "Sign in",
            fields(
                "The user gets an access token to call the API with.",
                "POST /api/auth/signIn with the email and password that the server printed when it started. Keep \
                 session.accessToken for the next steps and send it as a bearer token.",
                "Let us sign in. Your server printed an **email** and a **password** when it started: have them ready.",
            ),
        ),
        (
            "Publish a server",
            fields(
                "The user publishes an MCP server for the customers of a product.",
                "Ask for the product's name and a subdomain of 6 to 36 letters. POST /api/mcpServers/create with name and \
                 slug. Show the url of the answer.",
                "What is your product called, and under which name should your customers find its server?",
            ),
        ),
        (
            "Write a walkthrough",
            fields(
                "A walkthrough is a list of steps that the customer's agent takes the customer through.",
                "POST /api/walkthrough/create with title, type and isPublished: true; then POST \
                 /api/walkthrough/createStep for each step; then POST /api/walkthrough/assignToServer.",
                "Think of the first thing a new customer does with your product. We will write it down in a few steps.",
            ),
        ),
        (
            "See who used it",
            fields(
                "Everything that customers do at the server is counted.",
                "Ask the user to connect an agent to the new server's url and to take a step. Then POST /api/sessions/list \
                 and /api/toolCalls/getChart with timeRange: \"1h\", and explain the figures.",
                "Connect your own agent to your new server and start the walkthrough. Then we will look at the figures.",
            ),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::{document, documents, steps};
    use guildhall_domain::walkthroughs::ContentFields;

    #[test]
    fn the_demo_documents_are_documents() {
        for one in documents() {
            assert!(document(one).is_ok(), "{}", one.0);
        }
    }

    #[test]
    fn the_demo_steps_are_steps() {
        for (title, fields) in steps() {
            assert!(serde_json::from_value::<ContentFields>(fields).is_ok(), "{title}");
        }
    }
}
