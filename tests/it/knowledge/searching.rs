//! What fits best comes first, what is typed is never syntax, and nobody finds what is others'.

use std::collections::HashSet;

use guildhall_tests::World;
use serde_json::{Value, json};

use super::{ingest, namespace, ok, page, paths, search};

async fn library(world: &World) -> Value {
    let docs = namespace(world, "docs").await;
    let pages = [
        page(
            "webhooks.md",
            "# Webhooks\n\nWe send events to your server.\n\n## Verifying signatures\n\nEach delivery is signed. Compare the signature before you trust it.",
        ),
        page("billing.md", "# Billing\n\nInvoices are sent by mail. A webhook is sent as well."),
        page(
            "install.md",
            "# Installation\n\nInstalling takes five minutes on Kubernetes.\n\n## Air gap\n\nWithout the internet, load the images first.",
        ),
        page("unicode.md", "# Café\n\nCrème brûlée für alle, 日本語 too."),
        page("api.md", "# API\n\nUse `x-organization: acme` and 50% of O'Reilly's C:\\path \"quoted\"."),
    ];
    ingest(world, &docs, &pages).await;
    docs
}

#[tokio::test]
async fn titles_come_before_texts_and_forms_beginnings_and_mistakes_are_found() {
    let world = World::new().await;
    let docs = library(&world).await;
    for (query, expected) in [
        ("webhook", "webhooks.md"),
        ("verify signature", "webhooks.md"),
        ("how do I install it", "install.md"),
        ("installed", "install.md"),
        ("kuber", "install.md"),
        ("kubernets", "install.md"),
        ("airgap images", "install.md"),
        ("invoces", "billing.md"),
        ("ivnoice", "billing.md"),
        ("creme brulee", "unicode.md"),
        ("CAFÉ", "unicode.md"),
        ("日本語", "unicode.md"),
        ("x-organization", "api.md"),
        ("o'reilly", "api.md"),
    ] {
        let found = paths(&world, &docs, query).await;
        assert_eq!(found.first().map(String::as_str), Some(expected), "{query}: {found:?}");
    }
    assert_eq!(paths(&world, &docs, "webhook").await, ["webhooks.md", "billing.md"]);
    assert!(paths(&world, &docs, "xylophone").await.is_empty());
    let found = search(&world, &docs, "signature").await;
    assert_eq!(found[0]["heading"], "Verifying signatures");
    assert_eq!(found[0]["title"], "Webhooks");
    let snippet = found[0]["snippet"].as_str().unwrap();
    assert!(snippet.contains("Compare the ⟦signature⟧ before"), "{snippet}");
    assert!(found[0]["score"].as_f64().unwrap() > 0.0);
}

#[tokio::test]
async fn what_is_typed_is_never_syntax() {
    let world = World::new().await;
    let docs = library(&world).await;
    let long = "webhook ".repeat(37);
    let awkward = [
        "\"",
        "'",
        "\"webhook",
        "webhook*",
        "*",
        "NEAR(webhook signature)",
        "webhook OR 1=1",
        "NOT webhook",
        "title:webhook",
        "-webhook",
        "^webhook",
        "%",
        "_",
        "\\",
        "webhook & | ! ( ) :* <-> '",
        "'; drop table knowledge_chunks; --",
        "{webhook}",
        "webhook AND",
        "()",
        "$1",
        "?",
        "\u{200b}",
        "a\tb\nc",
        long.trim(),
    ];
    for query in awkward {
        let found = paths(&world, &docs, query).await;
        if query.contains("webhook") {
            assert_eq!(found.first().map(String::as_str), Some("webhooks.md"), "{query}");
        }
    }
    assert_eq!(paths(&world, &docs, "50% \"quoted\" C:\\path").await, ["api.md"]);
    let all = ok(&world, "knowledge.listDocuments", json!({ "namespaceId": docs, "prefix": "%" })).await;
    assert_eq!(all["items"], json!([]), "nor in a prefix");
}

#[tokio::test]
async fn nobody_finds_what_is_others_or_in_other_namespaces() {
    let world = World::new().await;
    let docs = library(&world).await;
    let other = namespace(&world, "other").await;
    ingest(&world, &other, &[page("canary.md", "# Canary of another namespace\n\nwebhook")]).await;
    let made = world.call("knowledge.createNamespace", &world.theirs.owner, json!({ "name": "docs" })).await.unwrap();
    let theirs = json!({ "namespaceId": made["id"], "documents": [page("canary.md", "# Webhook\n\nkestrel webhook")] });
    world.call("knowledge.ingest", &world.theirs.owner, theirs).await.unwrap();
    world.letters().await;

    assert_eq!(paths(&world, &docs, "webhook").await, ["webhooks.md", "billing.md"]);
    for query in ["kestrel", "kestrl", "kest"] {
        assert_eq!(ok(&world, "knowledge.search", json!({ "query": query })).await, json!([]), "{query}");
    }
    let all = ok(&world, "knowledge.search", json!({ "query": "webhook" })).await;
    let documents: HashSet<&str> = all.as_array().unwrap().iter().map(|hit| hit["path"].as_str().unwrap()).collect();
    assert_eq!(documents.len(), 3, "in all of our namespaces: {all}");
    let found = world.call("knowledge.search", &world.theirs.owner, json!({ "query": "kestrel" })).await.unwrap();
    assert_eq!(found[0]["path"], "canary.md");
}

#[tokio::test]
async fn a_search_needs_seven_statements_at_the_most_however_much_there_is() {
    let world = World::new().await;
    let docs = library(&world).await;
    for query in ["webhook", "verify signature install", "kubernets"] {
        let input = json!({ "query": query, "namespaceIds": [docs] });
        let (found, statements) = world.statements(world.call("knowledge.search", &world.ours.vouched, input)).await;
        assert!(!found.unwrap().as_array().unwrap().is_empty());
        assert!(statements <= 7, "{query} needs {statements} statements");
    }
}
