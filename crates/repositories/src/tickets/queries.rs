//! Finding and listing tickets.

use guildhall_domain::{
    Id, Timestamp, id,
    page::{Cursor, Page, PageRequest},
    tickets::{Priority, Ticket, TicketStatus, TicketWithMcpUser},
};
use sea_orm::{
    ColumnTrait, Condition, FromQueryResult, Order, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{NEVER, Tickets, of_rank, rank};
use crate::{
    Error, Result,
    columns::{self, after, parse, read, read_option, time, word},
    entities::{mcp_server, mcp_user, member, ticket, user},
    search::like,
};

/// Which tickets.
#[derive(Clone, Debug, Default)]
pub struct TicketFilter {
    /// In one of these; empty means any.
    pub status: Vec<TicketStatus>,
    /// Of this priority.
    pub priority: Option<Priority>,
    /// Of this user (`Some(None)`: of nobody).
    pub assignee: Option<Option<Id<id::User>>>,
    /// Through this server.
    pub server: Option<Id<id::McpServer>>,
    /// Due before.
    pub due_before: Option<Timestamp>,
    /// With these words in the title or the summary.
    pub search: Option<String>,
}

/// In which order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TicketSort {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The most urgent first, of those the newest.
    Priority,
    /// The last changed first.
    Updated,
    /// What is due soonest first, what is never due last.
    Due,
}

/// A page of tickets.
pub type ListedTickets = Page<Ticket>;

#[derive(FromQueryResult)]
struct TicketRow {
    #[sea_orm(nested)]
    ticket: ticket::Model,
    server_name: Option<String>,
    server_slug: Option<String>,
    assignee_user_id: Option<Uuid>,
    assignee_name: Option<String>,
    assignee_email: Option<String>,
    assignee_image: Option<String>,
}

#[derive(FromQueryResult)]
struct AskerRow {
    #[sea_orm(nested)]
    ticket: ticket::Model,
    server_name: Option<String>,
    server_slug: Option<String>,
    tracking_id: Option<String>,
    person_email: Option<String>,
    first_seen_at: Option<i64>,
}

#[derive(FromQueryResult)]
struct StatusRow {
    status: String,
    total: i64,
}

