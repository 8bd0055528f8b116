//! Walkthroughs, their steps, where they are offered, and how far people are.

mod assignments;
pub(crate) mod current;
mod funnel;
mod progress;
mod runs;
mod steps;

use guildhall_domain::{
    Id, Timestamp, id,
    page::{Cursor, Page, PageRequest},
    text::{Json, Text},
    walkthroughs::{ContentFields, Step, Walkthrough, WalkthroughStatus, WalkthroughType},
};
use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Condition, Expr},
};

pub use assignments::Assignments;
pub use current::{Asking, Run};
pub use runs::{Course, Offered, Runs};

use crate::{
    Result, Tenant,
    columns::{after, json, parse, read, read_option, time, word},
    entities::{walkthrough, walkthrough_step},
    search::like,
};

/// An organization's walkthroughs and their steps.
#[derive(Clone, Copy, Debug)]
pub struct Walkthroughs<'a>(pub(crate) Tenant<'a>);

/// What a walkthrough is made from.
#[derive(Clone, Debug)]
pub struct NewWalkthrough {
    /// Its id.
    pub id: Id<id::Walkthrough>,
    /// Its name.
    pub title: Text<1, 100>,
    /// What it leads to.
    pub description: Option<Text<0, 500>>,
    /// What it is for.
    pub kind: WalkthroughType,
    /// Whether end users can see it.
    pub status: WalkthroughStatus,
    /// Words to find it by.
    pub tags: Vec<Text<1, 50>>,
    /// How long it takes, in minutes.
    pub estimated_duration_minutes: Option<i32>,
    /// Facts of the author's own.
    pub metadata: Option<Json>,
    /// Facts about the export it came from.
    pub document_metadata: Option<Json>,
    /// Its steps, in order, each with the author's own facts.
    pub steps: Vec<(Id<id::Step>, Text<1, 200>, ContentFields, Option<Json>)>,
}

/// Which walkthroughs.
#[derive(Clone, Debug, Default)]
pub struct WalkthroughFilter {
    /// Of this status.
    pub status: Option<WalkthroughStatus>,
    /// Of this type.
    pub kind: Option<WalkthroughType>,
    /// With these words in the title or the description.
    pub search: Option<String>,
}

/// All that an export needs: the walkthrough, its steps with their facts, the document's facts and its own.
#[derive(Clone, Debug)]
pub struct StoredDocument {
    /// The walkthrough.
    pub walkthrough: Walkthrough,
    /// Its steps in order.
    pub steps: Vec<(Step, Option<Json>)>,
    /// Facts about the export it came from.
    pub document_metadata: Option<Json>,
    /// Facts of the author's own.
    pub metadata: Option<Json>,
}

