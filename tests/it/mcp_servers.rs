//! Publishing MCP servers.

use guildhall_domain::{Error, Resource, error::SubdomainProblem};
use guildhall_services::{Visit, mcp_servers::CreateMcpServer};
use guildhall_tests::{Visiting, World};
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
    let visit = Visit { slug: "ours-server".to_owned(), tracking_id: None, session_key: None, token: None };
    assert!(other.greet(&visit).await.unwrap().server().takes_tickets);

    let change = |auth: &str, tickets: &str| json!({ "serverId": world.ours.server.id, "authType": auth, "supportTicketType": tickets });
    world.ok("mcpServers.updateConfiguration", change("none", "none")).await;
    assert!(!other.greet(&visit).await.unwrap().server().takes_tickets);

    world.ok("mcpServers.updateConfiguration", change("platform_oauth", "none")).await;
    let closed = other.greet(&visit).await;
    assert!(matches!(closed, Err(Error::Unauthenticated)), "{closed:?}");

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

fn visit() -> Visit {
    Visit { slug: "ours-server".to_owned(), tracking_id: None, session_key: None, token: None }
}

#[tokio::test]
async fn what_a_server_offers_changes_for_the_next_request_on_every_node() {
    let world = World::new().await;
    let other = world.another_node().await;
    let id = world.ours.server.id;
    assert!(other.greet(&visit()).await.unwrap().server().has_walkthroughs);

    let change = json!({ "serverId": id, "name": "Renamed", "productPlatformOrTool": "Ovens",
        "walkthroughToolsEnabled": false, "knowledgeToolsEnabled": false, "payloadCapture": "metadata" });
    let changed = world.ok("mcpServers.update", change.clone()).await;
    let visitor = other.greet(&visit()).await.unwrap();
    let served = visitor.server();
    assert_eq!((served.name.as_str(), served.product.as_deref()), ("Renamed", Some("Ovens")));
    assert!(!served.has_walkthroughs);
    assert_eq!((&changed["knowledgeToolsEnabled"], &changed["payloadCapture"]), (&json!(false), &json!("metadata")));

    let events = world.events().await;
    assert_eq!(world.ok("mcpServers.update", change).await, changed);
    assert_eq!(world.ok("mcpServers.update", json!({ "serverId": id })).await, changed, "what is left out stays");
    assert_eq!(world.events().await, events, "it already was so");
    let cleared = world.ok("mcpServers.update", json!({ "serverId": id, "productPlatformOrTool": null })).await;
    assert_eq!((&cleared["productPlatformOrTool"], &cleared["name"]), (&json!(null), &json!("Renamed")));
    let slug = world.call("mcpServers.update", &world.ours.owner, json!({ "serverId": id, "slug": "another" })).await;
    assert!(matches!(slug, Err(Error::BadRequest(_))), "a subdomain is for good");
}

#[tokio::test]
async fn a_paused_server_lets_nobody_in_on_any_node_until_it_goes_on() {
    let world = World::new().await;
    let other = world.another_node().await;
    let guest = Visiting::tracked(&world.app, "ours-server", "reader").await;
    let pause = |is_paused: bool| json!({ "serverId": world.ours.server.id, "isPaused": is_paused });
    assert_eq!(world.ok("mcpServers.get", json!({ "serverId": world.ours.server.id })).await["isPaused"], false);

    let events = world.events().await;
    assert_eq!(world.ok("mcpServers.update", pause(true)).await["isPaused"], true);
    assert_eq!(world.events().await, events + 1);
    for app in [&world.app, &other] {
        let closed = app.greet(&visit()).await;
        assert!(matches!(closed, Err(Error::Paused)), "{closed:?}");
    }
    let theirs = Visit { slug: "theirs-server".to_owned(), ..visit() };
    assert!(other.greet(&theirs).await.is_ok(), "another server goes on");
    let under_way = guest.tool("get_next_step", json!({})).await;
    assert!(!under_way.is_error, "who was let in before is answered");

    world.ok("mcpServers.update", json!({ "serverId": world.ours.server.id, "name": "Renamed" })).await;
    assert!(other.greet(&visit()).await.is_err(), "what is left out stays");
    world.ok("mcpServers.update", pause(false)).await;
    assert!(other.greet(&visit()).await.is_ok());
    assert_eq!(world.events().await, events + 3);
}

#[tokio::test]
async fn how_much_is_kept_changes_with_the_next_call() {
    let world = World::new().await;
    let id = world.ours.server.id;
    world.ok("mcpServers.update", json!({ "serverId": id, "payloadCapture": "metadata" })).await;
    Visiting::tracked(&world.app, "ours-server", "reader").await.tool("get_next_step", json!({})).await;
    let calls = world.ok("sessions.getToolCalls", json!({ "sessionId": world.ours.session })).await;
    let last = calls.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["toolName"], &last["input"], &last["output"]),
        (&json!("get_next_step"), &json!(null), &json!(null))
    );
    assert_ne!(calls[0]["output"], json!(null), "what was kept before stays");
}

#[tokio::test]
async fn a_deleted_server_is_gone_at_once_and_its_subdomain_for_good() {
    let world = World::new().await;
    let other = world.another_node().await;
    let (id, slug) = (world.ours.server.id, "ours-server");
    let delete = |slug: &str| json!({ "serverId": id, "confirmSlug": slug });
    let refused = world.call("mcpServers.delete", &world.ours.owner, delete("theirs-server")).await;
    let Err(Error::BadRequest(issues)) = refused else { panic!("{refused:?}") };
    assert_eq!(issues[0].path, ["confirmSlug".into()]);
    assert!(other.greet(&visit()).await.is_ok());

    assert_eq!(world.ok("mcpServers.delete", delete("OURS-Server")).await, json!({ "success": true }));
    let gone = other.greet(&visit()).await;
    assert!(matches!(gone, Err(Error::NotFound(Resource::McpServer))), "{gone:?}");
    assert_eq!(world.ok("mcpServers.list", json!({})).await, json!([]));
    for (name, input) in [
        ("mcpServers.get", json!({ "serverId": id })),
        ("mcpServers.update", json!({ "serverId": id, "name": "n" })),
        ("mcpServers.delete", delete(slug)),
        ("mcpServers.listUsers", json!({ "serverId": id })),
        ("walkthrough.listForServer", json!({ "serverId": id })),
    ] {
        let answer = world.call(name, &world.ours.owner, input).await;
        assert!(matches!(answer, Err(Error::NotFound(Resource::McpServer))), "{name}: {answer:?}");
    }
    for caller in [&world.ours.owner, &world.theirs.owner] {
        let validate = world.call("mcpServers.validateSubdomain", caller, json!({ "subdomain": slug })).await;
        assert!(matches!(validate, Err(Error::SubdomainAlreadyExists)));
        let again = world.call("mcpServers.create", caller, json!({ "name": "n", "slug": slug })).await;
        assert!(matches!(again, Err(Error::SubdomainAlreadyExists)));
    }
    let visits = world.ok("sessions.list", json!({})).await;
    assert_eq!(visits["items"][0]["id"], json!(world.ours.session), "what its end users did stays");
    let ticket = world.ok("supportTickets.get", json!({ "ticketId": world.ours.ticket })).await;
    assert_eq!(ticket["serverSlug"], slug);
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
}
