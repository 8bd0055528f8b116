//! What is still to be done in the world.
#![expect(clippy::disallowed_methods, reason = "a worker carries out jobs of every organization and of none")]

use guildhall_domain::{Id, Timestamp, id};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{Expr, ExprTrait, LockBehavior, LockType, Order, Query},
};

use uuid::Uuid;

use super::System;
use crate::{
    Result,
    entities::{job, ticket},
};

/// A job as it is kept.
#[derive(Clone, Debug)]
pub struct StoredJob {
    /// Its id.
    pub id: Id<id::Job>,
    /// For which organization, where it is for one.
    pub organization: Option<Id<id::Organization>>,
    /// What kind of thing is to be done.
    pub kind: String,
    /// With what, sealed.
    pub sealed_input: Vec<u8>,
    /// How often it was begun, this time included.
    pub attempts: u32,
}

/// Which jobs a worker takes.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    /// The kind that waits for servers of others: an organization has one of these under way at a time.
    pub slow: &'static str,
    /// Whether this worker takes those as well.
    pub takes_slow: bool,
}

impl Lane {
    /// The jobs that are due in it.
    fn due(self, now: Timestamp) -> Condition {
        let other = |column: job::Column| Expr::col(("other", column));
        let under_way = Query::select()
            .expr(Expr::value(1))
            .from_as(job::Entity, "other")
            .and_where(other(job::Column::OrganizationId).eq(Expr::col((job::Entity, job::Column::OrganizationId))))
            .and_where(other(job::Column::Kind).eq(self.slow))
            .and_where(other(job::Column::Lease).is_not_null())
            .and_where(other(job::Column::DueAt).gt(now.millis()))
            .and_where(other(job::Column::GivenUpAt).is_null())
            .take();
        let its_turn = Condition::any().add(job::Column::Kind.ne(self.slow));
        let its_turn = if self.takes_slow { its_turn.add(Expr::exists(under_way).not()) } else { its_turn };
        Condition::all().add(job::Column::DueAt.lte(now.millis())).add(job::Column::GivenUpAt.is_null()).add(its_turn)
    }
}

