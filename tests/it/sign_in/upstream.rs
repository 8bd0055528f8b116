//! Signing in at the organization's own authorization server (T52, T54 to T57).

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use guildhall_domain::error::Unreachable;
use guildhall_services::{
    oauth::{Failed, SignInServer, Upstream},
    ports::Body,
};
use guildhall_tests::{Web, World};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{SLUG, ask, at, client, enter, parameters, redeem, switch, users, value, visit};

const SECRET: &str = "upstream-secret-1";
const TOKENS: &str = "https://id.example.test/token";
const KEYS: &str = "https://id.example.test/jwks";
// Made for these tests: openssl genpkey -algorithm ed25519.
const KEY: &str = "MC4CAQAwBQYDK2VwBCIEIGCS5DSfAsU6bMeiBjmK2MINi6hjePusfy9AAit1Ne6e";
const PUBLIC: &str = "U0Qe1K1-TKWyrl9j7CAdt_qudT-OHxHyZbCc4FWYUXw";

pub(super) async fn config(world: &World) -> String {
    let new =
        json!({ "name": "Theirs", "metadataUrl": Web::METADATA_URL, "clientId": "guildhall", "clientSecret": SECRET });
    let made = world.call("oauthConfigs.create", &world.ours.vouched, new).await.unwrap();
    made["id"].as_str().unwrap().to_owned()
}

/// A world whose server has people sign in upstream; a client of it.
async fn upstream() -> (World, SignInServer, String) {
    let world = World::new().await;
    let config = config(&world).await;
    switch(&world, "custom_oauth", Some(&config)).await;
    let at = at(&world, SLUG).await;
    let client = client(&world, &at).await;
    let keys = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": PUBLIC, "kid": "k1", "use": "sig", "alg": "EdDSA" },
        { "kty": "future" }] });
    world.web.publish(KEYS, Ok(keys.to_string().into_bytes()));
    (world, at, client)
}

async fn sent(world: &World, at: &SignInServer, client: &str) -> Upstream {
    let asked = ask(&world.app, at, client).await;
    assert!(asked.is_upstream);
    world.app.go_upstream(at, &asked.sealed).await.unwrap()
}

/// What the upstream server would say of ann, for the nonce that it was asked with.
fn claims(world: &World, upstream: &Upstream) -> Value {
    let now = world.app.now().seconds();
    json!({ "iss": "https://id.example.test", "aud": "guildhall", "sub": "ann", "nonce": value(&upstream.url, "nonce").unwrap(),
        "iat": now, "exp": now + 300, "email": "ann@example.test", "email_verified": true, "name": "Ann" })
}

fn publish(world: &World, header: &Header, claims: &Value) {
    let token =
        jsonwebtoken::encode(header, claims, &EncodingKey::from_ed_der(&BASE64_STANDARD.decode(KEY).unwrap())).unwrap();
    let tokens = json!({ "access_token": "upstream-access-1", "token_type": "Bearer", "id_token": token });
    world.web.publish(TOKENS, Ok(tokens.to_string().into_bytes()));
}

fn header() -> Header {
    Header { kid: Some("k1".to_owned()), ..Header::new(Algorithm::EdDSA) }
}

