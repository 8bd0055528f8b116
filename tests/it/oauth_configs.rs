//! How end users sign in at an organization's own authorization servers.

use std::{sync::Arc, time::Duration};

use guildhall_domain::{
    Error, Resource,
    access::Role,
    error::{Denied, MetadataProblem, Unreachable},
};
use guildhall_services::{Limits, Rate};
use guildhall_tests::{Web, World, unlimited};
use serde_json::{Value, json};

fn config() -> Value {
    json!({ "name": "Ours", "metadataUrl": Web::METADATA_URL, "clientId": "guildhall", "clientSecret": "hush-hush-1" })
}

/// Everything that is kept of configurations and events, as text of bytes.
async fn kept(world: &World) -> Vec<String> {
    let hex = if guildhall_tests::is_postgres() {
        "select encode(sealed_client_secret, 'hex') || name from oauth_configs where name <> $1"
    } else {
        "select lower(hex(sealed_client_secret)) || name from oauth_configs where name <> $1"
    };
    let mut lines = world.lines(hex, "").await;
    lines.extend(world.lines("select data from events where name <> $1", "").await);
    lines
}

#[tokio::test]
async fn a_secret_is_sealed_and_never_said_again() {
    let world = World::new().await;
    let made = world.ok("oauthConfigs.create", config()).await;
    assert_eq!(made["scopes"], "openid profile email");
    assert!(made["id"].as_str().unwrap().starts_with("oac_"));
    let fields = ["id", "name", "metadataUrl", "clientId", "scopes", "createdAt"];
    assert!(made.as_object().unwrap().keys().eq(fields), "{made}");
    assert_eq!(world.ok("oauthConfigs.list", json!({})).await, json!([made]));

    let first = kept(&world).await;
    let id = &made["id"];
    let changed = json!({ "oauthConfigId": id, "clientSecret": "hush-hush-2", "name": "Ours" });
    world.ok("oauthConfigs.update", changed.clone()).await;
    let second = kept(&world).await;
    assert_ne!(first[0], second[0], "another secret is kept");
    let hex: String = b"hush-hush".iter().map(|byte| format!("{byte:02x}")).collect();
    for line in first.iter().chain(&second) {
        assert!(!line.contains("hush") && !line.contains(&hex), "{line}");
    }
    let events = world.events().await;
    world.ok("oauthConfigs.update", changed).await;
    world.ok("oauthConfigs.update", json!({ "oauthConfigId": id })).await;
    assert_eq!(world.events().await, events, "it already was so");
}

#[tokio::test]
async fn a_secret_does_not_follow_to_another_server() {
    let world = World::new().await;
    let made = world.ok("oauthConfigs.create", config()).await;
    let elsewhere = "https://evil.example.test/.well-known/openid-configuration";
    let moved = json!({ "oauthConfigId": made["id"], "metadataUrl": elsewhere });
    let refused = world.call("oauthConfigs.update", &world.ours.owner, moved.clone()).await;
    let Err(Error::BadRequest(issues)) = refused else { panic!("{refused:?}") };
    assert_eq!(issues[0].path, ["clientSecret".into()]);

    let same = json!({ "oauthConfigId": made["id"], "metadataUrl": Web::METADATA_URL, "scopes": "openid" });
    assert_eq!(world.ok("oauthConfigs.update", same).await["scopes"], "openid");
    let mut with_secret = moved;
    with_secret["clientSecret"] = json!("for the other");
    assert_eq!(world.ok("oauthConfigs.update", with_secret).await["metadataUrl"], elsewhere);
}

