//! What a client may ask, where its answer may go, and what a registration may say (T45 to T47, T50, T51, T58, T59).

use std::time::Duration;

use guildhall_domain::{Error, error::Unreachable, oauth::OauthCode};
use guildhall_services::{
    Limits, Rate,
    oauth::{Face, Failed},
};
use guildhall_tests::{World, unlimited};
use serde_json::json;

use super::{BACK, SLUG, answer, ask, at, client, code_of, mailed, parameters, platform, request, switch, value};

/// What a request with `more` gets: nothing is said to a client's address that is not known to be its own.
async fn asked(world: &World, more: &[(&str, &str)]) -> Result<guildhall_services::oauth::Asked, Failed> {
    let at = at(world, SLUG).await;
    let client = client(world, &at).await;
    world.app.ask_to_sign_in(&at, &request(&client, more), None).await
}

#[tokio::test]
async fn an_answer_goes_to_no_address_but_one_that_was_registered() {
    let world = platform().await;
    for uri in [
        "https://evil.example.test/callback",
        "https://client.example.test/callback/",
        "https://client.example.test/callback?x=1",
        "https://client.example.test/callback#f",
        "https://client.example.test/Callback",
        "https://client.example.test:8443/callback",
        "https://client.example.test.evil.test/callback",
        "https://client.example.test@evil.test/callback",
        "https://client.example.test/../callback",
        "https://client.example.test/%63allback",
        "http://client.example.test/callback",
        "http://127.0.0.1/callback",
        "javascript:alert(1)",
        "//evil.test",
        " ",
    ] {
        let refused = asked(&world, &[("redirect_uri", uri), ("response_type", "nonsense")]).await;
        assert_eq!(code_of(refused), OauthCode::InvalidRequest, "{uri:?}");
    }
    assert!(asked(&world, &[("redirect_uri", "")]).await.is_ok(), "the only one that is registered");
    for client_id in ["", "cli_01jd0000000000000000000000", "nonsense"] {
        let at = at(&world, SLUG).await;
        let sent = request(client_id, &[]);
        let refused = world.app.ask_to_sign_in(&at, &sent, None).await;
        assert!(matches!(refused, Err(Failed::Refused(_))), "{client_id}");
    }
}

#[tokio::test]
async fn what_else_is_wrong_the_client_is_told_at_its_own_address() {
    let world = platform().await;
    for (more, code) in [
        (("response_type", "token"), "unsupported_response_type"),
        (("response_type", ""), "invalid_request"),
        (("response_mode", "fragment"), "invalid_request"),
        (("code_challenge", ""), "invalid_request"),
        (("code_challenge", "short"), "invalid_request"),
        (("code_challenge_method", "plain"), "invalid_request"),
        (("code_challenge_method", ""), "invalid_request"),
        (("scope", "admin"), "invalid_scope"),
        (("resource", "https://theirs-server.localhost:3000/mcp"), "invalid_target"),
        (("resource", "http://ours-server.localhost:3000/mcp/a/b"), "invalid_target"),
        (("resource", "http://ours-server.localhost:3000.evil.test/mcp"), "invalid_target"),
        (("resource", "http://ours-server.localhost:3000/mcp#f"), "invalid_target"),
    ] {
        let Err(Failed::Back(url)) = asked(&world, &[more]).await else { panic!("{more:?}") };
        assert!(url.starts_with(&format!("{BACK}?")), "{url}");
        assert_eq!(value(&url, "error").as_deref(), Some(code), "{more:?}");
        assert_eq!(value(&url, "state").as_deref(), Some("st&te"));
        assert_eq!(value(&url, "iss").as_deref(), Some("http://ours-server.localhost:3000"));
        assert_eq!(value(&url, "code"), None);
    }
    for resource in [
        "http://ours-server.localhost:3000/mcp",
        "http://localhost:3000/s/ours-server/mcp/ann",
        "http://ours-server.localhost:3000/",
    ] {
        assert!(asked(&world, &[("resource", resource)]).await.is_ok(), "{resource}");
    }
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    for name in ["client_id", "redirect_uri", "state"] {
        let mut twice = request(&client, &[]);
        twice.0.push((name.to_owned(), "x".to_owned()));
        let refused = world.app.ask_to_sign_in(&at, &twice, None).await;
        assert!(matches!(refused, Err(Failed::Refused(_))), "{name} twice: {refused:?}");
    }
}

#[tokio::test]
async fn who_says_no_is_heard_and_an_old_page_opens_nothing() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let asked = ask(&world.app, &at, &client).await;
    assert_eq!((asked.client_name.as_deref(), asked.goes_to.as_str()), (Some("Tests"), "client.example.test"));
    let url = world.app.decline_to_sign_in(&at, &asked.sealed).unwrap();
    assert_eq!(value(&url, "error").as_deref(), Some("access_denied"));

    let email = "ann@example.test".parse().unwrap();
    let path = world.app.sign_in_server(SLUG, Face::Path).await.unwrap();
    assert!(world.app.mail_sign_in_code(&path, &asked.sealed, &email, None).await.is_err(), "another issuer's page");
    assert!(world.app.mail_sign_in_code(&at, "AAAA", &email, None).await.is_err());
    world.clock.advance(Duration::from_mins(11));
    assert!(world.app.mail_sign_in_code(&at, &asked.sealed, &email, None).await.is_err());
    assert!(world.app.decline_to_sign_in(&at, &asked.sealed).is_err());
    assert_eq!(world.count("select count(*) from oauth_sign_ins").await, 0);
}

