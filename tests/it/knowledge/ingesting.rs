//! Every document is read once, whatever dies when, and only what changed is read again.

use std::time::Duration;

use guildhall_domain::{Error, Resource, error::Reason};
use guildhall_tests::World;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{counts, ingest, namespace, ok, page, paths, read, search};

/// Documents and chunks that a namespace counts, and those there are.
async fn sizes(world: &World, namespace: &Value) -> [i64; 4] {
    let all = ok(world, "knowledge.listNamespaces", json!({})).await;
    let counted = all.as_array().unwrap().iter().find(|one| one["id"] == *namespace).unwrap().clone();
    let (mut documents, mut chunks, mut cursor) = (0, 0, Value::Null);
    loop {
        let mut input = json!({ "namespaceId": namespace, "limit": 100 });
        if cursor.is_string() {
            input["cursor"] = cursor;
        }
        let page = ok(world, "knowledge.listDocuments", input).await;
        for document in page["items"].as_array().unwrap() {
            documents += 1;
            chunks += document["chunkCount"].as_i64().unwrap();
        }
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            return [
                counted["documentCount"].as_i64().unwrap(),
                documents,
                counted["chunkCount"].as_i64().unwrap(),
                chunks,
            ];
        }
    }
}

#[tokio::test]
async fn the_same_again_is_skipped_and_what_changed_is_replaced_with_its_chunks() {
    let world = World::new().await;
    let docs = namespace(&world, "docs").await;
    let pages = |second: &str| {
        vec![
            page("a.md", "# Alpha\n\nThe aardvark.\n\n## More\n\nOf the anteater."),
            page("b.md", second),
            json!({ "path": "c.md", "title": "Gamma", "content": "The gazelle.", "tags": ["fast"] }),
        ]
    };
    let first = ingest(&world, &docs, &pages("# Beta\n\nThe bison.\n\n## Less\n\nOf the beaver.")).await;
    assert_eq!((counts(&first), first["status"].as_str()), ([3, 0, 0, 0], Some("completed")));
    assert!(first["total"] == 3 && first["finishedAt"].is_i64());
    let id = search(&world, &docs, "bison").await[0]["documentId"].clone();

    let again = ingest(&world, &docs, &pages("# Beta\n\nThe bison.\n\n## Less\n\nOf the beaver.")).await;
    assert_eq!(counts(&again), [0, 3, 0, 0]);

    let changed = ingest(&world, &docs, &pages("# Beta\n\nThe badger.")).await;
    assert_eq!(counts(&changed), [1, 2, 0, 0]);
    assert!(paths(&world, &docs, "bison").await.is_empty() && paths(&world, &docs, "beaver").await.is_empty());
    let found = search(&world, &docs, "badger").await;
    assert_eq!((found.len(), &found[0]["documentId"]), (1, &id), "the document stays who it is");
    assert_eq!(paths(&world, &docs, "anteater").await, ["a.md"]);
    assert_eq!(paths(&world, &docs, "fast").await, ["c.md"], "by its tag");
    let [documents, listed, chunks, there] = sizes(&world, &docs).await;
    assert_eq!((documents, chunks), (listed, there));

    let mut retitled = pages("# Beta\n\nThe badger.");
    retitled[2]["title"] = json!("Another");
    assert_eq!(counts(&ingest(&world, &docs, &retitled).await), [1, 2, 0, 0], "a title is part of it");
}