impl System<'_> {
    /// Writes down that something is to be done as soon as this transaction is committed.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_job(self, new: StoredJob, now: Timestamp) -> Result<()> {
        let row = job::Model {
            id: new.id.uuid(),
            organization_id: new.organization.map(Id::uuid),
            kind: new.kind,
            sealed_input: new.sealed_input,
            created_at: now.millis(),
            due_at: now.millis(),
            attempts: 0,
            lease: None,
            last_error: None,
            given_up_at: None,
        };
        let insert = job::Entity::insert(row.into_active_model().reset_all());
        insert.exec_without_returning(&self.access.executor()).await?;
        Ok(())
    }

    /// Whether a job is due in that lane.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_job_due(self, lane: Lane, now: Timestamp) -> Result<bool> {
        let due = job::Entity::find().filter(lane.due(now)).limit(1).select_only().column(job::Column::Id);
        Ok(due.into_tuple::<Uuid>().one(&self.access.executor()).await?.is_some())
    }

    /// The tickets of which a promise may not have been kept, the longest first, each with its organization; without the
    /// first `passed`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn tickets_to_look_at(
        self,
        now: Timestamp,
        (passed, most): (u64, u64),
    ) -> Result<Vec<(Id<id::Organization>, Id<id::Ticket>)>> {
        let due = ticket::Entity::find().filter(ticket::Column::NextLookAt.lte(now.millis()));
        let due = due.order_by_asc(ticket::Column::NextLookAt).order_by_asc(ticket::Column::Id);
        let due = due.offset(passed).limit(most).select_only();
        let columns = due.column(ticket::Column::OrganizationId).column(ticket::Column::Id);
        let rows: Vec<(Uuid, Uuid)> = columns.into_tuple().all(&self.access.executor()).await?;
        Ok(rows.into_iter().map(|(organization, id)| (Id::from_uuid(organization), Id::from_uuid(id))).collect())
    }

    /// Takes the job that is due longest in that lane, for an attempt that nobody else makes before `until`. One statement; on
    /// PostgreSQL nodes take different ones without waiting for each other.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn take_job(
        self,
        lane: Lane,
        lease: &[u8],
        until: Timestamp,
        now: Timestamp,
    ) -> Result<Option<StoredJob>> {
        let mut due = Query::select();
        due.column(job::Column::Id)
            .from(job::Entity)
            .cond_where(lane.due(now))
            .order_by(job::Column::DueAt, Order::Asc)
            .limit(1);
        if self.access.is_postgres() {
            due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked); // SQLite has one writer
        }
        let take = job::Entity::update_many()
            .col_expr(job::Column::Lease, Expr::value(lease))
            .col_expr(job::Column::DueAt, Expr::value(until.millis()))
            .col_expr(job::Column::Attempts, Expr::col(job::Column::Attempts).add(1))
            .filter(Expr::col(job::Column::Id).eq(Expr::from(due)));
        let taken = take.exec_with_returning(&self.access.executor()).await?;
        Ok(taken.into_iter().next().map(|row| StoredJob {
            id: Id::from_uuid(row.id),
            organization: row.organization_id.map(Id::from_uuid),
            kind: row.kind,
            sealed_input: row.sealed_input,
            attempts: u32::try_from(row.attempts).unwrap_or(u32::MAX),
        }))
    }

    /// Writes down that the attempt of that lease did it; false where the lease is not the last one any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn finish_job(self, id: Id<id::Job>, lease: &[u8]) -> Result<bool> {
        let done =
            job::Entity::delete_many().filter(job::Column::Id.eq(id.uuid())).filter(job::Column::Lease.eq(lease));
        Ok(done.exec(&self.access.executor()).await?.rows_affected == 1)
    }

    /// Whether the lease is still the last one; then nobody else tries before `until`, and the attempts begin anew, since
    /// the job is getting on. In the transaction of what the attempt does, it holds off whoever would take over.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn renew_job(self, id: Id<id::Job>, lease: &[u8], until: Timestamp) -> Result<bool> {
        let renew = job::Entity::update_many()
            .col_expr(job::Column::DueAt, Expr::value(until.millis()))
            .col_expr(job::Column::Attempts, Expr::value(1_i64))
            .filter(job::Column::Id.eq(id.uuid()))
            .filter(job::Column::Lease.eq(lease));
        Ok(renew.exec(&self.access.executor()).await?.rows_affected == 1)
    }

    /// Lets the next one in line go first: a job that takes long is done in turns.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn hand_back_job(self, id: Id<id::Job>, lease: &[u8], now: Timestamp) -> Result<()> {
        let hand_back = job::Entity::update_many()
            .col_expr(job::Column::DueAt, Expr::value(now.millis()))
            .col_expr(job::Column::Attempts, Expr::value(0_i64))
            .filter(job::Column::Id.eq(id.uuid()))
            .filter(job::Column::Lease.eq(lease));
        hand_back.exec(&self.access.executor()).await?;
        Ok(())
    }

    /// Writes down that the attempt of that lease failed and is over, and when the next one is due.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn postpone_job(self, id: Id<id::Job>, lease: &[u8], error: &str, due_at: Timestamp) -> Result<()> {
        let postpone = job::Entity::update_many()
            .col_expr(job::Column::DueAt, Expr::value(due_at.millis()))
            .col_expr(job::Column::LastError, Expr::value(error))
            .col_expr(job::Column::Lease, Expr::value(None::<Vec<u8>>))
            .filter(job::Column::Id.eq(id.uuid()))
            .filter(job::Column::Lease.eq(lease));
        postpone.exec(&self.access.executor()).await?;
        Ok(())
    }

    /// Gives a job up; its input is forgotten, that it failed is not. False where the lease is not the last one any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn give_up_job(self, id: Id<id::Job>, lease: &[u8], error: &str, now: Timestamp) -> Result<bool> {
        let give_up = job::Entity::update_many()
            .col_expr(job::Column::GivenUpAt, Expr::value(now.millis()))
            .col_expr(job::Column::SealedInput, Expr::value(Vec::<u8>::new()))
            .col_expr(job::Column::LastError, Expr::value(error))
            .filter(job::Column::Id.eq(id.uuid()))
            .filter(job::Column::Lease.eq(lease));
        Ok(give_up.exec(&self.access.executor()).await?.rows_affected == 1)
    }

    /// How many jobs wait or are being done.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn count_jobs(self) -> Result<u64> {
        Ok(job::Entity::find().filter(job::Column::GivenUpAt.is_null()).count(&self.access.executor()).await?)
    }

    /// Forgets jobs that were given up before `then`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_jobs(self, then: Timestamp) -> Result<u64> {
        let forget = job::Entity::delete_many().filter(job::Column::GivenUpAt.lt(then.millis()));
        Ok(forget.exec(&self.access.executor()).await?.rows_affected)
    }
}
