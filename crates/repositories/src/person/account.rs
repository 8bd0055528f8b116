//! One user's own account and sign-ins: what the user may change about them.
#![expect(clippy::disallowed_methods, reason = "starts from the user; every statement here names it")]

use guildhall_domain::{
    Id, Timestamp,
    accounts::{DeviceSession, User},
    id,
};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType, Query},
};
use uuid::Uuid;

use crate::{
    Person, Result,
    columns::time,
    entities::{member, session, ticket, user},
};

impl Person<'_> {
    /// The account, held so that nobody else can change or join anything with it before this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn hold(self) -> Result<Option<User>> {
        let mut account = user::Entity::find_by_id(self.user.uuid());
        if self.access.is_postgres() {
            account = account.lock(LockType::Update); // SQLite has one writer
        }
        account.one(&self.access.executor()).await?.map(User::try_from).transpose()
    }

    /// The hash of the password.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn password_hash(self) -> Result<Option<String>> {
        let row = user::Entity::find_by_id(self.user.uuid()).one(&self.access.executor()).await?;
        Ok(row.map(|row| row.password_hash))
    }

    /// Writes down the account's name, short name and picture as `edited` says.
    ///
    /// # Errors
    /// [`crate::Error::Taken`] where the short name is.
    pub async fn update(self, edited: &User, now: Timestamp) -> Result<()> {
        let update = self
            .change(now)
            .col_expr(user::Column::Name, Expr::value(edited.name.clone()))
            .col_expr(user::Column::Username, Expr::value(edited.username.clone()))
            .col_expr(user::Column::Image, Expr::value(edited.image.clone()));
        update.exec(&self.access.executor()).await?;
        Ok(())
    }

    /// Gives the account another password.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn set_password(self, hash: &str, now: Timestamp) -> Result<()> {
        let update = self.change(now).col_expr(user::Column::PasswordHash, Expr::value(hash));
        update.exec(&self.access.executor()).await?;
        Ok(())
    }

    /// Writes down that the address is the user's; false where that was known.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn verify_email(self, now: Timestamp) -> Result<bool> {
        let verify = self.change(now).col_expr(user::Column::EmailVerified, Expr::value(true));
        let verify = verify.filter(user::Column::EmailVerified.eq(false));
        Ok(verify.exec(&self.access.executor()).await?.rows_affected == 1)
    }

    /// The user's sign-ins that are not over, the newest first, as the session `current` sees them.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sessions(self, current: Option<Id<id::Session>>, now: Timestamp) -> Result<Vec<DeviceSession>> {
        let open = session::Entity::find()
            .filter(session::Column::UserId.eq(self.user.uuid()))
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(now.millis()))
            .order_by_desc(session::Column::Id)
            .limit(MOST_SESSIONS);
        let shown = |row: session::Model| DeviceSession {
            id: Id::from_uuid(row.id),
            device: row.user_agent,
            address: row.address,
            created_at: time(row.created_at),
            last_seen_at: time(row.last_seen_at),
            expires_at: time(row.expires_at),
            is_current: current.map(Id::uuid) == Some(row.id),
        };
        Ok(open.all(&self.access.executor()).await?.into_iter().map(shown).collect())
    }

    /// Ends every session of the user but `kept`; answers how many.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end_sessions(self, kept: Option<Id<id::Session>>, now: Timestamp) -> Result<u64> {
        let mut end = session::Entity::update_many()
            .col_expr(session::Column::EndedAt, Expr::value(now.millis()))
            .filter(session::Column::UserId.eq(self.user.uuid()))
            .filter(session::Column::EndedAt.is_null());
        if let Some(kept) = kept {
            end = end.filter(session::Column::Id.ne(kept.uuid()));
        }
        Ok(end.exec(&self.access.executor()).await?.rows_affected)
    }

    /// Writes down that a session was used, and lets it last until `expires_at` at least.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn see(self, session: Id<id::Session>, expires_at: Timestamp, now: Timestamp) -> Result<()> {
        let see = session::Entity::update_many()
            .col_expr(session::Column::LastSeenAt, Expr::value(now.millis()))
            .col_expr(session::Column::ExpiresAt, Expr::value(expires_at.millis()))
            .filter(session::Column::Id.eq(session.uuid()))
            .filter(session::Column::UserId.eq(self.user.uuid()))
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::LastSeenAt.lt(now.millis()));
        see.exec(&self.access.executor()).await?;
        Ok(())
    }

    /// Deletes the account with its sign-ins and places; what was assigned to it is assigned to nobody.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete(self) -> Result<()> {
        let of_places = |column| {
            let mine = member::Column::UserId.eq(self.user.uuid());
            Query::select().column(column).from(member::Entity).and_where(mine).to_owned()
        };
        let (organizations, places) = (of_places(member::Column::OrganizationId), of_places(member::Column::Id));
        let unassign = ticket::Entity::update_many()
            .col_expr(ticket::Column::AssigneeId, Expr::value(None::<Uuid>))
            .filter(ticket::Column::OrganizationId.in_subquery(organizations)) // for the index
            .filter(ticket::Column::AssigneeId.in_subquery(places));
        unassign.exec(&self.access.executor()).await?;
        user::Entity::delete_by_id(self.user.uuid()).exec(&self.access.executor()).await?;
        Ok(())
    }

    fn change(self, now: Timestamp) -> sea_orm::UpdateMany<user::Entity> {
        user::Entity::update_many()
            .col_expr(user::Column::UpdatedAt, Expr::value(now.millis()))
            .filter(user::Column::Id.eq(self.user.uuid()))
    }
}

/// As many of a user's sign-ins as are shown.
const MOST_SESSIONS: u64 = 100;
