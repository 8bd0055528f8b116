//! Support tickets and their history.

mod queries;

use guildhall_domain::{
    Id, Timestamp, id,
    mcp_servers::SupportTicketType,
    text::{Email, WebUrl},
    tickets::{ActivityType, ContentType, Priority, Ticket, TicketStatus},
};
use sea_orm::{
    ColumnTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde_json::Value;

pub use queries::{ListedTickets, TicketFilter, TicketSort};

use crate::{
    Error, Result, Tenant,
    columns::{json, word},
    entities::{ticket, ticket_activity, ticket_number},
};

/// An organization's support tickets.
#[derive(Clone, Copy, Debug)]
pub struct Tickets<'a>(pub(crate) Tenant<'a>);

/// What a ticket is made from.
#[derive(Clone, Debug)]
pub struct NewTicket {
    /// Its id.
    pub id: Id<id::Ticket>,
    /// One line.
    pub title: String,
    /// What is wrong.
    pub concise_summary: String,
    /// What else may help.
    pub context: Option<String>,
    /// How far it has come.
    pub status: TicketStatus,
    /// Where an answer reaches the person who asked.
    pub email: Option<Email>,
    /// Where it goes.
    pub method: SupportTicketType,
    /// The server it came through.
    pub server: Id<id::McpServer>,
    /// Who asked.
    pub person: Id<id::McpUser>,
    /// The visit it came from.
    pub visit: Id<id::McpSession>,
}

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
    /// Who wrote it; none is Guildhall itself.
    pub author: Option<Id<id::User>>,
}

impl Tickets<'_> {
    /// Files a ticket under the organization's next number.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn file(self, new: NewTicket, now: Timestamp) -> Result<i64> {
        let number = self.next_number().await?;
        let row = ticket::Model {
            id: new.id.uuid(),
            organization_id: self.0.organization.uuid(),
            number,
            title: new.title,
            concise_summary: new.concise_summary,
            context: new.context,
            status: word(new.status),
            priority: rank(Priority::default()),
            email: new.email.as_ref().map(word),
            assignee_id: None,
            method: word(new.method),
            server_id: Some(new.server.uuid()),
            mcp_user_id: Some(new.person.uuid()),
            mcp_session_id: Some(new.visit.uuid()),
            external_url: None,
            created_at: now.millis(),
            updated_at: now.millis(),
            resolved_at: None,
            first_response_at: None,
        };
        self.0.insert::<ticket::Entity>(vec![row]).await?;
        Ok(number)
    }

    /// Moves `ticket`, which must have been read to be changed.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_status(self, ticket: Ticket, status: TicketStatus, now: Timestamp) -> Result<Ticket> {
        let settled_before = ticket.resolved_at.filter(|_| ticket.status.is_settled());
        let resolved_at = if status.is_settled() { Some(settled_before.unwrap_or(now)) } else { None };
        let update = self
            .0
            .update::<ticket::Entity>()
            .col_expr(ticket::Column::Status, Expr::value(word(status)))
            .col_expr(ticket::Column::ResolvedAt, Expr::value(resolved_at.map(Timestamp::millis)))
            .col_expr(ticket::Column::UpdatedAt, Expr::value(now.millis()));
        update.filter(ticket::Column::Id.eq(ticket.id.uuid())).exec(&self.0.executor()).await?;
        Ok(Ticket { status, resolved_at, updated_at: now, ..ticket })
    }

    /// Writes down where else `ticket`, which must have been read to be changed, can be seen.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_external_url(self, ticket: &Ticket, url: &WebUrl, now: Timestamp) -> Result<()> {
        let update = self
            .0
            .update::<ticket::Entity>()
            .col_expr(ticket::Column::ExternalUrl, Expr::value(url.as_str()))
            .col_expr(ticket::Column::UpdatedAt, Expr::value(now.millis()));
        update.filter(ticket::Column::Id.eq(ticket.id.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

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
            is_public: false,
            created_at: now.millis(),
            edited_at: None,
        };
        self.0.insert::<ticket_activity::Entity>(vec![row]).await
    }

    async fn next_number(self) -> Result<i64> {
        let first = ticket_number::Model { organization_id: self.0.organization.uuid(), last_number: 1 };
        let next = Expr::col((ticket_number::Entity, ticket_number::Column::LastNumber)).add(1);
        let next = OnConflict::column(ticket_number::Column::OrganizationId)
            .value(ticket_number::Column::LastNumber, next)
            .to_owned();
        let insert = self.0.inserting::<ticket_number::Entity>([first]).on_conflict(next);
        let rows = insert.exec_with_returning(&self.0.executor()).await?;
        rows.first().map(|row| row.last_number).ok_or_else(|| Error::Unreadable("an insert without a row".to_owned()))
    }
}

/// Priorities are kept as numbers, so that the database can sort by them.
const fn rank(priority: Priority) -> i32 {
    match priority {
        Priority::Low => 0,
        Priority::Medium => 1,
        Priority::High => 2,
        Priority::Critical => 3,
    }
}

const fn of_rank(rank: i32) -> Priority {
    match rank {
        0 => Priority::Low,
        1 => Priority::Medium,
        2 => Priority::High,
        _ => Priority::Critical,
    }
}
