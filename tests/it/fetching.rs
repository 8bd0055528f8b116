//! What a node calls for a tenant, over real sockets.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::node::Node;

/// An authorization server on this machine; its metadata's address, and how often somebody came.
async fn authorization_server() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}", listener.local_addr().unwrap());
    let metadata = json!({ "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/jwks"),
        "response_types_supported": ["code"] });
    let (body, came) = (metadata.to_string(), Arc::new(AtomicUsize::new(0)));
    let count = came.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).await.unwrap();
            let request = String::from_utf8_lossy(&request[..length]).to_lowercase();
            assert!(request.starts_with("get /.well-known/openid-configuration http/1.1\r\n"), "{request}");
            assert!(!request.contains("authorization:") && !request.contains("cookie:"), "{request}");
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).await.unwrap();
        }
    });
    (format!("{issuer}/.well-known/openid-configuration"), came)
}

async fn validate(node: &Node, metadata_url: &str) -> (u16, Value) {
    let token = node.sign_in().await;
    let input = json!({ "metadataUrl": metadata_url });
    let (status, answer) = node.post("/api/oauthConfigs/validate", Some(&token), input).await;
    (status.as_u16(), answer)
}

#[tokio::test]
async fn this_machine_is_called_only_where_the_operator_allows_it() {
    let (metadata_url, came) = authorization_server().await;
    let (status, answer) = validate(&Node::start().await, &metadata_url).await;
    assert_eq!((status, &answer["code"]), (502, &json!("OAUTH_SERVER_UNREACHABLE")), "{answer}");
    assert_eq!(answer["data"], json!({ "reason": "no_public_address" }));
    assert_eq!(came.load(Ordering::SeqCst), 0);

    let (status, answer) = validate(&Node::start_with(&["--allow-loopback"]).await, &metadata_url).await;
    assert_eq!(status, 200, "{answer}");
    assert!(metadata_url.starts_with(answer["issuer"].as_str().unwrap()));
    assert_eq!(came.load(Ordering::SeqCst), 1);
}
