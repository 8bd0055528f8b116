//! Archives: read whole or refused, and after them a namespace is what they are.

use guildhall_domain::{Error, Result};
use guildhall_services::Attachment;
use guildhall_tests::{Library, World};
use serde_json::{Value, json};

use super::{counts, namespace, ok, paths, read};

async fn hand_in(world: &World, namespace: &Value, archive: &[u8], more: Value) -> Result<Value> {
    let archive = Attachment::of(archive).unwrap();
    let mut input = json!({ "namespaceId": namespace, "archive": archive.sha256() });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let entry = world.catalogue.get("knowledge.ingestArchive").unwrap();
    entry.call_with(&world.app, &world.ours.vouched, input, vec![archive]).await?.value()
}

#[tokio::test]
async fn after_an_archive_the_namespace_is_exactly_that() {
    let world = World::new().await;
    let docs = namespace(&world, "docs").await;
    let files = [("guide/a.md", "# A\n\nThe otter."), ("b.html", "<h1>B</h1><p>The otter."), ("logo.png", "\u{1}")];
    let handed = hand_in(&world, &docs, &Library::archive(&files), json!({})).await.unwrap();
    let job = read(&world, &handed).await;
    assert_eq!((counts(&job), &job["status"]), ([2, 0, 0, 0], &json!("completed")), "{job}");

    let renamed = [("guide/renamed.md", "# A\n\nThe otter."), files[1]];
    let handed = hand_in(&world, &docs, &Library::archive(&renamed), json!({ "prune": false })).await.unwrap();
    assert_eq!(counts(&read(&world, &handed).await), [1, 1, 0, 0]);
    assert_eq!(paths(&world, &docs, "otter").await.len(), 3);
    let handed = hand_in(&world, &docs, &Library::archive(&renamed), json!({})).await.unwrap();
    assert_eq!(counts(&read(&world, &handed).await), [0, 2, 1, 0]);
    let mut left = paths(&world, &docs, "otter").await;
    left.sort();
    assert_eq!(left, ["b.html", "guide/renamed.md"]);
}

#[tokio::test]
async fn an_archive_of_some_size_is_kept_in_pieces_and_read_whole() {
    let world = World::new().await;
    let docs = namespace(&world, "docs").await;
    let mut noise = 1_u32;
    let mut word = || {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        format!("{noise:x} ")
    };
    let texts: Vec<(String, String)> = (0..100)
        .map(|n| {
            (format!("{n}.md"), format!("# Page {n}\n\nthe otter {}", (0..4000).map(|_| word()).collect::<String>()))
        })
        .collect();
    let files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let archive = Library::archive(&files);
    assert!(archive.len() > 1024 * 1024, "more than one piece: {}", archive.len());
    let handed = hand_in(&world, &docs, &archive, json!({})).await.unwrap();
    let job = read(&world, &handed).await;
    assert_eq!((counts(&job), &job["total"]), ([100, 0, 0, 0], &json!(100)), "{job}");
}

#[tokio::test]
async fn what_is_no_archive_or_a_hostile_one_is_refused_and_nothing_of_it_kept() {
    let world = World::new().await;
    let docs = namespace(&world, "docs").await;
    let events = world.events().await;
    for (what, archive) in [
        ("nothing", Vec::new()),
        ("no archive", b"PK, but not really".to_vec()),
        ("a path upwards", Library::archive(&[("../a.md", "x")])),
        ("an absolute path", Library::archive(&[("/etc/a.md", "x")])),
        ("a path upwards inside", Library::archive(&[("a/../../b.md", "x")])),
        ("a path of another system", Library::archive(&[("a\\..\\b.md", "x")])),
    ] {
        let refused = hand_in(&world, &docs, &archive, json!({})).await;
        assert!(matches!(refused, Err(Error::BadRequest(_))), "{what}: {refused:?}");
    }
    assert_eq!(world.events().await, events);
    assert_eq!(ok(&world, "knowledge.listJobs", json!({})).await["items"], json!([]));
}

#[tokio::test]
async fn a_file_that_did_not_come_is_missed() {
    let world = World::new().await;
    let docs = namespace(&world, "docs").await;
    let input = json!({ "namespaceId": docs, "archive": "0".repeat(64) });
    let refused = world.call("knowledge.ingestArchive", &world.ours.vouched, input).await;
    let Err(Error::BadRequest(issues)) = refused else { panic!("{refused:?}") };
    assert_eq!(issues.len(), 1);
}
