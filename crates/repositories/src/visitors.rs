//! Who calls a hosted server: the one statement that finds the server and what is known of its visitor.

use guildhall_domain::{Id, Timestamp, id, sessions::TrackingId};
use sea_orm::{
    ColumnTrait, Condition, FromQueryResult,
    sea_query::{Expr, ExprTrait, Query, SelectStatement},
};
use uuid::Uuid;

use crate::{
    Result,
    columns::{time, word},
    entities::{mcp_server, mcp_session, mcp_user, walkthrough, walkthrough_assignment},
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
    /// Not at all.
    Unknown,
}

/// A hosted server as a visitor finds it, with what is known of the visitor.
#[derive(Clone, Debug)]
pub struct VisitorRow {
    /// The server's organization.
    pub organization: Id<id::Organization>,
    /// The server.
    pub server: StoredServer,
    /// Whether it has a walkthrough that an end user can start.
    pub has_walkthroughs: bool,
    /// The person, if known.
    pub person: Option<Id<id::McpUser>>,
    /// The person's address, proven.
    pub email: Option<String>,
    /// How the customer's page calls the person.
    pub tracking_id: Option<String>,
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
    has_walkthroughs: bool,
    person_id: Option<Uuid>,
    person_email: Option<String>,
    person_tracking_id: Option<String>,
    visit_id: Option<Uuid>,
    visit_client_name: Option<String>,
    visit_last_seen_at: Option<i64>,
}

/// The most visits of one person that are looked at: one a client.
const MOST_VISITS: u64 = 16;

/// Adds the visitor to a query of `mcp_servers`.
pub(crate) fn join_visitor(query: &mut SelectStatement, who: &Who, heard_since: Timestamp) {
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
    match who {
        Who::InSession(key_hash) => {
            query.left_join(mcp_session::Entity, here.add(mcp_session::Column::KeyHash.eq(key_hash.clone())));
            let its = ours.add(person(mcp_user::Column::Id).eq(visit(mcp_session::Column::McpUserId)));
            query.left_join(mcp_user::Entity, its);
        }
        Who::Tracked(id) => {
            query.left_join(mcp_user::Entity, ours.add(mcp_user::Column::TrackingId.eq(id.as_str())));
            query.left_join(mcp_session::Entity, continued);
        }
        Who::Handle(hash) => {
            query.left_join(mcp_user::Entity, ours.add(mcp_user::Column::HandleHash.eq(hash.clone())));
            query.left_join(mcp_session::Entity, continued);
        }
        Who::Unknown => {
            query.left_join(mcp_user::Entity, Condition::all().add(Expr::value(1).eq(0)));
            query.left_join(mcp_session::Entity, Condition::all().add(Expr::value(1).eq(0)));
        }
    }
    query
        .expr_as(person(mcp_user::Column::Id), "person_id")
        .expr_as(person(mcp_user::Column::Email), "person_email")
        .expr_as(person(mcp_user::Column::TrackingId), "person_tracking_id")
        .expr_as(visit(mcp_session::Column::Id), "visit_id")
        .expr_as(visit(mcp_session::Column::ClientName), "visit_client_name")
        .expr_as(visit(mcp_session::Column::LastSeenAt), "visit_last_seen_at")
        .order_by_expr(visit(mcp_session::Column::LastSeenAt), sea_orm::Order::Desc)
        .limit(MOST_VISITS);
}

/// Whether the server of a query of `mcp_servers` has a walkthrough that an end user can start.
#[expect(clippy::disallowed_methods, reason = "a subquery, tied to the organization of the row around it")]
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
    let offered = Query::select()
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
            server: row.server.try_into()?,
            has_walkthroughs: row.has_walkthroughs,
            person: row.person_id.map(Id::from_uuid),
            email: row.person_email,
            tracking_id: row.person_tracking_id,
            visits,
        }))
    }
}
