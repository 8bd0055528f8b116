//! Rows that belong to nobody yet, or are asked for before it is known whose they are: who signs in with this email,
//! which server has that name, which session is this.
#![expect(clippy::disallowed_methods, reason = "before admission there is no organization and no user to start from")]

use guildhall_domain::{
    Id, Timestamp,
    accounts::User,
    access::Role,
    event::{Actor, Audience, Event},
    id,
    mcp_servers::Subdomain,
    text::{Email, Slug},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, Condition, EntityTrait, FromQueryResult, IntoActiveModel,
    PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Result,
    columns::{read, time},
    database::Access,
    entities::{event, idempotency_key, mcp_server, member, organization, rate_limit, session, signing_key, user},
    events,
    visitors::{PublishedRow, VisitorRow, Who, join_visitor, offers_walkthroughs},
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

/// Who a session is, and the caller's place in the organization it asks for.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The account.
    pub user: Id<id::User>,
    /// The session; none for a caller that another program vouches for.
    pub session: Option<Id<id::Session>>,
    /// The organization that the session works in.
    pub active_organization: Option<Id<id::Organization>>,
    /// When the session ends.
    pub expires_at: Timestamp,
    /// The place in the organization asked for; none where there is none or the caller is a stranger.
    pub membership: Option<(Id<id::Organization>, Id<id::Member>, Role)>,
}

/// A signing key as it is kept.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// Its id: the `kid`.
    pub id: Id<id::SigningKey>,
    /// The public half.
    pub public_key: Vec<u8>,
    /// The private half, sealed.
    pub sealed_private_key: Vec<u8>,
    /// Whether it only verifies.
    pub retired: bool,
}

#[derive(FromQueryResult)]
struct AdmissionRow {
    user_id: Uuid,
    session_id: Option<Uuid>,
    active_organization_id: Option<Uuid>,
    expires_at: Option<i64>,
    organization_id: Option<Uuid>,
    member_id: Option<Uuid>,
    role: Option<String>,
}

