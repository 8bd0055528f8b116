//! What tokens are worth, and where (T47 to T51, T28, T79).

use std::time::Duration;

use guildhall_domain::{Error, Resource, oauth::OauthCode};
use guildhall_services::oauth::{Failed, Parameters};
use serde_json::json;

use super::{
    BACK, SLUG, VERIFIER, answer, at, basic, client, code_of, enter, parameters, platform, redeem, refresh, signed_in,
    switch, tool, users, value, visit,
};

fn exchange(client_id: &str, code: &str, more: &[(&str, &str)]) -> Parameters {
    let mut sent = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("client_id", client_id),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in more {
        sent.retain(|(known, _)| known != name);
        if !value.is_empty() {
            sent.push((name, value));
        }
    }
    parameters(&sent)
}

#[tokio::test]
async fn who_signs_in_is_known_by_its_token_and_by_nothing_else() {
    let world = platform().await;
    for none in [None, Some(""), Some("ghma_AAAA")] {
        let refused = enter(&world.app, &visit(None, none)).await;
        assert!(matches!(refused, Err(Error::Unauthenticated)), "{none:?}");
    }
    assert!(matches!(enter(&world.app, &visit(Some("reader"), None)).await, Err(Error::Unauthenticated)));
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let granted = signed_in(&world, &at, &client, "Ann@example.test").await;
    assert_eq!((granted.expires_in, granted.scope), (900, "mcp"));
    let guest = enter(&world.app, &visit(None, Some(&granted.access_token))).await.unwrap();
    assert!(!tool(&world.app, &guest, "start_walkthrough", json!({})).await.is_error);
    let returning = visit(Some("reader-2"), Some(&granted.access_token));
    let (known, statements) = world.statements(world.app.greet(&returning)).await;
    assert_eq!((known.is_ok(), statements), (true, 1), "server, token, person and visit in one");
    let again = signed_in(&world, &at, &client, "ann@example.test").await;
    let guest = enter(&world.app, &visit(None, Some(&again.access_token))).await.unwrap();
    tool(&world.app, &guest, "get_next_step", json!({})).await;
    let known = users(&world).await;
    let ann: Vec<_> = known.iter().filter(|user| user["email"] == "ann@example.test").collect();
    assert_eq!((ann.len(), &ann[0]["sessionCount"]), (1, &json!(1)), "{known:?}");
    assert_eq!(world.app.recount(world.ours.organization.id).await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_code_works_once_in_time_and_with_all_that_belongs_to_it() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let (mine, other) = (client(&world, &at).await, client(&world, &at).await);
    let fresh = async || value(&answer(&world, &at, &mine, "ann@example.test").await, "code").unwrap();
    for (client, more, expected) in [
        (&other, ("code_verifier", VERIFIER), OauthCode::InvalidGrant),
        (&mine, ("code_verifier", "wrong-wrong-wrong-wrong-wrong-wrong-wrong-wrong"), OauthCode::InvalidGrant),
        (&mine, ("code_verifier", ""), OauthCode::InvalidRequest),
        (&mine, ("code_verifier", "short"), OauthCode::InvalidGrant),
        (&mine, ("redirect_uri", "https://client.example.test/other"), OauthCode::InvalidGrant),
        (&mine, ("resource", "http://theirs-server.localhost:3000/mcp"), OauthCode::InvalidTarget),
    ] {
        let code = fresh().await;
        let refused = world.app.grant_token(&at, &exchange(client, &code, &[more]), None).await;
        assert_eq!(code_of(refused), expected, "{more:?}");
        let late = redeem(&world.app, &at, &mine, &code).await;
        assert_eq!(code_of(late), OauthCode::InvalidGrant, "whoever guesses has used it up: {more:?}");
    }
    let code = fresh().await;
    let fits =
        exchange(&mine, &code, &[("redirect_uri", BACK), ("resource", "http://ours-server.localhost:3000/mcp/")]);
    let granted = world.app.grant_token(&at, &fits, None).await.unwrap();
    assert!(enter(&world.app, &visit(None, Some(&granted.access_token))).await.is_ok());
    assert_eq!(code_of(redeem(&world.app, &at, &mine, &code).await), OauthCode::InvalidGrant);
    let dead = enter(&world.app, &visit(None, Some(&granted.access_token))).await;
    assert!(matches!(dead, Err(Error::Unauthenticated)), "two had the code");
    assert_eq!(code_of(refresh(&world.app, &at, &mine, &granted.refresh_token).await), OauthCode::InvalidGrant);

    let code = fresh().await;
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(code_of(redeem(&world.app, &at, &mine, &code).await), OauthCode::InvalidGrant);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_who_redeem_one_code_at_once_one_gets_tokens_and_not_for_long() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let nodes = [world.app.clone(), world.another_node().await];
    let code = value(&answer(&world, &at, &client, "ann@example.test").await, "code").unwrap();
    let mut race = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (app, at, client, code) = (nodes[n % 2].clone(), at.clone(), client.clone(), code.clone());
        race.spawn(async move { redeem(&app, &at, &client, &code).await });
    }
    let done = race.join_all().await;
    let granted: Vec<_> = done.iter().flatten().collect();
    assert_eq!(granted.len(), 1);
    assert!(enter(&world.app, &visit(None, Some(&granted[0].access_token))).await.is_err());
}

