//! What customers looked for and did not find.

use guildhall_domain::{
    Id, Timestamp, id,
    knowledge::Gap,
    page::{Cursor, Page, PageRequest},
};
use sea_orm::{
    ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use crate::{
    Result, Tenant,
    columns::{after, time},
    entities::knowledge_gap,
    error::of_somebody,
};

/// What customers of an organization looked for and did not find.
#[derive(Clone, Copy, Debug)]
pub struct Gaps<'a>(pub(crate) Tenant<'a>);

impl Gaps<'_> {
    /// Counts that something was missed at a server: by an agent that says what, or by a search. The same words are the
    /// same gap. Answers the gap's id.
    ///
    /// # Errors
    /// [`crate::Error::Contended`] where the server is gone.
    pub async fn miss(
        self,
        fresh: Id<id::Gap>,
        server: Id<id::McpServer>,
        (sought, query): (&str, &str),
        what: Option<&str>,
        now: Timestamp,
    ) -> Result<Id<id::Gap>> {
        use knowledge_gap::Column;
        let row = knowledge_gap::Model {
            id: fresh.uuid(),
            organization_id: self.0.organization.uuid(),
            server_id: server.uuid(),
            sought: sought.to_owned(),
            query: query.to_owned(),
            what: what.map(str::to_owned),
            searches: i64::from(what.is_none()),
            reports: i64::from(what.is_some()),
            first_seen_at: now.millis(),
            last_seen_at: now.millis(),
        };
        let column = if what.is_some() { Column::Reports } else { Column::Searches };
        let mut again = OnConflict::columns([Column::OrganizationId, Column::ServerId, Column::Sought]);
        again.update_columns([Column::Query, Column::LastSeenAt]);
        if what.is_some() {
            again.update_column(Column::What);
        }
        again.value(column, Expr::col((knowledge_gap::Entity, column)).add(1));
        let insert = self.0.inserting::<knowledge_gap::Entity>([row]).on_conflict(again);
        let kept = insert.exec_with_returning(&self.0.executor()).await.map_err(of_somebody)?;
        Ok(kept.first().map_or(fresh, |row| Id::from_uuid(row.id)))
    }

    /// The last missed first, at one server where it is named.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(self, server: Option<Id<id::McpServer>>, page: PageRequest) -> Result<Page<Gap>> {
        use knowledge_gap::Column;
        let which = Condition::all().add_option(server.map(|id| Column::ServerId.eq(id.uuid()))).add_option(
            page.cursor.map(|Cursor { key, id }| after(Column::LastSeenAt, key, Column::Id, id, sea_orm::Order::Desc)),
        );
        let rows = self.0.select::<knowledge_gap::Entity>().filter(which);
        let rows = rows.order_by_desc(Column::LastSeenAt).order_by_desc(Column::Id);
        let rows = rows.limit(page.limit.saturating_add(1)).all(&self.0.executor()).await?;
        let rows = rows.into_iter().map(Gap::from).collect();
        Ok(Page::cut(rows, page.limit, |row: &Gap| Cursor { key: row.last_seen_at.millis(), id: row.id.uuid() }))
    }
}

impl From<knowledge_gap::Model> for Gap {
    fn from(row: knowledge_gap::Model) -> Self {
        Self {
            id: Id::from_uuid(row.id),
            server_id: Id::from_uuid(row.server_id),
            query: row.query,
            what: row.what,
            searches: row.searches,
            reports: row.reports,
            first_seen_at: time(row.first_seen_at),
            last_seen_at: time(row.last_seen_at),
        }
    }
}
