//! Rows that belong to nobody yet, or are asked for before it is known whose they are: who signs in with this email,
//! which server has that name, which session is this.
#![expect(clippy::disallowed_methods, reason = "before admission there is no organization and no user to start from")]

mod admission;
mod guards;
mod jobs;
mod letters;
mod live;
mod retention;
mod upkeep;

use guildhall_domain::{Id, Timestamp, accounts::User, id, mcp_servers::Subdomain, text::Email};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, IntoActiveModel, PaginatorTrait, QueryFilter, QuerySelect, Select,
    sea_query::{Expr, LockType},
};

use uuid::Uuid;

pub use admission::Admission;
pub use guards::StoredKey;
pub use jobs::{Lane, StoredJob};
pub use letters::{OpenedInvitation, Purpose};
pub use live::{LiveToken, Standing};
pub use upkeep::{DeletedOrganization, RetiredName};

use crate::{
    Result,
    columns::time,
    database::Access,
    entities::{event, mcp_server, session, user},
    error::of_somebody,
    events::{self, NewEvent},
    visitors::{self, Arrival, VisitorRow},
    walkthroughs::{Asking, Run, current},
};

/// Rows that belong to nobody yet.
#[derive(Clone, Copy, Debug)]
pub struct System<'a> {
    pub(crate) access: &'a Access,
}

/// What a new account is made from.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Its id.
    pub id: Id<id::User>,
    /// Where mail reaches the person.
    pub email: Email,
    /// What others see.
    pub name: Option<String>,
    /// The password, hashed (PHC string).
    pub password_hash: String,
}

/// A sign-in as it is kept.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its id.
    pub id: Id<id::Session>,
    /// Whose.
    pub user_id: Id<id::User>,
    /// Where calls work that do not say where.
    pub active_organization_id: Option<Id<id::Organization>>,
    /// The hash of the refresh token that works.
    pub refresh_hash: Vec<u8>,
    /// The hash of the one before it.
    pub previous_refresh_hash: Option<Vec<u8>>,
    /// When that one was spent.
    pub rotated_at: Timestamp,
    /// When the sign-in happened.
    pub created_at: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// Whether it was ended.
    pub ended: bool,
    /// From where.
    pub address: Option<String>,
    /// With what.
    pub user_agent: Option<String>,
}

