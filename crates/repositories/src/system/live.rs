//! What a node's streams are kept by: where histories end, who may still follow them, and tokens that open one stream.
#![expect(clippy::disallowed_methods, reason = "a node looks for all organizations that are followed on it at once")]

use guildhall_domain::{Id, Timestamp, access::Role, id};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, EntityTrait, FromQueryResult, IntoActiveModel, PaginatorTrait,
    QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, SelectStatement},
};
use uuid::Uuid;

use super::System;
use crate::{
    Result,
    columns::{ids, read},
    entities::{event_head, live_token, member, organization, session, user},
};

/// Where somebody stands who follows something: the account or the sign-in is good, and this is its place in one of the
/// organizations that were asked for, where it has one.
#[derive(Clone, Copy)]
pub struct Standing<K> {
    /// Who.
    pub who: Id<K>,
    /// Where, and as what.
    pub place: Option<(Id<id::Organization>, Role)>,
}

/// A token that opens one stream.
#[derive(Clone, Debug)]
pub struct LiveToken {
    /// What it is known by.
    pub hash: Vec<u8>,
    /// Where the stream is.
    pub organization: Id<id::Organization>,
    /// Whose.
    pub user: Id<id::User>,
    /// The sign-in that it was made in; none for a user that another program vouches for.
    pub session: Option<Id<id::Session>>,
    /// Until when it works.
    pub expires_at: Timestamp,
}

#[derive(FromQueryResult)]
struct StandingRow {
    who: Uuid,
    organization_id: Option<Uuid>,
    role: Option<String>,
}

impl System<'_> {
    /// The numbers of the last events of these organizations, of those that have any.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn event_heads(self, of: &[Id<id::Organization>]) -> Result<Vec<(Id<id::Organization>, i64)>> {
        let heads =
            event_head::Entity::find().filter(event_head::Column::OrganizationId.is_in(ids(of.iter().copied())));
        let rows = heads.all(&self.access.executor()).await?;
        Ok(rows.into_iter().map(|row| (Id::from_uuid(row.organization_id), row.last_sequence)).collect())
    }

    /// Those of these sign-ins that are not over, each with its places in these organizations, in one statement.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn standing_sessions(
        self,
        who: &[Id<id::Session>],
        organizations: &[Id<id::Organization>],
        now: Timestamp,
    ) -> Result<Vec<Standing<id::Session>>> {
        let mut select = session::Entity::find()
            .filter(session::Column::Id.is_in(ids(who.iter().copied())))
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(now.millis()))
            .select_only()
            .column_as(session::Column::Id, "who");
        let of = Expr::col((session::Entity, session::Column::UserId));
        join_places(QuerySelect::query(&mut select), of, organizations);
        standing(select.into_model::<StandingRow>().all(&self.access.executor()).await?)
    }

    /// The same of users that another program vouches for.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn standing_users(
        self,
        who: &[Id<id::User>],
        organizations: &[Id<id::Organization>],
    ) -> Result<Vec<Standing<id::User>>> {
        let mut select = user::Entity::find()
            .filter(user::Column::Id.is_in(ids(who.iter().copied())))
            .select_only()
            .column_as(user::Column::Id, "who");
        join_places(QuerySelect::query(&mut select), Expr::col((user::Entity, user::Column::Id)), organizations);
        standing(select.into_model::<StandingRow>().all(&self.access.executor()).await?)
    }

    /// Keeps a token that opens one stream.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_live_token(self, token: LiveToken) -> Result<()> {
        let row = live_token::Model {
            hash: token.hash,
            organization_id: token.organization.uuid(),
            user_id: token.user.uuid(),
            session_id: token.session.map(Id::uuid),
            expires_at: token.expires_at.millis(),
        };
        let insert = live_token::Entity::insert(row.into_active_model().reset_all());
        insert.exec_without_returning(&self.access.executor()).await?;
        Ok(())
    }

    /// Whether there is such a token.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_live_token(self, hash: &[u8]) -> Result<bool> {
        let found = live_token::Entity::find().filter(live_token::Column::Hash.eq(hash.to_vec()));
        Ok(found.count(&self.access.executor()).await? > 0)
    }

    /// Uses a token up; none where it does not work (any more). One statement, so that of two uses one counts.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn use_live_token(self, hash: &[u8], now: Timestamp) -> Result<Option<LiveToken>> {
        let spend = live_token::Entity::delete_many()
            .filter(live_token::Column::Hash.eq(hash.to_vec()))
            .filter(live_token::Column::ExpiresAt.gt(now.millis()));
        let spent = spend.exec_with_returning(&self.access.executor()).await?.into_iter().next();
        Ok(spent.map(|row| LiveToken {
            hash: row.hash,
            organization: Id::from_uuid(row.organization_id),
            user: Id::from_uuid(row.user_id),
            session: row.session_id.map(Id::from_uuid),
            expires_at: Timestamp::from_millis(row.expires_at),
        }))
    }

    /// Forgets tokens that stopped working before `then`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_live_tokens(self, then: Timestamp) -> Result<u64> {
        let forget = live_token::Entity::delete_many().filter(live_token::Column::ExpiresAt.lt(then.millis()));
        Ok(forget.exec(&self.access.executor()).await?.rows_affected)
    }
}

/// Joins the places of whoever `user` is in those of `organizations` that are not deleted.
fn join_places(query: &mut SelectStatement, user: Expr, organizations: &[Id<id::Organization>]) {
    let its = |column| Expr::col((member::Entity, column));
    let among = member::Column::OrganizationId.is_in(ids(organizations.iter().copied()));
    let place = Condition::all().add(its(member::Column::UserId).eq(user)).add(among);
    let id = Expr::col((organization::Entity, organization::Column::Id));
    let living = Condition::all()
        .add(id.clone().eq(its(member::Column::OrganizationId)))
        .add(organization::Column::DeletedAt.is_null());
    query
        .left_join(member::Entity, place)
        .left_join(organization::Entity, living)
        .expr_as(id, "organization_id")
        .expr_as(its(member::Column::Role), "role");
}

fn standing<K>(rows: Vec<StandingRow>) -> Result<Vec<Standing<K>>> {
    let read = |row: StandingRow| {
        let place = match (row.organization_id, row.role) {
            (Some(organization), Some(role)) => Some((Id::from_uuid(organization), read(role)?)),
            _ => None,
        };
        Ok(Standing { who: Id::from_uuid(row.who), place })
    };
    rows.into_iter().map(read).collect()
}