#[tokio::test]
async fn a_refresh_token_works_once_and_a_lost_answer_is_given_again() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let (mine, other) = (client(&world, &at).await, client(&world, &at).await);
    let first = signed_in(&world, &at, &mine, "ann@example.test").await;
    assert_eq!(code_of(refresh(&world.app, &at, &other, &first.refresh_token).await), OauthCode::InvalidGrant);
    let second = refresh(&world.app, &at, &mine, &first.refresh_token).await.unwrap();
    assert_ne!(second.refresh_token, first.refresh_token);
    let lost = refresh(&world.app, &at, &mine, &first.refresh_token).await.unwrap();
    assert_eq!(lost.refresh_token, second.refresh_token);
    for token in [&first.access_token, &second.access_token, &lost.access_token] {
        assert!(enter(&world.app, &visit(None, Some(token))).await.is_ok());
    }
    let wider = parameters(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", &second.refresh_token),
        ("client_id", &mine),
        ("scope", "admin"),
    ]);
    assert_eq!(code_of(world.app.grant_token(&at, &wider, None).await), OauthCode::InvalidScope);
    world.clock.advance(Duration::from_secs(11));
    assert_eq!(code_of(refresh(&world.app, &at, &mine, &first.refresh_token).await), OauthCode::InvalidGrant);
    for token in [&second.access_token, &lost.access_token] {
        assert!(enter(&world.app, &visit(None, Some(token))).await.is_err(), "somebody else has it too");
    }
    assert_eq!(code_of(refresh(&world.app, &at, &mine, &second.refresh_token).await), OauthCode::InvalidGrant);
}

#[tokio::test]
async fn tokens_end() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let granted = signed_in(&world, &at, &client, "ann@example.test").await;
    world.clock.advance(Duration::from_mins(16));
    assert!(enter(&world.app, &visit(None, Some(&granted.access_token))).await.is_err());
    let next = refresh(&world.app, &at, &client, &granted.refresh_token).await.unwrap();
    world.clock.advance(Duration::from_hours(31 * 24));
    assert_eq!(code_of(refresh(&world.app, &at, &client, &next.refresh_token).await), OauthCode::InvalidGrant);

    for kind in ["access", "refresh"] {
        let granted = signed_in(&world, &at, &client, "ann@example.test").await;
        let token = if kind == "access" { &granted.access_token } else { &granted.refresh_token };
        let revoke = |client: &str| parameters(&[("token", token), ("client_id", client)]);
        let stranger = super::client(&world, &at).await;
        world.app.revoke_token(&at, &revoke(&stranger), None).await.unwrap();
        assert!(enter(&world.app, &visit(None, Some(&granted.access_token))).await.is_ok(), "not the stranger's");
        world.app.revoke_token(&at, &revoke(&client), None).await.unwrap();
        world.app.revoke_token(&at, &revoke(&client), None).await.unwrap();
        assert!(enter(&world.app, &visit(None, Some(&granted.access_token))).await.is_err(), "{kind}");
        assert_eq!(code_of(refresh(&world.app, &at, &client, &granted.refresh_token).await), OauthCode::InvalidGrant);
    }
}