#[tokio::test]
async fn an_address_is_a_well_known_one_over_https() {
    let world = World::new().await;
    for url in ["http://id.example.test/.well-known/openid-configuration", "https://id.example.test/", "ftp://a"] {
        let mut create = config();
        create["metadataUrl"] = json!(url);
        let validate = json!({ "metadataUrl": url });
        for (name, input) in [("oauthConfigs.create", create), ("oauthConfigs.validate", validate)] {
            let refused = world.call(name, &world.ours.owner, input).await;
            let Err(Error::BadRequest(issues)) = refused else { panic!("{name} {url}: {refused:?}") };
            assert_eq!(issues[0].path, ["metadataUrl".into()]);
        }
    }
    assert_eq!(world.web.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_server_uses_cannot_be_deleted() {
    let world = World::new().await;
    let made = world.ok("oauthConfigs.create", config()).await;
    let (id, server) = (&made["id"], world.ours.server.id);
    let configure = |auth: &str, id: &Value| json!({ "serverId": server, "authType": auth, "supportTicketType": "none", "customOauthConfigId": id });
    let configured = world.ok("mcpServers.updateConfiguration", configure("custom_oauth", id)).await;
    assert_eq!(&configured["customOauthConfigId"], id);
    let delete = json!({ "oauthConfigId": id });
    let refused = world.call("oauthConfigs.delete", &world.ours.owner, delete.clone()).await;
    let used_by = Resource::McpServer;
    assert!(matches!(refused, Err(Error::InUse { resource: Resource::OauthConfig, used_by: u }) if u == used_by));

    world.ok("mcpServers.updateConfiguration", configure("none", id)).await;
    assert_eq!(world.ok("oauthConfigs.delete", delete.clone()).await, json!({ "success": true }));
    let again = world.call("oauthConfigs.delete", &world.ours.owner, delete).await;
    assert!(matches!(again, Err(Error::NotFound(Resource::OauthConfig))));
}

#[tokio::test]
async fn a_deleted_server_uses_nothing() {
    let world = World::new().await;
    let made = world.ok("oauthConfigs.create", config()).await;
    let new =
        json!({ "name": "n", "slug": "oauth-server", "authType": "custom_oauth", "customOauthConfigId": made["id"] });
    let server = world.ok("mcpServers.create", new).await;
    world.ok("mcpServers.delete", json!({ "serverId": server["id"], "confirmSlug": "oauth-server" })).await;
    world.ok("oauthConfigs.delete", json!({ "oauthConfigId": made["id"] })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleting_what_a_server_begins_to_use_goes_one_way_or_the_other() {
    let world = Arc::new(World::new().await);
    let other = world.another_node().await;
    for _ in 0..12 {
        let made = world.ok("oauthConfigs.create", config()).await;
        let use_it = json!({ "serverId": world.ours.server.id, "authType": "custom_oauth",
            "supportTicketType": "none", "customOauthConfigId": made["id"] });
        let (owner, id) = (world.ours.vouched.clone(), made["id"].clone());
        let there = world.catalogue.get("mcpServers.updateConfiguration").unwrap();
        let racer = other.clone();
        let using = tokio::spawn(async move { there.call(&racer, &owner, use_it).await });
        let deleted = world.call("oauthConfigs.delete", &world.ours.vouched, json!({ "oauthConfigId": id })).await;
        match (using.await.unwrap(), deleted) {
            (Ok(_), Err(Error::InUse { .. })) | (Err(Error::NotFound(Resource::OauthConfig)), Ok(_)) => {}
            both => panic!("{both:?}"),
        }
        let rest = json!({ "serverId": world.ours.server.id, "authType": "none", "supportTicketType": "none" });
        world.ok("mcpServers.updateConfiguration", rest).await;
    }
}

#[tokio::test]
async fn validating_tells_what_the_server_says_and_keeps_nothing() {
    let world = World::new().await;
    let events = world.events().await;
    let said = world.ok("oauthConfigs.validate", json!({ "metadataUrl": Web::METADATA_URL })).await;
    assert_eq!(
        (&said["issuer"], &said["tokenEndpoint"]),
        (&json!("https://id.example.test"), &json!("https://id.example.test/token"))
    );
    assert_eq!((&said["scopesSupported"], &said["userinfoEndpoint"]), (&json!(["openid"]), &json!(null)));
    assert_eq!(world.events().await, events);
    assert_eq!(world.ok("oauthConfigs.list", json!({})).await, json!([]));
}

#[tokio::test]
async fn validating_tells_why_nobody_could_sign_in_there() {
    let world = World::new().await;
    let validate = json!({ "metadataUrl": Web::METADATA_URL });
    for (document, problem, data) in [
        ("<html>", MetadataProblem::NotJson, "not_json"),
        ("{}", MetadataProblem::Missing("issuer"), "missing_issuer"),
        (r#"{"issuer":"https://other.example.test"}"#, MetadataProblem::IssuerMismatch, "issuer_mismatch"),
    ] {
        world.web.publish(Web::METADATA_URL, Ok(document.into()));
        let refused = world.call("oauthConfigs.validate", &world.ours.owner, validate.clone()).await.unwrap_err();
        assert!(matches!(refused, Error::InvalidOauthMetadata(p) if p == problem), "{refused:?}");
        assert_eq!(
            (refused.code(), refused.data()),
            (("INVALID_OAUTH_METADATA", 422), Some(json!({ "reason": data })))
        );
    }
    world.web.publish(Web::METADATA_URL, Err(Unreachable::Timeout));
    let refused = world.call("oauthConfigs.validate", &world.ours.owner, validate).await.unwrap_err();
    let told = (refused.code(), refused.data());
    assert_eq!(told, (("OAUTH_SERVER_UNREACHABLE", 502), Some(json!({ "reason": "timeout" }))));
}

#[tokio::test]
async fn nobody_who_may_not_has_anything_fetched_and_nobody_often() {
    let rate = Rate { uses: 2, window: Duration::from_mins(15) };
    let world = World::with_limits(Limits { metadata_account: rate, ..unlimited() }).await;
    let validate = json!({ "metadataUrl": Web::METADATA_URL });
    let viewer = world.member(&world.ours, Role::Viewer).await;
    let refused = world.call("oauthConfigs.validate", &viewer, validate.clone()).await;
    assert!(matches!(refused, Err(Error::Forbidden(Denied::InsufficientRole))));
    let stranger = world.theirs.owner.clone().in_organization(world.ours.organization.id.to_string());
    let refused = world.call("oauthConfigs.validate", &stranger, validate.clone()).await;
    assert!(matches!(refused, Err(Error::NotFound(Resource::Organization))));
    assert_eq!(world.web.asked(), Vec::<String>::new());

    let member = world.member(&world.ours, Role::Member).await;
    for _ in 0..2 {
        assert!(world.call("oauthConfigs.validate", &member, validate.clone()).await.is_ok());
    }
    let refused = world.call("oauthConfigs.validate", &member, validate).await;
    assert!(matches!(refused, Err(Error::TooManyRequests { .. })));
    assert_eq!(world.web.asked().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_server_holds_nobody_up() {
    let world = Arc::new(World::new().await);
    world.web.stop();
    let asking = world.clone();
    let asked = tokio::spawn(async move {
        let input = json!({ "metadataUrl": Web::METADATA_URL });
        asking.call("oauthConfigs.validate", &asking.ours.owner, input).await
    });
    world.web.is_asked().await;
    // SQLite has one writer: an open transaction would keep this waiting.
    let change = world.ok("oauthConfigs.create", config());
    tokio::time::timeout(Duration::from_secs(3), change).await.expect("nobody waits for somebody else's server");
    assert!(!asked.is_finished());
    world.web.go_on();
    assert!(asked.await.unwrap().is_ok());
}
