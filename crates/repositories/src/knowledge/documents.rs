//! Documents, and the chunks that they are found by.

use std::collections::BTreeMap;

use guildhall_domain::{
    Id, Timestamp, id,
    knowledge::{ContentType, Document, DocumentPath, DocumentText, Indexed},
    page::{Cursor, Page, PageRequest},
};
use sea_orm::{ColumnTrait, Condition, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select, sea_query::Expr};
use uuid::Uuid;

use super::{Growth, Namespaces, words};
use crate::{
    Result, Tenant,
    columns::{after, ids, json, parse, read, time, word},
    entities::{knowledge_chunk, knowledge_document},
};

/// An organization's documents.
#[derive(Clone, Copy, Debug)]
pub struct Documents<'a>(pub(crate) Tenant<'a>);

/// A document that was read, ready to be kept.
#[derive(Clone, Debug)]
pub struct NewReading {
    /// The document's id, where it is new.
    pub id: Id<id::Document>,
    /// Where it is in its namespace.
    pub path: DocumentPath,
    /// What it is called.
    pub title: String,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// How it was written.
    pub content_type: ContentType,
    /// The hash of all that the reading depends on.
    pub fingerprint: Vec<u8>,
    /// As agents read it.
    pub text: String,
    /// As it is found.
    pub indexed: Indexed,
}

/// A reading that is kept, without its text.
#[derive(Clone, Debug)]
pub struct StoredReading {
    /// The document.
    pub document: Document,
    /// The hash of all that the reading depends on.
    pub fingerprint: Vec<u8>,
    /// How many words its chunks have.
    pub word_count: i64,
}

/// A document without its text, which may be long.
#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    namespace_id: Uuid,
    path: String,
    title: String,
    tags: String,
    content_type: String,
    fingerprint: Vec<u8>,
    chunk_count: i64,
    word_count: i64,
    created_at: i64,
    updated_at: i64,
}

/// As many chunks as one statement takes: each has nine values, and SQLite takes 32,766 of them.
const AT_ONCE: usize = 1000;