#[tokio::test]
async fn a_token_is_for_one_server_and_for_the_way_that_it_asks_now() {
    let world = platform().await;
    let at_ours = at(&world, SLUG).await;
    let client = client(&world, &at_ours).await;
    let granted = signed_in(&world, &at_ours, &client, "ann@example.test").await;
    let token = Some(granted.access_token.as_str());
    let other = json!({ "name": "Second", "slug": "second-server", "authType": "platform_oauth" });
    world.call("mcpServers.create", &world.ours.vouched, other).await.unwrap();
    let there = guildhall_services::Visit { slug: "second-server".to_owned(), ..visit(None, token) };
    assert!(matches!(world.app.greet(&there).await, Err(Error::Unauthenticated)), "the same organization's");
    let second = at(&world, "second-server").await;
    assert_eq!(code_of(refresh(&world.app, &second, &client, &granted.refresh_token).await), OauthCode::InvalidClient);

    let config = super::upstream::config(&world).await;
    switch(&world, "custom_oauth", Some(&config)).await;
    assert!(matches!(world.app.greet(&visit(None, token)).await, Err(Error::Unauthenticated)));
    let now = at(&world, SLUG).await;
    assert_eq!(code_of(refresh(&world.app, &now, &client, &granted.refresh_token).await), OauthCode::InvalidGrant);
    switch(&world, "none", None).await;
    let visitor = world.app.greet(&visit(None, token)).await.unwrap();
    assert!(visitor.is_anonymous(), "a token says nothing where nobody signs in");
    switch(&world, "platform_oauth", None).await;
    assert!(world.app.greet(&visit(None, token)).await.is_ok());

    let person = users(&world).await.into_iter().find(|user| user["email"] == "ann@example.test").unwrap();
    world.call("mcpServers.deleteUsers", &world.ours.vouched, json!({ "userIds": [person["id"]] })).await.unwrap();
    assert!(matches!(world.app.greet(&visit(None, token)).await, Err(Error::Unauthenticated)), "forgotten");
}

#[tokio::test]
async fn a_session_of_one_person_is_nothing_to_another() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let ann = signed_in(&world, &at, &client, "ann@example.test").await;
    let bob = signed_in(&world, &at, &client, "bob@example.test").await;
    let visitor = world.app.greet(&visit(None, Some(&ann.access_token))).await.unwrap();
    let key = world.app.connect(&visitor, &guildhall_services::Client::default()).await.unwrap();
    let with = |token: Option<&str>| guildhall_services::Visit { session_key: Some(key.clone()), ..visit(None, token) };
    assert!(enter(&world.app, &with(Some(&ann.access_token))).await.is_ok());
    let stolen = enter(&world.app, &with(Some(&bob.access_token))).await;
    assert!(matches!(stolen, Err(Error::NotFound(Resource::McpSession))), "{stolen:?}");
    assert!(matches!(enter(&world.app, &with(None)).await, Err(Error::Unauthenticated)));
}

