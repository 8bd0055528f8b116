//! End users and their visits.

use guildhall_domain::{
    Id, Timestamp, id,
    page::{Cursor, Page, PageRequest},
    sessions::{McpSession, TrackingId},
};
use sea_orm::{
    ColumnTrait, EntityTrait, JoinType, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, RelationDef, SelectTwo,
    sea_query::{Condition, Expr, LockType, OnConflict},
};

use crate::{
    Error, Result, Tenant,
    columns::time,
    entities::{mcp_server, mcp_session, mcp_user},
    error::of_somebody,
};

/// An organization's end users and their visits.
#[derive(Clone, Copy, Debug)]
pub struct Visits<'a>(pub(crate) Tenant<'a>);

/// What a visit is made from.
#[derive(Clone, Debug)]
pub struct NewVisit {
    /// Its id.
    pub id: Id<id::McpSession>,
    /// To which server.
    pub server: Id<id::McpServer>,
    /// Whose.
    pub person: Id<id::McpUser>,
    /// The hash of the key that names it, where the protocol has one.
    pub key_hash: Option<Vec<u8>>,
    /// What the client calls itself.
    pub client_name: Option<String>,
    /// Its version.
    pub client_version: Option<String>,
    /// The MCP revision it speaks.
    pub protocol_version: Option<String>,
    /// Who this counts as among different people.
    pub identity: String,
}

/// A visit as it is kept, with its server.
#[derive(Clone, Debug)]
pub struct StoredVisit {
    /// The visit.
    pub session: McpSession,
    /// To which server.
    pub server: Id<id::McpServer>,
}

/// Which visits.
#[derive(Clone, Copy, Debug, Default)]
pub struct SessionFilter {
    /// To this server.
    pub server: Option<Id<id::McpServer>>,
    /// Of this person.
    pub person: Option<Id<id::McpUser>>,
    /// Begun then or later.
    pub from: Option<Timestamp>,
    /// Begun before.
    pub to: Option<Timestamp>,
}