#[tokio::test]
async fn a_worker_that_dies_at_any_document_loses_and_doubles_nothing() {
    let world = World::new().await;
    let docs = namespace(&world, "docs").await;
    let documents: Vec<Value> = (0..8).map(|n| page(&format!("{n}.md"), &format!("# Page {n}\n\nzebra {n}"))).collect();
    let handed = ok(&world, "knowledge.ingest", json!({ "namespaceId": docs, "documents": documents })).await;
    world.mail.close(true); // so that letters do not count as work

    let mut deaths = 0;
    loop {
        // Dropped wherever it waits: a little later each time.
        let patience = Duration::from_millis(2 + 3 * deaths);
        let died = tokio::time::timeout(patience, world.letters()).await.is_err();
        tokio::time::sleep(Duration::from_millis(50)).await; // what it had sent may still arrive
        let job = ok(&world, "knowledge.getJob", json!({ "jobId": handed["jobId"] })).await;
        let [processed, ..] = counts(&job);
        let [counted, there, chunks, in_documents] = sizes(&world, &docs).await;
        assert_eq!([counted, there, chunks, in_documents], [processed; 4], "after {deaths} deaths");
        if job["status"] == "completed" {
            break;
        }
        assert!(died || deaths < 200, "it gets on: {job}");
        deaths += 1;
        world.clock.advance(Duration::from_secs(91)); // until its lease is over
    }
    assert!(deaths > 0, "nobody died");
    assert_eq!(sizes(&world, &docs).await, [8; 4]);
    assert_eq!(search(&world, &docs, "zebra").await.len(), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_jobs_at_once_replace_each_others_documents_and_double_none() {
    let world = World::new().await;
    let node = world.another_node().await;
    let docs = namespace(&world, "docs").await;
    let documents = |animal: &str| -> Vec<Value> {
        (0..20).map(|n| page(&format!("{n}.md"), &format!("# Page {n}\n\nThe {animal}."))).collect()
    };
    for animal in ["lion", "tiger"] {
        ok(&world, "knowledge.ingest", json!({ "namespaceId": docs, "documents": documents(animal) })).await;
    }
    let mut workers = JoinSet::new();
    for app in [world.app.clone(), node.clone(), world.app.clone(), node.clone()] {
        workers.spawn(async move { while app.carry_out_next().await.is_ok_and(|worked| worked) {} });
    }
    workers.join_all().await;
    for _ in 0..5 {
        world.letters().await;
        world.clock.advance(Duration::from_mins(5)); // what lost against another is tried again
    }

    let jobs = ok(&world, "knowledge.listJobs", json!({})).await;
    for job in jobs["items"].as_array().unwrap() {
        assert_eq!(job["status"], "completed", "{job}");
    }
    assert_eq!(sizes(&world, &docs).await, [20; 4]);
    let hits = async |query: &str| {
        let found = json!({ "query": query, "namespaceIds": [docs], "limit": 50 });
        ok(&world, "knowledge.search", found).await.as_array().unwrap().len()
    };
    assert_eq!(hits("lion").await + hits("tiger").await, 20);
}

#[tokio::test]
async fn what_is_not_handed_in_is_removed_below_the_given_path_only_and_only_if_asked() {
    let world = World::new().await;
    let docs = namespace(&world, "docs").await;
    let all = ["guide/a.md", "guide/b.md", "news/c.md"].map(|path| page(path, "The giraffe."));
    ingest(&world, &docs, &all).await;

    assert_eq!(counts(&ingest(&world, &docs, &all[..1]).await), [0, 1, 0, 0]);
    let input = json!({ "namespaceId": docs, "documents": all[..1], "prune": true, "pruneBelow": "guide/" });
    let handed = ok(&world, "knowledge.ingest", input).await;
    assert_eq!(counts(&read(&world, &handed).await), [0, 1, 1, 0]);
    assert_eq!(paths(&world, &docs, "giraffe").await, ["guide/a.md", "news/c.md"]);
    assert_eq!(sizes(&world, &docs).await, [2; 4]);

    let outside = json!({ "namespaceId": docs, "documents": all[2..], "prune": true, "pruneBelow": "guide/" });
    assert!(matches!(world.call("knowledge.ingest", &world.ours.vouched, outside).await, Err(Error::BadRequest(_))));
    let twice = json!({ "namespaceId": docs, "documents": [all[0], all[0]] });
    assert!(matches!(world.call("knowledge.ingest", &world.ours.vouched, twice).await, Err(Error::BadRequest(_))));
}

#[tokio::test]
async fn a_deleted_document_or_namespace_is_not_found_and_nothing_of_it_is_left() {
    let world = World::new().await;
    let docs = namespace(&world, "docs").await;
    ingest(&world, &docs, &[page("a.md", "The giraffe."), page("b.md", "The gorilla.")]).await;
    let id = search(&world, &docs, "giraffe").await[0]["documentId"].clone();

    ok(&world, "knowledge.deleteDocument", json!({ "documentId": id })).await;
    assert!(search(&world, &docs, "giraffe").await.is_empty());
    assert_eq!(sizes(&world, &docs).await, [1; 4]);
    let again = world.call("knowledge.deleteDocument", &world.ours.vouched, json!({ "documentId": id })).await;
    assert!(matches!(again, Err(Error::NotFound(Resource::Document))));

    let waiting = json!({ "namespaceId": docs, "documents": [page("c.md", "The gibbon.")] });
    let waiting = ok(&world, "knowledge.ingest", waiting).await;
    ok(&world, "knowledge.deleteNamespace", json!({ "namespaceId": docs })).await;
    let missing = world.call("knowledge.listDocuments", &world.ours.vouched, json!({ "namespaceId": docs })).await;
    assert!(matches!(missing, Err(Error::NotFound(Resource::Namespace))));
    assert_eq!(ok(&world, "knowledge.search", json!({ "query": "gorilla" })).await, json!([]));
    world.letters().await;
    assert_eq!(world.app.jobs_left().await.unwrap(), 0);
    let job = world.call("knowledge.getJob", &world.ours.vouched, json!({ "jobId": waiting["jobId"] })).await;
    assert!(matches!(job, Err(Error::NotFound(Resource::Job))), "{job:?}");
    let reused = namespace(&world, "docs").await;
    assert_eq!(sizes(&world, &reused).await, [0; 4], "its name is free");
}

#[tokio::test]
async fn what_is_read_when_its_organization_goes_is_given_up() {
    let world = World::new().await;
    let docs = namespace(&world, "docs").await;
    ok(&world, "knowledge.ingest", json!({ "namespaceId": docs, "documents": [page("a.md", "a")] })).await;
    let organization = &world.ours.organization;
    let delete = json!({ "organizationId": organization.id, "confirmSlug": organization.slug });
    ok(&world, "organization.delete", delete).await;
    world.letters().await;
    assert_eq!(world.app.jobs_left().await.unwrap(), 0);
    world.clock.advance(Duration::from_hours(24 * 31));
    assert_eq!(world.app.purge().await.unwrap().organizations, 1);
}

#[tokio::test]
async fn more_jobs_than_fit_are_refused() {
    let world = World::new().await;
    let docs = namespace(&world, "docs").await;
    let input = json!({ "namespaceId": docs, "documents": [page("a.md", "a")] });
    for _ in 0..100 {
        ok(&world, "knowledge.ingest", input.clone()).await;
    }
    let refused = world.call("knowledge.ingest", &world.ours.vouched, input.clone()).await;
    assert!(matches!(refused, Err(Error::Conflict(Reason::TooManyJobs))), "{refused:?}");
    world.letters().await;
    ok(&world, "knowledge.ingest", input).await;
}
