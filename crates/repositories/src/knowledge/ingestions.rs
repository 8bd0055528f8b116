//! Documents that were handed in and are being read, and how far that is.

use guildhall_domain::{
    Id, Timestamp, id,
    knowledge::{DocumentFailure, Ingestion, IngestionStatus},
    page::{Cursor, Page, PageRequest},
};
use sea_orm::{
    ColumnTrait, Condition, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    Result, Tenant,
    columns::{after, read, time, word},
    entities::{knowledge_failure, knowledge_ingestion, knowledge_item, knowledge_piece},
};

/// What was handed in to an organization.
#[derive(Clone, Copy, Debug)]
pub struct Ingestions<'a>(pub(crate) Tenant<'a>);

/// What is handed in.
#[derive(Clone, Debug)]
pub struct NewIngestion {
    /// Its id, and that of the job that reads it.
    pub id: Id<id::Job>,
    /// Into which namespace.
    pub namespace: Id<id::Namespace>,
    /// Documents whose path begins so and that are not among those handed in are removed; none: nothing is removed.
    pub prune_below: Option<String>,
    /// How many documents.
    pub total: usize,
}

/// Documents that are being read.
#[derive(Clone, Debug)]
pub struct StoredIngestion {
    /// How far it is; its failures are not read.
    pub ingestion: Ingestion,
    /// Where to go on.
    pub place: u64,
    /// Documents whose path begins so and that are not among those handed in are removed.
    pub prune_below: Option<String>,
    /// How many documents could not be read.
    pub failed: i64,
}

/// What became of one document.
#[derive(Clone, Debug)]
pub enum Progress {
    /// It is new, or was replaced, and has so many chunks.
    Processed(i64),
    /// It was there already, the same.
    Skipped,
    /// It could not be read.
    Failed(DocumentFailure),
}

/// As many failures as are told.
const MOST_FAILURES: u64 = 1000;