impl Visits<'_> {
    /// Makes a person known, or finds the one of that trackingId: two requests at once make one person.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn welcome(
        self,
        id: Id<id::McpUser>,
        tracking_id: Option<&TrackingId>,
        handle_hash: Option<Vec<u8>>,
        now: Timestamp,
    ) -> Result<Id<id::McpUser>> {
        let users = self.0.mcp_users();
        let tracking_id = tracking_id.map(|id| id.as_str().to_owned());
        let row = mcp_user::Model { tracking_id, handle_hash, ..users.nobody(id, now) };
        let same = OnConflict::columns([mcp_user::Column::OrganizationId, mcp_user::Column::TrackingId])
            .update_column(mcp_user::Column::TrackingId)
            .to_owned();
        users.one(row, same).await
    }

    /// The visit of `person` to `server` with that client that goes on, looked for so that nobody else can begin one
    /// before this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn going_on(
        self,
        server: Id<id::McpServer>,
        person: Id<id::McpUser>,
        client_name: Option<&str>,
        heard_since: Timestamp,
    ) -> Result<Option<Id<id::McpSession>>> {
        use mcp_session::Column;
        if self.0.access.is_postgres() {
            let lock = self.0.select::<mcp_user::Entity>().filter(mcp_user::Column::Id.eq(person.uuid()));
            lock.lock(LockType::NoKeyUpdate).one(&self.0.executor()).await?; // SQLite has one writer
        }
        let client = match client_name {
            Some(name) => Column::ClientName.eq(name),
            None => Column::ClientName.is_null(),
        };
        let visits = self.0.select::<mcp_session::Entity>().filter(client).filter(Column::ServerId.eq(server.uuid()));
        let visits = visits.filter(Column::McpUserId.eq(person.uuid())).filter(Column::KeyHash.is_null());
        let visits = visits.filter(Column::EndedAt.is_null()).filter(Column::LastSeenAt.gte(heard_since.millis()));
        let row = visits.order_by_desc(Column::LastSeenAt).one(&self.0.executor()).await?;
        Ok(row.map(|row| Id::from_uuid(row.id)))
    }

    /// Begins a visit.
    ///
    /// # Errors
    /// [`Error::Contended`] where the person was forgotten a moment ago.
    pub async fn begin(self, new: NewVisit, now: Timestamp) -> Result<()> {
        let row = mcp_session::Model {
            id: new.id.uuid(),
            organization_id: self.0.organization.uuid(),
            server_id: new.server.uuid(),
            mcp_user_id: new.person.uuid(),
            key_hash: new.key_hash,
            client_name: new.client_name,
            client_version: new.client_version,
            protocol_version: new.protocol_version,
            title: None,
            identity: new.identity,
            connected_at: now.millis(),
            last_seen_at: now.millis(),
            ended_at: None,
            tool_call_count: 0,
        };
        let insert = self.0.inserting::<mcp_session::Entity>([row]);
        insert.exec_without_returning(&self.0.executor()).await.map_err(of_somebody)?;
        Ok(())
    }

    /// Whether that person is one of the organization's end users.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn knows(self, person: Id<id::McpUser>) -> Result<bool> {
        let found = self.0.select::<mcp_user::Entity>().filter(mcp_user::Column::Id.eq(person.uuid()));
        Ok(found.count(&self.0.executor()).await? > 0)
    }

    /// Ends a visit.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end(self, visit: Id<id::McpSession>, now: Timestamp) -> Result<()> {
        let update = self.0.update::<mcp_session::Entity>();
        let end = update.col_expr(mcp_session::Column::EndedAt, Expr::value(now.millis()));
        end.filter(mcp_session::Column::Id.eq(visit.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

    /// The visit, unless it is missing or somebody else's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, id: Id<id::McpSession>) -> Result<Option<StoredVisit>> {
        let row = self.with_servers().filter(mcp_session::Column::Id.eq(id.uuid())).one(&self.0.executor()).await?;
        row.map(read_visit).transpose()
    }

    /// Visits, the latest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(self, filter: SessionFilter, page: PageRequest) -> Result<Page<McpSession>> {
        use mcp_session::Column;
        let mut which = Condition::all()
            .add_option(filter.server.map(|id| Column::ServerId.eq(id.uuid())))
            .add_option(filter.person.map(|id| Column::McpUserId.eq(id.uuid())))
            .add_option(filter.from.map(|at| Column::ConnectedAt.gte(at.millis())))
            .add_option(filter.to.map(|at| Column::ConnectedAt.lt(at.millis())));
        if let Some(Cursor { key, id }) = page.cursor {
            which = which.add(crate::columns::after(Column::ConnectedAt, key, Column::Id, id, sea_orm::Order::Desc));
        }
        let rows = self.with_servers().filter(which).order_by_desc(Column::ConnectedAt).order_by_desc(Column::Id);
        let rows = rows.limit(page.limit.saturating_add(1)).all(&self.0.executor()).await?;
        let visits: Vec<McpSession> =
            rows.into_iter().map(|row| Ok(read_visit(row)?.session)).collect::<Result<_>>()?;
        Ok(Page::cut(visits, page.limit, |visit| Cursor { key: visit.connected_at.millis(), id: visit.id.uuid() }))
    }

    fn with_servers(self) -> SelectTwo<mcp_session::Entity, mcp_server::Entity> {
        let visits = self.0.select::<mcp_session::Entity>();
        visits.join(JoinType::InnerJoin, its_server()).select_also(mcp_server::Entity)
    }
}

fn its_server() -> RelationDef {
    use mcp_server::Column as Server;
    use mcp_session::Column as Visit;
    let relation = mcp_session::Entity::belongs_to(mcp_server::Entity);
    relation.from((Visit::OrganizationId, Visit::ServerId)).to((Server::OrganizationId, Server::Id)).into()
}

fn read_visit((visit, server): (mcp_session::Model, Option<mcp_server::Model>)) -> Result<StoredVisit> {
    let server = server.ok_or_else(|| Error::Unreadable("a visit without a server".to_owned()))?;
    let session = McpSession {
        id: Id::from_uuid(visit.id),
        mcp_user_id: Id::from_uuid(visit.mcp_user_id),
        server_name: server.name,
        server_slug: server.slug,
        client_name: visit.client_name,
        client_version: visit.client_version,
        protocol_version: visit.protocol_version,
        title: visit.title,
        connected_at: time(visit.connected_at),
        last_seen_at: time(visit.last_seen_at),
        tool_call_count: visit.tool_call_count,
    };
    Ok(StoredVisit { session, server: Id::from_uuid(server.id) })
}
