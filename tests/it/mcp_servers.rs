//! Publishing MCP servers.

use guildhall_domain::{Error, Resource, error::SubdomainProblem};
use guildhall_services::{Visit, mcp_servers::CreateMcpServer};
use guildhall_tests::World;
use serde_json::json;

#[tokio::test]
async fn a_subdomain_is_checked_lowered_and_unique_everywhere() {
    let world = World::new().await;
    let validate = async |subdomain: &str| {
        world.call("mcpServers.validateSubdomain", &world.ours.owner, json!({ "subdomain": subdomain })).await
    };
    assert_eq!(validate("Free-Name").await.unwrap(), json!({ "subdomain": "free-name" }));
    assert!(matches!(validate("short").await, Err(Error::InvalidSubdomain(SubdomainProblem::Length))));
    assert!(matches!(validate("has space").await, Err(Error::InvalidSubdomain(SubdomainProblem::Characters))));
    assert!(matches!(validate("Dashboard").await, Err(Error::InvalidSubdomain(SubdomainProblem::Reserved))));
    assert!(matches!(validate("THEIRS-server").await, Err(Error::SubdomainAlreadyExists)));

    let create = json!({ "name": "n", "slug": "Theirs-Server" });
    let taken = world.call("mcpServers.create", &world.ours.owner, create).await;
    assert!(matches!(taken, Err(Error::SubdomainAlreadyExists)));
}

#[tokio::test]
async fn a_server_has_its_defaults_and_an_address_to_paste() {
    let world = World::new().await;
    let made = world.ok("mcpServers.create", json!({ "name": "Acme", "slug": "acme-help" })).await;
    assert_eq!((&made["authType"], &made["supportTicketType"]), (&json!("none"), &json!("dashboard")));
    assert_eq!((&made["payloadCapture"], &made["walkthroughToolsEnabled"]), (&json!("redacted"), &json!(true)));
    assert_eq!(made["url"], "http://localhost:3000/s/acme-help/mcp");
    let detail = world.ok("mcpServers.get", json!({ "serverId": world.ours.server.id })).await;
    let counts = ["userCount", "sessionCount", "toolCallCount", "ticketCount"].map(|key| detail[key].as_i64().unwrap());
    assert_eq!(counts, [1, 1, 2, 1]);
}

#[tokio::test]
async fn signing_in_elsewhere_needs_a_configuration_of_this_organization() {
    let world = World::new().await;
    let create = |config: serde_json::Value| json!({ "name": "n", "slug": "oauth-server", "authType": "custom_oauth", "customOauthConfigId": config });
    let without = json!({ "name": "n", "slug": "oauth-server", "authType": "custom_oauth" });
    let refused = world.call("mcpServers.create", &world.ours.owner, without).await;
    let Err(Error::BadRequest(issues)) = refused else { panic!("{refused:?}") };
    assert_eq!(issues[0].path, ["customOauthConfigId".into()]);
    let unknown = create(json!("oac_01jd0000000000000000000000"));
    let refused = world.call("mcpServers.create", &world.ours.owner, unknown).await;
    assert!(matches!(refused, Err(Error::NotFound(Resource::OauthConfig))));
}

#[tokio::test]
async fn a_changed_configuration_meets_the_next_request_on_every_node() {
    let world = World::new().await;
    let other = world.another_node().await;
    let visit = Visit { slug: "ours-server".to_owned(), tracking_id: None, session_key: None };
    assert!(other.greet(&visit).await.unwrap().server().takes_tickets);

    let change = |auth: &str, tickets: &str| json!({ "serverId": world.ours.server.id, "authType": auth, "supportTicketType": tickets });
    world.ok("mcpServers.updateConfiguration", change("none", "none")).await;
    assert!(!other.greet(&visit).await.unwrap().server().takes_tickets);

    world.ok("mcpServers.updateConfiguration", change("platform_oauth", "none")).await;
    let closed = other.greet(&visit).await;
    assert!(matches!(closed, Err(Error::FeatureNotAvailable("platform_oauth"))), "{closed:?}");

    let events = world.events().await;
    world.ok("mcpServers.updateConfiguration", change("platform_oauth", "none")).await;
    assert_eq!(world.events().await, events, "it already was so");
}

#[tokio::test]
async fn the_services_can_be_called_with_types_alone() {
    let world = World::new().await;
    let typed: CreateMcpServer = serde_json::from_value(json!({ "name": "Typed", "slug": "typed-server" })).unwrap();
    let server = world.app.call(&world.ours.owner, typed).await.unwrap();
    assert_eq!(server.slug.as_str(), "typed-server");
}