impl Tickets<'_> {
    /// The ticket, unless it is missing or somebody else's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, id: Id<id::Ticket>) -> Result<Option<Ticket>> {
        let row = self.complete().filter(ticket::Column::Id.eq(id.uuid())).into_model::<TicketRow>();
        row.one(&self.0.executor()).await?.map(Ticket::try_from).transpose()
    }

    /// Those of these tickets that are there, in one statement, in no order; what only a newer node can read is passed over.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_many(self, ids: &[Id<id::Ticket>]) -> Result<Vec<Ticket>> {
        let rows = self.complete().filter(ticket::Column::Id.is_in(columns::ids(ids.iter().copied())));
        let rows = rows.into_model::<TicketRow>().all(&self.0.executor()).await?;
        let readable = rows
            .into_iter()
            .map(Ticket::try_from)
            .filter_map(|ticket| ticket.inspect_err(|cause| tracing::warn!(%cause, "a ticket was passed over")).ok());
        Ok(readable.collect())
    }

    /// The same as [`Tickets::find`], so that nobody else can change it before this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_to_change(self, id: Id<id::Ticket>) -> Result<Option<Ticket>> {
        if self.0.access.is_postgres() {
            // Alone: what is joined is read as it was before the wait. SQLite has one writer.
            let lock = self.0.select::<ticket::Entity>().filter(ticket::Column::Id.eq(id.uuid())).lock_exclusive();
            lock.one(&self.0.executor()).await?;
        }
        self.find(id).await
    }

    /// The same without the server's name and whoever is on it, in one statement; and whether somebody is.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn hold(self, id: Id<id::Ticket>) -> Result<Option<(Ticket, bool)>> {
        let mut select = self.0.select::<ticket::Entity>().filter(ticket::Column::Id.eq(id.uuid()));
        if self.0.access.is_postgres() {
            select = select.lock_exclusive(); // SQLite has one writer
        }
        let Some(ticket) = select.one(&self.0.executor()).await? else { return Ok(None) };
        let is_assigned = ticket.assignee_id.is_some();
        let row = TicketRow {
            ticket,
            server_name: None,
            server_slug: None,
            assignee_user_id: None,
            assignee_name: None,
            assignee_email: None,
            assignee_image: None,
        };
        Ok(Some((row.try_into()?, is_assigned)))
    }

    /// The person's own tickets at any server, the last changed first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn of_person(self, person: Id<id::McpUser>, limit: u64) -> Result<Vec<Ticket>> {
        let tickets = self.complete().filter(ticket::Column::McpUserId.eq(person.uuid()));
        let rows = tickets.order_by_desc(ticket::Column::UpdatedAt).order_by_desc(ticket::Column::Id).limit(limit);
        let rows = rows.into_model::<TicketRow>().all(&self.0.executor()).await?;
        rows.into_iter().map(Ticket::try_from).collect()
    }

    /// Tickets in `sort` order.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(self, filter: &TicketFilter, sort: TicketSort, page: PageRequest) -> Result<ListedTickets> {
        use ticket::Column;
        let (key, order) = match sort {
            TicketSort::Newest => (Column::Number, Order::Desc),
            TicketSort::Oldest => (Column::Number, Order::Asc),
            TicketSort::Priority => (Column::Priority, Order::Desc),
            TicketSort::Updated => (Column::UpdatedAt, Order::Desc),
            TicketSort::Due => (Column::DueAt, Order::Asc),
        };
        let mut which = Condition::all().add(filter.condition());
        if let Some(cursor) = page.cursor {
            which = which.add(after(key, cursor.key, Column::Id, cursor.id, order.clone()));
        }
        let rows = self.complete().filter(which).order_by(key, order.clone()).order_by(Column::Id, order);
        let rows = rows.limit(page.limit.saturating_add(1)).into_model::<TicketRow>().all(&self.0.executor()).await?;
        let tickets: Vec<Ticket> = rows.into_iter().map(Ticket::try_from).collect::<Result<_>>()?;
        let key_of = |ticket: &Ticket| match sort {
            TicketSort::Newest | TicketSort::Oldest => ticket.number,
            TicketSort::Priority => i64::from(rank(ticket.priority)),
            TicketSort::Updated => ticket.updated_at.millis(),
            TicketSort::Due => ticket.due_at.map_or(NEVER, Timestamp::millis),
        };
        Ok(Page::cut(tickets, page.limit, |ticket| Cursor { key: key_of(ticket), id: ticket.id.uuid() }))
    }

    /// How many of the organization's tickets have each status.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn by_status(self) -> Result<Vec<(TicketStatus, i64)>> {
        let counts = self.0.select::<ticket::Entity>().select_only().column(ticket::Column::Status);
        let counts = counts.expr_as(ticket::Column::Id.count(), "total").group_by(ticket::Column::Status);
        let rows = counts.into_model::<StatusRow>().all(&self.0.executor()).await?;
        rows.into_iter().map(|row| Ok((read(row.status)?, row.total))).collect()
    }

    /// The tickets filed in a visit, oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn of_visit(self, visit: Id<id::McpSession>) -> Result<Vec<Ticket>> {
        let tickets = self.complete().filter(ticket::Column::McpSessionId.eq(visit.uuid()));
        let rows = tickets.order_by_asc(ticket::Column::Number).limit(1000);
        let rows = rows.into_model::<TicketRow>().all(&self.0.executor()).await?;
        rows.into_iter().map(Ticket::try_from).collect()
    }

    /// The ticket with the person who asked, in one statement.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn with_mcp_user(self, id: Id<id::Ticket>) -> Result<Option<TicketWithMcpUser>> {
        let mut select = self.0.select::<ticket::Entity>().filter(ticket::Column::Id.eq(id.uuid()));
        let person = |column| Expr::col((mcp_user::Entity, column));
        let asked = Condition::all()
            .add(
                person(mcp_user::Column::OrganizationId)
                    .eq(Expr::col((ticket::Entity, ticket::Column::OrganizationId))),
            )
            .add(person(mcp_user::Column::Id).eq(Expr::col((ticket::Entity, ticket::Column::McpUserId))));
        join_server(QuerySelect::query(&mut select))
            .left_join(mcp_user::Entity, asked)
            .expr_as(person(mcp_user::Column::TrackingId), "tracking_id")
            .expr_as(person(mcp_user::Column::Email), "person_email")
            .expr_as(person(mcp_user::Column::FirstSeenAt), "first_seen_at");
        let Some(row) = select.into_model::<AskerRow>().one(&self.0.executor()).await? else { return Ok(None) };
        Ok(Some(TicketWithMcpUser {
            ticket_id: Id::from_uuid(row.ticket.id),
            title: row.ticket.title,
            status: read(row.ticket.status)?,
            created_at: time(row.ticket.created_at),
            mcp_user_tracking_id: row.tracking_id,
            mcp_user_email: read_option(row.person_email.or(row.ticket.email))?,
            mcp_user_first_seen: row.first_seen_at.map(time),
            mcp_server_name: row.server_name,
            mcp_server_slug: row.server_slug,
        }))
    }

    /// Tickets with their server and assignee.
    fn complete(self) -> sea_orm::Select<ticket::Entity> {
        let mut select = self.0.select::<ticket::Entity>();
        let its = |column| Expr::col((ticket::Entity, column));
        let assignee = Condition::all()
            .add(Expr::col((member::Entity, member::Column::OrganizationId)).eq(its(ticket::Column::OrganizationId)))
            .add(Expr::col((member::Entity, member::Column::Id)).eq(its(ticket::Column::AssigneeId)));
        let account =
            Expr::col((user::Entity, user::Column::Id)).eq(Expr::col((member::Entity, member::Column::UserId)));
        join_server(QuerySelect::query(&mut select))
            .left_join(member::Entity, assignee)
            .left_join(user::Entity, account)
            .expr_as(Expr::col((user::Entity, user::Column::Id)), "assignee_user_id")
            .expr_as(Expr::col((user::Entity, user::Column::Name)), "assignee_name")
            .expr_as(Expr::col((user::Entity, user::Column::Email)), "assignee_email")
            .expr_as(Expr::col((user::Entity, user::Column::Image)), "assignee_image");
        select
    }
}

