//! Walkthroughs, their steps, where they are offered, and how far people are.

mod assignments;
mod runs;

use guildhall_domain::{
    Id, Timestamp, id,
    page::{Cursor, Page, PageRequest},
    text::{Json, Text},
    walkthroughs::{ContentFields, Step, Walkthrough, WalkthroughStatus, WalkthroughType},
};
use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Condition, Expr, ExprTrait},
};

pub use assignments::Assignments;
pub use runs::{Course, NewCompletion, Offered, Run, Runs};

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

    /// The walkthrough's steps, in order.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn steps(self, walkthrough: Id<id::Walkthrough>) -> Result<Vec<Step>> {
        Ok(self.step_rows(walkthrough).await?.into_iter().map(|(step, _)| step).collect())
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

    /// The step, unless it is missing or somebody else's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_step(self, id: Id<id::Step>) -> Result<Option<Step>> {
        let steps = self.0.select::<walkthrough_step::Entity>();
        let row = steps.filter(walkthrough_step::Column::Id.eq(id.uuid())).one(&self.0.executor()).await?;
        row.map(Step::try_from).transpose()
    }

    /// Adds a step at the end of `walkthrough`, which must have been read to be changed.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn append_step(
        self,
        walkthrough: &Walkthrough,
        id: Id<id::Step>,
        title: &Text<1, 200>,
        fields: ContentFields,
        now: Timestamp,
    ) -> Result<Step> {
        let row = walkthrough_step::Model {
            id: id.uuid(),
            organization_id: self.0.organization.uuid(),
            walkthrough_id: walkthrough.id.uuid(),
            title: word(title),
            display_order: i32::try_from(walkthrough.step_count).unwrap_or(i32::MAX),
            content_fields: json(&fields)?,
            metadata: None,
            created_at: now.millis(),
            updated_at: now.millis(),
        };
        self.0.insert::<walkthrough_step::Entity>(vec![row.clone()]).await?;
        let count = walkthrough.step_count.saturating_add(1);
        let update = self.0.update::<walkthrough::Entity>();
        let update = update.col_expr(walkthrough::Column::StepCount, Expr::value(count));
        let update = update.col_expr(walkthrough::Column::UpdatedAt, Expr::value(now.millis()));
        update.filter(walkthrough::Column::Id.eq(walkthrough.id.uuid())).exec(&self.0.executor()).await?;
        row.try_into()
    }

    /// Gives `step` another name and other texts.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rewrite_step(self, step: Step, now: Timestamp) -> Result<Step> {
        let update = self.0.update::<walkthrough_step::Entity>();
        let update = update
            .col_expr(walkthrough_step::Column::Title, Expr::value(word(&step.title)))
            .col_expr(walkthrough_step::Column::ContentFields, Expr::value(json(&step.content_fields)?))
            .col_expr(walkthrough_step::Column::UpdatedAt, Expr::value(now.millis()));
        update.filter(walkthrough_step::Column::Id.eq(step.id.uuid())).exec(&self.0.executor()).await?;
        self.touch(step.walkthrough_id, now).await?;
        Ok(Step { updated_at: now, ..step })
    }

    /// Puts the steps of `walkthrough`, which must have been read to be changed, in the order of `ids`: all of its steps.
    /// Two statements whatever the number: every step first steps aside (below zero), since places are unique at all
    /// times.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn reorder(self, walkthrough: &Walkthrough, ids: &[Id<id::Step>], now: Timestamp) -> Result<()> {
        use walkthrough_step::Column;
        if let Some((first, rest)) = ids.split_first() {
            let aside = |place: usize| -1 - i32::try_from(place).unwrap_or(i32::MAX - 1);
            let mut places = Expr::case(Column::Id.eq(first.uuid()), aside(0));
            for (place, id) in rest.iter().enumerate() {
                places = places.case(Column::Id.eq(id.uuid()), aside(place.saturating_add(1)));
            }
            let of = || Column::WalkthroughId.eq(walkthrough.id.uuid());
            let aside = self.0.update::<walkthrough_step::Entity>().col_expr(Column::DisplayOrder, places.into());
            aside.filter(of()).exec(&self.0.executor()).await?;
            let settled = Expr::value(-1).sub(Expr::col(Column::DisplayOrder));
            let settle = self.0.update::<walkthrough_step::Entity>().col_expr(Column::DisplayOrder, settled);
            settle.col_expr(Column::UpdatedAt, Expr::value(now.millis())).filter(of()).exec(&self.0.executor()).await?;
        }
        self.touch(walkthrough.id, now).await
    }

    async fn touch(self, walkthrough: Id<id::Walkthrough>, now: Timestamp) -> Result<()> {
        let update = self.0.update::<walkthrough::Entity>();
        let update = update.col_expr(walkthrough::Column::UpdatedAt, Expr::value(now.millis()));
        update.filter(walkthrough::Column::Id.eq(walkthrough.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

    async fn step_rows(self, walkthrough: Id<id::Walkthrough>) -> Result<Vec<(Step, Option<Json>)>> {
        let steps = self.0.select::<walkthrough_step::Entity>();
        let steps = steps.filter(walkthrough_step::Column::WalkthroughId.eq(walkthrough.uuid()));
        let rows = steps.order_by_asc(walkthrough_step::Column::DisplayOrder).all(&self.0.executor()).await?;
        let read = |row: walkthrough_step::Model| {
            let metadata = row.metadata.as_deref().map(parse).transpose()?;
            Ok((row.try_into()?, metadata))
        };
        rows.into_iter().map(read).collect()
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

impl TryFrom<walkthrough_step::Model> for Step {
    type Error = crate::Error;
    fn try_from(row: walkthrough_step::Model) -> Result<Self> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            walkthrough_id: Id::from_uuid(row.walkthrough_id),
            title: read(row.title)?,
            display_order: row.display_order,
            content_fields: parse(&row.content_fields)?,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}
