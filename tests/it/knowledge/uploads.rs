//! An archive over the wire: as `@orpc/client` sends it, as a form, and alone.

use std::time::Duration;

use guildhall_tests::Library;
use reqwest::{Method, StatusCode, header};
use serde_json::{Value, json};

use crate::node::Node;

const BOUNDARY: &str = "----formdata-undici-042863309111";

fn part(name: &str, more: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n");
    [head.as_bytes(), content, b"\r\n"].concat()
}

fn form(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), format!("--{BOUNDARY}--\r\n").into_bytes()].concat()
}

async fn send(node: &Node, path: &str, token: Option<&str>, kind: &str, body: Vec<u8>) -> (StatusCode, Value) {
    let mut request = node.request(Method::POST, path).header(header::CONTENT_TYPE, kind).body(body);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.unwrap();
    (response.status(), response.json().await.unwrap())
}

#[tokio::test]
async fn an_archive_comes_in_three_ways() {
    let node = Node::start().await;
    let token = node.sign_in().await;
    let (_, made) = node.post("/api/knowledge/createNamespace", Some(&token), json!({ "name": "Handbook" })).await;
    let id = made["id"].as_str().unwrap();
    let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
    let archive = |text: &str| Library::archive(&[("a.md", text)]);
    let file = "; filename=\"docs.zip\"\r\nContent-Type: application/zip";

    let data = |maps: Value| json!({ "json": { "namespaceId": id, "archive": {} }, "maps": maps }).to_string();
    let rpc = form(&[part("data", "", data(json!([["archive"]])).as_bytes()), part("0", file, &archive("one"))]);
    let plain = form(&[part("namespaceId", "", id.as_bytes()), part("archive", file, &archive("two"))]);
    let alone = format!("/api/knowledge/ingestArchive?namespaceId={id}&prune=false");
    for (path, kind, body) in [
        ("/rpc/knowledge/ingestArchive", multipart.as_str(), rpc.clone()),
        ("/api/knowledge/ingestArchive", &multipart, plain),
        (&alone, "application/zip", archive("three")),
    ] {
        let (status, answer) = send(&node, path, Some(&token), kind, body).await;
        assert_eq!(status, StatusCode::OK, "{path}: {answer}");
        let job_id = answer.get("json").unwrap_or(&answer)["jobId"].clone();
        let mut job = Value::Null;
        for _ in 0..100 {
            (_, job) = node.post("/api/knowledge/getJob", Some(&token), json!({ "jobId": job_id })).await;
            if job["status"] == "completed" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!((&job["status"], &job["processed"]), (&json!("completed"), &json!(1)), "{path}: {job}");
    }

    let lies = [
        form(&[part("data", "", data(json!([["namespaceId"]])).as_bytes()), part("0", file, &archive("x"))]),
        form(&[part("data", "", data(json!([])).as_bytes()), part("0", file, &archive("x"))]),
        form(&[part("0", file, &archive("x"))]),
        form(&[part("data", "", data(json!([["archive"]])).as_bytes())]),
        form(&[part("data", "", b"{"), part("0", file, &archive("x"))]),
        rpc[..rpc.len() / 2].to_vec(),
        Vec::new(),
    ];
    for lie in lies {
        let (status, answer) = send(&node, "/rpc/knowledge/ingestArchive", Some(&token), &multipart, lie).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{answer}");
    }
    let (status, _) = send(&node, "/rpc/knowledge/ingestArchive", None, &multipart, rpc).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let (status, answer) = send(&node, "/rpc/example/execute", None, &multipart, Vec::new()).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "no other procedure takes forms: {answer}");
}

#[tokio::test]
async fn an_archive_that_is_too_large_is_refused_however_it_comes() {
    let node = Node::start().await;
    let token = node.sign_in().await;
    let (_, made) = node.post("/api/knowledge/createNamespace", Some(&token), json!({ "name": "Handbook" })).await;
    let path = format!("/api/knowledge/ingestArchive?namespaceId={}", made["id"].as_str().unwrap());
    let large = vec![7; 50 * 1024 * 1024 + 1];
    let (status, answer) = send(&node, &path, Some(&token), "application/zip", large).await;
    assert_eq!((status, &answer["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("PAYLOAD_TOO_LARGE")));
    assert_eq!(answer["data"]["limit"], json!(50 * 1024 * 1024));
}