impl Documents<'_> {
    /// The documents of a namespace, the newest first; only those whose path begins so, where that is said.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(
        self,
        namespace: Id<id::Namespace>,
        prefix: Option<&str>,
        page: PageRequest,
    ) -> Result<Page<Document>> {
        use knowledge_document::Column;
        let which = Condition::all().add_option(prefix.map(beginning)).add_option(
            page.cursor.map(|Cursor { key, id }| after(Column::CreatedAt, key, Column::Id, id, sea_orm::Order::Desc)),
        );
        let rows = self.in_namespace(namespace).filter(which);
        let rows = rows.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(page.limit.saturating_add(1));
        let rows = self.told(rows).await?.into_iter().map(|stored| stored.document).collect();
        Ok(Page::cut(rows, page.limit, |row: &Document| Cursor { key: row.created_at.millis(), id: row.id.uuid() }))
    }

    /// The document with its text, unless it is missing or in none of these namespaces.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_in(self, namespaces: &[Id<id::Namespace>], id: Id<id::Document>) -> Result<Option<DocumentText>> {
        self.text(self.of(id).filter(knowledge_document::Column::NamespaceId.is_in(ids(namespaces.iter().copied()))))
            .await
    }

    /// The document of that path in the first of these namespaces that has one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_at(self, namespaces: &[Id<id::Namespace>], path: &DocumentPath) -> Result<Option<DocumentText>> {
        use knowledge_document::Column;
        let rows = self.0.select::<knowledge_document::Entity>().filter(Column::Path.eq(path.to_string()));
        let rows = rows.filter(Column::NamespaceId.is_in(ids(namespaces.iter().copied())));
        self.text(rows.order_by_asc(Column::NamespaceId)).await
    }

    /// The document, without its text.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, id: Id<id::Document>) -> Result<Option<StoredReading>> {
        Ok(self.told(self.of(id)).await?.pop())
    }

    /// The document of that path.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn at(self, namespace: Id<id::Namespace>, path: &DocumentPath) -> Result<Option<StoredReading>> {
        let row = self.in_namespace(namespace).filter(knowledge_document::Column::Path.eq(path.to_string()));
        Ok(self.told(row).await?.pop())
    }

    /// Documents of a namespace by path, beginning after that one; only those whose path begins so, where that is said.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn by_path(
        self,
        namespace: Id<id::Namespace>,
        prefix: &str,
        after: Option<&DocumentPath>,
        limit: u64,
    ) -> Result<Vec<StoredReading>> {
        use knowledge_document::Column;
        let rows = self.in_namespace(namespace).filter(beginning(prefix));
        let rows = rows.filter(Condition::all().add_option(after.map(|path| Column::Path.gt(path.to_string()))));
        self.told(rows.order_by_asc(Column::Path).limit(limit)).await
    }

    /// Headings and texts of a document's chunks, in order.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sections(self, id: Id<id::Document>) -> Result<Vec<(String, String)>> {
        use knowledge_chunk::Column;
        let rows = self.0.select::<knowledge_chunk::Entity>().filter(Column::DocumentId.eq(id.uuid()));
        let rows = rows.order_by_asc(Column::Place).select_only().column(Column::Heading).column(Column::Text);
        Ok(rows.into_tuple().all(&self.0.executor()).await?)
    }

    /// Keeps a reading in a namespace that was read to be changed, in place of `before`, as which it was indexed.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn keep(
        self,
        namespace: Id<id::Namespace>,
        new: NewReading,
        before: Option<(&StoredReading, &Indexed)>,
        now: Timestamp,
    ) -> Result<()> {
        let id = before.map_or(new.id, |(stored, _)| stored.document.id);
        let chunk_count = i64::try_from(new.indexed.passages.len()).unwrap_or(i64::MAX);
        let row = knowledge_document::Model {
            id: id.uuid(),
            organization_id: self.0.organization.uuid(),
            namespace_id: namespace.uuid(),
            path: new.path.to_string(),
            title: new.title,
            tags: json(&new.tags)?,
            content_type: word(new.content_type),
            fingerprint: new.fingerprint,
            text: new.text,
            chunk_count,
            word_count: new.indexed.word_count,
            created_at: now.millis(),
            updated_at: now.millis(),
        };
        let mut growth = Growth { documents: 1, chunks: chunk_count, words: new.indexed.word_count };
        match before {
            None => self.0.insert::<knowledge_document::Entity>(vec![row]).await?,
            Some((stored, _)) => {
                growth.documents = 0;
                growth.chunks = growth.chunks.saturating_sub(stored.document.chunk_count);
                growth.words = growth.words.saturating_sub(stored.word_count);
                self.rewrite(row).await?;
            }
        }
        self.add_chunks(namespace, id, &new.indexed).await?;
        words::count(self.0, namespace, &difference(before.map(|(_, old)| old), Some(&new.indexed))).await?;
        Namespaces(self.0).grow(namespace, growth).await
    }

    /// Removes a document from a namespace that was read to be changed; `indexed` is as what it was.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn remove(self, stored: &StoredReading, indexed: &Indexed) -> Result<()> {
        let document = &stored.document;
        let gone = knowledge_document::Column::Id.eq(document.id.uuid());
        self.0.delete::<knowledge_document::Entity>(gone).await?;
        words::count(self.0, document.namespace_id, &difference(Some(indexed), None)).await?;
        let growth = Growth {
            documents: -1,
            chunks: document.chunk_count.saturating_neg(),
            words: stored.word_count.saturating_neg(),
        };
        Namespaces(self.0).grow(document.namespace_id, growth).await
    }

    /// Does away with some documents of a namespace that nobody sees any more; answers how many.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn erase_some(self, namespace: Id<id::Namespace>, limit: u64) -> Result<u64> {
        use knowledge_document::Column;
        let some = self.in_namespace(namespace).select_only().column(Column::Id).limit(limit);
        let some: Vec<Uuid> = some.into_tuple().all(&self.0.executor()).await?;
        if some.is_empty() {
            return Ok(0);
        }
        self.0.delete::<knowledge_document::Entity>(Column::Id.is_in(some)).await
    }

    async fn rewrite(self, row: knowledge_document::Model) -> Result<()> {
        use knowledge_document::Column;
        self.0.delete::<knowledge_chunk::Entity>(knowledge_chunk::Column::DocumentId.eq(row.id)).await?;
        let update = self
            .0
            .update::<knowledge_document::Entity>()
            .col_expr(Column::Title, Expr::value(row.title))
            .col_expr(Column::Tags, Expr::value(row.tags))
            .col_expr(Column::ContentType, Expr::value(row.content_type))
            .col_expr(Column::Fingerprint, Expr::value(row.fingerprint))
            .col_expr(Column::Text, Expr::value(row.text))
            .col_expr(Column::ChunkCount, Expr::value(row.chunk_count))
            .col_expr(Column::WordCount, Expr::value(row.word_count))
            .col_expr(Column::UpdatedAt, Expr::value(row.updated_at));
        update.filter(Column::Id.eq(row.id)).exec(&self.0.executor()).await?;
        Ok(())
    }

    async fn add_chunks(self, namespace: Id<id::Namespace>, id: Id<id::Document>, indexed: &Indexed) -> Result<()> {
        for (batch, passages) in indexed.passages.chunks(AT_ONCE).enumerate() {
            let first = batch.saturating_mul(AT_ONCE);
            let rows = passages.iter().enumerate().map(|(place, passage)| knowledge_chunk::Model {
                document_id: id.uuid(),
                organization_id: self.0.organization.uuid(),
                place: i32::try_from(first.saturating_add(place)).unwrap_or(i32::MAX),
                namespace_id: namespace.uuid(),
                heading: passage.heading.clone(),
                text: passage.text.clone(),
                title_terms: passage.title_terms.clone(),
                heading_terms: passage.heading_terms.clone(),
                text_terms: passage.text_terms.clone(),
            });
            self.0.insert::<knowledge_chunk::Entity>(rows.collect()).await?;
        }
        Ok(())
    }

    async fn told(self, rows: Select<knowledge_document::Entity>) -> Result<Vec<StoredReading>> {
        use knowledge_document::Column;
        let rows = rows.select_only().columns([
            Column::Id,
            Column::NamespaceId,
            Column::Path,
            Column::Title,
            Column::Tags,
            Column::ContentType,
            Column::Fingerprint,
            Column::ChunkCount,
            Column::WordCount,
            Column::CreatedAt,
            Column::UpdatedAt,
        ]);
        rows.into_model::<Row>().all(&self.0.executor()).await?.into_iter().map(StoredReading::try_from).collect()
    }

    async fn text(self, rows: Select<knowledge_document::Entity>) -> Result<Option<DocumentText>> {
        let Some(mut row) = rows.one(&self.0.executor()).await? else { return Ok(None) };
        let text = std::mem::take(&mut row.text);
        let stored = StoredReading::try_from(Row {
            id: row.id,
            namespace_id: row.namespace_id,
            path: row.path,
            title: row.title,
            tags: row.tags,
            content_type: row.content_type,
            fingerprint: row.fingerprint,
            chunk_count: row.chunk_count,
            word_count: row.word_count,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })?;
        Ok(Some(DocumentText { document: stored.document, text }))
    }

    fn of(self, id: Id<id::Document>) -> Select<knowledge_document::Entity> {
        self.0.select::<knowledge_document::Entity>().filter(knowledge_document::Column::Id.eq(id.uuid()))
    }

    fn in_namespace(self, namespace: Id<id::Namespace>) -> Select<knowledge_document::Entity> {
        let of_namespace = knowledge_document::Column::NamespaceId.eq(namespace.uuid());
        self.0.select::<knowledge_document::Entity>().filter(of_namespace)
    }
}