impl System<'_> {
    /// The account of that email, with its password's hash.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn user_by_email(self, email: &Email) -> Result<Option<(User, String, Option<Id<id::Organization>>)>> {
        let row = user::Entity::find().filter(user::Column::Email.eq(email.as_str())).one(&self.access.executor()).await?;
        let read = |row: user::Model| {
            let (hash, organization) = (row.password_hash.clone(), row.default_organization_id.map(Id::from_uuid));
            Ok((User::try_from(row)?, hash, organization))
        };
        row.map(read).transpose()
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

    /// Whether an organization, living or deleted, has that slug.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn organization_slug_exists(self, slug: &Slug) -> Result<bool> {
        let found = organization::Entity::find().filter(organization::Column::Slug.eq(slug.as_str()));
        Ok(found.count(&self.access.executor()).await? > 0)
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
    /// Where the database fails.
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
        session::Entity::insert(row).exec_without_returning(&self.access.executor()).await?;
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
    pub async fn rotate(self, id: Id<id::Session>, spent: &[u8], fresh: &[u8], expires_at: Timestamp, now: Timestamp) -> Result<bool> {
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

    /// Who that session is, in one statement with the caller's place in the organization that `named` names by id or
    /// slug, or else in the active one. None where the session is over.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn admit_session(
        self,
        id: Id<id::Session>,
        named: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Admission>> {
        let mut select = session::Entity::find_by_id(id.uuid())
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(now.millis()))
            .select_only()
            .column_as(session::Column::UserId, "user_id")
            .column_as(session::Column::Id, "session_id")
            .column_as(session::Column::ActiveOrganizationId, "active_organization_id")
            .column_as(session::Column::ExpiresAt, "expires_at");
        let active = Expr::col((session::Entity, session::Column::ActiveOrganizationId));
        join_place(QuerySelect::query(&mut select), named, active, Expr::col((session::Entity, session::Column::UserId)));
        let row = select.into_model::<AdmissionRow>().one(&self.access.executor()).await?;
        row.map(Admission::try_from).transpose()
    }

    /// The same for a user that another program vouches for, without a session.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn admit_user(self, id: Id<id::User>, named: Option<&str>) -> Result<Option<Admission>> {
        let mut select = user::Entity::find_by_id(id.uuid())
            .select_only()
            .column_as(user::Column::Id, "user_id")
            .column_as(user::Column::DefaultOrganizationId, "active_organization_id");
        let active = Expr::col((user::Entity, user::Column::DefaultOrganizationId));
        join_place(QuerySelect::query(&mut select), named, active, Expr::col((user::Entity, user::Column::Id)));
        let row = select.into_model::<AdmissionRow>().one(&self.access.executor()).await?;
        row.map(Admission::try_from).transpose()
    }

    /// The published server of that subdomain, with what is known of who calls it, in one statement; none where it or
    /// its organization was deleted.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn published(self, slug: &str, who: &Who, heard_since: Timestamp) -> Result<Option<VisitorRow>> {
        let server = |column| Expr::col((mcp_server::Entity, column));
        let organization = Expr::col((organization::Entity, organization::Column::Id));
        let living = Condition::all()
            .add(organization.eq(server(mcp_server::Column::OrganizationId)))
            .add(organization::Column::DeletedAt.is_null());
        let mut select = mcp_server::Entity::find()
            .filter(mcp_server::Column::Slug.eq(slug))
            .filter(mcp_server::Column::DeletedAt.is_null());
        let query = QuerySelect::query(&mut select);
        query.inner_join(organization::Entity, living).expr_as(offers_walkthroughs(), "has_walkthroughs");
        join_visitor(query, who, heard_since);
        let rows = select.into_model::<PublishedRow>().all(&self.access.executor()).await?;
        VisitorRow::read(rows)
    }

    /// Every signing key, the newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn signing_keys(self) -> Result<Vec<StoredKey>> {
        let rows = signing_key::Entity::find().order_by_desc(signing_key::Column::Id).all(&self.access.executor()).await?;
        let read = |row: signing_key::Model| StoredKey {
            id: Id::from_uuid(row.id),
            public_key: row.public_key,
            sealed_private_key: row.sealed_private_key,
            retired: row.retired_at.is_some(),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Keeps a new signing key.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_signing_key(self, key: StoredKey, now: Timestamp) -> Result<()> {
        let row = signing_key::Model {
            id: key.id.uuid(),
            public_key: key.public_key,
            sealed_private_key: key.sealed_private_key,
            created_at: now.millis(),
            retired_at: None,
        };
        let insert = signing_key::Entity::insert(row.into_active_model().reset_all());
        insert.exec_without_returning(&self.access.executor()).await?;
        Ok(())
    }

    /// Uses one of `limit` in the window of that length; answers how many were used in it, this one included, and when
    /// the window began. One statement, so that no two callers share a use.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn use_limit(self, key: &[u8], window: i64, now: Timestamp) -> Result<(i64, Timestamp)> {
        let over = Expr::col((rate_limit::Entity, rate_limit::Column::WindowStart)).lte(now.millis().saturating_sub(window));
        let fresh = |yes: i64, no: Expr| Expr::case(over.clone(), yes).finally(no);
        let old_start = Expr::col((rate_limit::Entity, rate_limit::Column::WindowStart));
        let old_uses = Expr::col((rate_limit::Entity, rate_limit::Column::Uses)).add(1);
        let renew = OnConflict::column(rate_limit::Column::Key)
            .value(rate_limit::Column::WindowStart, fresh(now.millis(), old_start))
            .value(rate_limit::Column::Uses, fresh(1, old_uses))
            .to_owned();
        let row = rate_limit::ActiveModel {
            key: Set(key.to_vec()),
            window_start: Set(now.millis()),
            uses: Set(1),
        };
        let insert = rate_limit::Entity::insert(row).on_conflict(renew);
        let row = insert.exec_with_returning(&self.access.executor()).await?;
        Ok((row.uses, time(row.window_start)))
    }

    /// Takes an idempotency key; none where it is fresh, else the hash of the input it came with and its sealed answer.
    /// Waits for a transaction that has just taken it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn take_idempotency_key(
        self,
        id: &[u8],
        input_hash: &[u8],
        now: Timestamp,
    ) -> Result<Option<(Vec<u8>, Option<Vec<u8>>)>> {
        let row = idempotency_key::ActiveModel {
            id: Set(id.to_vec()),
            input_hash: Set(input_hash.to_vec()),
            sealed_output: Set(None),
            created_at: Set(now.millis()),
        };
        let insert = idempotency_key::Entity::insert(row);
        let insert = insert.on_conflict(OnConflict::column(idempotency_key::Column::Id).do_nothing().to_owned());
        if insert.exec_without_returning(&self.access.executor()).await? == 1 {
            return Ok(None);
        }
        let row = idempotency_key::Entity::find_by_id(id.to_vec()).one(&self.access.executor()).await?;
        Ok(row.map(|row| (row.input_hash, row.sealed_output)))
    }

    /// Keeps the sealed answer of a taken idempotency key.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn keep_answer(self, id: &[u8], sealed: Vec<u8>) -> Result<()> {
        let keep = idempotency_key::Entity::update_many()
            .col_expr(idempotency_key::Column::SealedOutput, Expr::value(sealed))
            .filter(idempotency_key::Column::Id.eq(id.to_vec()));
        keep.exec(&self.access.executor()).await?;
        Ok(())
    }

    /// Forgets idempotency keys taken before `then`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_idempotency_keys(self, then: Timestamp) -> Result<u64> {
        let forget = idempotency_key::Entity::delete_many().filter(idempotency_key::Column::CreatedAt.lt(then.millis()));
        Ok(forget.exec(&self.access.executor()).await?.rows_affected)
    }

    /// Writes down what happened.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn record(
        self,
        id: Id<id::Event>,
        actor: Actor,
        audience: Audience,
        event: &Event,
        at: Timestamp,
    ) -> Result<()> {
        let row = events::row(id, actor, audience, event, at)?.into_active_model().reset_all();
        event::Entity::insert(row).exec_without_returning(&self.access.executor()).await?;
        Ok(())
    }

    /// How many events there are, of every organization and account.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn count_events(self) -> Result<u64> {
        Ok(event::Entity::find().count(&self.access.executor()).await?)
    }
}