#[tokio::test]
async fn a_code_is_for_its_own_page_and_for_some_tries() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let email = "ann@example.test".parse().unwrap();
    let asked = ask(&world.app, &at, &client).await;
    let mine = world.app.mail_sign_in_code(&at, &asked.sealed, &email, None).await.unwrap();
    let code = mailed(&world).await;
    let other = world.app.mail_sign_in_code(&at, &asked.sealed, &email, None).await.unwrap();
    let others = mailed(&world).await;
    let enter = async |ticket: &str, code: &str| {
        format!("{:?}", world.app.enter_sign_in_code(&at, ticket, code).await.unwrap())
    };
    if code != others {
        assert_eq!(enter(&other, &code).await, "Wrong(4)", "the code of another page");
    }
    let (id, _) = mine.split_once('.').unwrap();
    assert_eq!(enter(&format!("{id}.AAAA"), &code).await, "Over", "nobody else's browser");
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for left in [4, 3, 2, 1] {
        assert_eq!(enter(&mine, wrong).await, format!("Wrong({left})"));
    }
    assert_eq!(enter(&mine, wrong).await, "Over");
    assert_eq!(enter(&mine, &code).await, "Over", "too late, though right");
    let spaced = format!(" {} {}", &others[..3], &others[3..]);
    assert!(enter(&other, &spaced).await.starts_with("Right("));
    assert_eq!(enter(&other, &others).await, "Over", "once");
}

#[tokio::test]
async fn nobody_s_mailbox_is_filled() {
    let rate = Rate { uses: 2, window: Duration::from_mins(60) };
    let world = World::with_limits(Limits { code_recipient: rate, ..unlimited() }).await;
    switch(&world, "platform_oauth", None).await;
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let asked = ask(&world.app, &at, &client).await;
    let mail = async |email: &str| world.app.mail_sign_in_code(&at, &asked.sealed, &email.parse().unwrap(), None).await;
    assert!(mail("ann@example.test").await.is_ok() && mail("ANN@example.test").await.is_ok());
    let refused = mail("ann@example.test").await;
    assert!(matches!(refused, Err(Failed::Error(Error::TooManyRequests { .. }))), "{refused:?}");
    assert!(mail("bob@example.test").await.is_ok());
}

#[tokio::test]
async fn a_flood_of_registrations_ends() {
    let rate = Rate { uses: 3, window: Duration::from_mins(60) };
    let world = World::with_limits(Limits { client_address: rate, ..unlimited() }).await;
    switch(&world, "platform_oauth", None).await;
    let at = at(&world, SLUG).await;
    let document = json!({ "redirect_uris": [BACK] });
    let register =
        async |address: &str| world.app.register_client(&at, &document, Some(address.parse().unwrap())).await;
    for last in 1..=3 {
        assert!(register(&format!("2001:db8::{last}")).await.is_ok());
    }
    let refused = register("2001:db8::9").await;
    assert!(matches!(refused, Err(Failed::Error(Error::TooManyRequests { .. }))));
    assert!(register("2001:db8:0:1::1").await.is_ok());
    assert_eq!(world.count("select count(*) from oauth_clients").await, 4);
    for bad in [json!({ "redirect_uris": ["javascript:alert(1)"] }), json!([]), json!({})] {
        assert!(world.app.register_client(&at, &bad, None).await.is_err());
    }
}

#[tokio::test]
async fn a_client_is_known_by_the_document_at_its_id() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let id = "https://app.example.test/oauth/client.json";
    let document = |more: serde_json::Value| {
        let mut document = json!({ "client_id": id, "client_name": "App", "redirect_uris": [BACK] });
        document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Ok(document.to_string().into_bytes())
    };
    let ask = async || world.app.ask_to_sign_in(&at, &request(id, &[]), None).await;
    assert!(matches!(ask().await, Err(Failed::Refused(_))), "nothing is there");
    for bad in [
        document(json!({ "client_id": "https://app.example.test/other" })),
        document(json!({ "client_secret": "s" })),
        document(json!({ "redirect_uris": ["https://other.example.test/cb"] })),
        document(json!({ "token_endpoint_auth_method": "client_secret_basic" })),
        document(json!({ "padding": "x".repeat(6_000) })),
        Ok(b"<html>".to_vec()),
        Err(Unreachable::Status(404)),
        Err(Unreachable::Timeout),
    ] {
        world.web.publish(id, bad);
        let refused = ask().await;
        assert!(matches!(refused, Err(Failed::Refused(_))), "{refused:?}");
    }
    world.web.publish(id, document(json!({})));
    let asked = ask().await.unwrap();
    assert_eq!((asked.client_name.as_deref(), asked.client_host.as_deref()), (Some("App"), Some("app.example.test")));
    let url = answer(&world, &at, id, "ann@example.test").await;
    let code = value(&url, "code").unwrap();
    let secretive = parameters(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("client_id", id),
        ("client_secret", "s"),
        ("code_verifier", super::VERIFIER),
    ]);
    assert_eq!(code_of(world.app.grant_token(&at, &secretive, None).await), OauthCode::InvalidClient);
    assert!(super::redeem(&world.app, &at, id, &code).await.is_ok());
}

#[tokio::test]
async fn nobody_signs_in_where_nobody_has_to() {
    let world = World::new().await;
    for auth_type in ["none", "collect_email"] {
        switch(&world, auth_type, None).await;
        assert!(matches!(world.app.sign_in_server(SLUG, Face::Host).await, Err(Error::NotFound(_))), "{auth_type}");
    }
    assert!(world.app.sign_in_server("nobody-here", Face::Host).await.is_err());
}