fn join_server(query: &mut sea_orm::sea_query::SelectStatement) -> &mut sea_orm::sea_query::SelectStatement {
    let server = |column| Expr::col((mcp_server::Entity, column));
    let through = Condition::all()
        .add(server(mcp_server::Column::OrganizationId).eq(Expr::col((ticket::Entity, ticket::Column::OrganizationId))))
        .add(server(mcp_server::Column::Id).eq(Expr::col((ticket::Entity, ticket::Column::ServerId))));
    query
        .left_join(mcp_server::Entity, through)
        .expr_as(server(mcp_server::Column::Name), "server_name")
        .expr_as(server(mcp_server::Column::Slug), "server_slug")
}

impl TicketFilter {
    fn condition(&self) -> Condition {
        use ticket::Column;
        let statuses = (!self.status.is_empty()).then(|| Column::Status.is_in(self.status.iter().map(word)));
        let assignee = self.assignee.map(|assignee| match assignee {
            Some(user) => member::Column::UserId.eq(user.uuid()),
            None => Column::AssigneeId.is_null(),
        });
        let words = self.search.as_deref();
        Condition::all()
            .add_option(statuses)
            .add_option(self.priority.map(|priority| Column::Priority.eq(rank(priority))))
            .add_option(assignee)
            .add_option(self.server.map(|server| Column::ServerId.eq(server.uuid())))
            .add_option(self.due_before.map(|then| Column::DueAt.lt(then.millis())))
            .add_option(
                words.map(|w| Condition::any().add(like(Column::Title, w)).add(like(Column::ConciseSummary, w))),
            )
    }
}

impl TryFrom<TicketRow> for Ticket {
    type Error = Error;
    fn try_from(row: TicketRow) -> Result<Self> {
        let assignee = match (row.assignee_user_id, row.assignee_email) {
            (Some(id), Some(email)) => Some(guildhall_domain::organizations::Person {
                id: Id::from_uuid(id),
                name: row.assignee_name,
                email: read(email)?,
                image: row.assignee_image,
            }),
            _ => None,
        };
        let ticket = row.ticket;
        Ok(Self {
            id: Id::from_uuid(ticket.id),
            number: ticket.number,
            title: ticket.title,
            concise_summary: ticket.concise_summary,
            context: ticket.context,
            status: read(ticket.status)?,
            priority: of_rank(ticket.priority),
            email: read_option(ticket.email)?,
            assignee,
            method: read(ticket.method)?,
            server_id: ticket.server_id.map(Id::from_uuid),
            server_name: row.server_name,
            server_slug: row.server_slug,
            mcp_user_id: ticket.mcp_user_id.map(Id::from_uuid),
            mcp_session_id: ticket.mcp_session_id.map(Id::from_uuid),
            created_at: time(ticket.created_at),
            updated_at: time(ticket.updated_at),
            resolved_at: ticket.resolved_at.map(time),
            first_response_at: ticket.first_response_at.map(time),
            first_response_due_at: ticket.first_response_due_at.map(time),
            resolution_due_at: ticket.resolution_due_at.map(time),
            due_at: Some(ticket.due_at).filter(|due_at| *due_at != NEVER).map(time),
            missed: parse(&ticket.missed)?,
            external_url: ticket.external_url,
        })
    }
}