async fn back(world: &World, at: &SignInServer, upstream: &Upstream, more: &[(&str, &str)]) -> Result<String, Failed> {
    let state = value(&upstream.url, "state").unwrap();
    let mut pairs = vec![("state", state.as_str()), ("code", "upstream-code"), ("iss", "https://id.example.test")];
    for (name, value) in more {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    world.app.come_back(at, &parameters(&pairs), Some(&upstream.cookie)).await
}

#[tokio::test]
async fn a_person_signs_in_there_and_the_client_sees_nothing_of_it() {
    let (world, at, client) = upstream().await;
    let there = sent(&world, &at, &client).await;
    assert!(there.url.starts_with("https://id.example.test/authorize?"));
    for (name, expected) in [
        ("client_id", "guildhall"),
        ("response_type", "code"),
        ("code_challenge_method", "S256"),
        ("redirect_uri", "http://ours-server.localhost:3000/oauth/callback"),
        ("scope", "openid profile email"),
    ] {
        assert_eq!(value(&there.url, name).as_deref(), Some(expected));
    }
    publish(&world, &header(), &claims(&world, &there));
    let url = back(&world, &at, &there, &[]).await.unwrap();
    assert!(url.starts_with(super::BACK) && value(&url, "iss").as_deref() == Some("http://ours-server.localhost:3000"));
    let question = world.web.questions().into_iter().find(|question| question.url.as_str() == TOKENS).unwrap();
    let Body::Form(form) = question.body else { panic!("a form") };
    assert!(
        form.contains(&("code", "upstream-code".to_owned())) && !form.iter().any(|(name, _)| *name == "client_secret")
    );
    assert!(question.authorization.unwrap().starts_with("Basic "));

    let granted = redeem(&world.app, &at, &client, &value(&url, "code").unwrap()).await.unwrap();
    enter(&world.app, &visit(None, Some(&granted.access_token))).await.unwrap();
    let ann = users(&world).await.into_iter().find(|user| user["email"] == "ann@example.test").unwrap();
    assert_eq!((&ann["displayName"], &ann["sessionCount"]), (&json!("Ann"), &json!(1)));
    let again = back(&world, &at, &there, &[]).await;
    assert!(matches!(again, Err(Failed::Refused(_))), "a state works once");

    let mut texts = world.lines("select request from oauth_sign_ins where request <> $1", "").await;
    texts.extend(world.lines("select data from events where data <> $1", "").await);
    texts.extend(world.lines("select display_name from mcp_users where display_name <> $1", "").await);
    texts.extend([url, granted.access_token, granted.refresh_token]);
    for secret in ["upstream-access-1", "upstream-code", SECRET] {
        assert!(!texts.iter().any(|text| text.contains(secret)), "{secret} went on or stayed");
    }
}

#[tokio::test]
async fn nobody_comes_back_but_who_was_sent() {
    let (world, at, client) = upstream().await;
    let there = sent(&world, &at, &client).await;
    publish(&world, &header(), &claims(&world, &there));
    let state = value(&there.url, "state").unwrap();
    let other = sent(&world, &at, &client).await;
    let tries = [
        (parameters(&[("code", "c")]), Some(there.cookie.as_str())),
        (parameters(&[("code", "c"), ("state", "")]), Some(&there.cookie)),
        (parameters(&[("code", "c"), ("state", "osi_01jd0000000000000000000000.x")]), Some(&there.cookie)),
        (parameters(&[("code", "c"), ("state", &format!("{state}x"))]), Some(&there.cookie)),
        (parameters(&[("code", "c"), ("state", &state), ("state", &state)]), Some(&there.cookie)),
        (parameters(&[("code", "c"), ("state", &state)]), None),
        (parameters(&[("code", "c"), ("state", &state)]), Some("")),
        (parameters(&[("code", "c"), ("state", &state)]), Some(&other.cookie)),
    ];
    for (n, (sent, cookie)) in tries.iter().enumerate() {
        let refused = world.app.come_back(&at, sent, *cookie).await;
        assert!(matches!(refused, Err(Failed::Refused(_))), "{n}: {refused:?}");
    }
    world.clock.advance(Duration::from_mins(11));
    assert!(matches!(back(&world, &at, &there, &[]).await, Err(Failed::Refused(_))), "too late");
    assert!(world.web.questions().iter().all(|question| question.url.as_str() != TOKENS), "no code was sent anywhere");
}

/// What is done to a token's header.
type Change = fn(&mut Header);

#[tokio::test]
async fn what_the_upstream_server_says_is_believed_only_where_all_of_it_fits() {
    let (world, at, client) = upstream().await;
    let now = world.app.now().seconds();
    let none: Change = |_| {};
    let cases: Vec<(&str, Value, Change)> = vec![
        ("iss", json!("https://evil.example.test"), none),
        ("aud", json!("another"), none),
        ("aud", json!(["guildhall", "another"]), none),
        ("azp", json!("another"), none),
        ("nonce", json!("another"), none),
        ("nonce", Value::Null, none),
        ("exp", json!(now - 61), none),
        ("exp", Value::Null, none),
        ("iat", json!(now + 120), none),
        ("sub", Value::Null, none),
        ("sub", json!(""), none),
        ("sub", json!("x".repeat(256)), none),
        ("kid", Value::Null, |header| header.kid = Some("k2".to_owned())),
    ];
    for (claim, value, change) in cases {
        let there = sent(&world, &at, &client).await;
        let (mut header, mut claims) = (header(), claims(&world, &there));
        change(&mut header);
        if value.is_null() {
            claims.as_object_mut().unwrap().remove(claim);
        } else {
            claims[claim] = value.clone();
        }
        if claim == "kid" {
            claims["nonce"] = json!(super::value(&there.url, "nonce").unwrap());
        }
        publish(&world, &header, &claims);
        let url = back(&world, &at, &there, &[]).await.unwrap();
        assert_eq!(super::value(&url, "error").as_deref(), Some("server_error"), "{claim} {value}");
    }
    // Signed by nobody, or with what everybody knows.
    for forged in [
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.".to_owned(),
        jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &json!({ "sub": "ann" }),
            &EncodingKey::from_secret(PUBLIC.as_bytes()),
        )
        .unwrap(),
    ] {
        let there = sent(&world, &at, &client).await;
        world.web.publish(TOKENS, Ok(json!({ "id_token": forged }).to_string().into_bytes()));
        let url = back(&world, &at, &there, &[]).await.unwrap();
        assert_eq!(value(&url, "error").as_deref(), Some("server_error"));
    }
    for (address, document) in [
        (TOKENS, Err(Unreachable::Status(400))),
        (TOKENS, Ok(b"{}".to_vec())),
        (KEYS, Err(Unreachable::Timeout)),
        (KEYS, Ok(b"{\"keys\":[]}".to_vec())),
    ] {
        let there = sent(&world, &at, &client).await;
        publish(&world, &header(), &claims(&world, &there));
        world.web.publish(address, document);
        let url = back(&world, &at, &there, &[]).await.unwrap();
        assert_eq!(value(&url, "error").as_deref(), Some("server_error"), "{address}");
    }
    assert!(users(&world).await.iter().all(|user| user["email"].is_null()), "nobody came of all that");
}