impl System<'_> {
    /// The account of that email, with its password's hash.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn user_by_email(self, email: &Email) -> Result<Option<(User, String, Option<Id<id::Organization>>)>> {
        self.user(by_email(email)).await
    }

    /// The same, held so that nobody else changes or deletes it before this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn hold_user_by_email(
        self,
        email: &Email,
    ) -> Result<Option<(User, String, Option<Id<id::Organization>>)>> {
        let mut account = by_email(email);
        if self.access.is_postgres() {
            account = account.lock(LockType::NoKeyUpdate); // SQLite has one writer
        }
        self.user(account).await
    }

    async fn user(self, which: Select<user::Entity>) -> Result<Option<(User, String, Option<Id<id::Organization>>)>> {
        let read = |row: user::Model| {
            let (hash, organization) = (row.password_hash.clone(), row.default_organization_id.map(Id::from_uuid));
            Ok((User::try_from(row)?, hash, organization))
        };
        which.one(&self.access.executor()).await?.map(read).transpose()
    }

    /// Whether anybody has an account.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn has_users(self) -> Result<bool> {
        Ok(user::Entity::find().limit(1).count(&self.access.executor()).await? > 0)
    }

    /// Makes an account.
    ///
    /// # Errors
    /// [`crate::Error::Taken`] where the email is.
    pub async fn create_user(self, new: NewUser, home: Id<id::Organization>, now: Timestamp) -> Result<User> {
        let row = user::Model {
            id: new.id.uuid(),
            email: new.email.as_str().to_owned(),
            name: new.name,
            username: None,
            image: None,
            email_verified: false,
            password_hash: new.password_hash,
            default_organization_id: Some(home.uuid()),
            created_at: now.millis(),
            updated_at: now.millis(),
        };
        let insert = user::Entity::insert(row.clone().into_active_model().reset_all());
        insert.exec_without_returning(&self.access.executor()).await?;
        row.try_into()
    }

    /// Whether a server, living or deleted, has that subdomain.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn subdomain_exists(self, subdomain: &Subdomain) -> Result<bool> {
        let found = mcp_server::Entity::find().filter(mcp_server::Column::Slug.eq(subdomain.as_str()));
        Ok(found.count(&self.access.executor()).await? > 0)
    }

    /// Begins a sign-in.
    ///
    /// # Errors
    /// [`crate::Error::Contended`] where the account is gone.
    pub async fn start_session(self, new: &SessionRow) -> Result<()> {
        let row = session::ActiveModel {
            id: Set(new.id.uuid()),
            user_id: Set(new.user_id.uuid()),
            active_organization_id: Set(new.active_organization_id.map(Id::uuid)),
            refresh_hash: Set(new.refresh_hash.clone()),
            previous_refresh_hash: Set(None),
            rotated_at: Set(new.rotated_at.millis()),
            created_at: Set(new.created_at.millis()),
            last_seen_at: Set(new.created_at.millis()),
            expires_at: Set(new.expires_at.millis()),
            ended_at: Set(None),
            address: Set(new.address.clone()),
            user_agent: Set(new.user_agent.clone()),
        };
        session::Entity::insert(row).exec_without_returning(&self.access.executor()).await.map_err(of_somebody)?;
        Ok(())
    }

    /// The sign-in of that id.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn session(self, id: Id<id::Session>) -> Result<Option<SessionRow>> {
        let row = session::Entity::find_by_id(id.uuid()).one(&self.access.executor()).await?;
        Ok(row.map(SessionRow::from))
    }

    /// Replaces the refresh token whose hash is `spent`; false where it was replaced before or the session is over.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rotate(
        self,
        id: Id<id::Session>,
        spent: &[u8],
        fresh: &[u8],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let rotate = session::Entity::update_many()
            .col_expr(session::Column::PreviousRefreshHash, Expr::value(spent))
            .col_expr(session::Column::RefreshHash, Expr::value(fresh))
            .col_expr(session::Column::RotatedAt, Expr::value(now.millis()))
            .col_expr(session::Column::LastSeenAt, Expr::value(now.millis()))
            .col_expr(session::Column::ExpiresAt, Expr::value(expires_at.millis()))
            .filter(session::Column::Id.eq(id.uuid()))
            .filter(session::Column::RefreshHash.eq(spent))
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(now.millis()));
        Ok(rotate.exec(&self.access.executor()).await?.rows_affected == 1)
    }

    /// For each who comes to a published server: the server, with what is known of who it is and how often it calls; none
    /// where the server or its organization was deleted.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn arrived(self, arrivals: &[Arrival]) -> Result<Vec<Option<VisitorRow>>> {
        visitors::find(self.access, arrivals).await
    }

    /// For each end user who asks, where they are; none where they are nowhere.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn current_runs(self, askings: &[Asking]) -> Result<Vec<Option<Run>>> {
        current::find(self.access, askings).await
    }

    /// Writes down what happened, in one statement.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn record(self, happened: &[NewEvent]) -> Result<()> {
        let rows = happened.iter().map(|new| Ok(events::row(new)?.into_active_model().reset_all()));
        let rows = rows.collect::<Result<Vec<_>>>()?;
        event::Entity::insert_many(rows).exec_without_returning(&self.access.executor()).await?;
        Ok(())
    }

    /// What an organization's own people or its workers did since then, or what ended of what an end user was granted: the
    /// events, each with its organization. What end users do otherwise changes nothing for others.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn stirred(self, since: Timestamp) -> Result<Vec<(Id<id::Event>, Id<id::Organization>)>> {
        // An event's id begins with its time, so its primary key finds the latest.
        let first = Uuid::from_u128(u128::from(since.millis().unsigned_abs()) << 80);
        let grants = ["oauth_grant.ended", "oauth_grant.reuse_detected"];
        let stirs =
            Condition::any().add(event::Column::ActorKind.ne("end_user")).add(event::Column::Name.is_in(grants));
        let select = event::Entity::find().filter(event::Column::Id.gte(first)).filter(stirs);
        let select = select.filter(event::Column::OrganizationId.is_not_null()).select_only();
        let columns = select.column(event::Column::Id).column(event::Column::OrganizationId);
        let rows: Vec<(Uuid, Uuid)> = columns.into_tuple().all(&self.access.executor()).await?;
        Ok(rows.into_iter().map(|(id, organization)| (Id::from_uuid(id), Id::from_uuid(organization))).collect())
    }

    /// How many events there are, of every organization and account.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn count_events(self) -> Result<u64> {
        Ok(event::Entity::find().count(&self.access.executor()).await?)
    }
}

fn by_email(email: &Email) -> Select<user::Entity> {
    user::Entity::find().filter(user::Column::Email.eq(email.as_str()))
}

impl From<session::Model> for SessionRow {
    fn from(row: session::Model) -> Self {
        Self {
            id: Id::from_uuid(row.id),
            user_id: Id::from_uuid(row.user_id),
            active_organization_id: row.active_organization_id.map(Id::from_uuid),
            refresh_hash: row.refresh_hash,
            previous_refresh_hash: row.previous_refresh_hash,
            rotated_at: time(row.rotated_at),
            created_at: time(row.created_at),
            expires_at: time(row.expires_at),
            ended: row.ended_at.is_some(),
            address: row.address,
            user_agent: row.user_agent,
        }
    }
}
