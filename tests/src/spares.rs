//! What an organization can do without, for procedures that delete.

use guildhall_domain::{Id, id, mcp_servers::McpServer, walkthroughs::Step};
use serde_json::{Value, json};

use crate::{Library, Side, Visiting, Web, World};

/// What an organization can do without.
#[derive(Clone, Debug)]
pub struct Spares {
    /// Published servers.
    pub servers: Vec<McpServer>,
    /// End users who visited.
    pub persons: Vec<Id<id::McpUser>>,
    /// How end users could sign in somewhere else, and do not.
    pub oauth_configs: Vec<Id<id::OauthConfig>>,
    /// A server that only offers drafts.
    pub shelf: Id<id::McpServer>,
    /// Drafts on the shelf.
    pub drafts: Vec<Id<id::Walkthrough>>,
    /// Another such server, whose drafts stay.
    pub window: Id<id::McpServer>,
    /// Drafts in the window.
    pub shown: Vec<Id<id::Walkthrough>>,
    /// Steps of one of them.
    pub steps: Vec<Step>,
    /// Comments of the owner's on its ticket.
    pub comments: Vec<Id<id::Activity>>,
    /// What it knows.
    pub library: Library,
}

/// How many there are of each: enough for every role and every law.
const EACH: usize = 4;

impl Spares {
    pub(crate) async fn of(world: &World, side: &Side) -> Self {
        let call = async |name: &str, input: Value| {
            world.call(name, &side.vouched, input).await.unwrap_or_else(|e| panic!("{name}: {e:?}"))
        };
        let id = |value: &Value| value["id"].as_str().expect("an id").to_owned();
        let name = side.organization.name.as_str();
        let (mut servers, mut oauth_configs) = (Vec::new(), Vec::new());
        for n in 0..EACH {
            let new = json!({ "name": format!("{name} spare {n}"), "slug": format!("{name}-spare-{n}") });
            servers.push(serde_json::from_value(call("mcpServers.create", new).await).expect("a server"));
            let new = json!({ "name": format!("{name} {n}"), "metadataUrl": Web::METADATA_URL, "clientId": "guildhall",
                "clientSecret": format!("secret of {name} {n}") });
            oauth_configs.push(id(&call("oauthConfigs.create", new).await).parse().expect("an id"));
            Visiting::tracked(&world.app, side.server.slug.as_str(), &format!("spare-{n}")).await;
        }
        let found = call("mcpServers.listUsers", json!({ "search": "spare-" })).await;
        let persons = found["items"].as_array().expect("people").iter();
        let persons = persons.map(|person| id(person).parse().expect("an id")).collect();
        let drafts = async |count: usize| {
            let mut made = Vec::new();
            for n in 0..count {
                let document = document(&format!("{name} draft {n}"));
                let new = call("walkthrough.import", json!({ "document": document })).await;
                made.push(id(&new).parse().expect("an id"));
            }
            made
        };
        let server = async |kind: &str, offered: &[Id<id::Walkthrough>]| {
            let new = json!({ "name": format!("{name} {kind}"), "slug": format!("{name}-{kind}") });
            let server = id(&call("mcpServers.create", new).await);
            let places: Vec<Value> = offered.iter().map(|id| json!({ "walkthroughId": id })).collect();
            call("walkthrough.assignToServer", json!({ "serverId": server, "walkthroughs": places })).await;
            server.parse().expect("an id")
        };
        let (drafts, shown) = (drafts(EACH).await, drafts(3).await);
        let found = call("walkthrough.get", json!({ "walkthroughId": shown[0] })).await;
        let steps = serde_json::from_value(found["steps"].clone()).expect("steps");
        let (shelf, window) = (server("shelf", &drafts).await, server("window", &shown).await);
        let mut comments = Vec::new();
        for n in 0..EACH {
            let new = json!({ "ticketId": side.ticket, "content": format!("{name} comment {n}") });
            comments.push(id(&call("supportTickets.addComment", new).await["activity"]).parse().expect("an id"));
        }
        let library = Library::of(world, side).await;
        Self { servers, persons, oauth_configs, comments, library, shelf, drafts, window, shown, steps }
    }
}

/// A draft with a few steps.
fn document(title: &str) -> Value {
    let step = |n: usize| {
        json!({ "title": format!("step {n}"), "displayOrder": n, "contentFields": { "version": "v1",
            "introductionForAgent": "i", "contextForAgent": "c", "contentForUser": "u", "operationsForAgent": "o" } })
    };
    json!({ "version": "1.0", "exportedAt": "2026-01-01T00:00:00.000Z",
        "walkthrough": { "title": title, "description": null, "type": "course", "status": "draft",
            "estimatedDurationMinutes": null, "tags": [], "metadata": null },
        "steps": (0..EACH).map(step).collect::<Vec<_>>() })
}
