//! Signing up, in and out, and staying signed in.

use std::{net::IpAddr, time::Duration};

use guildhall_domain::{Error, Resource};
use guildhall_services::{Caller, Limits, Rate};
use guildhall_tests::World;
use serde_json::{Value, json};

fn bearer(tokens: &Value) -> Caller {
    Caller::bearer(tokens["accessToken"].as_str().unwrap().to_owned())
}

async fn refresh(world: &World, tokens: &Value) -> guildhall_domain::Result<Value> {
    world.call("auth.refresh", &Caller::nobody(), json!({ "refreshToken": tokens["refreshToken"] })).await
}

async fn sign_in(world: &World) -> Value {
    world.ok("auth.signIn", json!({ "email": " OURS@example.test ", "password": World::PASSWORD })).await["session"]
        .clone()
}

#[tokio::test]
async fn signing_up_makes_a_personal_organization_and_signs_in() {
    let world = World::new().await;
    let input = json!({ "email": "ann@example.test", "password": World::PASSWORD, "name": "Ann" });

    let made = world.call("auth.signUp", &Caller::nobody(), input.clone()).await.unwrap();
    let organizations = world.call("account.listOrganizations", &bearer(&made["session"]), json!({})).await.unwrap();
    let again = world.call("auth.signUp", &Caller::nobody(), input).await;

    assert_eq!(made["user"]["emailVerified"], false);
    assert_eq!((&organizations[0]["isPersonal"], &organizations[0]["slug"]), (&json!(true), &json!("ann")));
    assert_eq!(organizations[0]["membership"]["role"], "owner");
    assert!(matches!(again, Err(Error::AlreadyExists { resource: Resource::User, field: "email" })));
}

#[tokio::test]
async fn a_second_person_of_the_same_name_gets_another_slug() {
    let world = World::new().await;
    let mut slugs = Vec::new();
    for n in 0..2 {
        let input = json!({ "email": format!("ann{n}@example.test"), "password": World::PASSWORD, "name": "Ann" });
        let made = world.call("auth.signUp", &Caller::nobody(), input).await.unwrap();
        let mine = world.call("account.listOrganizations", &bearer(&made["session"]), json!({})).await.unwrap();
        slugs.push(mine[0]["slug"].as_str().unwrap().to_owned());
    }
    assert_eq!(slugs[0], "ann");
    assert!(slugs[1].starts_with("ann-") && slugs[1].len() == "ann-".len() + 8);
}

#[tokio::test]
async fn a_well_known_password_is_refused() {
    let world = World::new().await;
    let input = json!({ "email": "ann@example.test", "password": "Password1234" });
    let refused = world.call("auth.signUp", &Caller::nobody(), input).await;
    assert!(matches!(refused, Err(Error::BadRequest(_))));
}

#[tokio::test]
async fn wrong_email_and_wrong_password_get_the_same_answer() {
    let world = World::new().await;
    let mut answers = Vec::new();
    for (email, password) in [(world.ours.email.as_str(), "wrong"), ("nobody@example.test", World::PASSWORD)] {
        let input = json!({ "email": email, "password": password });
        let error = world.call("auth.signIn", &Caller::nobody(), input).await.unwrap_err();
        answers.push((error.code(), error.to_string(), error.data()));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[0].0, ("UNAUTHORIZED", 401));
}

#[tokio::test]
async fn a_refresh_token_works_once_and_its_reuse_ends_the_session() {
    let world = World::new().await;
    let first = sign_in(&world).await;
    let second = refresh(&world, &first).await.unwrap();
    let third = refresh(&world, &second).await.unwrap();
    assert!(world.call("auth.getSession", &bearer(&third), json!({})).await.is_ok());

    let events = world.events().await;
    assert!(matches!(refresh(&world, &first).await, Err(Error::Unauthenticated)));

    assert_eq!(world.events().await, events + 1, "the reuse is written down");
    assert!(matches!(refresh(&world, &third).await, Err(Error::Unauthenticated)), "the family is dead");
    let answer = world.call("auth.getSession", &bearer(&third), json!({})).await;
    assert!(matches!(answer, Err(Error::Unauthenticated)), "and so are its access tokens");
}