#[tokio::test]
async fn a_refusal_there_and_a_mix_up_are_told_to_the_client() {
    let (world, at, client) = upstream().await;
    for (more, code) in
        [(("error", "access_denied"), "access_denied"), (("iss", "https://evil.example.test"), "server_error")]
    {
        let there = sent(&world, &at, &client).await;
        publish(&world, &header(), &claims(&world, &there));
        let url = back(&world, &at, &there, &[more]).await.unwrap();
        assert_eq!(value(&url, "error").as_deref(), Some(code));
        assert_eq!(value(&url, "state").as_deref(), Some("st&te"));
    }
    world.web.publish(Web::METADATA_URL, Err(Unreachable::NoConnection));
    let asked = ask(&world.app, &at, &client).await;
    let Err(Failed::Back(url)) = world.app.go_upstream(&at, &asked.sealed).await else { panic!("it is away") };
    assert_eq!(value(&url, "error").as_deref(), Some("temporarily_unavailable"));
}

#[tokio::test]
async fn an_address_that_another_server_vouches_for_merges_nobody() {
    let (world, at, client) = upstream().await;
    switch(&world, "platform_oauth", None).await;
    let here = super::at(&world, SLUG).await;
    super::signed_in(&world, &here, &client, "ann@example.test").await;
    let config = config(&world).await;
    switch(&world, "custom_oauth", Some(&config)).await;
    for (verified, listed) in [(true, json!("ann@example.test")), (false, Value::Null)] {
        let at = super::at(&world, SLUG).await;
        let there = sent(&world, &at, &client).await;
        let mut claims = claims(&world, &there);
        claims["sub"] = json!(format!("s-{verified}"));
        claims["email_verified"] = json!(verified);
        claims["name"] = json!(format!("n-{verified}"));
        publish(&world, &header(), &claims);
        back(&world, &at, &there, &[]).await.unwrap();
        let known = users(&world).await;
        let person = known.iter().find(|user| user["displayName"] == format!("n-{verified}")).unwrap();
        assert_eq!(person["email"], listed);
    }
    assert_eq!(users(&world).await.iter().filter(|user| user["email"] == "ann@example.test").count(), 2, "two people");
    let _ = at;
}
