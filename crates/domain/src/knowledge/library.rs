//! What is kept of documents: in which namespace, from which job, and what nobody has found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContentType, DocumentPath};
use crate::{
    id::{self, Id},
    text::Text,
    time::Timestamp,
};

/// A word to find a document by.
pub type Tag = Text<1, 50>;

/// A collection of documents that servers can offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Namespace {
    /// Its id.
    pub id: Id<id::Namespace>,
    /// Its name.
    pub name: Text<1, 100>,
    /// What is in it.
    pub description: Option<Text<0, 500>>,
    /// How many documents it has.
    pub document_count: i64,
    /// How many pieces of them can be found.
    pub chunk_count: i64,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A document as it is handed in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDocument {
    /// Where it is in its namespace: what has this path already is replaced.
    pub path: DocumentPath,
    /// What it is called; else what it says of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<1, 200>>,
    /// What it says.
    pub content: Text<0, 2_000_000>,
    /// How it is written.
    #[serde(default = "markdown")]
    pub content_type: ContentType,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub tags: Vec<Tag>,
}

const fn markdown() -> ContentType {
    ContentType::Markdown
}

/// A document of a namespace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Document {
    /// Its id; stays when another version replaces it.
    pub id: Id<id::Document>,
    /// Where it is kept.
    pub namespace_id: Id<id::Namespace>,
    /// Where it is in its namespace.
    pub path: DocumentPath,
    /// What it is called.
    pub title: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// How it was written.
    pub content_type: ContentType,
    /// In how many pieces it can be found.
    pub chunk_count: i64,
    /// When it was first handed in.
    pub created_at: Timestamp,
    /// When it was last replaced.
    pub updated_at: Timestamp,
}

/// A document with what it says.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct DocumentText {
    /// The document.
    #[serde(flatten)]
    pub document: Document,
    /// What it says, as agents read it.
    pub text: String,
}

/// How far documents that were handed in have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum IngestionStatus {
    /// Nobody has begun.
    Pending,
    /// Being read.
    InProgress,
    /// All were read, but for those that failed.
    Completed,
    /// It was given up; the documents read until then stay.
    Failed,
}

/// A document that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DocumentFailure {
    /// Where it is; empty where it is about the whole.
    pub path: String,
    /// Why.
    pub message: String,
}

/// Documents that were handed in together. At the end `processed + skipped +` those that failed are `total`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ingestion {
    /// Its id.
    pub id: Id<id::Job>,
    /// Into which namespace.
    pub namespace_id: Id<id::Namespace>,
    /// How far it has come.
    pub status: IngestionStatus,
    /// How many documents were handed in.
    pub total: i64,
    /// How many of them are new or were replaced.
    pub processed: i64,
    /// How many of them were there already, the same.
    pub skipped: i64,
    /// How many documents were removed because they were not handed in.
    pub removed: i64,
    /// In how many pieces the processed ones can be found.
    pub chunk_count: i64,
    /// Those that could not be read; of very many the first 1,000.
    pub failed: Vec<DocumentFailure>,
    /// When they were handed in.
    pub created_at: Timestamp,
    /// When it was over.
    pub finished_at: Option<Timestamp>,
}

/// A piece of a document that answers a query.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hit {
    /// Of which document.
    pub document_id: Id<id::Document>,
    /// Where the document is in its namespace.
    pub path: DocumentPath,
    /// What the document is called.
    pub title: String,
    /// The headings above the piece, without the title.
    pub heading: String,
    /// The part of it that answers best: plain text, in which each word that was looked for stands between ⟦ and ⟧.
    /// Whoever shows it as HTML escapes it.
    pub snippet: String,
    /// How well it answers, compared with the other answers to the same query.
    pub score: f64,
}

/// Something that customers looked for and did not find.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Gap {
    /// Its id.
    pub id: Id<id::Gap>,
    /// At which server.
    pub server_id: Id<id::McpServer>,
    /// What was looked for, as it was last written.
    pub query: String,
    /// What is missing, as an agent last put it.
    pub what: Option<String>,
    /// How often nothing was found.
    pub searches: i64,
    /// How often an agent reported it.
    pub reports: i64,
    /// When it was first missed.
    pub first_seen_at: Timestamp,
    /// When it was last missed.
    pub last_seen_at: Timestamp,
}
