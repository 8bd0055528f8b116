//! Documents that come as a ZIP archive. Whoever packed it may have meant harm: nothing it announces is believed, and
//! reading it takes the memory of its table of contents and of one document.

#[cfg(test)]
mod tests;

use std::{
    collections::HashSet,
    io::{Read, Seek, SeekFrom},
};

use guildhall_domain::knowledge::{ContentType, DocumentPath};
use zip::{CompressionMethod, ZipArchive, read::ZipFileEntry};

/// The most entries, of any kind.
pub(crate) const MOST_ENTRIES: u64 = 10_000;
/// The most bytes that all entries have together, as announced and as unpacked.
pub(crate) const MOST_UNPACKED: u64 = 500 * 1024 * 1024;
/// The most bytes of one document.
pub(crate) const LONGEST_DOCUMENT: u64 = 2 * 1024 * 1024;

/// An archive whose table of contents is in order.
#[derive(Debug)]
pub(crate) struct Archive<R> {
    zip: ZipArchive<R>,
    /// With the place in the archive.
    documents: Vec<(usize, DocumentPath, ContentType)>,
    /// The bytes that were unpacked so far.
    unpacked: u64,
}

/// A document of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Where it stood.
    pub(crate) path: DocumentPath,
    /// What it is written in, by its name.
    pub(crate) content_type: ContentType,
    /// All of it.
    pub(crate) content: String,
}

/// Why an archive is not taken at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// What it says of itself does not hold.
    #[error("this is not a ZIP archive, or it is damaged or cut off")]
    Broken,
    /// More than [`MOST_ENTRIES`].
    #[error("the archive has more than {MOST_ENTRIES} entries")]
    TooManyEntries,
    /// More than [`MOST_UNPACKED`].
    #[error("the archive unpacks to more than 500 MiB")]
    TooLarge,
    /// Entries share bytes, as in an archive that is meant to burst whoever unpacks it.
    #[error("entries of the archive overlap each other")]
    Overlapping,
    /// An entry would leave its folder, or its name is none.
    #[error("the archive has an entry whose name is not a relative path: {0:?}")]
    Path(String),
    /// Two entries have one name.
    #[error("the archive has an entry twice: {0}")]
    Twice(DocumentPath),
    /// It needs a password.
    #[error("the archive is encrypted: {0}")]
    Encrypted(DocumentPath),
    /// An entry stands for another file.
    #[error("the archive has a symbolic link: {0}")]
    Link(DocumentPath),
}

/// Why one document cannot be read; the others can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntryProblem {
    /// No entry of that number.
    #[error("the archive has no such document")]
    Missing,
    /// More than [`LONGEST_DOCUMENT`].
    #[error("the document is longer than 2 MiB")]
    TooLong,
    /// What was unpacked so far is already more than [`MOST_UNPACKED`].
    #[error("the archive unpacks to more than 500 MiB")]
    TooMuch,
    /// Neither stored nor deflated.
    #[error("the document is compressed by a method other than deflate")]
    Method,
    /// Its bytes are not what the archive says of them.
    #[error("the document is damaged in the archive")]
    Damaged,
    /// No UTF-8.
    #[error("the document is not UTF-8: its byte {0} fits no character")]
    NotText(usize),
}

impl<R: Read + Seek> Archive<R> {
    /// Reads the table of contents.
    pub(crate) fn open(mut reader: R) -> Result<Self, Refused> {
        announced_entries(&mut reader)?;
        let mut zip = ZipArchive::new(reader).map_err(|_| Refused::Broken)?;
        let (mut documents, mut total) = (Vec::new(), 0_u64);
        let mut names = HashSet::new();
        for place in 0..zip.len() {
            let entry = zip.by_index_data(place).map_err(|_| Refused::Broken)?;
            total = total.checked_add(entry.size()).filter(|total| *total <= MOST_UNPACKED).ok_or(Refused::TooLarge)?;
            let path = path(&entry)?;
            if entry.encrypted() {
                return Err(Refused::Encrypted(path));
            }
            if entry.is_symlink() {
                return Err(Refused::Link(path));
            }
            if !names.insert(path.clone()) {
                return Err(Refused::Twice(path));
            }
            // Folders, pictures and what systems leave behind are passed over.
            let kind = ContentType::of_path(path.as_str()).filter(|_| !entry.is_dir() && !is_junk(&path));
            documents.extend(kind.map(|content_type| (place, path, content_type)));
        }
        if zip.has_duplicate_names() {
            return Err(names.into_iter().next().map_or(Refused::Broken, Refused::Twice));
        }
        match zip.has_overlapping_entries() {
            Ok(false) => Ok(Self { zip, documents, unpacked: 0 }),
            Ok(true) => Err(Refused::Overlapping),
            Err(_) => Err(Refused::Broken),
        }
    }

