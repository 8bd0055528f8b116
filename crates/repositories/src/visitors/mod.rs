//! Who calls a hosted server: the one statement that finds the server and what is known of its visitor.

use guildhall_domain::{Id, Timestamp, id, sessions::TrackingId};
use sea_orm::{
    ColumnTrait, Condition, FromQueryResult,
    sea_query::{Expr, ExprTrait, Func, JoinType, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Result,
    columns::{time, word},
    entities::{
        knowledge_assignment, mcp_server, mcp_session, mcp_user, oauth_access_token, oauth_grant, tool_count,
        walkthrough, walkthrough_assignment,
    },
    mcp_servers::StoredServer,
};

/// How a visitor is recognized.
#[derive(Clone, Debug)]
pub enum Who {
    /// By what the customer's page calls the person.
    Tracked(TrackingId),
    /// By the hash of a session's key.
    InSession(Vec<u8>),
    /// By the hash of the handle an anonymous caller was given.
    Handle(Vec<u8>),
    /// By an access token, in a session where it names one.
    SignedIn {
        /// The token's hash.
        token: Vec<u8>,
        /// The hash of the session's key.
        session: Option<Vec<u8>>,
        /// What the customer's page calls the person.
        tracking_id: Option<TrackingId>,
        /// When it is.
        now: Timestamp,
    },
    /// Not at all.
    Unknown,
}

/// A hosted server as a visitor finds it, with what is known of the visitor.
#[derive(Clone, Debug)]
pub struct VisitorRow {
    /// The server's organization.
    pub organization: Id<id::Organization>,
    /// What it is called.
    pub organization_name: String,
    /// The server.
    pub server: StoredServer,
    /// Whether it has a walkthrough that an end user can start.
    pub has_walkthroughs: bool,
    /// Whether it has documents that an end user can read.
    pub has_knowledge: bool,
    /// The person, if known.
    pub person: Option<Id<id::McpUser>>,
    /// The person's address, proven.
    pub email: Option<String>,
    /// How the customer's page calls the person.
    pub tracking_id: Option<String>,
    /// When the access token ends that says who this is.
    pub token_expires_at: Option<Timestamp>,
    /// Who the customer's page has known so far under the name of somebody who has signed in now.
    pub unproven: Option<Id<id::McpUser>>,
    /// Calls that the server had in the five minutes asked about.
    pub server_calls: i64,
    /// Calls that the person made in them, at any server of the organization.
    pub person_calls: i64,
    /// The visits that may be continued, the latest first; exactly one where it was named by its key.
    pub visits: Vec<KnownVisit>,
}

/// A visit that may be continued.
#[derive(Clone, Debug)]
pub struct KnownVisit {
    /// Its id.
    pub id: Id<id::McpSession>,
    /// What the client calls itself.
    pub client_name: Option<String>,
    /// When it was last heard of.
    pub last_seen_at: Timestamp,
}

#[derive(FromQueryResult)]
pub(crate) struct PublishedRow {
    #[sea_orm(nested)]
    server: mcp_server::Model,
    organization_name: String,
    has_walkthroughs: bool,
    has_knowledge: bool,
    person_id: Option<Uuid>,
    person_email: Option<String>,
    person_tracking_id: Option<String>,
    unproven_id: Option<Uuid>,
    token_expires_at: Option<i64>,
    server_calls: i64,
    person_calls: Option<i64>,
    visit_id: Option<Uuid>,
    visit_client_name: Option<String>,
    visit_last_seen_at: Option<i64>,
}

/// The most visits of one person that are looked at: one a client.
const MOST_VISITS: u64 = 16;

/// Adds the visitor to a query of `mcp_servers`.
pub(crate) fn join_visitor(query: &mut SelectStatement, who: &Who, heard_since: Timestamp, counted_since: Timestamp) {
    let server = |column| Expr::col((mcp_server::Entity, column));
    let person = |column| Expr::col((mcp_user::Entity, column));
    let visit = |column| Expr::col((mcp_session::Entity, column));
    let here = Condition::all()
        .add(visit(mcp_session::Column::OrganizationId).eq(server(mcp_server::Column::OrganizationId)))
        .add(visit(mcp_session::Column::ServerId).eq(server(mcp_server::Column::Id)))
        .add(mcp_session::Column::EndedAt.is_null());
    let ours =
        Condition::all().add(person(mcp_user::Column::OrganizationId).eq(server(mcp_server::Column::OrganizationId)));
    let continued = here
        .clone()
        .add(visit(mcp_session::Column::McpUserId).eq(person(mcp_user::Column::Id)))
        .add(mcp_session::Column::KeyHash.is_null())
        .add(mcp_session::Column::LastSeenAt.gte(heard_since.millis()));
    let (mut unproven, mut token_expires_at) = (Expr::value(None::<Uuid>), Expr::value(None::<i64>));
    match who {
        Who::InSession(key_hash) => {
            query.left_join(mcp_session::Entity, here.add(mcp_session::Column::KeyHash.eq(key_hash.clone())));
            let its = ours.add(person(mcp_user::Column::Id).eq(visit(mcp_session::Column::McpUserId)));
            query.left_join(mcp_user::Entity, its);
        }
        Who::Tracked(id) => {
            join_named(query, mcp_user::Column::TrackingId, id.as_str());
            query.left_join(mcp_user::Entity, ours.add(is_named()));
            query.left_join(mcp_session::Entity, continued);
        }
        Who::Handle(hash) => {
            join_named(query, mcp_user::Column::HandleHash, hash.clone());
            query.left_join(mcp_user::Entity, ours.add(is_named()));
            query.left_join(mcp_session::Entity, continued);
        }
        Who::SignedIn { token, session, tracking_id, now } => {
            join_grant(query, token, *now);
            token_expires_at = Expr::col((oauth_access_token::Entity, oauth_access_token::Column::ExpiresAt));
            let grantee = Expr::col((oauth_grant::Entity, oauth_grant::Column::McpUserId));
            query.left_join(mcp_user::Entity, ours.add(person(mcp_user::Column::Id).eq(grantee)));
            let its = match session {
                Some(key_hash) => here
                    .add(visit(mcp_session::Column::McpUserId).eq(person(mcp_user::Column::Id)))
                    .add(mcp_session::Column::KeyHash.eq(key_hash.clone())),
                None => continued,
            };
            query.left_join(mcp_session::Entity, its);
            if let Some(id) = tracking_id {
                join_named(query, mcp_user::Column::TrackingId, id.as_str());
                unproven = unproven_named();
            }
        }
        Who::Unknown => {
            query.left_join(mcp_user::Entity, Condition::all().add(Expr::value(1).eq(0)));
            query.left_join(mcp_session::Entity, Condition::all().add(Expr::value(1).eq(0)));
        }
    }
    let recent = Expr::case(
        person(mcp_user::Column::RecentSince).eq(counted_since.millis()),
        person(mcp_user::Column::RecentCalls),
    );
    query
        .expr_as(calls_since(counted_since), "server_calls")
        .expr_as(recent.finally(0_i64), "person_calls")
        .expr_as(person(mcp_user::Column::Id), "person_id")
        .expr_as(person(mcp_user::Column::Email), "person_email")
        .expr_as(person(mcp_user::Column::TrackingId), "person_tracking_id")
        .expr_as(unproven, "unproven_id")
        .expr_as(token_expires_at, "token_expires_at")
        .expr_as(visit(mcp_session::Column::Id), "visit_id")
        .expr_as(visit(mcp_session::Column::ClientName), "visit_client_name")
        .expr_as(visit(mcp_session::Column::LastSeenAt), "visit_last_seen_at")
        .order_by_expr(visit(mcp_session::Column::LastSeenAt), sea_orm::Order::Desc)
        .limit(MOST_VISITS);
}

/// What a row is called that is known by a name; the person may be another one, that it was merged into.
const NAMED: &str = "named";

fn named(column: mcp_user::Column) -> Expr {
    Expr::col((NAMED, column))
}

fn join_named(query: &mut SelectStatement, column: mcp_user::Column, name: impl Into<sea_orm::Value>) {
    let same = Condition::all()
        .add(
            named(mcp_user::Column::OrganizationId)
                .eq(Expr::col((mcp_server::Entity, mcp_server::Column::OrganizationId))),
        )
        .add(named(column).eq(Expr::value(name)));
    query.join_as(JoinType::LeftJoin, mcp_user::Entity, NAMED, same);
}

/// Whether a person is whom a name leads to.
fn is_named() -> Expr {
    let leads_to = Func::coalesce([named(mcp_user::Column::MergedInto), named(mcp_user::Column::Id)]);
    Expr::col((mcp_user::Entity, mcp_user::Column::Id)).eq(leads_to)
}

/// Whom a name leads to, where nobody has proven to be that.
fn unproven_named() -> Expr {
    let unproven = Condition::all()
        .add(named(mcp_user::Column::MergedInto).is_null())
        .add(named(mcp_user::Column::Email).is_null())
        .add(named(mcp_user::Column::Subject).is_null());
    Expr::case(unproven, named(mcp_user::Column::Id)).finally(Expr::value(None::<Uuid>)).into()
}

/// Adds what an access token was granted, while the server has people sign in as it did then.
fn join_grant(query: &mut SelectStatement, token: &[u8], now: Timestamp) {
    let server = |column| Expr::col((mcp_server::Entity, column));
    let grant = |column| Expr::col((oauth_grant::Entity, column));
    let access = |column| Expr::col((oauth_access_token::Entity, column));
    let valid = Condition::all()
        .add(access(oauth_access_token::Column::OrganizationId).eq(server(mcp_server::Column::OrganizationId)))
        .add(access(oauth_access_token::Column::Hash).eq(token.to_vec()))
        .add(access(oauth_access_token::Column::ExpiresAt).gt(now.millis()));
    query.left_join(oauth_access_token::Entity, valid);
    let neither = Condition::all()
        .add(grant(oauth_grant::Column::ConfigId).is_null())
        .add(server(mcp_server::Column::CustomOauthConfigId).is_null());
    let same_way = Condition::any()
        .add(grant(oauth_grant::Column::ConfigId).eq(server(mcp_server::Column::CustomOauthConfigId)))
        .add(neither);
    let stands = Condition::all()
        .add(grant(oauth_grant::Column::OrganizationId).eq(server(mcp_server::Column::OrganizationId)))
        .add(grant(oauth_grant::Column::Id).eq(access(oauth_access_token::Column::GrantId)))
        .add(grant(oauth_grant::Column::ServerId).eq(server(mcp_server::Column::Id)))
        .add(grant(oauth_grant::Column::EndedAt).is_null())
        .add(same_way);
    query.left_join(oauth_grant::Entity, stands);
}

/// How many calls the server of a query of `mcp_servers` had in the five minutes that begin then.
fn calls_since(starts_at: Timestamp) -> Expr {
    let server = |column| Expr::col((mcp_server::Entity, column));
    let calls = subquery()
        .expr(Func::coalesce([tool_count::Column::Calls.sum().cast_as("bigint"), Expr::value(0_i64)]))
        .from(tool_count::Entity)
        .and_where(tool_count::Column::OrganizationId.into_expr().eq(server(mcp_server::Column::OrganizationId)))
        .and_where(tool_count::Column::Width.eq(FIVE_MINUTES))
        .and_where(tool_count::Column::StartsAt.eq(starts_at.millis()))
        .and_where(tool_count::Column::ServerId.into_expr().eq(server(mcp_server::Column::Id)))
        .take();
    Expr::SubQuery(None, Box::new(calls.into()))
}

#[expect(clippy::disallowed_methods, reason = "a subquery; each is tied to the organization of the row around it")]
fn subquery() -> SelectStatement {
    Query::select()
}

/// The narrowest counters that are kept.
const FIVE_MINUTES: i64 = 300_000;

/// Whether the server of a query of `mcp_servers` has a walkthrough that an end user can start.
pub(crate) fn offers_walkthroughs() -> Expr {
    let assignment = |column| Expr::col((walkthrough_assignment::Entity, column));
    let same = Condition::all()
        .add(
            Expr::col((walkthrough::Entity, walkthrough::Column::OrganizationId))
                .eq(assignment(walkthrough_assignment::Column::OrganizationId)),
        )
        .add(
            Expr::col((walkthrough::Entity, walkthrough::Column::Id))
                .eq(assignment(walkthrough_assignment::Column::WalkthroughId)),
        );
    let offered = subquery()
        .expr(Expr::value(1))
        .from(walkthrough_assignment::Entity)
        .inner_join(walkthrough::Entity, same)
        .and_where(
            assignment(walkthrough_assignment::Column::OrganizationId)
                .eq(Expr::col((mcp_server::Entity, mcp_server::Column::OrganizationId))),
        )
        .and_where(
            assignment(walkthrough_assignment::Column::ServerId)
                .eq(Expr::col((mcp_server::Entity, mcp_server::Column::Id))),
        )
        .and_where(walkthrough_assignment::Column::IsEnabled.eq(true))
        .and_where(walkthrough::Column::Status.eq(word(guildhall_domain::walkthroughs::WalkthroughStatus::Published)))
        .and_where(walkthrough::Column::StepCount.gt(0))
        .take();
    Expr::exists(offered)
}

/// Whether the server of a query of `mcp_servers` has namespaces.
pub(crate) fn offers_knowledge() -> Expr {
    let server = |column| Expr::col((mcp_server::Entity, column));
    let assignment = |column| Expr::col((knowledge_assignment::Entity, column));
    let assigned = subquery()
        .expr(Expr::value(1))
        .from(knowledge_assignment::Entity)
        .and_where(
            assignment(knowledge_assignment::Column::OrganizationId).eq(server(mcp_server::Column::OrganizationId)),
        )
        .and_where(assignment(knowledge_assignment::Column::ServerId).eq(server(mcp_server::Column::Id)))
        .take();
    Expr::exists(assigned)
}

impl VisitorRow {
    pub(crate) fn read(rows: Vec<PublishedRow>) -> Result<Option<Self>> {
        let mut visits = Vec::with_capacity(rows.len());
        let mut first = None;
        for row in rows {
            if let (Some(id), Some(seen)) = (row.visit_id, row.visit_last_seen_at) {
                let client_name = row.visit_client_name.clone();
                visits.push(KnownVisit { id: Id::from_uuid(id), client_name, last_seen_at: time(seen) });
            }
            first.get_or_insert(row);
        }
        let Some(row) = first else { return Ok(None) };
        Ok(Some(Self {
            organization: Id::from_uuid(row.server.organization_id),
            organization_name: row.organization_name,
            server: row.server.try_into()?,
            has_walkthroughs: row.has_walkthroughs,
            has_knowledge: row.has_knowledge,
            person: row.person_id.map(Id::from_uuid),
            email: row.person_email,
            tracking_id: row.person_tracking_id,
            token_expires_at: row.token_expires_at.map(time),
            unproven: row.unproven_id.map(Id::from_uuid),
            server_calls: row.server_calls,
            person_calls: row.person_calls.unwrap_or_default(),
            visits,
        }))
    }
}
