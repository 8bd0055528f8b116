//! Documents of an organization, read and offered by its server.

use std::io::{Cursor, Write as _};

use guildhall_domain::{Id, id};
use guildhall_services::Attachment;
use serde_json::{Value, json};
use zip::{ZipWriter, write::SimpleFileOptions};

use crate::{Side, World};

/// Documents of an organization, read and offered by its server.
#[derive(Clone, Debug)]
pub struct Library {
    /// The namespace they are in.
    pub namespace: Id<id::Namespace>,
    /// The documents.
    pub documents: Vec<Id<id::Document>>,
    /// The job that read them.
    pub job: Id<id::Job>,
    /// Namespaces that it can do without.
    pub spare_namespaces: Vec<Id<id::Namespace>>,
}

/// How many there are of each: enough for every role and every law.
const EACH: usize = 4;

impl Library {
    pub(crate) async fn of(world: &World, side: &Side) -> Self {
        let call = async |name: &str, input: Value| {
            world.call(name, &side.vouched, input).await.unwrap_or_else(|e| panic!("{name}: {e:?}"))
        };
        let text = |value: &Value| value.as_str().expect("an id").to_owned();
        let name = side.organization.name.as_str();
        let mut namespaces = Vec::new();
        for n in 0..=EACH {
            let made = call("knowledge.createNamespace", json!({ "name": format!("{name} {n}") })).await;
            namespaces.push(text(&made["id"]).parse().expect("an id"));
        }
        let namespace = namespaces.remove(0);
        let document =
            |n: usize| json!({ "path": format!("spare/{n}.md"), "content": format!("# Page {n}\n\nOf {name}.") });
        let documents: Vec<Value> = (0..EACH).map(document).collect();
        let handed = call("knowledge.ingest", json!({ "namespaceId": namespace, "documents": documents })).await;
        world.letters().await;
        call("knowledge.setForServer", json!({ "serverId": side.server.id, "namespaceIds": [namespace] })).await;
        let listed = call("knowledge.listDocuments", json!({ "namespaceId": namespace })).await;
        let documents = listed["items"].as_array().expect("documents").iter();
        Self {
            namespace,
            documents: documents.map(|document| text(&document["id"]).parse().expect("an id")).collect(),
            job: text(&handed["jobId"]).parse().expect("an id"),
            spare_namespaces: namespaces,
        }
    }

    /// An archive with these files.
    #[must_use]
    pub fn archive(files: &[(&str, &str)]) -> Vec<u8> {
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        for (path, text) in files {
            archive.start_file(*path, SimpleFileOptions::default()).expect("an entry");
            archive.write_all(text.as_bytes()).expect("its text");
        }
        archive.finish().expect("an archive").into_inner()
    }

    /// The archive that comes with every call of the tests that wants one.
    #[must_use]
    pub fn example() -> Attachment {
        Attachment::of(&Self::archive(&[("n/archived.md", "# Archived\n\nA page.")])).expect("a file")
    }
}
