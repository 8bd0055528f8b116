//! Over a real listener: paths, addresses, hosts and what is echoed.

use reqwest::{Method, header};
use serde_json::{Value, json};

use crate::node::{Node, answer};

const EVIL: &str = "<img src=x onerror=alert(1)>";

/// The input of the `n`th call.
type Inputs = fn(usize) -> Value;

/// A wrong sign-in, or another call that needs no session; another `n` is another account or token.
const ANONYMOUS: [(&str, Inputs); 6] = [
    ("signIn", |n| json!({ "email": format!("{n}@example.test"), "password": "a guess" })),
    ("signUp", |n| json!({ "email": format!("{n}@example.test"), "password": "a long enough phrase" })),
    ("requestPasswordReset", |n| json!({ "email": format!("{n}@example.test") })),
    ("refresh", |n| json!({ "refreshToken": format!("ghr_{n}") })),
    ("resetPassword", |n| json!({ "token": format!("{n}"), "newPassword": "quite another phrase" })),
    ("verifyEmail", |n| json!({ "token": format!("{n}") })),
];

/// Two of each for an address, and no other limit in the way.
const TWO: [&str; 10] = [
    "--limit-sign-in-address",
    "2/15m",
    "--limit-sign-up-address",
    "2/15m",
    "--limit-reset-address",
    "2/15m",
    "--limit-refresh-address",
    "2/15m",
    "--limit-link-address",
    "2/15m",
];

/// Which calls were one too many, each with what it says of where it comes from.
async fn limited(node: &Node, name: &str, input: fn(usize) -> Value, forwarded: [&str; 4]) -> Vec<bool> {
    let mut limited = Vec::new();
    for (n, forwarded) in forwarded.into_iter().enumerate() {
        let request = node.request(Method::POST, &format!("/api/auth/{name}")).json(&input(n));
        let (status, _) = answer(request.header("x-forwarded-for", forwarded)).await;
        limited.push(status == 429);
    }
    limited
}

