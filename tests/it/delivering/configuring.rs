//! Which destinations a server has.

use guildhall_domain::Error;
use guildhall_tests::World;
use serde_json::{Value, json};

use super::{Place, configuration};

#[tokio::test]
async fn where_tickets_are_to_go_must_be_known_and_stays_known() {
    let world = World::new().await;
    let get = async || {
        let shown = world.ok("mcpServers.get", json!({ "serverId": world.ours.server.id })).await;
        shown["ticketDestinations"].clone()
    };
    let refused = async |name: &str, input: Value, field: &str| {
        let events = world.events().await;
        let answer = world.call(name, &world.ours.owner, input).await;
        let Err(Error::BadRequest(issues)) = answer else { panic!("{name}: {answer:?}") };
        assert_eq!((issues[0].path.as_slice(), world.events().await), (&[field.into()][..], events));
    };
    for (kind, field) in [("slack", "slackWebhookUrl"), ("linear", "linear")] {
        refused("mcpServers.updateConfiguration", configuration(&world, kind, json!({})), field).await;
        let create = json!({ "name": "n", "slug": "another-server", "supportTicketType": kind });
        refused("mcpServers.create", create, field).await;
    }
    for bad in ["http://hooks.example.test/x", "ftp://hooks.example.test/x", "https://a@hooks.example.test/x"] {
        let given = json!({ "slackWebhookUrl": bad });
        refused("mcpServers.updateConfiguration", configuration(&world, "slack", given), "slackWebhookUrl").await;
    }
    assert_eq!(get().await, json!([]));

    let change = async |kind: &str, given: Value| {
        let before = world.events().await;
        world.ok("mcpServers.updateConfiguration", configuration(&world, kind, given)).await;
        world.events().await - before
    };
    let slack = |n: u32| json!({ "slackWebhookUrl": format!("https://hooks.example.test/{n}") });
    assert_eq!(change("dashboard", slack(1)).await, 1, "kept, though another is chosen");
    assert_eq!(change("dashboard", slack(1)).await, 0, "it already was so");
    assert_eq!(change("slack", json!({})).await, 1, "it is known");
    assert_eq!(change("slack", slack(2)).await, 1);
    let linear = |team: &str| json!({ "linear": { "apiKey": "lin_1", "teamId": team } });
    assert_eq!(change("linear", linear("one")).await, 1);
    assert_eq!(change("linear", linear("two")).await, 1);
    assert_eq!(change("linear", linear("two")).await, 0);
    assert_eq!(get().await, json!([{ "kind": "linear", "teamId": "two" }, { "kind": "slack", "teamId": null }]));

    let create = json!({ "name": "n", "slug": "another-server", "supportTicketType": "slack",
        "slackWebhookUrl": "https://hooks.example.test/3" });
    let made = world.ok("mcpServers.create", create).await;
    let shown = world.ok("mcpServers.get", json!({ "serverId": made["id"] })).await;
    assert_eq!(shown["ticketDestinations"], json!([{ "kind": "slack", "teamId": null }]));
    let theirs = json!({ "serverId": world.theirs.server.id });
    let theirs = world.call("mcpServers.get", &world.theirs.owner, theirs).await.unwrap();
    assert_eq!(theirs["ticketDestinations"], json!([]), "another organization's stay as they are");
}

#[tokio::test]
async fn a_server_that_is_gone_sends_nothing_any_more() {
    let place = Place::sending_to("slack").await;
    let ticket = place.file("Help", "It does not work").await;
    let delete = json!({ "serverId": place.world.ours.server.id, "confirmSlug": "ours-server" });
    place.world.ok("mcpServers.delete", delete).await;
    assert_eq!(place.world.lines("select kind from ticket_destinations where kind <> $1", "").await.len(), 0);
    place.work().await;
    let why = "Could not be taken to Slack: its server does not say any more where that is.";
    assert_eq!((place.last(&ticket).await["content"].clone(), place.taken()), (json!(why), (0, 0)));
}
