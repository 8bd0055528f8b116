//! Servers that want an email address before they answer.

use std::time::Duration;

use guildhall_domain::Error;
use guildhall_services::{Client, Limits, Rate, Visit};
use guildhall_tests::{World, unlimited};
use serde_json::json;

use super::{SLUG, enter, mailed, switch, tool, users, visit};

async fn collecting() -> World {
    let world = World::new().await;
    switch(&world, "collect_email", None).await;
    world
}

#[tokio::test]
async fn nothing_else_answers_before_an_address_is_proven() {
    let world = collecting().await;
    let guest = enter(&world.app, &visit(Some("t-1"), None)).await.unwrap();
    assert!(guest.lacks_email());
    let refused = tool(&world.app, &guest, "get_next_step", json!({})).await;
    assert!(refused.is_error && refused.text.contains("provide_email"), "{}", refused.text);
    let email = json!({ "email": "Ann@example.test" });
    let asked = tool(&world.app, &guest, "provide_email", email.clone()).await;
    assert_eq!(asked.structured, Some(json!({ "status": "code_mailed" })));
    let again = enter(&world.app, &visit(Some("t-1"), None)).await.unwrap();
    assert!(tool(&world.app, &again, "get_next_step", json!({})).await.is_error, "typed is not proven");

    let code = mailed(&world).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let try_code = async |email: &str, code: &str| {
        tool(&world.app, &guest, "provide_email", json!({ "email": email, "code": code })).await
    };
    assert!(try_code("ann@example.test", wrong).await.is_error);
    assert!(try_code("bob@example.test", &code).await.is_error, "another address");
    let proven = try_code("ann@example.test", &code).await;
    assert_eq!(proven.structured, Some(json!({ "status": "verified" })));
    let known = enter(&world.app, &visit(Some("t-1"), None)).await.unwrap();
    assert!(!known.lacks_email() && !tool(&world.app, &known, "start_walkthrough", json!({})).await.is_error);
    let spent = json!({ "email": "ann@example.test", "code": code });
    assert!(tool(&world.app, &known, "provide_email", spent).await.is_error, "once");

    let people = users(&world).await;
    let ann = people.iter().find(|user| user["email"] == "ann@example.test").unwrap();
    assert_eq!((&ann["trackingId"], ann["sessionCount"].as_i64()), (&json!("t-1"), Some(1)));
    let visits = world.ok("sessions.list", json!({ "mcpUserId": ann["id"] })).await;
    assert!(visits["items"][0]["toolCallCount"].as_i64() >= Some(6), "{visits}");
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn who_has_proven_an_address_before_is_the_same_person_again() {
    let world = collecting().await;
    let prove = async |guest: &guildhall_services::Guest| {
        tool(&world.app, guest, "provide_email", json!({ "email": "ann@example.test" })).await;
        let code = mailed(&world).await;
        tool(&world.app, guest, "provide_email", json!({ "email": "ann@example.test", "code": code })).await
    };
    let tracked = enter(&world.app, &visit(Some("t-1"), None)).await.unwrap();
    assert!(!prove(&tracked).await.is_error);
    let known = users(&world).await.len();

    let anonymous = enter(&world.app, &visit(None, None)).await.unwrap();
    let handle = anonymous.handle().unwrap().to_owned();
    assert!(!prove(&anonymous).await.is_error);
    let visitor = world.app.greet(&visit(None, None)).await.unwrap();
    let again = world.app.settle(&visitor, &Client::default(), Some(&handle)).await.unwrap();
    assert!(!again.lacks_email(), "the handle leads to ann");

    let visitor = world.app.greet(&visit(None, None)).await.unwrap();
    let key = world.app.connect(&visitor, &Client::default()).await.unwrap();
    let in_session = Visit { session_key: Some(key), ..visit(None, None) };
    let guest = enter(&world.app, &in_session).await.unwrap();
    assert!(guest.lacks_email() && !prove(&guest).await.is_error);
    assert!(!enter(&world.app, &in_session).await.unwrap().lacks_email(), "so does the session");
    assert_eq!(users(&world).await.len(), known, "one person, three ways");
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_code_has_its_time_and_its_tries() {
    let world = collecting().await;
    let guest = enter(&world.app, &visit(Some("t-1"), None)).await.unwrap();
    let ask = async || tool(&world.app, &guest, "provide_email", json!({ "email": "ann@example.test" })).await;
    let give = async |code: &str| {
        tool(&world.app, &guest, "provide_email", json!({ "email": "ann@example.test", "code": code })).await
    };
    ask().await;
    let code = mailed(&world).await;
    world.clock.advance(Duration::from_mins(11));
    assert!(give(&code).await.is_error);
    ask().await;
    let code = mailed(&world).await;
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        assert!(give(wrong).await.is_error);
    }
    assert!(give(&code).await.is_error, "five tries");
    ask().await;
    let code = mailed(&world).await;
    let other = enter(&world.app, &visit(Some("t-2"), None)).await.unwrap();
    let stolen = tool(&world.app, &other, "provide_email", json!({ "email": "ann@example.test", "code": code })).await;
    assert!(stolen.is_error, "a code is for who asked for it");
    assert!(!give(&code).await.is_error);
}

#[tokio::test]
async fn a_server_mails_codes_only_so_often() {
    let rate = Rate { uses: 2, window: Duration::from_mins(60) };
    let world = World::with_limits(Limits { code_server: rate, ..unlimited() }).await;
    switch(&world, "collect_email", None).await;
    let guest = enter(&world.app, &visit(Some("t-1"), None)).await.unwrap();
    for (n, fine) in [(1, true), (2, true), (3, false)] {
        let asked = tool(&world.app, &guest, "provide_email", json!({ "email": format!("p{n}@example.test") })).await;
        assert_eq!(!asked.is_error, fine, "{n}");
    }
    let bad = tool(&world.app, &guest, "provide_email", json!({ "email": "no address" })).await;
    assert!(bad.is_error && bad.text.contains("email"));
    assert!(matches!(
        world.app.sign_in_server(SLUG, guildhall_services::oauth::Face::Host).await,
        Err(Error::NotFound(_))
    ));
}
