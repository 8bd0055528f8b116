//! Support tickets and their history.

mod activities;
mod origin;
mod queries;

use guildhall_domain::{
    Id, Timestamp,
    organizations::{Member, Person},
    tickets::{Priority, Target, Ticket},
};
use sea_orm::{
    ColumnTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

pub use activities::{NewActivity, StoredActivity};
pub use queries::{ListedTickets, TicketFilter, TicketSort};

use crate::{
    Error, Result, Tenant,
    columns::{json, parse, word},
    entities::{ticket, ticket_number},
    error::of_somebody,
};

/// An organization's support tickets.
#[derive(Clone, Copy, Debug)]
pub struct Tickets<'a>(pub(crate) Tenant<'a>);

/// The due time of what is never due: after all others.
const NEVER: i64 = i64::MAX;

impl Tickets<'_> {
    /// Files `ticket` under the organization's next number, with what is promised of its priority; answers it with both.
    ///
    /// # Errors
    /// [`Error::Contended`] where the person or the server was deleted a moment ago.
    pub async fn file(self, ticket: Ticket, now: Timestamp) -> Result<Ticket> {
        let first = ticket_number::Model {
            organization_id: self.0.organization.uuid(),
            last_number: 1,
            targets: json(Vec::<Target>::new())?,
        };
        let next = Expr::col((ticket_number::Entity, ticket_number::Column::LastNumber)).add(1);
        let next = OnConflict::column(ticket_number::Column::OrganizationId)
            .value(ticket_number::Column::LastNumber, next)
            .to_owned();
        let insert = self.0.inserting::<ticket_number::Entity>([first]).on_conflict(next);
        let rows = insert.exec_with_returning(&self.0.executor()).await?;
        let desk = rows.first().ok_or_else(|| Error::Unreadable("an insert without a row".to_owned()))?;
        let targets: Vec<Target> = parse(&desk.targets)?;
        let ticket = Ticket { number: desk.last_number, ..ticket }.promised(&targets, now);
        let insert = self.0.inserting::<ticket::Entity>([self.row(&ticket)?]);
        insert.exec_without_returning(&self.0.executor()).await.map_err(of_somebody)?;
        Ok(ticket)
    }

    /// Keeps what has become of `ticket`, which must have been read to be changed. Whose it is and where it came from stays,
    /// and so does who is on it: see [`Tickets::assign`].
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn save(self, ticket: &Ticket) -> Result<()> {
        use ticket::Column;
        let row = self.row(ticket)?;
        let update = self
            .0
            .update::<ticket::Entity>()
            .col_expr(Column::Title, Expr::value(row.title))
            .col_expr(Column::ConciseSummary, Expr::value(row.concise_summary))
            .col_expr(Column::Status, Expr::value(row.status))
            .col_expr(Column::Priority, Expr::value(row.priority))
            .col_expr(Column::Email, Expr::value(row.email))
            .col_expr(Column::UpdatedAt, Expr::value(row.updated_at))
            .col_expr(Column::ResolvedAt, Expr::value(row.resolved_at))
            .col_expr(Column::FirstResponseAt, Expr::value(row.first_response_at))
            .col_expr(Column::FirstResponseDueAt, Expr::value(row.first_response_due_at))
            .col_expr(Column::ResolutionDueAt, Expr::value(row.resolution_due_at))
            .col_expr(Column::DueAt, Expr::value(row.due_at))
            .col_expr(Column::NextLookAt, Expr::value(row.next_look_at))
            .col_expr(Column::Missed, Expr::value(row.missed))
            .col_expr(Column::ExternalUrl, Expr::value(row.external_url));
        update.filter(Column::Id.eq(row.id)).exec(&self.0.executor()).await?;
        Ok(())
    }

    /// Gives `ticket`, which must have been read to be changed, to `member`, or to nobody.
    ///
    /// # Errors
    /// [`Error::Contended`] where the member's place ended a moment ago.
    pub async fn assign(self, ticket: Ticket, member: Option<&Member>, now: Timestamp) -> Result<Ticket> {
        let assignee = member.map(|member| member.id.uuid());
        let update = self.0.update::<ticket::Entity>();
        let update = update.col_expr(ticket::Column::AssigneeId, Expr::value::<Option<Uuid>>(assignee));
        let update = update.col_expr(ticket::Column::UpdatedAt, Expr::value(now.millis()));
        let update = update.filter(ticket::Column::Id.eq(ticket.id.uuid()));
        update.exec(&self.0.executor()).await.map_err(of_somebody)?;
        let assignee = member.map(|member| Person {
            id: member.user_id,
            name: member.name.clone(),
            email: member.email.clone(),
            image: member.image.clone(),
        });
        Ok(Ticket { assignee, updated_at: now, ..ticket })
    }

    /// What is promised of tickets, by priority.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn targets(self) -> Result<Vec<Target>> {
        let row = self.0.select::<ticket_number::Entity>().one(&self.0.executor()).await?;
        row.map_or(Ok(Vec::new()), |row| parse(&row.targets))
    }

    /// Promises that from now on.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_targets(self, targets: &[Target]) -> Result<()> {
        let row = ticket_number::Model {
            organization_id: self.0.organization.uuid(),
            last_number: 0,
            targets: json(targets)?,
        };
        let these = OnConflict::column(ticket_number::Column::OrganizationId)
            .update_column(ticket_number::Column::Targets)
            .to_owned();
        let insert = self.0.inserting::<ticket_number::Entity>([row]).on_conflict(these);
        insert.exec_without_returning(&self.0.executor()).await?;
        Ok(())
    }

    /// The row of a ticket that nobody is on.
    fn row(self, ticket: &Ticket) -> Result<ticket::Model> {
        Ok(ticket::Model {
            id: ticket.id.uuid(),
            organization_id: self.0.organization.uuid(),
            number: ticket.number,
            title: ticket.title.clone(),
            concise_summary: ticket.concise_summary.clone(),
            context: ticket.context.clone(),
            status: word(ticket.status),
            priority: rank(ticket.priority),
            email: ticket.email.as_ref().map(word),
            assignee_id: None,
            method: word(ticket.method),
            server_id: ticket.server_id.map(Id::uuid),
            mcp_user_id: ticket.mcp_user_id.map(Id::uuid),
            mcp_session_id: ticket.mcp_session_id.map(Id::uuid),
            external_url: ticket.external_url.clone(),
            created_at: ticket.created_at.millis(),
            updated_at: ticket.updated_at.millis(),
            resolved_at: ticket.resolved_at.map(Timestamp::millis),
            first_response_at: ticket.first_response_at.map(Timestamp::millis),
            first_response_due_at: ticket.first_response_due_at.map(Timestamp::millis),
            resolution_due_at: ticket.resolution_due_at.map(Timestamp::millis),
            due_at: ticket.due_at.map_or(NEVER, Timestamp::millis),
            next_look_at: ticket.next_look().map(Timestamp::millis),
            missed: json(&ticket.missed)?,
        })
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
