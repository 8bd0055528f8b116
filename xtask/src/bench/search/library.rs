//! The folder of documents that is searched.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use guildhall_domain::knowledge::{ContentType, DocumentPath, Reading, Source, read};
use serde_json::{Value, json};

/// A document of the folder.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) path: DocumentPath,
    pub(super) content: String,
    content_type: ContentType,
}

impl Page {
    /// As `knowledge.ingest` takes it.
    pub(super) fn json(&self) -> Result<Value> {
        Ok(json!({ "path": self.path.as_str(), "content": self.content,
            "contentType": serde_json::to_value(self.content_type)? }))
    }

    /// As the server reads it.
    pub(super) fn reading(&self) -> Reading {
        read(&Source {
            path: &self.path,
            title: None,
            tags: &[],
            content: &self.content,
            content_type: self.content_type,
        })
    }
}

/// Every document below that folder, in order of their paths.
pub(super) fn pages(folder: &Path) -> Result<Vec<Page>> {
    let mut pages = Vec::new();
    collect(folder, folder, &mut pages)?;
    ensure!(!pages.is_empty(), "{} has no documents", folder.display());
    pages.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(pages)
}

fn collect(root: &Path, folder: &Path, pages: &mut Vec<Page>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(root, &path, pages)?;
            continue;
        }
        let name = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
        if let Some(content_type) = ContentType::of_path(&name) {
            let content = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            pages.push(Page { path: name.parse().map_err(anyhow::Error::msg)?, content, content_type });
        }
    }
    Ok(())
}
