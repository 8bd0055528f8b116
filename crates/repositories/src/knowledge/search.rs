//! Searching: which words there are, and which chunks may answer. How well they answer is the domain's to say.

use guildhall_domain::{
    Id, id,
    knowledge::{DocumentPath, spelled},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef,
};
use uuid::Uuid;

use super::{search_postgres, search_sqlite, words::end_of};
use crate::{
    Result, Tenant,
    columns::{ids, parse, read},
    entities::{knowledge_chunk, knowledge_document, knowledge_word},
};

/// What can be found in an organization's documents.
#[derive(Clone, Copy, Debug)]
pub struct Searches<'a>(pub(crate) Tenant<'a>);

/// A word of the documents, in one namespace.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub struct KnownWord {
    /// The word.
    pub word: String,
    /// Its stem.
    pub stem: String,
    /// In how many chunks it is.
    pub chunks: i64,
}

/// A chunk that may answer.
#[derive(Clone, Debug)]
pub struct FoundPassage {
    /// Of which document.
    pub document: Id<id::Document>,
    /// Where the document is.
    pub path: DocumentPath,
    /// What the document is called.
    pub title: String,
    /// Words to find the document by.
    pub tags: Vec<String>,
    /// Which chunk of the document.
    pub place: i32,
    /// The headings above it.
    pub heading: String,
    /// What it says.
    pub text: String,
}

#[derive(FromQueryResult)]
struct Row {
    document_id: Uuid,
    path: String,
    title: String,
    tags: String,
    place: i32,
    heading: String,
    text: String,
}

/// As many chunks as are looked at closely.
pub(super) const CANDIDATES: u64 = 200;
/// As many words as one answer tells: those that are in the most chunks.
const WORDS: u64 = 200;
/// As many words as are compared with one that nobody wrote.
const COMPARED: u64 = 4000;

impl Searches<'_> {
    /// The words of these stems.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn words_of(self, namespaces: &[Id<id::Namespace>], stems: &[String]) -> Result<Vec<KnownWord>> {
        let of = Condition::all().add(knowledge_word::Column::Stem.is_in(stems));
        self.words(namespaces, of, WORDS.saturating_mul(10)).await
    }

    /// The most used words that begin so.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn words_beginning(self, namespaces: &[Id<id::Namespace>], prefix: &str) -> Result<Vec<KnownWord>> {
        self.words(namespaces, beginning(knowledge_word::Column::Word, prefix), WORDS).await
    }

    /// The most used words that begin with the letter of `word` or end with its last two: few mistakes are at both ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn words_like(self, namespaces: &[Id<id::Namespace>], word: &str) -> Result<Vec<KnownWord>> {
        let begin: String = word.chars().take(1).collect();
        let end: String = word.chars().rev().take(2).collect();
        let like = Condition::any()
            .add(beginning(knowledge_word::Column::Word, &begin))
            .add(beginning(knowledge_word::Column::Backwards, &end));
        self.words(namespaces, like, COMPARED).await
    }

    /// The chunks that have one of these stems, those that the database takes for the best where there are many. What a
    /// stem is spelled as in the index has only letters and digits, so no query is ever syntax.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn candidates(self, namespaces: &[Id<id::Namespace>], stems: &[&str]) -> Result<Vec<FoundPassage>> {
        use knowledge_chunk::Column;
        let legal = |stem: &&&str| !stem.is_empty() && stem.chars().all(char::is_alphanumeric);
        let terms = namespaces.iter().flat_map(|id| stems.iter().filter(legal).map(|stem| spelled(*id, stem)));
        let terms: Vec<String> = terms.collect();
        if terms.is_empty() {
            return Ok(Vec::new());
        }
        let chunks = self.0.select::<knowledge_chunk::Entity>();
        let chunks = chunks.filter(Column::NamespaceId.is_in(ids(namespaces.iter().copied())));
        let chunks = if self.0.access.is_postgres() {
            search_postgres::having(chunks, &terms)
        } else {
            search_sqlite::having(chunks, &terms)
        };
        let chunks = chunks
            // Every chunk has one. An inner join SQLite would begin with all documents of the organization.
            .join(JoinType::LeftJoin, its_document())
            .select_only()
            .columns([Column::DocumentId, Column::Place, Column::Heading, Column::Text])
            .column(knowledge_document::Column::Path)
            .column(knowledge_document::Column::Title)
            .column(knowledge_document::Column::Tags);
        let rows = chunks.into_model::<Row>().all(&self.0.executor()).await?;
        rows.into_iter().map(FoundPassage::try_from).collect()
    }

    async fn words(self, namespaces: &[Id<id::Namespace>], which: Condition, limit: u64) -> Result<Vec<KnownWord>> {
        use knowledge_word::Column;
        let words = self.0.select::<knowledge_word::Entity>();
        let words = words.filter(Column::NamespaceId.is_in(ids(namespaces.iter().copied()))).filter(which);
        let words = words.order_by_desc(Column::Chunks).order_by_asc(Column::Word).limit(limit);
        let words = words.select_only().columns([Column::Word, Column::Stem, Column::Chunks]);
        Ok(words.into_model::<KnownWord>().all(&self.0.executor()).await?)
    }
}

fn beginning(column: knowledge_word::Column, prefix: &str) -> Condition {
    Condition::all().add(column.gte(prefix)).add_option(end_of(prefix).map(|end| column.lt(end)))
}

fn its_document() -> RelationDef {
    use knowledge_chunk::Column as Chunk;
    use knowledge_document::Column as Document;
    let relation = knowledge_chunk::Entity::belongs_to(knowledge_document::Entity);
    let relation = relation.from((Chunk::OrganizationId, Chunk::DocumentId));
    relation.to((Document::OrganizationId, Document::Id)).into()
}

impl TryFrom<Row> for FoundPassage {
    type Error = crate::Error;
    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            document: Id::from_uuid(row.document_id),
            path: read(row.path)?,
            title: row.title,
            tags: parse(&row.tags)?,
            place: row.place,
            heading: row.heading,
            text: row.text,
        })
    }
}