/// Joins the organization asked for and the user's place in it, where there are such.
fn join_place(query: &mut SelectStatement, named: Option<&str>, active: Expr, user: Expr) {
    let id = Expr::col((organization::Entity, organization::Column::Id));
    let wanted = match named.map(|named| (named.parse::<Id<id::Organization>>(), named)) {
        Some((Ok(named), _)) => id.clone().eq(named.uuid()),
        Some((Err(_), slug)) => organization::Column::Slug.eq(slug.to_ascii_lowercase()),
        None => id.clone().eq(active),
    };
    let wanted = Condition::all().add(wanted).add(organization::Column::DeletedAt.is_null());
    let place = Condition::all()
        .add(Expr::col((member::Entity, member::Column::OrganizationId)).eq(id.clone()))
        .add(Expr::col((member::Entity, member::Column::UserId)).eq(user));
    query
        .left_join(organization::Entity, wanted)
        .left_join(member::Entity, place)
        .expr_as(id, "organization_id")
        .expr_as(Expr::col((member::Entity, member::Column::Id)), "member_id")
        .expr_as(Expr::col((member::Entity, member::Column::Role)), "role");
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

impl TryFrom<AdmissionRow> for Admission {
    type Error = crate::Error;
    fn try_from(row: AdmissionRow) -> Result<Self> {
        let membership = match (row.organization_id, row.member_id, row.role) {
            (Some(organization), Some(member), Some(role)) => {
                Some((Id::from_uuid(organization), Id::from_uuid(member), read(role)?))
            }
            _ => None,
        };
        Ok(Self {
            user: Id::from_uuid(row.user_id),
            session: row.session_id.map(Id::from_uuid),
            active_organization: row.active_organization_id.map(Id::from_uuid),
            expires_at: time(row.expires_at.unwrap_or(i64::MAX)),
            membership,
        })
    }
}
