//! Who calls: the one statement that admits a caller.
#![expect(clippy::disallowed_methods, reason = "before admission there is no organization and no user to start from")]

use guildhall_domain::{Id, Timestamp, access::Role, id};
use sea_orm::{ConnectionTrait as _, QueryResult, Statement, Value};
use uuid::Uuid;

use super::System;
use crate::{
    Result,
    columns::{read, time},
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

/// Every call begins with one of these, so they are words and not built anew each time. `$1` is the session or the user.
const SESSION: &str = "select s.user_id, s.id, s.active_organization_id, s.expires_at, s.created_at, s.last_seen_at, \
    o.id, m.id, m.role from sessions s";
const IS_GOOD: &str = "s.id = $1 and s.ended_at is null and s.expires_at > $2";
const USER: &str = "select u.id, null, u.default_organization_id, null, null, null, o.id, m.id, m.role from users u";

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
        let (wanted, named_as) = wanted(named, "$3", "s.active_organization_id");
        let text = format!("{SESSION} {} where {IS_GOOD}", place(wanted, "s.user_id"));
        let values = [id.uuid().into(), now.millis().into()].into_iter().chain(named_as);
        self.admitted(text, values, named).await
    }

    /// The same for a user that another program vouches for, without a session.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn admit_user(self, id: Id<id::User>, named: Option<&str>) -> Result<Option<Admission>> {
        let (wanted, named_as) = wanted(named, "$2", "u.default_organization_id");
        let text = format!("{USER} {} where u.id = $1", place(wanted, "u.id"));
        self.admitted(text, [id.uuid().into()].into_iter().chain(named_as), named).await
    }

    /// Whoever asks for no organization and has no place in the active one any more works in the personal one.
    async fn admitted(
        self,
        text: String,
        values: impl Iterator<Item = Value>,
        named: Option<&str>,
    ) -> Result<Option<Admission>> {
        let statement = Statement::from_sql_and_values(self.access.backend(), text, values);
        let Some(row) = self.access.executor().query_one_raw(statement).await? else { return Ok(None) };
        let mut admission = Admission::read(&row)?;
        if named.is_none() && admission.membership.is_none() {
            admission.membership = self.access.person(admission.user).place_at_home().await?;
            admission.active_organization = admission.membership.map(|(organization, ..)| organization);
        }
        Ok(Some(admission))
    }
}

/// How the organization asked for is found, and what it is named.
fn wanted(named: Option<&str>, parameter: &str, active: &str) -> (String, Option<Value>) {
    match named.map(|named| (named.parse::<Id<id::Organization>>(), named)) {
        Some((Ok(named), _)) => (format!("o.id = {parameter}"), Some(named.uuid().into())),
        Some((Err(_), slug)) => (format!("o.slug = {parameter}"), Some(slug.to_ascii_lowercase().into())),
        None => (format!("o.id = {active}"), None),
    }
}

/// Joins the organization asked for and the user's place in it, where there are such.
fn place(wanted: String, user: &str) -> String {
    format!(
        "left join organizations o on {wanted} and o.deleted_at is null \
         left join members m on m.organization_id = o.id and m.user_id = {user}"
    )
}

impl Admission {
    fn read(row: &QueryResult) -> Result<Self> {
        let id = |place: usize| row.try_get_by_index::<Option<Uuid>>(place);
        let at =
            |place: usize| Ok::<_, crate::Error>(time(row.try_get_by_index::<Option<i64>>(place)?.unwrap_or(i64::MAX)));
        let membership = match (id(6)?, id(7)?, row.try_get_by_index::<Option<String>>(8)?) {
            (Some(organization), Some(member), Some(role)) => {
                Some((Id::from_uuid(organization), Id::from_uuid(member), read(role)?))
            }
            _ => None,
        };
        let chosen = id(2)?.map(Id::from_uuid);
        Ok(Self {
            user: Id::from_uuid(row.try_get_by_index(0)?),
            session: id(1)?.map(Id::from_uuid),
            active_organization: chosen,
            chosen_organization: chosen,
            expires_at: at(3)?,
            started_at: at(4)?,
            last_seen_at: at(5)?,
            membership,
        })
    }
}
