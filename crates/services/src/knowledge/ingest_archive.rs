use std::io::Read as _;

use guildhall_domain::{Error, Id, Result, access::Permission, event::Event, id, text::Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    archive::Archive,
    ingest::{begin, is_empty},
};
use crate::{
    Attachment, Cx, Desk, FileField, InOrganization, Mutation, Outcome, Prepared, Procedure, knowledge::Handed,
};

/// Hands a ZIP archive in to a namespace: at most 50 MiB, 10,000 entries, and 500 MiB unpacked. Its Markdown, MDX, HTML and
/// text files become documents by their paths; the rest is passed over. After that the namespace is exactly this archive:
/// what is renamed or no longer in it disappears, unless `prune` is false.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IngestArchive {
    /// Into which namespace.
    pub namespace_id: Id<id::Namespace>,
    /// The archive.
    pub archive: Attachment,
    /// Whether documents that are not in the archive are removed, once it is read.
    #[serde(default = "yes")]
    pub prune: bool,
    /// Only what has a path that begins so is removed.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub prune_below: Text<0, 500>,
}

const fn yes() -> bool {
    true
}

/// How large the pieces are that an archive is kept in.
const PIECE: u64 = 1024 * 1024;

impl Procedure for IngestArchive {
    const NAME: &'static str = "knowledge.ingestArchive";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteKnowledge;
    type Output = Handed;
    const FILE: Option<FileField> =
        Some(FileField { name: "archive", content_type: "application/zip", most_bytes: 50 * 1024 * 1024 });

    fn attachment(&mut self) -> Option<&mut Attachment> {
        Some(&mut self.archive)
    }

    /// Looks the archive through: what cannot be read at all is refused, and not taken.
    async fn prepare(&self, _: &Desk<'_>) -> Result<Prepared> {
        let archive = self.archive.clone();
        let looked = tokio::task::spawn_blocking(move || {
            let file = archive.read().map_err(Error::internal)?;
            let archive = Archive::open(file).map_err(|refused| Error::field("archive", refused.to_string()))?;
            Ok::<usize, Error>(archive.len())
        });
        Ok(Prepared { archived: looked.await.map_err(Error::internal)??, ..Prepared::default() })
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Handed>> {
        let namespace = super::find_namespace(cx.tenant(), self.namespace_id).await?.namespace.id;
        let prune_below = self.prune.then(|| self.prune_below.into());
        let job_id = begin(cx, namespace, prune_below, cx.prepared().archived).await?;
        let mut file = self.archive.read().map_err(Error::internal)?;
        for place in 0.. {
            let read = tokio::task::spawn_blocking(move || {
                let mut piece = Vec::new();
                file.by_ref().take(PIECE).read_to_end(&mut piece).map(|_| (file, piece))
            });
            let (rest, piece) = read.await.map_err(Error::internal)?.map_err(Error::internal)?;
            file = rest;
            if piece.is_empty() {
                break;
            }
            cx.tenant().ingestions().add_piece(job_id, place, piece).await?;
        }
        let event = Event::DocumentsHandedIn { namespace_id: namespace, job_id };
        Ok(Outcome::Changed(Handed { job_id }, event))
    }
}