    /// The path of a document, by its number in the archive's order.
    pub(crate) fn path(&self, index: usize) -> Option<&str> {
        self.documents.get(index).map(|(_, path, _)| path.as_str())
    }

    /// How many documents there are.
    pub(crate) fn len(&self) -> usize {
        self.documents.len()
    }

    /// Unpacks a document.
    pub(crate) fn entry(&mut self, index: usize) -> Result<Entry, EntryProblem> {
        let (place, path, content_type) = self.documents.get(index).ok_or(EntryProblem::Missing)?;
        let left = MOST_UNPACKED.saturating_sub(self.unpacked);
        if left == 0 {
            return Err(EntryProblem::TooMuch);
        }
        let announced = self.zip.by_index_data(*place).map_err(|_| EntryProblem::Missing)?;
        if !matches!(announced.compression(), CompressionMethod::Stored | CompressionMethod::Deflated) {
            return Err(EntryProblem::Method);
        }
        let file = self.zip.by_index(*place).map_err(|_| EntryProblem::Damaged)?;
        let mut bytes = Vec::new();
        // One more than fits, so that what is too long is not taken for what just fits.
        let read = file.take(left.min(LONGEST_DOCUMENT).saturating_add(1)).read_to_end(&mut bytes);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.unpacked = self.unpacked.saturating_add(length);
        if length > LONGEST_DOCUMENT {
            return Err(EntryProblem::TooLong);
        }
        if length > left {
            return Err(EntryProblem::TooMuch);
        }
        read.map_err(|_| EntryProblem::Damaged)?;
        let content =
            String::from_utf8(bytes).map_err(|error| EntryProblem::NotText(error.utf8_error().valid_up_to()))?;
        let content = content.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(content);
        Ok(Entry { path: path.clone(), content_type: *content_type, content })
    }
}

/// Refuses before memory is taken for a table of contents that is only announced. More entries than fit into 16 bits
/// need the records of ZIP64, which announce 65,535 here.
fn announced_entries(reader: &mut (impl Read + Seek)) -> Result<(), Refused> {
    const END: &[u8] = b"PK\x05\x06";
    const ZIP64: &[u8] = b"PK\x06\x07";
    const LONGEST_END: u64 = 22 + 0xffff;
    let mut tail = Vec::new();
    let length = reader.seek(SeekFrom::End(0)).map_err(|_| Refused::Broken)?;
    reader.seek(SeekFrom::Start(length.saturating_sub(LONGEST_END))).map_err(|_| Refused::Broken)?;
    reader.take(LONGEST_END).read_to_end(&mut tail).map_err(|_| Refused::Broken)?;
    for (place, _) in tail.windows(END.len()).enumerate().filter(|(_, window)| *window == END) {
        let at = |offset: usize| tail.get(place.saturating_add(offset)).copied().unwrap_or_default();
        let announced = u16::from_le_bytes([at(10), at(11)]);
        let locator = place.checked_sub(20).and_then(|start| tail.get(start..start.saturating_add(ZIP64.len())));
        if u64::from(announced) > MOST_ENTRIES || locator == Some(ZIP64) {
            return Err(Refused::TooManyEntries);
        }
    }
    Ok(())
}

fn path(entry: &ZipFileEntry<'_>) -> Result<DocumentPath, Refused> {
    let lossy = || String::from_utf8_lossy(entry.name_raw()).chars().take(DocumentPath::LONGEST).collect();
    let name = entry.name().map_err(|_| Refused::Path(lossy()))?;
    let inner = name.strip_prefix("./").unwrap_or(&name);
    let inner = if entry.is_dir() { inner.strip_suffix('/').unwrap_or(inner) } else { inner };
    inner.parse().map_err(|_| Refused::Path(lossy()))
}

/// What systems and editors leave in folders.
fn is_junk(path: &DocumentPath) -> bool {
    path.as_str().split('/').any(|segment| segment == "__MACOSX" || segment.starts_with('.'))
}
