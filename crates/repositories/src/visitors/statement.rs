//! The statement that finds servers and visitors, for each way to be recognized.

use data_encoding::HEXLOWER;
use guildhall_domain::walkthroughs::WalkthroughStatus;
use sea_orm::{
    ColumnTrait, Condition,
    sea_query::{Expr, ExprTrait, Func, JoinType, SelectStatement},
};
use serde::Serialize;
use uuid::Uuid;

use super::{Arrival, Way, Who};
use crate::{
    asked::{Asked, one_of, subquery},
    columns::word,
    entities::{
        knowledge_assignment, mcp_server, mcp_session, mcp_user, oauth_access_token, oauth_grant, organization,
        tool_count, walkthrough, walkthrough_assignment,
    },
};

/// The most visits of one person that are looked at: one a client.
const MOST_VISITS: u64 = 16;

// What stands where in a question; 0 is its own place.
const SLUG: u8 = 1;
const HEARD_SINCE: u8 = 2;
const COUNTED_SINCE: u8 = 3;
const NOW: u8 = 4;
const TRACKING_ID: u8 = 5;
/// The hash of a session's key or of a handle, of which there is one at most.
const KEY: u8 = 6;
const TOKEN: u8 = 7;

/// An arrival as a question.
pub(super) fn question(place: usize, arrival: &Arrival) -> impl Serialize {
    let (now, tracking_id, key, token) = match &arrival.who {
        Who::Tracked(id) => (None, Some(id), None, None),
        Who::InSession(hash) | Who::Handle(hash) => (None, None, Some(hash), None),
        Who::SignedIn { token, session, tracking_id, now } => {
            (Some(now.millis()), tracking_id.as_ref(), session.as_ref(), Some(token))
        }
        Who::Unknown => (None, None, None, None),
    };
    let (key, token) = (key.map(|key| HEXLOWER.encode(key)), token.map(|token| HEXLOWER.encode(token)));
    let (heard, counted) = (arrival.heard_since.millis(), arrival.counted_since.millis());
    (place, arrival.slug.clone(), heard, counted, now, tracking_id.map(|id| id.as_str().to_owned()), key, token)
}

/// The statement about those who are recognized that way; what is read of a row is told by its places in it.
pub(super) fn composed(asked: Asked, way: Way) -> SelectStatement {
    let server = |column| Expr::col((mcp_server::Entity, column));
    let mut query = asked.select();
    let published = Condition::all()
        .add(server(mcp_server::Column::Slug).eq(asked.text(SLUG)))
        .add(server(mcp_server::Column::DeletedAt).is_null());
    let living = Condition::all()
        .add(Expr::col((organization::Entity, organization::Column::Id)).eq(server(mcp_server::Column::OrganizationId)))
        .add(organization::Column::DeletedAt.is_null());
    query
        .left_join(mcp_server::Entity, published)
        .left_join(organization::Entity, living)
        .expr(Expr::col((organization::Entity, organization::Column::Id)))
        .expr(Expr::col((organization::Entity, organization::Column::Name)))
        .exprs(SERVER_COLUMNS.map(server))
        .expr(offers_walkthroughs())
        .expr(offers_knowledge());
    join_visitor(&mut query, asked, way);
    query
}

/// The columns of a server that a row has, in its order.
const SERVER_COLUMNS: [mcp_server::Column; 12] = [
    mcp_server::Column::Id,
    mcp_server::Column::Name,
    mcp_server::Column::Slug,
    mcp_server::Column::ProductPlatformOrTool,
    mcp_server::Column::AuthType,
    mcp_server::Column::SupportTicketType,
    mcp_server::Column::WalkthroughToolsEnabled,
    mcp_server::Column::KnowledgeToolsEnabled,
    mcp_server::Column::CustomOauthConfigId,
    mcp_server::Column::PayloadCapture,
    mcp_server::Column::IsPaused,
    mcp_server::Column::CreatedAt,
];