impl Walkthroughs<'_> {
    /// Makes a walkthrough with its steps.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn create(self, new: NewWalkthrough, now: Timestamp) -> Result<Walkthrough> {
        let row = walkthrough::Model {
            id: new.id.uuid(),
            organization_id: self.0.organization.uuid(),
            title: word(&new.title),
            description: new.description.as_ref().map(word),
            kind: word(new.kind),
            status: word(new.status),
            tags: json(&new.tags)?,
            estimated_duration_minutes: new.estimated_duration_minutes,
            metadata: new.metadata.as_ref().map(json).transpose()?,
            document_metadata: new.document_metadata.as_ref().map(json).transpose()?,
            step_count: i64::try_from(new.steps.len()).unwrap_or(i64::MAX),
            created_at: now.millis(),
            updated_at: now.millis(),
        };
        self.0.insert::<walkthrough::Entity>(vec![row.clone()]).await?;
        let step = |(place, (id, title, fields, metadata)): (
            usize,
            (Id<id::Step>, Text<1, 200>, ContentFields, Option<Json>),
        )| {
            Ok(walkthrough_step::Model {
                id: id.uuid(),
                organization_id: self.0.organization.uuid(),
                walkthrough_id: new.id.uuid(),
                title: word(&title),
                display_order: i32::try_from(place).unwrap_or(i32::MAX),
                content_fields: json(&fields)?,
                metadata: metadata.as_ref().map(json).transpose()?,
                created_at: now.millis(),
                updated_at: now.millis(),
            })
        };
        let steps = new.steps.into_iter().enumerate().map(step).collect::<Result<Vec<_>>>()?;
        self.0.insert::<walkthrough_step::Entity>(steps).await?;
        row.try_into()
    }

    /// The walkthrough, unless it is missing or somebody else's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, id: Id<id::Walkthrough>) -> Result<Option<Walkthrough>> {
        let row = self.of(id).one(&self.0.executor()).await?;
        row.map(Walkthrough::try_from).transpose()
    }

    /// The same, so that nobody else can change its steps before this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_to_change(self, id: Id<id::Walkthrough>) -> Result<Option<Walkthrough>> {
        let mut select = self.of(id);
        if self.0.access.is_postgres() {
            select = select.lock_exclusive(); // SQLite has one writer
        }
        select.one(&self.0.executor()).await?.map(Walkthrough::try_from).transpose()
    }

    /// Those of these ids that are this organization's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_all(self, ids: &[Id<id::Walkthrough>]) -> Result<Vec<Walkthrough>> {
        let ids = crate::columns::ids(ids.iter().copied());
        let rows = self.0.select::<walkthrough::Entity>().filter(walkthrough::Column::Id.is_in(ids));
        rows.all(&self.0.executor()).await?.into_iter().map(Walkthrough::try_from).collect()
    }

    /// Walkthroughs, the newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(self, filter: WalkthroughFilter, page: PageRequest) -> Result<Page<Walkthrough>> {
        use walkthrough::Column;
        let words = filter.search.as_deref();
        let which = Condition::all()
            .add_option(filter.status.map(|status| Column::Status.eq(word(status))))
            .add_option(filter.kind.map(|kind| Column::Kind.eq(word(kind))))
            .add_option(words.map(|w| Condition::any().add(like(Column::Title, w)).add(like(Column::Description, w))))
            .add_option(
                page.cursor
                    .map(|Cursor { key, id }| after(Column::CreatedAt, key, Column::Id, id, sea_orm::Order::Desc)),
            );
        let rows = self.0.select::<walkthrough::Entity>().filter(which);
        let rows = rows.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(page.limit.saturating_add(1));
        let rows: Vec<Walkthrough> =
            rows.all(&self.0.executor()).await?.into_iter().map(Walkthrough::try_from).collect::<Result<_>>()?;
        Ok(Page::cut(rows, page.limit, |row| Cursor { key: row.created_at.millis(), id: row.id.uuid() }))
    }

    /// All that an export needs.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn document(self, id: Id<id::Walkthrough>) -> Result<Option<StoredDocument>> {
        let Some(row) = self.of(id).one(&self.0.executor()).await? else { return Ok(None) };
        Ok(Some(StoredDocument {
            document_metadata: row.document_metadata.as_deref().map(parse).transpose()?,
            metadata: row.metadata.as_deref().map(parse).transpose()?,
            walkthrough: row.try_into()?,
            steps: self.step_rows(id).await?,
        }))
    }

    /// Writes down what `edited`, which must have been read to be changed, is now.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn update(self, edited: Walkthrough, now: Timestamp) -> Result<Walkthrough> {
        use walkthrough::Column;
        let update = self
            .0
            .update::<walkthrough::Entity>()
            .col_expr(Column::Title, Expr::value(word(&edited.title)))
            .col_expr(Column::Description, Expr::value(edited.description.as_ref().map(word)))
            .col_expr(Column::Kind, Expr::value(word(edited.kind)))
            .col_expr(Column::Status, Expr::value(word(edited.status)))
            .col_expr(Column::Tags, Expr::value(json(&edited.tags)?))
            .col_expr(Column::EstimatedDurationMinutes, Expr::value(edited.estimated_duration_minutes))
            .col_expr(Column::UpdatedAt, Expr::value(now.millis()));
        update.filter(Column::Id.eq(edited.id.uuid())).exec(&self.0.executor()).await?;
        Ok(Walkthrough { updated_at: now, ..edited })
    }

    /// Deletes `walkthrough`, which must have been read to be changed; its steps, its places on servers and how far
    /// everybody is go with it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete(self, walkthrough: &Walkthrough) -> Result<()> {
        self.0.delete::<walkthrough::Entity>(walkthrough::Column::Id.eq(walkthrough.id.uuid())).await?;
        Ok(())
    }

    async fn touch(self, walkthrough: Id<id::Walkthrough>, now: Timestamp) -> Result<()> {
        let update = self.0.update::<walkthrough::Entity>();
        let update = update.col_expr(walkthrough::Column::UpdatedAt, Expr::value(now.millis()));
        update.filter(walkthrough::Column::Id.eq(walkthrough.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

    fn of(self, id: Id<id::Walkthrough>) -> sea_orm::Select<walkthrough::Entity> {
        self.0.select::<walkthrough::Entity>().filter(walkthrough::Column::Id.eq(id.uuid()))
    }
}

impl TryFrom<walkthrough::Model> for Walkthrough {
    type Error = crate::Error;
    fn try_from(row: walkthrough::Model) -> Result<Self> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            title: read(row.title)?,
            description: read_option(row.description)?,
            kind: read(row.kind)?,
            status: read(row.status)?,
            tags: parse(&row.tags)?,
            estimated_duration_minutes: row.estimated_duration_minutes,
            step_count: row.step_count,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}
