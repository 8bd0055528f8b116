//! The same over a real listener: what is found where, what pages are made of, and whose tokens open which doors.

use reqwest::{Method, Response, StatusCode, header, redirect};
use serde_json::{Value, json};

use super::{BACK, CHALLENGE, VERIFIER, value};
use crate::node::Node;

const SLUG: &str = "guildhall-demo";

/// A node whose demo server has people sign in.
struct Site {
    node: Node,
    owner: String,
    /// What the server's authorization server calls itself.
    issuer: String,
    http: reqwest::Client,
}

impl Site {
    async fn start() -> Self {
        let node = Node::start().await;
        let owner = node.sign_in().await;
        let (_, servers) = node.post("/api/mcpServers/list", Some(&owner), json!({})).await;
        let server = servers.as_array().unwrap().iter().find(|server| server["slug"] == SLUG).unwrap();
        let url = server["url"].as_str().unwrap();
        let issuer = url.strip_suffix("/mcp").unwrap().to_owned();
        let site = Self {
            issuer,
            owner,
            http: reqwest::Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap(),
            node,
        };
        site.switch(&server["id"], "platform_oauth").await;
        site
    }

    async fn switch(&self, server: &Value, auth_type: &str) {
        let change = json!({ "serverId": server, "authType": auth_type, "supportTicketType": "dashboard" });
        let (status, answer) = self.node.post("/api/mcpServers/updateConfiguration", Some(&self.owner), change).await;
        assert_eq!(status, 200, "{answer}");
    }

