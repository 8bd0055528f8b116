//! An organization's end users: who they are, and forgetting them.
mod identity;

use guildhall_domain::{
    Id, id,
    page::{Cursor, Page, PageRequest},
    sessions::McpUser,
};
use sea_orm::{
    ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, LockType},
};
use uuid::Uuid;

use crate::{
    Result, Tenant,
    columns::{ids, read_option, time},
    entities::{mcp_session, mcp_user, ticket, tool_call},
    search::like,
};

/// An organization's end users.
#[derive(Clone, Copy, Debug)]
pub struct McpUsers<'a>(pub(crate) Tenant<'a>);

/// Which end users.
#[derive(Clone, Debug, Default)]
pub struct McpUserFilter {
    /// Who visited this server.
    pub server: Option<Id<id::McpServer>>,
    /// With these words in the trackingId, the address or the name.
    pub search: Option<String>,
}

impl McpUsers<'_> {
    /// End users, the newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(self, filter: &McpUserFilter, page: PageRequest) -> Result<Page<McpUser>> {
        use mcp_user::Column;
        let visited = filter.server.map(|server| {
            let visits = self.0.select::<mcp_session::Entity>().select_only().column(mcp_session::Column::Id);
            let visits = visits.filter(mcp_session::Column::ServerId.eq(server.uuid())).filter(
                Expr::col((mcp_session::Entity, mcp_session::Column::McpUserId))
                    .eq(Expr::col((mcp_user::Entity, Column::Id))),
            );
            Expr::exists(visits.into_query())
        });
        let words = filter.search.as_deref().map(|words| {
            let places = [Column::TrackingId, Column::Email, Column::DisplayName];
            places.into_iter().fold(Condition::any(), |any, place| any.add(like(place, words)))
        });
        // Other names of somebody are not somebody.
        let people = Column::MergedInto.is_null();
        // Ids are made as people come, so they alone are the order.
        let before = page.cursor.map(|cursor| Column::Id.lt(cursor.id));
        let which = Condition::all().add(people).add_option(visited).add_option(words).add_option(before);
        let rows = self.0.select::<mcp_user::Entity>().filter(which).order_by_desc(Column::Id);
        let rows = rows.limit(page.limit.saturating_add(1)).all(&self.0.executor()).await?;
        let users: Vec<McpUser> = rows.into_iter().map(view).collect::<Result<_>>()?;
        Ok(Page::cut(users, page.limit, |user| Cursor { key: user.first_seen_at.millis(), id: user.id.uuid() }))
    }

    /// Which of those are the organization's, so that nobody can write anything of theirs before this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_to_erase(self, which: &[Id<id::McpUser>]) -> Result<Vec<Id<id::McpUser>>> {
        let which = ids(which.iter().copied());
        let mut users = self.0.select::<mcp_user::Entity>().filter(mcp_user::Column::Id.is_in(which));
        if self.0.access.is_postgres() {
            users = users.lock(LockType::Update); // SQLite has one writer
        }
        let users = users.order_by_asc(mcp_user::Column::Id).select_only().column(mcp_user::Column::Id);
        let found = users.into_tuple::<Uuid>().all(&self.0.executor()).await?;
        Ok(found.into_iter().map(Id::from_uuid).collect())
    }

    /// Forgets `found`, who must have been looked for to be erased, with their visits, calls and progress. Their tickets
    /// stay, and nothing in them says any more whose they were.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn erase(self, found: &[Id<id::McpUser>]) -> Result<u64> {
        let whose = ids(found.iter().copied());
        let visits = self.0.select::<mcp_session::Entity>().select_only().column(mcp_session::Column::Id);
        let visits = visits.filter(mcp_session::Column::McpUserId.is_in(whose.clone())).into_query();
        let theirs = Condition::any()
            .add(ticket::Column::McpUserId.is_in(whose.clone()))
            .add(ticket::Column::McpSessionId.in_subquery(visits));
        let detach = self
            .0
            .update::<ticket::Entity>()
            .col_expr(ticket::Column::McpUserId, Expr::value(None::<Uuid>))
            .col_expr(ticket::Column::McpSessionId, Expr::value(None::<Uuid>))
            .col_expr(ticket::Column::Email, Expr::value(None::<String>));
        detach.filter(theirs).exec(&self.0.executor()).await?;
        // The rest goes with the person; calls may be many, and go at once.
        let calls = Condition::all().add(tool_call::Column::McpUserId.is_in(whose.clone()));
        self.0.delete::<tool_call::Entity>(calls).await?;
        let names = Condition::all().add(mcp_user::Column::MergedInto.is_in(whose.clone()));
        self.0.delete::<mcp_user::Entity>(names).await?;
        self.0.delete::<mcp_user::Entity>(Condition::all().add(mcp_user::Column::Id.is_in(whose))).await
    }
}

/// Somebody as the wire shows it.
pub(crate) fn view(row: mcp_user::Model) -> Result<McpUser> {
    Ok(McpUser {
        id: Id::from_uuid(row.id),
        tracking_id: read_option(row.tracking_id)?,
        email: read_option(row.email)?,
        display_name: row.display_name,
        first_seen_at: time(row.first_seen_at),
        last_seen_at: time(row.last_seen_at),
        session_count: row.session_count,
    })
}
