//! What was handed in, as the job that reads it gets at it: documents one by one, or those of an archive.

use std::{
    collections::HashSet,
    fs::File,
    io::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use guildhall_domain::{
    Error, Id, Result, id,
    knowledge::{ContentType, DocumentFailure, DocumentPath, NewDocument},
};
use guildhall_repositories::{Access, StoredIngestion};

use super::archive::Archive;
use crate::secrets::hash;

/// A document that was handed in.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// Where it belongs.
    pub(super) path: DocumentPath,
    /// What it is called, where that was said.
    pub(super) title: Option<String>,
    /// Words to find it by.
    pub(super) tags: Vec<String>,
    /// What it says.
    pub(super) content: String,
    /// How it is written.
    pub(super) content_type: ContentType,
}

/// Another number wherever the same document is read in another way than before: then all are read again.
const READING: &[u8] = b"1";

impl Given {
    /// The hash of all that its reading depends on.
    pub(super) fn fingerprint(&self) -> Vec<u8> {
        let title = self.title.as_deref().unwrap_or_default().as_bytes();
        let kind = [u8::from(self.title.is_some()), self.content_type as u8];
        let mut parts = vec![READING, &kind[..], title, self.content.as_bytes()];
        parts.extend(self.tags.iter().map(String::as_bytes));
        hash(&parts)
    }
}

/// All that was handed in together.
pub(super) enum HandedIn {
    /// Documents one by one, each a row.
    Items(Id<id::Job>),
    /// An archive, on a disk.
    Archive(Arc<Mutex<Archive<File>>>),
}

impl HandedIn {
    /// Gets at it.
    pub(super) async fn open(access: &Access, of: Id<id::Organization>, stored: &StoredIngestion) -> Result<Self> {
        let (id, ingestions) = (stored.ingestion.id, access.tenant(of).ingestions());
        let Some(mut piece) = ingestions.piece(id, 0).await? else { return Ok(Self::Items(id)) };
        let mut file = tempfile::tempfile().map_err(Error::internal)?;
        for place in 1.. {
            let write = tokio::task::spawn_blocking(move || file.write_all(&piece).map(|()| file));
            file = write.await.map_err(Error::internal)?.map_err(Error::internal)?;
            let Some(next) = ingestions.piece(id, place).await? else { break };
            piece = next;
        }
        let open =
            tokio::task::spawn_blocking(move || Archive::open(file).map_err(|why| Error::internal(why.to_string())));
        Ok(Self::Archive(Arc::new(Mutex::new(open.await.map_err(Error::internal)??))))
    }

    /// The document at that place.
    pub(super) async fn at(
        &self,
        access: &Access,
        of: Id<id::Organization>,
        place: u64,
    ) -> Result<Result<Given, DocumentFailure>> {
        match self {
            Self::Items(id) => {
                let item = access.tenant(of).ingestions().item(*id, place).await?;
                let (_, kept) = item.ok_or_else(|| Error::internal("a document that was handed in is gone"))?;
                let new: NewDocument = serde_json::from_str(&kept).map_err(Error::internal)?;
                Ok(Ok(Given {
                    path: new.path,
                    title: new.title.map(String::from),
                    tags: new.tags.into_iter().map(String::from).collect(),
                    content: new.content.into(),
                    content_type: new.content_type,
                }))
            }
            Self::Archive(archive) => {
                let (archive, place) = (archive.clone(), usize::try_from(place).unwrap_or(usize::MAX));
                let unpack = tokio::task::spawn_blocking(move || {
                    let mut archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
                    let entry = archive.entry(place);
                    entry.map_err(|problem| (archive.path(place).unwrap_or_default().to_owned(), problem.to_string()))
                });
                Ok(match unpack.await {
                    Ok(Ok(entry)) => Ok(Given {
                        path: entry.path,
                        title: None,
                        tags: Vec::new(),
                        content: entry.content,
                        content_type: entry.content_type,
                    }),
                    Ok(Err((path, message))) => Err(DocumentFailure { path, message }),
                    Err(_) => Err(DocumentFailure { path: String::new(), message: "cannot be unpacked".to_owned() }),
                })
            }
        }
    }

    /// Every path that was handed in.
    pub(super) async fn paths(&self, access: &Access, of: Id<id::Organization>) -> Result<HashSet<String>> {
        Ok(match self {
            Self::Items(id) => access.tenant(of).ingestions().item_paths(*id).await?.into_iter().collect(),
            Self::Archive(archive) => {
                let archive = archive.lock().unwrap_or_else(PoisonError::into_inner);
                (0..archive.len()).filter_map(|place| archive.path(place).map(str::to_owned)).collect()
            }
        })
    }
}