/// Adds the visitor to a query of `mcp_servers`.
fn join_visitor(query: &mut SelectStatement, asked: Asked, way: Way) {
    let server = |column| Expr::col((mcp_server::Entity, column));
    let person = |column| Expr::col((mcp_user::Entity, column));
    let visit = |column| Expr::col((mcp_session::Entity, column));
    let here = Condition::all()
        .add(visit(mcp_session::Column::OrganizationId).eq(server(mcp_server::Column::OrganizationId)))
        .add(visit(mcp_session::Column::ServerId).eq(server(mcp_server::Column::Id)))
        .add(mcp_session::Column::EndedAt.is_null());
    let ours =
        Condition::all().add(person(mcp_user::Column::OrganizationId).eq(server(mcp_server::Column::OrganizationId)));
    let theirs = visit(mcp_session::Column::McpUserId).eq(person(mcp_user::Column::Id));
    // The bound is implied by the rest; said on its own it is a range of the index.
    let continued = here
        .clone()
        .add(theirs.clone())
        .add(visit(mcp_session::Column::LastSeenAt).gte(asked.number(HEARD_SINCE)))
        .add(visit(mcp_session::Column::Id).in_subquery(latest(asked)));
    let named_by_key = here.add(visit(mcp_session::Column::KeyHash).eq(asked.bytes(KEY)));
    let (mut unproven, mut token_expires_at) = (Expr::value(None::<Uuid>), Expr::value(None::<i64>));
    match way {
        Way::InSession => {
            query.left_join(mcp_session::Entity, named_by_key);
            let its = ours.add(person(mcp_user::Column::Id).eq(visit(mcp_session::Column::McpUserId)));
            query.left_join(mcp_user::Entity, its);
        }
        Way::Tracked => {
            join_named(query, mcp_user::Column::TrackingId, asked.text(TRACKING_ID));
            query.left_join(mcp_user::Entity, ours.add(is_named()));
            query.left_join(mcp_session::Entity, continued);
        }
        Way::Handle => {
            join_named(query, mcp_user::Column::HandleHash, asked.bytes(KEY));
            query.left_join(mcp_user::Entity, ours.add(is_named()));
            query.left_join(mcp_session::Entity, continued);
        }
        Way::SignedIn { in_session, tracked } => {
            join_grant(query, asked);
            token_expires_at = Expr::col((oauth_access_token::Entity, oauth_access_token::Column::ExpiresAt));
            let grantee = Expr::col((oauth_grant::Entity, oauth_grant::Column::McpUserId));
            query.left_join(mcp_user::Entity, ours.add(person(mcp_user::Column::Id).eq(grantee)));
            let its = if in_session { named_by_key.add(theirs) } else { continued };
            query.left_join(mcp_session::Entity, its);
            if tracked {
                join_named(query, mcp_user::Column::TrackingId, asked.text(TRACKING_ID));
                unproven = unproven_named();
            }
        }
        Way::Unknown => {
            query.left_join(mcp_user::Entity, Condition::all().add(Expr::value(1).eq(0)));
            query.left_join(mcp_session::Entity, Condition::all().add(Expr::value(1).eq(0)));
        }
    }
    let recent = Expr::case(
        person(mcp_user::Column::RecentSince).eq(asked.number(COUNTED_SINCE)),
        person(mcp_user::Column::RecentCalls),
    );
    query
        .expr(calls_since(asked.number(COUNTED_SINCE)))
        .expr(recent.finally(0_i64))
        .expr(person(mcp_user::Column::Id))
        .expr(person(mcp_user::Column::Email))
        .expr(person(mcp_user::Column::TrackingId))
        .expr(unproven)
        .expr(token_expires_at)
        .expr(visit(mcp_session::Column::Id))
        .expr(visit(mcp_session::Column::ClientName))
        .expr(visit(mcp_session::Column::LastSeenAt));
}

/// The visits of a person to a server that may be continued, the latest first.
fn latest(asked: Asked) -> SelectStatement {
    const LATEST: &str = "latest";
    let visit = |column: mcp_session::Column| Expr::col((LATEST, column));
    let server = |column| Expr::col((mcp_server::Entity, column));
    subquery()
        .expr(visit(mcp_session::Column::Id))
        .from_as(mcp_session::Entity, LATEST)
        .and_where(visit(mcp_session::Column::OrganizationId).eq(server(mcp_server::Column::OrganizationId)))
        .and_where(visit(mcp_session::Column::McpUserId).eq(Expr::col((mcp_user::Entity, mcp_user::Column::Id))))
        .and_where(visit(mcp_session::Column::ServerId).eq(server(mcp_server::Column::Id)))
        .and_where(visit(mcp_session::Column::LastSeenAt).gte(asked.number(HEARD_SINCE)))
        .and_where(visit(mcp_session::Column::KeyHash).is_null())
        .and_where(visit(mcp_session::Column::EndedAt).is_null())
        .order_by_expr(visit(mcp_session::Column::LastSeenAt), sea_orm::Order::Desc)
        .limit(MOST_VISITS)
        .take()
}

/// What a row is called that is known by a name; the person may be another one, that it was merged into.
const NAMED: &str = "named";

fn named(column: mcp_user::Column) -> Expr {
    Expr::col((NAMED, column))
}

fn join_named(query: &mut SelectStatement, column: mcp_user::Column, name: Expr) {
    let same = Condition::all()
        .add(
            named(mcp_user::Column::OrganizationId)
                .eq(Expr::col((mcp_server::Entity, mcp_server::Column::OrganizationId))),
        )
        .add(named(column).eq(name));
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
fn join_grant(query: &mut SelectStatement, asked: Asked) {
    let server = |column| Expr::col((mcp_server::Entity, column));
    let grant = |column| Expr::col((oauth_grant::Entity, column));
    let access = |column| Expr::col((oauth_access_token::Entity, column));
    let valid = Condition::all()
        .add(access(oauth_access_token::Column::OrganizationId).eq(server(mcp_server::Column::OrganizationId)))
        .add(access(oauth_access_token::Column::Hash).eq(asked.bytes(TOKEN)))
        .add(access(oauth_access_token::Column::ExpiresAt).gt(asked.number(NOW)));
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
fn calls_since(starts_at: Expr) -> Expr {
    let server = |column| Expr::col((mcp_server::Entity, column));
    let calls = subquery()
        .expr(Func::coalesce([tool_count::Column::Calls.sum().cast_as("bigint"), Expr::value(0_i64)]))
        .from(tool_count::Entity)
        .and_where(tool_count::Column::OrganizationId.into_expr().eq(server(mcp_server::Column::OrganizationId)))
        .and_where(tool_count::Column::Width.eq(FIVE_MINUTES))
        .and_where(tool_count::Column::StartsAt.into_expr().eq(starts_at))
        .and_where(tool_count::Column::ServerId.into_expr().eq(server(mcp_server::Column::Id)))
        .take();
    one_of(calls)
}

/// The narrowest counters that are kept.
const FIVE_MINUTES: i64 = 300_000;

/// Whether the server of a query of `mcp_servers` has a walkthrough that an end user can start.
fn offers_walkthroughs() -> Expr {
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
        .and_where(walkthrough::Column::Status.eq(word(WalkthroughStatus::Published)))
        .and_where(walkthrough::Column::StepCount.gt(0))
        .take();
    Expr::exists(offered)
}

/// Whether the server of a query of `mcp_servers` has namespaces.
fn offers_knowledge() -> Expr {
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
