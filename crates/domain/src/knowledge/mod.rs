//! Documents that an organization's readers search: what one says, once its dress is taken off, and how it is found.
//!
//! **Invariant:** reading never fails and never panics, and takes time and memory in proportion to what is read, whoever
//! wrote it.
mod blocks;
mod code;
mod front_matter;
mod html;
mod index;
mod library;
mod markdown;
mod mdx;
mod parts;
mod path;
mod ranking;
mod sections;
mod snippet;
mod terms;
#[cfg(test)]
mod tests;
mod words;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use index::{Indexed, IndexedPassage, index, spelled};
pub use library::{
    Document, DocumentFailure, DocumentText, Gap, Hit, Ingestion, IngestionStatus, Namespace, NewDocument, Tag,
};
pub use parts::part_of;
pub use path::DocumentPath;
pub use ranking::{Corpus, Passage, Scorer, Sought};
pub use snippet::{MARKS, snippet};
pub use terms::terms;
pub use words::{is_empty_word, is_like, mistakes, stem};

use blocks::Blocks;
use front_matter::FrontMatter;

/// The longest title, in characters; a longer one is cut.
const LONGEST_TITLE: usize = 200;

/// What a document is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ContentType {
    /// CommonMark with tables.
    #[default]
    #[serde(rename = "text/markdown")]
    Markdown,
    /// Markdown with JSX in it.
    #[serde(rename = "text/mdx")]
    Mdx,
    /// HTML.
    #[serde(rename = "text/html")]
    Html,
    /// Just text.
    #[serde(rename = "text/plain")]
    Plain,
}

impl ContentType {
    /// What a file of that name is written in; none where it is no document.
    #[must_use]
    pub fn of_path(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "md" | "markdown" => Some(Self::Markdown),
            "mdx" => Some(Self::Mdx),
            "html" | "htm" => Some(Self::Html),
            "txt" => Some(Self::Plain),
            _ => None,
        }
    }
}

/// A document as it was given.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Where it stands among the others.
    pub path: &'a DocumentPath,
    /// Its name, where whoever gave it said one.
    pub title: Option<&'a str>,
    /// What it is about; what it says of itself is added.
    pub tags: &'a [String],
    /// All of it.
    pub content: &'a str,
    /// What that is written in.
    pub content_type: ContentType,
}

/// A document as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Its name, on one line: as given, else of the front matter, else its first level-1 heading, else of its file. At
    /// most 200 characters.
    pub title: String,
    /// What it is about, each once.
    pub tags: Vec<String>,
    /// What an agent reads: Markdown or plain text, without front matter and components.
    pub text: String,
    /// The same in pieces to search, in order; at least one.
    pub sections: Vec<Section>,
}

/// A piece of a document: what stands below one heading, or a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// The headings above it from the outermost, joined by ` > `, without the document's title; empty before the first. At
    /// most 1,000 characters: what is long is no heading.
    pub heading: String,
    /// Plain text, at most 2,000 characters, or 8,000 where it is code.
    pub text: String,
}

/// Reads a document.
#[must_use]
pub fn read(source: &Source<'_>) -> Reading {
    let content = printable(source.content);
    let (front, body) = match source.content_type {
        ContentType::Markdown | ContentType::Mdx => front_matter::split(&content),
        ContentType::Html | ContentType::Plain => (FrontMatter::default(), content.as_str()),
    };
    let (text, blocks) = match source.content_type {
        ContentType::Markdown => marked_down(mdx::plain_markdown(body)),
        ContentType::Mdx => marked_down(mdx::to_markdown(body)),
        ContentType::Html => {
            let blocks = html::document(body);
            (blocks.to_markdown(), blocks)
        }
        ContentType::Plain => (body.trim().to_owned(), Blocks::of_plain(body)),
    };
    let said = [source.title, front.title.as_deref(), blocks.first_title(), blocks.title.as_deref()];
    let title = said.into_iter().flatten().map(one_line).find(|title| !title.is_empty());
    let title = title.unwrap_or_else(|| source.path.as_title());
    Reading { sections: sections::cut(&blocks.blocks, &title), tags: tags(source.tags, front.tags), text, title }
}

fn marked_down(text: String) -> (String, Blocks) {
    let blocks = markdown::blocks(&text);
    (text, blocks)
}

/// Without a byte order mark and control characters, which no database and no reader wants; lines end in `\n`.
fn printable(content: &str) -> String {
    let content = content.strip_prefix('\u{feff}').unwrap_or(content).replace("\r\n", "\n");
    let plain = |c: char| match c {
        '\r' => '\n',
        c if c.is_ascii_control() && !matches!(c, '\n' | '\t') => ' ',
        c => c,
    };
    content.chars().map(plain).collect()
}

fn one_line(title: &str) -> String {
    let line = title.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().map(|c| if c.is_control() { ' ' } else { c }).take(LONGEST_TITLE).collect::<String>().trim().to_owned()
}

fn tags(given: &[String], own: Vec<String>) -> Vec<String> {
    let mut tags: Vec<String> = Vec::new();
    for tag in given.iter().cloned().chain(own) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags
}