    /// Where requests go: names below `localhost` are not asked for, the port is ours.
    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.node.address)
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.http.get(self.url(path))
    }

    async fn json(&self, path: &str) -> Value {
        let response = self.get(path).send().await.unwrap();
        assert_eq!(response.status(), 200, "{path}");
        response.json().await.unwrap()
    }

    async fn mcp(&self, path: &str, token: Option<&str>) -> Response {
        let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" });
        let mut request =
            self.http.post(self.url(path)).json(&body).header(header::ACCEPT, "application/json, text/event-stream");
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap()
    }

    async fn client(&self) -> String {
        let document = json!({ "redirect_uris": [BACK], "client_name": "<b>Tests</b>", "token_endpoint_auth_method": "none", "scope": "" });
        let response =
            self.http.post(self.url(&format!("/s/{SLUG}/oauth/register"))).json(&document).send().await.unwrap();
        assert_eq!(response.status(), 201);
        let shown: Value = response.json().await.unwrap();
        assert!(shown.as_object().unwrap().values().all(|value| !value.is_null()), "{shown}");
        shown["client_id"].as_str().unwrap().to_owned()
    }

    fn authorize(&self, client: &str) -> reqwest::RequestBuilder {
        let query = [
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", BACK),
            ("state", "s"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        self.get(&format!("/s/{SLUG}/oauth/authorize?{query}"))
    }

    fn form(&self, path: &str, form: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = self.http.post(self.url(&format!("/s/{SLUG}{path}")));
        request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }

    fn answer(&self, form: &[(&str, &str)]) -> reqwest::RequestBuilder {
        let origin = self.issuer.split('/').take(3).collect::<Vec<_>>().join("/");
        self.form("/oauth/authorize", form).header(header::ORIGIN, origin)
    }
}

fn text(response: &Response, name: header::HeaderName) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// The value of a hidden field.
fn hidden(page: &str, name: &str) -> String {
    let rest = page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name} in {page}")).1;
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn a_client_finds_its_way_from_the_refusal_alone() {
    let site = Site::start().await;
    for path in ["/mcp", "/mcp/reader-1", "/api/mcpserver/mcp"] {
        let refused = site.mcp(&format!("/s/{SLUG}{path}"), None).await;
        assert_eq!(refused.status(), 401);
        let challenge = text(&refused, header::WWW_AUTHENTICATE);
        let found = challenge.split('"').nth(1).unwrap();
        assert!(challenge.starts_with("Bearer resource_metadata=\"") && !challenge.contains("error="), "{challenge}");
        let at = found.find("/.well-known").unwrap();
        let resource = site.json(&found[at..]).await;
        assert_eq!(resource["resource"], format!("{}{path}", site.issuer));
        assert_eq!(resource["authorization_servers"], json!([site.issuer]));
    }
    let wrong = site.mcp(&format!("/s/{SLUG}/mcp"), Some("ghma_AAAA")).await;
    assert!(text(&wrong, header::WWW_AUTHENTICATE).ends_with("error=\"invalid_token\""));

    let metadata = site.json(&format!("/.well-known/oauth-authorization-server/s/{SLUG}")).await;
    assert_eq!(metadata["issuer"], json!(site.issuer));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    for endpoint in ["authorization_endpoint", "token_endpoint", "registration_endpoint", "revocation_endpoint"] {
        assert!(metadata[endpoint].as_str().unwrap().starts_with(&format!("{}/oauth/", site.issuer)));
    }
    for nowhere in [
        "/.well-known/oauth-authorization-server",
        "/.well-known/oauth-authorization-server/s/nobody-here",
        &format!("/.well-known/oauth-protected-resource/s/{SLUG}/other"),
        &format!("/.well-known/openid-configuration/s/{SLUG}"),
    ] {
        assert_eq!(site.get(nowhere).send().await.unwrap().status(), 404, "{nowhere}");
    }
}

#[tokio::test]
async fn what_programs_read_says_nothing_that_a_request_said() {
    let site = Site::start().await;
    let port = site.node.address.port();
    for (host, path, issuer) in [
        (
            format!("{SLUG}.localhost:{port}"),
            "/.well-known/oauth-authorization-server".to_owned(),
            format!("http://{SLUG}.localhost:{port}"),
        ),
        (
            format!("{}.LOCALHOST:1", SLUG.to_uppercase()),
            "/.well-known/oauth-authorization-server".to_owned(),
            format!("http://{SLUG}.localhost:{port}"),
        ),
        (format!("127.0.0.1:{port}"), format!("/.well-known/oauth-authorization-server/s/{SLUG}"), site.issuer.clone()),
    ] {
        let request = site
            .get(&path)
            .header(header::HOST, &host)
            .header("x-forwarded-host", "evil.test")
            .header("forwarded", "host=evil.test");
        let response = request.send().await.unwrap();
        assert_eq!(text(&response, header::CACHE_CONTROL), "no-store");
        assert_eq!(text(&response, header::ACCESS_CONTROL_ALLOW_ORIGIN), "*");
        assert_eq!(response.headers().get(header::ACCESS_CONTROL_ALLOW_CREDENTIALS), None);
        let body = response.text().await.unwrap();
        assert!(!body.contains("evil"), "{body}");
        assert_eq!(serde_json::from_str::<Value>(&body).unwrap()["issuer"], json!(issuer), "{host}");
    }
    let foreign =
        site.get("/.well-known/oauth-authorization-server").header(header::HOST, "evil.test").send().await.unwrap();
    assert_eq!(foreign.status(), 421);
}

#[tokio::test]
async fn a_page_is_framed_by_nobody_answered_by_nobody_else_and_shows_names_as_text() {
    let site = Site::start().await;
    let client = site.client().await;
    let page = site.authorize(&client).send().await.unwrap();
    assert_eq!((page.status(), text(&page, header::CACHE_CONTROL).as_str()), (StatusCode::OK, "no-store"));
    let policy = text(&page, header::CONTENT_SECURITY_POLICY);
    assert!(
        policy.contains("frame-ancestors 'none'") && policy.contains("form-action 'self' https://client.example.test"),
        "{policy}"
    );
    assert_eq!(text(&page, header::REFERRER_POLICY), "strict-origin");
    let page = page.text().await.unwrap();
    assert!(page.contains("&lt;b&gt;Tests") && !page.contains("<b>Tests"));
    assert!(page.contains("client.example.test"));
    let request = hidden(&page, "request");
    let form = [("request", request.as_str()), ("answer", "deny")];
    for origin in [None, Some("null"), Some("https://evil.test"), Some("http://guildhall-demo.localhost")] {
        let mut sent = site.form("/oauth/authorize", &form);
        if let Some(origin) = origin {
            sent = sent.header(header::ORIGIN, origin);
        }
        let refused = sent.send().await.unwrap();
        assert_eq!(
            (refused.status(), text(&refused, header::LOCATION).as_str()),
            (StatusCode::FORBIDDEN, ""),
            "{origin:?}"
        );
    }
    let denied = site.answer(&form).send().await.unwrap();
    assert_eq!(denied.status(), StatusCode::SEE_OTHER);
    let url = text(&denied, header::LOCATION);
    assert_eq!(
        (value(&url, "error").as_deref(), value(&url, "iss")),
        (Some("access_denied"), Some(site.issuer.clone()))
    );

    for bad in
        ["client_id=x&redirect_uri=https://evil.test", &format!("client_id={client}&redirect_uri=https://evil.test")]
    {
        let refused = site.get(&format!("/s/{SLUG}/oauth/authorize?response_type=code&{bad}")).send().await.unwrap();
        assert_eq!(
            (refused.status(), text(&refused, header::LOCATION).as_str()),
            (StatusCode::BAD_REQUEST, ""),
            "{bad}"
        );
        assert!(!refused.text().await.unwrap().contains("evil"));
    }
}

#[tokio::test]
async fn every_token_opens_its_own_door_and_no_other() {
    let site = Site::start().await;
    let client = site.client().await;
    let page = site.authorize(&client).send().await.unwrap().text().await.unwrap();
    let request = hidden(&page, "request");
    let page =
        site.answer(&[("request", &request), ("answer", "allow"), ("email", "ann@example.test")]).send().await.unwrap();
    let ticket = hidden(&page.text().await.unwrap(), "ticket");
    let letter = site.node.letters("ann@example.test", 1).await.remove(0);
    let code = letter.split("Subject: ").nth(1).unwrap()[..6].to_owned();
    let form = [("request", request.as_str()), ("ticket", &ticket), ("answer", "code"), ("code", &code)];
    let there = text(&site.answer(&form).send().await.unwrap(), header::LOCATION);
    let code = value(&there, "code").unwrap();
    let form = [
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("client_id", &client),
        ("code_verifier", VERIFIER),
        ("redirect_uri", BACK),
    ];
    let granted = site.form("/oauth/token", &form).send().await.unwrap();
    assert_eq!((granted.status(), text(&granted, header::CACHE_CONTROL).as_str()), (StatusCode::OK, "no-store"));
    let granted: Value = granted.json().await.unwrap();
    assert_eq!(
        (&granted["token_type"], &granted["scope"], &granted["expires_in"]),
        (&json!("Bearer"), &json!("mcp"), &json!(900))
    );

    let (access, refresh) = (granted["access_token"].as_str().unwrap(), granted["refresh_token"].as_str().unwrap());
    let keys = [
        ("dashboard", site.owner.as_str()),
        ("access", access),
        ("refresh", refresh),
        ("code", &code),
        ("ticket", &ticket),
    ];
    for (kind, key) in keys {
        let here = site.mcp(&format!("/s/{SLUG}/mcp"), Some(key)).await.status();
        assert_eq!(here != 401, kind == "access", "{kind} at the hosted server: {here}");
        let (there, _) = site.node.post("/api/account/getProfile", Some(key), json!({})).await;
        assert_eq!(there == 200, kind == "dashboard", "{kind} at the dashboard: {there}");
        let form = [("grant_type", "refresh_token"), ("refresh_token", key), ("client_id", &client)];
        let renewed = site.form("/oauth/token", &form).send().await.unwrap().status();
        assert_eq!(renewed == 200, kind == "refresh", "{kind} as refresh token: {renewed}");
    }
    let in_query = site.http.post(site.url(&format!("/s/{SLUG}/mcp?access_token={access}"))).send().await.unwrap();
    assert_eq!(in_query.status(), 401, "a token in a query is none");
    let unknown = site.form("/oauth/token", &[("grant_type", "refresh_token"), ("client_id", "x")]);
    let unknown = unknown.basic_auth("x", Some("y")).send().await.unwrap();
    assert_eq!(unknown.status(), 401);
    assert!(text(&unknown, header::WWW_AUTHENTICATE).starts_with("Basic"));
    let wrong =
        site.node.request(Method::POST, &format!("/s/{SLUG}/oauth/token")).json(&json!({})).send().await.unwrap();
    assert_eq!(wrong.status(), 400, "JSON is no form");
}
