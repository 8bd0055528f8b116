//! What a browser is shown at a server's own address.

use reqwest::{Method, StatusCode, header::HeaderMap};
use serde_json::json;

use super::{Place, said};

async fn page(place: &Place, path: &str) -> (StatusCode, HeaderMap, String) {
    let request = place.node.request(Method::GET, path).header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    (status, headers, response.text().await.unwrap())
}

async fn configure(place: &Place, auth_type: &str, tickets: &str) {
    let change = json!({ "serverId": place.server["id"], "authType": auth_type, "supportTicketType": tickets });
    place.ok("mcpServers.updateConfiguration", change).await;
}

#[tokio::test]
async fn a_browser_is_told_what_the_server_offers_and_how_to_add_it() {
    let place = Place::new().await;
    for path in ["/s/acme-help/mcp", "/s/acme-help", "/s/acme-help/", "/s/acme-help/api/mcpserver/mcp"] {
        let (status, headers, text) = page(&place, path).await;
        assert_eq!(status, 200, "{path}: {text}");
        for words in [
            "<bdi>Acme Help</bdi>",
            "ovens",
            "<strong>Get support</strong>",
            "Nobody signs in here.",
            "claude mcp add --transport http acme-help ",
            "claude.ai&#x2f;customize&#x2f;connectors?modal=add-custom-connector",
            "cursor:&#x2f;&#x2f;anysphere.cursor-deeplink",
            "vscode:mcp&#x2f;install?",
            "gemini mcp add",
            "codex mcp add",
            "chatgpt.com",
            "data-here=\"&#x2f;s&#x2f;acme-help&#x2f;mcp\"",
        ] {
            assert!(text.contains(words), "{path}: {words} is not in {text}");
        }
        assert!(!text.contains("Start a walkthrough") && !text.contains("start_walkthrough"), "it has none");
        assert_eq!(text.matches("<script").count(), 1);
        assert!(!text.contains(" src=") && !text.contains("<link") && !text.contains("<img"));
        let header = |name: &str| headers[name].to_str().unwrap();
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'; ",
            "script-src 'sha256-",
            "connect-src 'self'; ",
            "form-action 'none'; ",
            "base-uri 'none'; ",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{part} is not in {policy}");
        }
        assert_eq!(policy.matches("unsafe-inline").count(), 1, "of styles only: {policy}");
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(headers.get_all("vary").iter().any(|value| value.to_str().unwrap().contains("accept")));
    }
}

#[tokio::test]
async fn the_address_shown_says_who_is_reading_where_the_page_was_opened_so() {
    let place = Place::new().await;
    for path in ["/s/acme-help/mcp/reader-1", "/s/acme-help/api/mcpserver/reader-1/mcp"] {
        let (_, _, text) = page(&place, path).await;
        assert!(text.contains("&#x2f;s&#x2f;acme-help&#x2f;mcp&#x2f;reader-1</code>"), "{text}");
        assert!(text.contains("data-here=\"&#x2f;s&#x2f;acme-help&#x2f;mcp&#x2f;reader-1\""), "{text}");
        assert!(text.contains("connectorUrl=http%3A%2F%2F") && text.contains("%2Fmcp%2Freader-1"));
    }
    let by_name = place.node.request(Method::GET, "/mcp/reader-1").header("accept", "text/html");
    let by_name = by_name.header("host", format!("acme-help.localhost:{}", place.node.address.port()));
    let text = by_name.send().await.unwrap().text().await.unwrap();
    assert!(text.contains("data-here=\"&#x2f;mcp&#x2f;reader-1\""), "{text}");
    assert_eq!(page(&place, "/s/acme-help/mcp/not%20one").await.0, 404);
    assert_eq!(page(&place, "/s/never-was/mcp").await.0, 404);
}

#[tokio::test]
async fn the_page_is_there_before_anybody_signs_in_and_while_the_server_is_paused() {
    let place = Place::new().await;
    configure(&place, "platform_oauth", "none").await;
    let (status, _, text) = page(&place, "/s/acme-help/mcp").await;
    assert_eq!(status, 200, "{text}");
    for words in
        ["sign in with your email address", "data-sign-in=\"yes\"", "codex mcp login acme-help", "Nothing yet."]
    {
        assert!(text.contains(words), "{words} is not in {text}");
    }
    let program = |method| place.node.request(method, "/s/acme-help/mcp").header("accept", "text/event-stream");
    assert_eq!(said(program(Method::GET)).await.status, 401, "a program has to sign in");
    configure(&place, "none", "dashboard").await;
    assert_eq!(said(program(Method::GET)).await.status, 405);

    place.update(json!({ "isPaused": true })).await;
    let (status, _, text) = page(&place, "/s/acme-help/mcp").await;
    assert!(status == 200 && text.contains("This server is paused"), "{status} {text}");
    assert_eq!(said(program(Method::GET)).await.status, 503);
    place.update(json!({ "isPaused": false })).await;
    assert!(!page(&place, "/s/acme-help/mcp").await.2.contains("is paused"));
}

#[tokio::test]
async fn what_an_organization_calls_its_server_is_text_and_never_markup() {
    let place = Place::new().await;
    let hostile = "</script><script>alert(1)</script>\" onload='x' {{ 7 * 7 }}";
    place.update(json!({ "name": hostile, "productPlatformOrTool": hostile })).await;

    let (_, _, text) = page(&place, "/s/acme-help/mcp").await;

    assert_eq!((text.matches("<script").count(), text.matches("alert(1)<").count()), (1, 0), "{text}");
    assert!(text.contains("&lt;script&gt;alert(1)") && text.contains("{{ 7 * 7 }}"));
}