impl Ingestions<'_> {
    /// Writes down that documents were handed in.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn begin(self, new: NewIngestion, now: Timestamp) -> Result<()> {
        let row = knowledge_ingestion::Model {
            id: new.id.uuid(),
            organization_id: self.0.organization.uuid(),
            namespace_id: new.namespace.uuid(),
            status: word(IngestionStatus::Pending),
            prune_below: new.prune_below,
            place: 0,
            total: i64::try_from(new.total).unwrap_or(i64::MAX),
            processed: 0,
            skipped: 0,
            removed: 0,
            failed: 0,
            chunk_count: 0,
            created_at: now.millis(),
            finished_at: None,
        };
        self.0.insert::<knowledge_ingestion::Entity>(vec![row]).await
    }

    /// Keeps documents until they are read: each with its path, as JSON, in order.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_items(self, id: Id<id::Job>, items: Vec<(String, String)>) -> Result<()> {
        let row = |(place, (path, document)): (usize, (String, String))| knowledge_item::Model {
            organization_id: self.0.organization.uuid(),
            ingestion_id: id.uuid(),
            place: i64::try_from(place).unwrap_or(i64::MAX),
            path,
            document,
        };
        self.0.insert::<knowledge_item::Entity>(items.into_iter().enumerate().map(row).collect()).await
    }

    /// Keeps a piece of an archive until all of it is read.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_piece(self, id: Id<id::Job>, place: i64, bytes: Vec<u8>) -> Result<()> {
        let organization_id = self.0.organization.uuid();
        let row = knowledge_piece::Model { organization_id, ingestion_id: id.uuid(), place, bytes };
        self.0.insert::<knowledge_piece::Entity>(vec![row]).await
    }

    /// How many are not over yet.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn count_open(self) -> Result<u64> {
        let open = self.0.select::<knowledge_ingestion::Entity>();
        Ok(open.filter(knowledge_ingestion::Column::FinishedAt.is_null()).count(&self.0.executor()).await?)
    }

    /// How far it is, with its failures.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, id: Id<id::Job>) -> Result<Option<Ingestion>> {
        let Some(stored) = self.stored(id).await? else { return Ok(None) };
        let failed = if stored.failed > 0 { self.failures(&[id]).await? } else { Vec::new() };
        let failed = failed.into_iter().map(|(_, failure)| failure).collect();
        Ok(Some(Ingestion { failed, ..stored.ingestion }))
    }

    /// The same for whoever goes on with it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn stored(self, id: Id<id::Job>) -> Result<Option<StoredIngestion>> {
        let row = self.0.select::<knowledge_ingestion::Entity>().filter(knowledge_ingestion::Column::Id.eq(id.uuid()));
        row.one(&self.0.executor()).await?.map(StoredIngestion::try_from).transpose()
    }

    /// The latest first, of one namespace where it is named.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(self, namespace: Option<Id<id::Namespace>>, page: PageRequest) -> Result<Page<Ingestion>> {
        use knowledge_ingestion::Column;
        let which = Condition::all().add_option(namespace.map(|id| Column::NamespaceId.eq(id.uuid()))).add_option(
            page.cursor.map(|Cursor { key, id }| after(Column::CreatedAt, key, Column::Id, id, sea_orm::Order::Desc)),
        );
        let rows = self.0.select::<knowledge_ingestion::Entity>().filter(which);
        let rows = rows.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(page.limit.saturating_add(1));
        let rows: Vec<StoredIngestion> =
            rows.all(&self.0.executor()).await?.into_iter().map(TryFrom::try_from).collect::<Result<_>>()?;
        let failing: Vec<_> = rows.iter().filter(|row| row.failed > 0).map(|row| row.ingestion.id).collect();
        let failures = if failing.is_empty() { Vec::new() } else { self.failures(&failing).await? };
        let told = |row: StoredIngestion| {
            let own = failures.iter().filter(|(of, _)| *of == row.ingestion.id);
            Ingestion { failed: own.map(|(_, failure)| failure.clone()).collect(), ..row.ingestion }
        };
        let rows = rows.into_iter().map(told).collect();
        Ok(Page::cut(rows, page.limit, |row: &Ingestion| Cursor { key: row.created_at.millis(), id: row.id.uuid() }))
    }

    /// Path and JSON of the document at that place.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn item(self, id: Id<id::Job>, place: u64) -> Result<Option<(String, String)>> {
        use knowledge_item::Column;
        let item = self.0.select::<knowledge_item::Entity>().filter(Column::IngestionId.eq(id.uuid()));
        let item = item.filter(Column::Place.eq(i64::try_from(place).unwrap_or(i64::MAX)));
        Ok(item.one(&self.0.executor()).await?.map(|row| (row.path, row.document)))
    }

    /// All paths that were handed in one by one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn item_paths(self, id: Id<id::Job>) -> Result<Vec<String>> {
        use knowledge_item::Column;
        let items = self.0.select::<knowledge_item::Entity>().filter(Column::IngestionId.eq(id.uuid()));
        Ok(items.select_only().column(Column::Path).into_tuple().all(&self.0.executor()).await?)
    }

    /// The piece of an archive at that place.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn piece(self, id: Id<id::Job>, place: i64) -> Result<Option<Vec<u8>>> {
        use knowledge_piece::Column;
        let piece = self.0.select::<knowledge_piece::Entity>().filter(Column::IngestionId.eq(id.uuid()));
        Ok(piece.filter(Column::Place.eq(place)).one(&self.0.executor()).await?.map(|row| row.bytes))
    }

    /// Writes down what became of the document at `place`, and goes on behind it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn advance(self, id: Id<id::Job>, place: u64, progress: Progress) -> Result<()> {
        use knowledge_ingestion::Column;
        let more = |column, by: i64| Expr::col(column).add(by);
        let place = i64::try_from(place).unwrap_or(i64::MAX);
        let mut update = self
            .0
            .update::<knowledge_ingestion::Entity>()
            .col_expr(Column::Status, Expr::value(word(IngestionStatus::InProgress)))
            .col_expr(Column::Place, Expr::value(place.saturating_add(1)));
        update = match &progress {
            Progress::Processed(chunks) => update
                .col_expr(Column::Processed, more(Column::Processed, 1))
                .col_expr(Column::ChunkCount, more(Column::ChunkCount, *chunks)),
            Progress::Skipped => update.col_expr(Column::Skipped, more(Column::Skipped, 1)),
            Progress::Failed(_) => update.col_expr(Column::Failed, more(Column::Failed, 1)),
        };
        update.filter(Column::Id.eq(id.uuid())).exec(&self.0.executor()).await?;
        if let Progress::Failed(failure) = progress {
            self.fail(id, place, failure).await?;
        }
        Ok(())
    }

    /// Writes down that documents were removed that were not handed in.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn removed(self, id: Id<id::Job>, count: i64) -> Result<()> {
        use knowledge_ingestion::Column;
        let update = self.0.update::<knowledge_ingestion::Entity>();
        let update = update.col_expr(Column::Removed, Expr::col(Column::Removed).add(count));
        update.filter(Column::Id.eq(id.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

    /// Writes down that it is over, as a whole for `failure` where one is given, and forgets what was handed in.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn finish(self, id: Id<id::Job>, failure: Option<DocumentFailure>, now: Timestamp) -> Result<()> {
        use knowledge_ingestion::Column;
        let status = if failure.is_some() { IngestionStatus::Failed } else { IngestionStatus::Completed };
        let mut update = self
            .0
            .update::<knowledge_ingestion::Entity>()
            .col_expr(Column::Status, Expr::value(word(status)))
            .col_expr(Column::FinishedAt, Expr::value(now.millis()));
        if let Some(failure) = failure {
            update = update.col_expr(Column::Failed, Expr::col(Column::Failed).add(1));
            self.fail(id, -1, failure).await?; // about the whole: before all others
        }
        update.filter(Column::Id.eq(id.uuid())).exec(&self.0.executor()).await?;
        self.0.delete::<knowledge_item::Entity>(knowledge_item::Column::IngestionId.eq(id.uuid())).await?;
        self.0.delete::<knowledge_piece::Entity>(knowledge_piece::Column::IngestionId.eq(id.uuid())).await?;
        Ok(())
    }

    async fn fail(self, id: Id<id::Job>, place: i64, failure: DocumentFailure) -> Result<()> {
        let row = knowledge_failure::Model {
            organization_id: self.0.organization.uuid(),
            ingestion_id: id.uuid(),
            place,
            path: failure.path,
            message: failure.message,
        };
        self.0.insert::<knowledge_failure::Entity>(vec![row]).await
    }

    async fn failures(self, of: &[Id<id::Job>]) -> Result<Vec<(Id<id::Job>, DocumentFailure)>> {
        use knowledge_failure::Column;
        let of: Vec<_> = of.iter().map(|id| id.uuid()).collect();
        let rows = self.0.select::<knowledge_failure::Entity>().filter(Column::IngestionId.is_in(of));
        let rows = rows.order_by_asc(Column::IngestionId).order_by_asc(Column::Place).limit(MOST_FAILURES);
        let told = |row: knowledge_failure::Model| {
            (Id::from_uuid(row.ingestion_id), DocumentFailure { path: row.path, message: row.message })
        };
        Ok(rows.all(&self.0.executor()).await?.into_iter().map(told).collect())
    }
}

impl TryFrom<knowledge_ingestion::Model> for StoredIngestion {
    type Error = crate::Error;
    fn try_from(row: knowledge_ingestion::Model) -> Result<Self> {
        let ingestion = Ingestion {
            id: Id::from_uuid(row.id),
            namespace_id: Id::from_uuid(row.namespace_id),
            status: read(row.status)?,
            total: row.total,
            processed: row.processed,
            skipped: row.skipped,
            removed: row.removed,
            chunk_count: row.chunk_count,
            failed: Vec::new(),
            created_at: time(row.created_at),
            finished_at: row.finished_at.map(time),
        };
        let place = u64::try_from(row.place).unwrap_or_default();
        Ok(Self { ingestion, place, prune_below: row.prune_below, failed: row.failed })
    }
}
