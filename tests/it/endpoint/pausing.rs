//! A paused server over HTTP.

use reqwest::Method;
use serde_json::json;

use super::{Place, get_support, said};

#[tokio::test]
async fn a_paused_server_tells_every_request_of_both_eras_to_come_back_later() {
    let place = Place::new().await;
    let session = place.session().await;
    place.update(json!({ "isPaused": true })).await;

    let call = get_support();
    let requests = [
        place.stateless("", "server/discover", json!({})),
        place.stateless("", "tools/list", json!({})),
        place.stateless("/reader-1", "tools/call", call.clone()),
        place.initialize(""),
        place.in_session(&session, "tools/list", &json!({})),
        place.in_session(&session, "tools/call", &call),
        place.request(Method::DELETE, "").header("mcp-session-id", &session),
    ];
    for request in requests {
        let answer = said(request).await;
        assert_eq!((answer.status.as_u16(), &answer.headers["retry-after"]), (503, &"60".parse().unwrap()));
        assert_eq!(answer.body["error"]["message"], "the owner of this server has paused it; try again later");
        assert_eq!(answer.body["error"]["data"]["code"], "SERVICE_UNAVAILABLE");
    }
    assert_eq!(place.calls().await, 0);

    place.update(json!({ "isPaused": false })).await;
    assert_eq!(said(place.in_session(&session, "tools/list", &json!({}))).await.status, 200, "the session goes on");
}

#[tokio::test]
async fn people_stay_signed_in_while_a_server_is_paused() {
    let place = Place::new().await;
    let sign_in =
        json!({ "serverId": place.server["id"], "authType": "platform_oauth", "supportTicketType": "dashboard" });
    place.ok("mcpServers.updateConfiguration", sign_in).await;
    assert_eq!(said(place.stateless("", "tools/list", json!({}))).await.status, 401);
    place.update(json!({ "isPaused": true })).await;

    assert_eq!(
        said(place.stateless("", "tools/list", json!({}))).await.status,
        503,
        "before anybody is asked who it is"
    );
    let metadata = format!("/.well-known/oauth-authorization-server/s/{}", place.slug);
    assert_eq!(said(place.node.request(Method::GET, &metadata)).await.status, 200);
    let token = place.node.request(Method::POST, &format!("/s/{}/oauth/token", place.slug));
    let form = token.header("content-type", "application/x-www-form-urlencoded");
    let refused = said(form.body("grant_type=refresh_token&refresh_token=never-was&client_id=nobody")).await;
    assert_eq!(refused.status.as_u16() / 100, 4, "tokens are still judged: {refused:?}");
}