#[tokio::test]
async fn a_guess_ends_no_session() {
    let world = World::new().await;
    let tokens = sign_in(&world).await;
    let good = tokens["refreshToken"].as_str().unwrap();
    for place in [30, 60, good.len() - 2] {
        let mut guess = good.to_owned().into_bytes();
        guess[place] = if guess[place] == b'A' { b'B' } else { b'A' };
        let guess = json!({ "refreshToken": String::from_utf8(guess).unwrap() });
        assert!(matches!(refresh(&world, &guess).await, Err(Error::Unauthenticated)));
    }
    assert!(refresh(&world, &tokens).await.is_ok());
}

#[tokio::test]
async fn a_refused_refresh_does_not_use_up_its_idempotency_key() {
    let world = World::new().await;
    let first = sign_in(&world).await;
    let second = refresh(&world, &first).await.unwrap();
    refresh(&world, &second).await.unwrap();
    let keyed = Caller::nobody().with_idempotency_key(guildhall_tests::text("key"));
    for _ in 0..2 {
        let input = json!({ "refreshToken": first["refreshToken"] });
        let answer = world.call("auth.refresh", &keyed, input).await;
        assert!(matches!(answer, Err(Error::Unauthenticated)), "{answer:?}");
    }
}

#[tokio::test]
async fn a_lost_answer_comes_again_for_ten_seconds() {
    let world = World::new().await;
    let first = sign_in(&world).await;
    let second = refresh(&world, &first).await.unwrap();

    world.clock.advance(Duration::from_secs(9));
    let again = refresh(&world, &first).await.unwrap();
    assert_eq!(again["refreshToken"], second["refreshToken"], "the same successor");

    world.clock.advance(Duration::from_secs(2));
    assert!(refresh(&world, &first).await.is_err(), "then it is a reuse");
    assert!(refresh(&world, &second).await.is_err());
}

#[tokio::test]
async fn an_idempotency_key_brings_tokens_back_no_longer_than_a_lost_answer() {
    let world = World::new().await;
    let keyed = Caller::nobody().with_idempotency_key(guildhall_tests::text("key"));
    let input = json!({ "email": world.ours.email, "password": World::PASSWORD });
    let sign_in = async || world.call("auth.signIn", &keyed, input.clone()).await.unwrap();
    let first = sign_in().await;
    world.clock.advance(Duration::from_secs(9));
    assert_eq!(sign_in().await, first);
    world.clock.advance(Duration::from_secs(2));
    assert_ne!(sign_in().await["session"]["refreshToken"], first["session"]["refreshToken"], "it signs in again");
}

#[tokio::test]
async fn an_access_token_works_for_ten_minutes() {
    let world = World::new().await;
    let tokens = sign_in(&world).await;
    world.clock.advance(Duration::from_secs(604));
    assert!(world.call("auth.getSession", &bearer(&tokens), json!({})).await.is_ok(), "within the leeway of 5 s");
    world.clock.advance(Duration::from_secs(2));
    let answer = world.call("auth.getSession", &bearer(&tokens), json!({})).await;
    assert!(matches!(answer, Err(Error::Unauthenticated)));
}

#[tokio::test]
async fn a_token_that_is_remembered_is_good_for_nothing_else_and_goes_with_its_key() {
    let world = World::new().await;
    let tokens = sign_in(&world).await;
    let token = tokens["accessToken"].as_str().unwrap().to_owned();
    let ask = async |caller: Caller| world.call("auth.getSession", &caller, json!({})).await;
    for _ in 0..2 {
        assert!(ask(Caller::bearer(token.clone())).await.is_ok());
        assert!(matches!(ask(Caller::cookie(token.clone())).await, Err(Error::Unauthenticated)), "no cookie's value");
        let forged = format!("{}AAAA", &token[..token.len() - 4]);
        assert!(matches!(ask(Caller::bearer(forged)).await, Err(Error::Unauthenticated)));
    }
    world.app.replace_keys().await.unwrap();
    assert!(matches!(ask(Caller::bearer(token)).await, Err(Error::Unauthenticated)));
}

#[tokio::test]
async fn a_session_ends_after_thirty_days_without_a_refresh() {
    let world = World::new().await;
    let tokens = sign_in(&world).await;
    world.clock.advance(Duration::from_secs(30 * 24 * 3600));
    assert!(matches!(refresh(&world, &tokens).await, Err(Error::Unauthenticated)));
}

