//! Who an end user turns out to be, once it is proven.

use guildhall_domain::{Id, Timestamp, id, text::Email};
use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, LockType, OnConflict},
};
use uuid::Uuid;

use super::McpUsers;
use crate::{
    Error, Result,
    asked::hex_id,
    columns::word,
    entities::{email_proof, mcp_session, mcp_user, ticket, tool_call, walkthrough_run},
    error::of_somebody,
    words::Words,
};

/// What two did on one day is added up. The first one's row goes with the first one.
static HAND_OVER_DAYS: Words = Words::new(&[
    "insert into person_days (organization_id, starts_at, mcp_user_id, visits, calls, errors) \
     select d.organization_id, d.starts_at, {id 1}, d.visits, d.calls, d.errors \
     from {rows} join person_days d on d.organization_id = $1 and d.mcp_user_id = {id 0} where true \
     on conflict (organization_id, starts_at, mcp_user_id) do update set visits = person_days.visits + excluded.visits, \
       calls = person_days.calls + excluded.calls, errors = person_days.errors + excluded.errors",
]);

impl McpUsers<'_> {
    /// The person who has proven that address, new where there is none: two at once are one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn of_email(self, id: Id<id::McpUser>, email: &Email, now: Timestamp) -> Result<Id<id::McpUser>> {
        let row = mcp_user::Model { email: Some(word(email)), ..self.nobody(id, now) };
        let same = OnConflict::columns([mcp_user::Column::OrganizationId, mcp_user::Column::Email])
            .target_and_where(mcp_user::Column::Subject.is_null())
            .target_and_where(mcp_user::Column::Email.is_not_null())
            .update_column(mcp_user::Column::Email)
            .to_owned();
        self.one(row, same).await
    }

    /// The person of that name at the organization's own authorization server, with what it says of the person today.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn of_subject(
        self,
        id: Id<id::McpUser>,
        subject: Vec<u8>,
        email: Option<&Email>,
        name: Option<String>,
        now: Timestamp,
    ) -> Result<Id<id::McpUser>> {
        let row = mcp_user::Model {
            subject: Some(subject),
            email: email.map(word),
            display_name: name,
            ..self.nobody(id, now)
        };
        let same = OnConflict::columns([mcp_user::Column::OrganizationId, mcp_user::Column::Subject])
            .target_and_where(mcp_user::Column::Subject.is_not_null())
            .update_columns([mcp_user::Column::Email, mcp_user::Column::DisplayName])
            .to_owned();
        self.one(row, same).await
    }

    /// Notes that `person` says to have `email`, and what the code mailed there must come to; what was noted before works
    /// no more.
    ///
    /// # Errors
    /// [`Error::Contended`] where the person was forgotten a moment ago.
    pub async fn claim(
        self,
        person: Id<id::McpUser>,
        email: &Email,
        proof: Vec<u8>,
        expires_at: Timestamp,
    ) -> Result<()> {
        use email_proof::Column;
        let row = email_proof::Model {
            organization_id: self.0.organization.uuid(),
            mcp_user_id: person.uuid(),
            email: word(email),
            proof,
            tries: 0,
            expires_at: expires_at.millis(),
        };
        let again = OnConflict::columns([Column::OrganizationId, Column::McpUserId])
            .update_columns([Column::Email, Column::Proof, Column::Tries, Column::ExpiresAt])
            .to_owned();
        let insert = self.0.inserting::<email_proof::Entity>([row]).on_conflict(again);
        insert.exec_without_returning(&self.0.executor()).await.map_err(of_somebody)?;
        Ok(())
    }

    /// Uses up one of `most` tries to prove that `person` has `email`; answers what the code must come to, none where
    /// there is nothing to prove (any more). One statement counts, so that no two tries are one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn try_claim(
        self,
        person: Id<id::McpUser>,
        email: &Email,
        most: i32,
        now: Timestamp,
    ) -> Result<Option<Vec<u8>>> {
        use email_proof::Column;
        let count = self
            .0
            .update::<email_proof::Entity>()
            .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
            .filter(Column::McpUserId.eq(person.uuid()))
            .filter(Column::Email.eq(word(email)))
            .filter(Column::Tries.lt(most))
            .filter(Column::ExpiresAt.gt(now.millis()));
        if count.exec(&self.0.executor()).await?.rows_affected == 0 {
            return Ok(None);
        }
        let row = self.0.select::<email_proof::Entity>().filter(Column::McpUserId.eq(person.uuid()));
        Ok(row.one(&self.0.executor()).await?.map(|row| row.proof))
    }

    /// Makes `from`, who has proven nothing, one with `into`: visits, calls, progress and tickets are `into`'s from now
    /// on, and what `from` was known by leads to `into`. False where `from` is proven itself, or was merged before.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn merge(self, from: Id<id::McpUser>, into: Id<id::McpUser>, alias: Id<id::McpUser>) -> Result<bool> {
        use mcp_user::Column;
        // Held first: what is written of `from` by others is there already, or fails and is tried again as `into`.
        let mut both = self.0.select::<mcp_user::Entity>().filter(Column::Id.is_in([from.uuid(), into.uuid()]));
        if self.0.access.is_postgres() {
            both = both.lock(LockType::Update); // SQLite has one writer
        }
        let rows = both.order_by_asc(Column::Id).all(&self.0.executor()).await?;
        let find = |id: Id<id::McpUser>| rows.iter().find(|row| row.id == id.uuid());
        let (Some(old), Some(known)) = (find(from), find(into)) else { return Ok(false) };
        let unproven = old.email.is_none() && old.subject.is_none() && old.merged_into.is_none();
        if from == into || !unproven || known.merged_into.is_some() {
            return Ok(false);
        }
        self.hand_over(from, into).await?;
        self.0.delete::<mcp_user::Entity>(sea_orm::Condition::all().add(Column::Id.eq(from.uuid()))).await?;
        let mut known = known.clone();
        let mut left =
            mcp_user::Model { id: alias.uuid(), merged_into: Some(into.uuid()), session_count: 0, ..old.clone() };
        if known.tracking_id.is_none() {
            known.tracking_id = left.tracking_id.take();
        }
        if known.handle_hash.is_none() {
            known.handle_hash = left.handle_hash.take();
        }
        let update = self
            .0
            .update::<mcp_user::Entity>()
            .col_expr(Column::TrackingId, Expr::value(known.tracking_id))
            .col_expr(Column::HandleHash, Expr::value(known.handle_hash))
            .col_expr(Column::FirstSeenAt, Expr::value(Ord::min(known.first_seen_at, old.first_seen_at)))
            .col_expr(Column::LastSeenAt, Expr::value(Ord::max(known.last_seen_at, old.last_seen_at)))
            .col_expr(Column::SessionCount, Expr::col(Column::SessionCount).add(old.session_count));
        update.filter(Column::Id.eq(into.uuid())).exec(&self.0.executor()).await?;
        if left.tracking_id.is_some() || left.handle_hash.is_some() {
            self.0.insert::<mcp_user::Entity>(vec![left]).await?;
        }
        Ok(true)
    }

    async fn hand_over(self, from: Id<id::McpUser>, into: Id<id::McpUser>) -> Result<()> {
        let executor = self.0.executor();
        let (old, new) = (from.uuid(), Expr::value(into.uuid()));
        let visits = self.0.update::<mcp_session::Entity>().col_expr(mcp_session::Column::McpUserId, new.clone());
        visits.filter(mcp_session::Column::McpUserId.eq(old)).exec(&executor).await?;
        let calls = self.0.update::<tool_call::Entity>().col_expr(tool_call::Column::McpUserId, new.clone());
        calls.filter(tool_call::Column::McpUserId.eq(old)).exec(&executor).await?;
        let tickets = self.0.update::<ticket::Entity>().col_expr(ticket::Column::McpUserId, new.clone());
        tickets.filter(ticket::Column::McpUserId.eq(old)).exec(&executor).await?;
        self.0.pour(&HAND_OVER_DAYS, &[(hex_id(from.uuid()), hex_id(into.uuid()))]).await?;
        self.hand_over_runs(from, into).await
    }

    /// The runs of `from` come after those that `into` has of the same walkthrough.
    async fn hand_over_runs(self, from: Id<id::McpUser>, into: Id<id::McpUser>) -> Result<()> {
        use walkthrough_run::Column;
        let of = |person: Uuid| self.0.select::<walkthrough_run::Entity>().filter(Column::McpUserId.eq(person));
        let theirs = of(into.uuid()).all(&self.0.executor()).await?;
        for run in of(from.uuid()).order_by_asc(Column::Attempt).all(&self.0.executor()).await? {
            let same = theirs.iter().filter(|t| t.server_id == run.server_id && t.walkthrough_id == run.walkthrough_id);
            let before = same.map(|t| t.attempt).max().unwrap_or(0);
            let update = self
                .0
                .update::<walkthrough_run::Entity>()
                .col_expr(Column::McpUserId, Expr::value(into.uuid()))
                .col_expr(Column::Attempt, Expr::value(run.attempt.saturating_add(before)));
            update.filter(Column::Id.eq(run.id)).exec(&self.0.executor()).await?;
        }
        Ok(())
    }

    /// A row of somebody of whom nothing is known.
    pub(crate) fn nobody(self, id: Id<id::McpUser>, now: Timestamp) -> mcp_user::Model {
        mcp_user::Model {
            id: id.uuid(),
            organization_id: self.0.organization.uuid(),
            tracking_id: None,
            email: None,
            display_name: None,
            handle_hash: None,
            first_seen_at: now.millis(),
            last_seen_at: now.millis(),
            session_count: 0,
            subject: None,
            merged_into: None,
            recent_since: 0,
            recent_calls: 0,
        }
    }

    /// Keeps `row`, or finds the one that is the same; answers the person, who may have been merged into another.
    pub(crate) async fn one(self, row: mcp_user::Model, same: OnConflict) -> Result<Id<id::McpUser>> {
        let insert = self.0.inserting::<mcp_user::Entity>([row]).on_conflict(same);
        let rows = insert.exec_with_returning(&self.0.executor()).await?;
        let row = rows.into_iter().next().ok_or_else(|| Error::Unreadable("an insert without a row".to_owned()))?;
        Ok(Id::from_uuid(row.merged_into.unwrap_or(row.id)))
    }
}