#[tokio::test]
async fn a_client_proves_itself_as_it_registered_and_in_no_other_way() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let register = async |method: &str| {
        let document = json!({ "redirect_uris": [BACK], "token_endpoint_auth_method": method });
        let made = world.app.register_client(&at, &document, None).await.unwrap();
        (made.id.to_string(), made.secret.unwrap_or_default())
    };
    let clients = [register("none").await, register("client_secret_basic").await, register("client_secret_post").await];
    assert!(clients[0].1.is_empty() && clients[1].1.len() > 40);
    for (n, (id, secret)) in clients.iter().enumerate() {
        let other = &clients[1 + n % 2].1;
        let body = |secret: &str| {
            parameters(&[
                ("grant_type", "refresh_token"),
                ("refresh_token", "x"),
                ("client_id", id),
                ("client_secret", secret),
            ])
        };
        let bare = parameters(&[("grant_type", "refresh_token"), ("refresh_token", "x")]);
        let tries = [
            (body(""), None, 0),
            (bare.clone(), Some(basic(id, secret)), 1),
            (body(secret), None, 2),
            (bare.clone(), Some(basic(id, "wrong")), 9),
            (body("wrong"), None, 9),
            (bare.clone(), Some(basic(id, if secret == other { "x" } else { other })), 9),
            (body(secret), Some(basic(id, secret)), 9),
            (
                parameters(&[("grant_type", "refresh_token"), ("refresh_token", "x"), ("client_id", "cli_other")]),
                Some(basic(id, secret)),
                9,
            ),
            (bare, None, 9),
        ];
        for (m, (sent, header, right)) in tries.iter().enumerate() {
            let code = code_of(world.app.grant_token(&at, sent, header.as_ref()).await);
            // The grant itself is nonsense, which only a proven client gets to hear. An empty secret is none.
            let proven = *right == n || (n == 0 && m == 2);
            let expected = if proven { OauthCode::InvalidGrant } else { OauthCode::InvalidClient };
            assert_eq!(code, expected, "client {n}, try {m}");
        }
    }
}

#[tokio::test]
async fn only_two_things_are_granted_for() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    for kind in ["password", "client_credentials", "implicit", "urn:ietf:params:oauth:grant-type:device_code"] {
        let refused =
            world.app.grant_token(&at, &parameters(&[("grant_type", kind), ("client_id", &client)]), None).await;
        assert_eq!(code_of(refused), OauthCode::UnsupportedGrantType, "{kind}");
    }
    let missing = world.app.grant_token(&at, &parameters(&[("client_id", &client)]), None).await;
    assert!(matches!(missing, Err(Failed::Refused(refused)) if refused.code == OauthCode::InvalidRequest));
}

/// Nothing that opens a door is kept as it is.
#[tokio::test]
async fn no_row_holds_a_token() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let url = answer(&world, &at, &client, "ann@example.test").await;
    let code = value(&url, "code").unwrap();
    let granted = redeem(&world.app, &at, &client, &code).await.unwrap();
    let mut texts = world.lines("select request from oauth_sign_ins where request <> $1", "").await;
    texts.extend(world.lines("select data from events where data <> $1", "").await);
    texts.extend(world.lines("select resource from oauth_grants where resource <> $1", "").await);
    assert!(texts.len() > 2);
    for secret in [&code, &granted.access_token, &granted.refresh_token] {
        assert!(!texts.iter().any(|text| text.contains(secret.as_str())));
    }
}

#[tokio::test]
async fn what_opens_nothing_any_more_is_swept_away() {
    let world = platform().await;
    let at = at(&world, SLUG).await;
    let (used, idle) = (client(&world, &at).await, client(&world, &at).await);
    let granted = signed_in(&world, &at, &used, "ann@example.test").await;
    world.clock.advance(Duration::from_hours(24 * 20));
    let next = refresh(&world.app, &at, &used, &granted.refresh_token).await.unwrap();
    world.clock.advance(Duration::from_hours(24 * 20));
    world.app.sweep().await.unwrap();
    assert_eq!(world.count("select count(*) from oauth_sign_ins").await, 0);
    assert_eq!(world.count("select count(*) from oauth_access_tokens").await, 0);
    assert_eq!(world.count("select count(*) from oauth_clients").await, 1, "{idle} was never used");
    assert!(refresh(&world.app, &at, &used, &next.refresh_token).await.is_ok(), "a grant that is gone on with stays");
    world.clock.advance(Duration::from_hours(24 * 40));
    world.app.sweep().await.unwrap();
    for table in ["select count(*) from oauth_grants", "select count(*) from oauth_clients"] {
        assert_eq!(world.count(table).await, 0, "{table}");
    }
}