/// GHSA-p6v2-xcpg-h6xw (CVE-2026-45364): each spelling of one address had a count of its own; and, as its project mended
/// without an advisory (#10203), so had whatever a client wrote in front of what the proxy added.
#[tokio::test]
async fn ghsa_p6v2_xcpg_h6xw_a_forwarded_address_is_one_however_it_is_spelled() {
    let spelled = [
        ["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "192.0.2.2"],
        ["2001:DB8:0::1", "2001:db8::1", "[2001:0db8:0000:0000:0000:0000:0000:0001]:443", "2001:db8:1::1"],
        ["1.1.1.1, 198.51.100.1", "2.2.2.2,198.51.100.1", "3.3.3.3, 127.0.0.1, 198.51.100.1:80", "198.51.100.2"],
    ];
    for (name, input) in ANONYMOUS {
        let node = Node::start_with(&[&TWO[..], &["--trusted-proxies", "127.0.0.1"]].concat()).await;
        for forwarded in spelled {
            let limited = limited(&node, name, input, forwarded).await;
            assert_eq!(limited, [false, false, true, false], "{name} {forwarded:?}");
        }
    }
}

/// GHSA-p6v2-xcpg-h6xw (CVE-2026-45364): and nobody but a proxy of ours says where a call comes from.
#[tokio::test]
async fn ghsa_p6v2_xcpg_h6xw_a_stranger_cannot_say_where_it_comes_from() {
    let node = Node::start_with(&TWO).await;
    for (name, input) in ANONYMOUS.into_iter().filter(|(name, _)| *name != "verifyEmail") {
        let limited = limited(&node, name, input, ["192.0.2.1", "2001:db8::1", "10.0.0.1", "127.0.0.1"]).await;
        assert_eq!(limited, [false, false, true, true], "{name}");
    }
}

/// GHSA-x732-6j76-qmhm (CVE-2025-71399): a path with one slash too many led to the same procedure, past what was counted
/// by path. Here no path is counted but the procedure, and few spellings lead to one.
#[tokio::test]
async fn ghsa_x732_6j76_qmhm_no_spelling_of_a_path_has_a_limit_of_its_own() {
    let wrong = json!({ "email": "somebody@example.test", "password": "a guess" });
    let spelled = [
        "//api/auth/signIn",
        "/api//auth/signIn",
        "/api/auth//signIn",
        "/api/./auth/signIn",
        "/api/x/../auth/signIn",
        "/api/auth%2FsignIn",
        "/api%2Fauth/signIn",
        "/api/%2e/auth/signIn",
        "/API/auth/signIn",
        "/api/auth/signin",
        "/api/auth.signIn",
        "/api/auth/signIn;x=1",
        "/api/auth/signIn/x",
        "/api/auth/signIn",
        "/api/auth/signIn/",
        "/api/auth/sign%49n",
        "/api/auth/signIn?x=1",
        "/rpc/auth/signIn",
    ];
    let node = Node::start_with(&["--limit-sign-in-account", "3/15m"]).await;
    let (mut tried, mut missed) = (0, 0);

    for target in spelled {
        match node.status_of(target, "", &wrong).await {
            401 => tried += 1,
            404 => missed += 1,
            status => assert!([400, 429].contains(&status), "{target}: {status}"),
        }
    }

    assert_eq!(tried, 3, "all spellings together");
    assert_eq!(missed, 13, "of those that lead nowhere");
    let call = json!({ "url": "/rpc/auth/signIn", "body": { "json": wrong } });
    let batch = node.request(Method::POST, "/rpc").header("x-orpc-batch", "buffered").json(&json!([call, call]));
    let replies: Value = batch.send().await.unwrap().json().await.unwrap();
    assert!(replies.as_array().unwrap().iter().all(|reply| reply["status"] == 429), "{replies}");
}

/// GHSA-x732-6j76-qmhm (CVE-2025-71399): several calls in one request are counted one by one.
#[tokio::test]
async fn ghsa_x732_6j76_qmhm_a_batch_of_guesses_is_as_many_guesses() {
    let node = Node::start_with(&["--limit-sign-in-account", "3/15m"]).await;
    let wrong = json!({ "json": { "email": "somebody@example.test", "password": "a guess" } });
    let calls = vec![json!({ "url": "/rpc/auth/signIn", "body": wrong }); 10];

    let batch = node.request(Method::POST, "/rpc").header("x-orpc-batch", "buffered").json(&calls);
    let replies: Vec<Value> = batch.send().await.unwrap().json().await.unwrap();

    let of = |status: u16| replies.iter().filter(|reply| reply["status"] == status).count();
    assert_eq!((of(401), of(429)), (3, 7), "{replies:?}");
}

/// GHSA-569q-mpph-wgww (CVE-2025-71401): the first request's headers said where the server is, to everybody, and later
/// still whom its letters' links led to.
#[tokio::test]
async fn ghsa_569q_mpph_wgww_no_header_gets_into_a_letter() {
    let node = Node::start().await;
    let public = format!("http://localhost:{}/", node.address.port());
    let forged = |request: reqwest::RequestBuilder| {
        request
            .header("x-forwarded-host", "evil.example")
            .header("x-forwarded-proto", "some:")
            .header("x-original-host", "evil.example")
            .header("forwarded", "host=evil.example;proto=https")
            .header(header::ORIGIN, "https://evil.example")
            .header(header::REFERER, "https://evil.example/")
    };
    let ask = |path: &str| node.request(Method::POST, path).json(&json!({ "email": node.email }));

    assert_eq!(forged(node.request(Method::GET, "/healthz")).send().await.unwrap().status(), 200);
    let elsewhere = ask("/api/auth/requestPasswordReset").header(header::HOST, "evil.example");
    assert_eq!(elsewhere.send().await.unwrap().status(), 421);
    assert_eq!(forged(ask("/api/auth/requestPasswordReset")).send().await.unwrap().status(), 200);
    let token = node.sign_in().await;
    let invite = node.request(Method::POST, "/api/organization/inviteMember").bearer_auth(token);
    let invite = forged(invite.json(&json!({ "email": "guest@example.test" })));
    assert_eq!(invite.send().await.unwrap().status(), 200);

    for to in [node.email.as_str(), "guest@example.test"] {
        let letters = node.letters(to, 1).await;
        for letter in letters {
            assert!(letter.contains(&public) && !letter.contains("evil"), "{letter}");
            assert_eq!(letter.matches("http").count(), letter.matches(&public).count(), "{letter}");
        }
    }
    assert_eq!(node.request(Method::GET, "/healthz").send().await.unwrap().status(), 200);
}

/// GHSA-9x4v-xfq5-m8x5 (CVE-2025-71404): a page wrote what its address said as HTML.
#[tokio::test]
async fn ghsa_9x4v_xfq5_m8x5_what_is_echoed_is_text() {
    let node = Node::start().await;
    for path in
        ["/", "/docs", "/error", "/api/auth/nothing", "/rpc/auth/nothing", "/s/guildhall-demo/mcp", "/s/none/mcp"]
    {
        for query in ["error", "message", "token", "next"] {
            let path = format!("{path}?{query}=%3Cimg%20src=x%20onerror=alert(1)%3E%22'");
            let response = node.request(Method::GET, &path).header(header::ACCEPT, "text/html").send().await.unwrap();
            assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
            let body = response.text().await.unwrap();
            assert!(!body.contains("<img"), "{path}: {body}");
        }
    }
    let unknown = node.request(Method::POST, "/api/example/execute").json(&json!({ EVIL: EVIL }));
    let response = unknown.send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
}

/// GHSA-9x4v-xfq5-m8x5 (CVE-2025-71404): a letter is a page too.
#[tokio::test]
async fn ghsa_9x4v_xfq5_m8x5_names_in_a_letter_are_text() {
    let node = Node::start().await;
    let token = node.sign_in().await;
    for (path, input) in [
        ("/api/account/updateProfile", json!({ "name": format!("Inviter {EVIL}") })),
        ("/api/organization/update", json!({ "name": format!("Team {EVIL}") })),
        ("/api/organization/inviteMember", json!({ "email": "guest@example.test", "message": EVIL })),
    ] {
        let (status, answer) = node.post(path, Some(&token), input).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }

    let letters = node.letters("guest@example.test", 1).await;
    let (_, html) = letters[0].split_once("text/html").unwrap();

    assert!(html.contains("&lt;img src=x onerror=alert(1)&gt;"), "{html}");
    assert!(!html.contains("<img"), "{html}");
}