#[tokio::test]
async fn signing_out_ends_the_session_at_once_on_every_node() {
    let world = World::new().await;
    let other = world.another_node().await;
    let tokens = sign_in(&world).await;
    let get_session = world.catalogue.get("auth.getSession").unwrap();
    assert!(get_session.call(&other, &bearer(&tokens), json!({})).await.is_ok(), "one node knows the other's keys");

    world.call("auth.signOut", &bearer(&tokens), json!({})).await.unwrap();

    for app in [&world.app, &other] {
        let answer = get_session.call(app, &bearer(&tokens), json!({})).await;
        assert!(matches!(answer, Err(Error::Unauthenticated)));
    }
    assert!(matches!(refresh(&world, &tokens).await, Err(Error::Unauthenticated)));
}

#[tokio::test]
async fn forged_tokens_are_refused() {
    let world = World::new().await;
    let token = sign_in(&world).await["accessToken"].as_str().unwrap().to_owned();
    let parts: Vec<&str> = token.split('.').collect();
    let none = "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0";
    let hs256 = "eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9";
    let forged = [
        format!("{none}.{}.", parts[1]),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{hs256}.{}.{}", parts[1], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], parts[2].chars().rev().collect::<String>()),
        format!("{token}x"),
        format!(" {token}"),
        "a".repeat(10_000),
    ];
    for token in forged {
        let answer = world.call("auth.getSession", &Caller::bearer(token.clone()), json!({})).await;
        assert!(matches!(answer, Err(Error::Unauthenticated)), "{token}");
    }
}

#[tokio::test]
async fn wrong_passwords_are_counted_on_all_nodes_together_and_a_right_one_clears_the_count() {
    let twice = Rate { uses: 2, window: Duration::from_secs(60) };
    let world = World::with_limits(Limits { sign_in_account: twice, ..Limits::default() }).await;
    let node = world.another_node().await;
    let right = json!({ "email": world.ours.email, "password": World::PASSWORD });
    let wrong = json!({ "email": world.ours.email, "password": "wrong" });
    let sign_in = world.catalogue.get("auth.signIn").unwrap();
    let nobody = Caller::nobody();

    for app in [&world.app, &node] {
        assert!(matches!(sign_in.call(app, &nobody, wrong.clone()).await, Err(Error::WrongCredentials)));
    }
    let limited = sign_in.call(&world.app, &nobody, right.clone()).await;
    let Err(Error::TooManyRequests { retry_after_ms }) = limited else { panic!("{limited:?}") };
    assert_eq!(retry_after_ms, 60_000, "both nodes count together");

    world.clock.advance(Duration::from_secs(60));
    for _ in 0..5 {
        assert!(matches!(sign_in.call(&node, &nobody, wrong.clone()).await, Err(Error::WrongCredentials)));
        assert!(sign_in.call(&world.app, &nobody, right.clone()).await.is_ok());
    }
}

#[tokio::test]
async fn addresses_of_one_ipv6_network_count_as_one() {
    let twice = Rate { uses: 2, window: Duration::from_secs(60) };
    let world = World::with_limits(Limits { sign_in_address: twice, ..Limits::default() }).await;
    let from = |address: &str| Caller::nobody().from_device(Some(address.parse::<IpAddr>().unwrap()), None);
    let mut answers = Vec::new();
    for (n, address) in ["2001:db8::1", "2001:db8::ffff:2", "2001:db8::3", "2001:db8:1::1"].into_iter().enumerate() {
        let input = json!({ "email": format!("nobody{n}@example.test"), "password": "x" });
        answers.push(world.call("auth.signIn", &from(address), input).await.unwrap_err().code().1);
    }
    assert_eq!(answers, [401, 401, 429, 401]);
}

#[tokio::test]
async fn what_is_kept_of_a_password_or_a_token_is_a_hash() {
    let world = World::new().await;
    let tokens = sign_in(&world).await;
    let access = world.database.read();
    let (_, hash, _) = access.system().user_by_email(&world.ours.email.parse().unwrap()).await.unwrap().unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(!hash.contains(World::PASSWORD));
    let jwks = world.app.jwks().await.unwrap();
    assert_eq!((jwks["keys"].as_array().unwrap().len(), &jwks["keys"][0]["crv"]), (1, &json!("Ed25519")));
    assert!(!jwks.to_string().contains("\"d\""), "the private half stays here");
    assert!(tokens["refreshToken"].as_str().unwrap().starts_with("ghr_"));
}
