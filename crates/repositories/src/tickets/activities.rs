//! The history of a ticket.

use guildhall_domain::{
    Id, Timestamp, id,
    tickets::{Activity, ActivityType, ContentType, Ticket},
};
use sea_orm::{
    ColumnTrait, Condition, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select,
    sea_query::{Expr, ExprTrait},
};
use serde_json::Value;

use super::Tickets;
use crate::{
    Result,
    columns::{ids, json, parse, read, read_option, time, word},
    entities::{ticket_activity, user},
};

/// What an entry of a ticket's history is made from.
#[derive(Clone, Debug)]
pub struct NewActivity {
    /// Its id.
    pub id: Id<id::Activity>,
    /// What it is.
    pub activity_type: ActivityType,
    /// What it says.
    pub content: String,
    /// How that is written.
    pub content_type: ContentType,
    /// Facts for programs.
    pub metadata: Value,
    /// Who wrote it; none is whoever asked, or Guildhall itself.
    pub author: Option<Id<id::User>>,
    /// Whether the person who asked may see it.
    pub is_public: bool,
}

impl NewActivity {
    /// An entry in plain words that is for colleagues only.
    #[must_use]
    pub const fn inward(
        id: Id<id::Activity>,
        activity_type: ActivityType,
        content: String,
        metadata: Value,
        author: Option<Id<id::User>>,
    ) -> Self {
        Self { id, activity_type, content, content_type: ContentType::Text, metadata, author, is_public: false }
    }
}

/// An entry as it is kept.
#[derive(Clone, Debug)]
pub struct StoredActivity {
    /// The entry.
    pub activity: Activity,
    /// Of which ticket.
    pub ticket: Id<id::Ticket>,
    /// Who wrote it.
    pub author: Option<Id<id::User>>,
}

#[derive(FromQueryResult)]
struct ActivityRow {
    #[sea_orm(nested)]
    activity: ticket_activity::Model,
    user_name: Option<String>,
    user_email: Option<String>,
}

impl Tickets<'_> {
    /// Adds an entry to the history of a ticket.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn note(self, ticket: Id<id::Ticket>, new: NewActivity, now: Timestamp) -> Result<()> {
        let row = ticket_activity::Model {
            id: new.id.uuid(),
            organization_id: self.0.organization.uuid(),
            ticket_id: ticket.uuid(),
            activity_type: word(new.activity_type),
            content: new.content,
            content_type: word(new.content_type),
            metadata: json(&new.metadata)?,
            author_id: new.author.map(Id::uuid),
            is_public: new.is_public,
            created_at: now.millis(),
            edited_at: None,
        };
        self.0.insert::<ticket_activity::Entity>(vec![row]).await
    }

    /// The history of `ticket`, the newest entry first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn activities(self, ticket: &Ticket, limit: u64, offset: u64) -> Result<Vec<Activity>> {
        use ticket_activity::Column;
        let entries = self.with_authors().filter(Column::TicketId.eq(ticket.id.uuid()));
        let newest = entries.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(limit).offset(offset);
        let rows = newest.into_model::<ActivityRow>().all(&self.0.executor()).await?;
        rows.into_iter().map(|row| Ok(StoredActivity::try_from(row)?.activity)).collect()
    }

    /// What was said on these tickets that whoever asked may read, the oldest first; of more than `limit` the newest.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn conversations(self, tickets: &[Ticket], limit: u64) -> Result<Vec<StoredActivity>> {
        use ticket_activity::Column;
        let which = Condition::all()
            .add(Column::TicketId.is_in(ids(tickets.iter().map(|ticket| ticket.id))))
            .add(Column::ActivityType.eq(word(ActivityType::Comment)))
            .add(Column::IsPublic.eq(true));
        let newest = self.with_authors().filter(which).order_by_desc(Column::CreatedAt).order_by_desc(Column::Id);
        let mut rows = newest.limit(limit).into_model::<ActivityRow>().all(&self.0.executor()).await?;
        rows.reverse();
        rows.into_iter().map(StoredActivity::try_from).collect()
    }

    /// The entry of that id, unless it is missing or of somebody else's ticket.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn activity(self, id: Id<id::Activity>) -> Result<Option<StoredActivity>> {
        let entry = self.with_authors().filter(ticket_activity::Column::Id.eq(id.uuid()));
        entry.into_model::<ActivityRow>().one(&self.0.executor()).await?.map(StoredActivity::try_from).transpose()
    }

    /// Writes an entry anew; false where it was deleted a moment ago.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rewrite(self, entry: &Activity, now: Timestamp) -> Result<bool> {
        use ticket_activity::Column;
        let update = self
            .0
            .update::<ticket_activity::Entity>()
            .col_expr(Column::Content, Expr::value(entry.content.clone()))
            .col_expr(Column::ContentType, Expr::value(word(entry.content_type)))
            .col_expr(Column::EditedAt, Expr::value(now.millis()));
        Ok(update.filter(Column::Id.eq(entry.id.uuid())).exec(&self.0.executor()).await?.rows_affected == 1)
    }

    /// Deletes an entry; false where it was deleted a moment ago.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn strike(self, entry: &Activity) -> Result<bool> {
        let this = Condition::all().add(ticket_activity::Column::Id.eq(entry.id.uuid()));
        Ok(self.0.delete::<ticket_activity::Entity>(this).await? == 1)
    }

    fn with_authors(self) -> Select<ticket_activity::Entity> {
        let mut select = self.0.select::<ticket_activity::Entity>();
        let author = Expr::col((user::Entity, user::Column::Id))
            .eq(Expr::col((ticket_activity::Entity, ticket_activity::Column::AuthorId)));
        QuerySelect::query(&mut select)
            .left_join(user::Entity, author)
            .expr_as(Expr::col((user::Entity, user::Column::Name)), "user_name")
            .expr_as(Expr::col((user::Entity, user::Column::Email)), "user_email");
        select
    }
}

impl TryFrom<ActivityRow> for StoredActivity {
    type Error = crate::Error;
    fn try_from(ActivityRow { activity, user_name, user_email }: ActivityRow) -> Result<Self> {
        Ok(Self {
            ticket: Id::from_uuid(activity.ticket_id),
            author: activity.author_id.map(Id::from_uuid),
            activity: Activity {
                id: Id::from_uuid(activity.id),
                created_at: time(activity.created_at),
                activity_type: read(activity.activity_type)?,
                content: activity.content,
                content_type: read(activity.content_type)?,
                metadata: parse(&activity.metadata)?,
                user_name,
                user_email: read_option(user_email)?,
                is_public: activity.is_public,
                edited_at: activity.edited_at.map(time),
            },
        })
    }
}
