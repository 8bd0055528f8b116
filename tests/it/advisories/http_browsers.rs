//! Over a real listener: what a browser sends by itself, and for whom.

use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::node::{Node, answer};

/// What the demo account is called now.
async fn name(node: &Node, cookie: &str) -> Value {
    let profile = node.request(Method::GET, "/api/account/getProfile").header(header::COOKIE, cookie);
    let (status, profile) = answer(profile).await;
    assert_eq!(status, 200, "{profile}");
    profile["name"].clone()
}

fn rename(node: &Node, cookie: &str, to: &str) -> reqwest::RequestBuilder {
    let request = node.request(Method::POST, "/api/account/updateProfile").header(header::COOKIE, cookie);
    request.json(&json!({ "name": to }))
}

/// GHSA-36rg-gfq2-3h56 (CVE-2025-53535), GHSA-vp58-j275-797x (CVE-2025-71403), GHSA-8jhw-6pjj-8723 (CVE-2024-56734) and
/// GHSA-hjpm-7mrm-26w8 (CVE-2025-27143): a trusted origin was whatever began like one, or matched a pattern.
#[tokio::test]
async fn ghsa_36rg_gfq2_3h56_an_origin_is_trusted_whole_or_not_at_all() {
    let node = Node::start().await;
    let (cookie, port) = (node.browser().await, node.address.port());
    let ours = format!("http://localhost:{port}");
    let before = name(&node, &cookie).await;
    for origin in [
        format!("{ours}.evil.example"),
        format!("{ours}@evil.example"),
        format!("https://evil.example/#{ours}"),
        format!("https://evil.example/{ours}"),
        format!("//localhost:{port}"),
        format!("{ours}/"),
        format!("https://localhost:{port}"),
        format!("http://localhost:{}", port ^ 1),
        "http://localhost".to_owned(),
        format!("http://sub.localhost:{port}"),
        format!("http://guildhall-demo.localhost:{port}"),
        format!("http://127.0.0.1:{}", port ^ 1),
        "https://evil.example".to_owned(),
        "null".to_owned(),
        String::new(),
    ] {
        let (status, refused) = answer(rename(&node, &cookie, "Mallory").header(header::ORIGIN, &origin)).await;
        let reason = (status, &refused["data"]["reason"]);
        assert_eq!(reason, (StatusCode::FORBIDDEN, &json!("cross_site")), "{origin:?}");
    }
    let twice = rename(&node, &cookie, "Mallory").header(header::ORIGIN, &ours).header(header::ORIGIN, &ours);
    assert_eq!(answer(twice).await.0, 403, "two origins");
    assert_eq!(answer(rename(&node, &cookie, "Mallory")).await.0, 403, "no origin");
    assert_eq!(name(&node, &cookie).await, before);

    assert_eq!(answer(rename(&node, &cookie, "Renamed").header(header::ORIGIN, &ours)).await.0, 200);
    assert_eq!(name(&node, &cookie).await, "Renamed");
}

/// GHSA-vp58-j275-797x (CVE-2025-71403): what was checked of a POST was not checked of a GET. No mutation can be called
/// by one.
#[tokio::test]
async fn ghsa_vp58_j275_797x_a_link_changes_nothing() {
    let node = Node::start().await;
    let cookie = node.browser().await;
    let ours = format!("http://localhost:{}", node.address.port());
    let mutations = guildhall_catalogue::catalogue();
    for entry in mutations.iter().filter(|entry| entry.effect == "mutation") {
        let path = entry.name.replace('.', "/");
        for target in [format!("/api/{path}"), format!("/rpc/{path}?data=%7B%7D"), format!("/api/{path}?_method=POST")]
        {
            let link = node.request(Method::GET, &target).header(header::COOKIE, &cookie).header(header::ORIGIN, &ours);
            let link = link.header("x-http-method-override", "POST");
            assert_eq!(link.send().await.unwrap().status(), 405, "{target}");
        }
    }
    name(&node, &cookie).await;
}

