//! What an organization can do without, for procedures that delete.

use guildhall_domain::{Id, id, mcp_servers::McpServer};
use serde_json::{Value, json};

use crate::{Side, Visiting, Web, World};

/// What an organization can do without.
#[derive(Clone, Debug)]
pub struct Spares {
    /// Published servers.
    pub servers: Vec<McpServer>,
    /// End users who visited.
    pub persons: Vec<Id<id::McpUser>>,
    /// How end users could sign in somewhere else, and do not.
    pub oauth_configs: Vec<Id<id::OauthConfig>>,
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
        Self { servers, persons, oauth_configs }
    }
}
