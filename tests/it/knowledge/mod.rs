//! Documents: handed in, read by jobs, found again, and offered to end users' agents.
mod archives;
mod folders;
mod ingesting;
mod searching;
mod tools;
mod uploads;

use guildhall_tests::World;
use serde_json::{Value, json};

/// Calls as our owner, whatever the clock says.
async fn ok(world: &World, name: &str, input: Value) -> Value {
    world.call(name, &world.ours.vouched, input).await.unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

/// A new namespace of ours.
async fn namespace(world: &World, name: &str) -> Value {
    ok(world, "knowledge.createNamespace", json!({ "name": name })).await["id"].clone()
}

fn page(path: &str, content: &str) -> Value {
    json!({ "path": path, "content": content })
}

/// Hands documents in and lets them be read; answers how that went.
async fn ingest(world: &World, namespace: &Value, documents: &[Value]) -> Value {
    let handed = ok(world, "knowledge.ingest", json!({ "namespaceId": namespace, "documents": documents })).await;
    read(world, &handed).await
}

/// Lets what was handed in be read; answers how that went.
async fn read(world: &World, handed: &Value) -> Value {
    world.letters().await;
    ok(world, "knowledge.getJob", json!({ "jobId": handed["jobId"] })).await
}

/// What a search of ours finds in that namespace.
async fn search(world: &World, namespace: &Value, query: &str) -> Vec<Value> {
    let found = ok(world, "knowledge.search", json!({ "query": query, "namespaceIds": [namespace] })).await;
    found.as_array().unwrap().clone()
}

/// The paths of what a search finds, each once.
async fn paths(world: &World, namespace: &Value, query: &str) -> Vec<String> {
    let mut paths: Vec<String> = Vec::new();
    for hit in search(world, namespace, query).await {
        let path = hit["path"].as_str().unwrap().to_owned();
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}

/// How often a job counts what: processed, skipped, removed, failed.
fn counts(job: &Value) -> [i64; 4] {
    let failed = i64::try_from(job["failed"].as_array().unwrap().len()).unwrap();
    [job["processed"].as_i64().unwrap(), job["skipped"].as_i64().unwrap(), job["removed"].as_i64().unwrap(), failed]
}