/// What a foreign page can send without being asked is text or a form: neither is a call, and neither signs anybody in
/// (the login CSRF that trusted origins are for in GHSA-vp58-j275-797x, CVE-2025-71403).
#[tokio::test]
async fn ghsa_vp58_j275_797x_a_form_is_no_call() {
    let node = Node::start().await;
    let cookie = node.browser().await;
    let ours = format!("http://localhost:{}", node.address.port());
    let before = name(&node, &cookie).await;
    let sign_in = json!({ "email": node.email, "password": node.password });
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json", ""]
    {
        for (path, body) in [
            ("/api/account/updateProfile", json!({ "name": "Mallory" })),
            ("/rpc/account/updateProfile", json!({ "json": { "name": "Mallory" } })),
            ("/api/auth/signIn", sign_in.clone()),
        ] {
            let form = node.request(Method::POST, path).header(header::COOKIE, &cookie).header(header::ORIGIN, &ours);
            let response = form.header(header::CONTENT_TYPE, kind).body(body.to_string()).send().await.unwrap();
            assert_eq!(response.status(), 400, "{path} {kind}");
            assert!(!response.headers().contains_key(header::SET_COOKIE));
        }
    }
    assert_eq!(name(&node, &cookie).await, before);

    for origin in ["https://evil.example", "null"] {
        let foreign = node.request(Method::POST, "/api/auth/signIn").header(header::ORIGIN, origin).json(&sign_in);
        let response = foreign.send().await.unwrap();
        assert!(!response.headers().contains_key(header::SET_COOKIE), "{origin}");
    }
}

/// GHSA-wmjr-v86c-m9jj (CVE-2025-71402): the sessions that a browser's cookies named were ended, without a look at whether
/// the cookies were ours.
#[tokio::test]
async fn ghsa_wmjr_v86c_m9jj_a_cookie_that_is_not_ours_ends_nothing() {
    let node = Node::start().await;
    let ours = format!("http://localhost:{}", node.address.port());
    let (victim, token) = (node.browser().await, node.sign_in().await);
    let (head, signature) = victim.rsplit_once('.').unwrap();
    let unsigned = format!("{head}.{}", signature.chars().rev().collect::<String>());
    let (sign_up, answered) = {
        let input = json!({ "email": "mallory@example.test", "password": "a long enough phrase" });
        node.post("/api/auth/signUp", None, input).await
    };
    assert_eq!(sign_up, 200, "{answered}");
    let mallory = answered["session"]["accessToken"].as_str().unwrap();
    let out = || node.request(Method::POST, "/api/auth/signOut").header(header::ORIGIN, &ours).json(&json!({}));

    for cookie in [unsigned.clone(), format!("{unsigned}; {victim}"), format!("gh_session={head}"), head.to_owned()] {
        let (status, _) = answer(out().header(header::COOKIE, &cookie)).await;
        assert_eq!(status, 401, "{cookie}");
    }
    let (status, _) = answer(out().bearer_auth(mallory).header(header::COOKIE, &victim)).await;
    assert_eq!(status, 200, "the token's own session ends");

    name(&node, &victim).await;
    let (status, _) = node.post("/api/auth/getSession", Some(&token), json!({})).await;
    assert_eq!(status, 200);
    let (status, _) = node.post("/api/auth/getSession", Some(mallory), json!({})).await;
    assert_eq!(status, 401);
}

/// GHSA-xg6x-h9c9-2m83: no cookie either before the address is verified.
#[tokio::test]
async fn ghsa_xg6x_h9c9_2m83_there_is_no_cookie_before_the_address_is_verified() {
    let node = Node::start_with(&["--verify-email"]).await;
    let input = json!({ "email": "new@example.test", "password": "a long enough phrase" });
    for (path, status) in [("/api/auth/signUp", 200), ("/rpc/auth/signIn", 403), ("/api/auth/signIn", 403)] {
        let body = if path.starts_with("/rpc") { json!({ "json": input }) } else { input.clone() };
        let response = node.request(Method::POST, path).json(&body).send().await.unwrap();
        assert_eq!(response.status(), status, "{path}");
        assert!(!response.headers().contains_key(header::SET_COOKIE), "{path}");
        let text = response.text().await.unwrap();
        assert!(!text.contains("Token\":\""), "{text}");
    }

    let letters = node.letters("new@example.test", 1).await;
    let token = letters[0].split("?token=").nth(1).unwrap().split(|c: char| c.is_whitespace()).next().unwrap();
    let (status, _) = node.post("/api/auth/verifyEmail", None, json!({ "token": token })).await;
    assert_eq!(status, 200);
    let response = node.request(Method::POST, "/api/auth/signIn").json(&input).send().await.unwrap();
    assert!(response.headers()[header::SET_COOKIE].to_str().unwrap().contains("HttpOnly"));
}
