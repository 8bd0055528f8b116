//! Who calls: the one statement that admits a caller.
#![expect(clippy::disallowed_methods, reason = "before admission there is no organization and no user to start from")]

use guildhall_domain::{Id, Timestamp, access::Role, id};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, SelectStatement},
};
use uuid::Uuid;

use super::System;
use crate::{
    Result,
    columns::{read, time},
    entities::{member, organization, session, user},
};

/// Who a session is, and the caller's place in the organization it asks for.
#[derive(Clone, Debug)]
pub struct Admission {
    /// The account.
    pub user: Id<id::User>,
    /// The session; none for a caller that another program vouches for.
    pub session: Option<Id<id::Session>>,
    /// The organization that the session works in.
    pub active_organization: Option<Id<id::Organization>>,
    /// The one that was last switched to, whether or not it can still be entered.
    pub chosen_organization: Option<Id<id::Organization>>,
    /// When the session ends.
    pub expires_at: Timestamp,
    /// When the session began.
    pub started_at: Timestamp,
    /// When the session was last written down as used.
    pub last_seen_at: Timestamp,
    /// The place in the organization asked for; none where there is none or the caller is a stranger.
    pub membership: Option<(Id<id::Organization>, Id<id::Member>, Role)>,
}

#[derive(FromQueryResult)]
struct AdmissionRow {
    user_id: Uuid,
    session_id: Option<Uuid>,
    active_organization_id: Option<Uuid>,
    expires_at: Option<i64>,
    started_at: Option<i64>,
    last_seen_at: Option<i64>,
    organization_id: Option<Uuid>,
    member_id: Option<Uuid>,
    role: Option<String>,
}

impl System<'_> {
    /// Who that session is, in one statement with the caller's place in the organization that `named` names by id or
    /// slug, or else in the active one, or else in the personal one. None where the session is over.
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
            .column_as(session::Column::ExpiresAt, "expires_at")
            .column_as(session::Column::CreatedAt, "started_at")
            .column_as(session::Column::LastSeenAt, "last_seen_at");
        let active = Expr::col((session::Entity, session::Column::ActiveOrganizationId));
        join_place(
            QuerySelect::query(&mut select),
            named,
            active,
            Expr::col((session::Entity, session::Column::UserId)),
        );
        self.at_home(select.into_model::<AdmissionRow>().one(&self.access.executor()).await?, named).await
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
        self.at_home(select.into_model::<AdmissionRow>().one(&self.access.executor()).await?, named).await
    }

    /// Whoever asks for no organization and has no place in the active one any more works in the personal one.
    async fn at_home(self, row: Option<AdmissionRow>, named: Option<&str>) -> Result<Option<Admission>> {
        let Some(mut admission) = row.map(Admission::try_from).transpose()? else { return Ok(None) };
        if named.is_none() && admission.membership.is_none() {
            admission.membership = self.access.person(admission.user).place_at_home().await?;
            admission.active_organization = admission.membership.map(|(organization, ..)| organization);
        }
        Ok(Some(admission))
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
            chosen_organization: row.active_organization_id.map(Id::from_uuid),
            expires_at: time(row.expires_at.unwrap_or(i64::MAX)),
            started_at: time(row.started_at.unwrap_or(i64::MAX)),
            last_seen_at: time(row.last_seen_at.unwrap_or(i64::MAX)),
            membership,
        })
    }
}