/// Whether a path begins so: a range of the index.
fn beginning(prefix: &str) -> Condition {
    use knowledge_document::Column;
    let end = words::end_of(prefix).map(|end| Column::Path.lt(end));
    Condition::all().add(Column::Path.gte(prefix)).add_option(end)
}

/// In how many more chunks each word is than before.
fn difference<'a>(before: Option<&'a Indexed>, now: Option<&'a Indexed>) -> BTreeMap<&'a str, (&'a str, i64)> {
    let mut words: BTreeMap<&str, (&str, i64)> = BTreeMap::new();
    for (indexed, sign) in [(before, -1), (now, 1)] {
        for (word, (stem, chunks)) in indexed.into_iter().flat_map(|indexed| &indexed.words) {
            let (_, by) = words.entry(word).or_insert((stem, 0));
            *by = by.saturating_add(chunks.saturating_mul(sign));
        }
    }
    words
}

impl TryFrom<Row> for StoredReading {
    type Error = crate::Error;
    fn try_from(row: Row) -> Result<Self> {
        let document = Document {
            id: Id::from_uuid(row.id),
            namespace_id: Id::from_uuid(row.namespace_id),
            path: read(row.path)?,
            title: row.title,
            tags: parse(&row.tags)?,
            content_type: read(row.content_type)?,
            chunk_count: row.chunk_count,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        };
        Ok(Self { document, fingerprint: row.fingerprint, word_count: row.word_count })
    }
}
