//! Who calls a hosted server: the one statement that finds the server and what is known of its visitor, for all who come at
//! once.

mod statement;

use guildhall_domain::{Id, Timestamp, id, mcp_servers::Subdomain, sessions::TrackingId};
use sea_orm::QueryResult;
use uuid::Uuid;

use crate::{
    Result,
    asked::Composed,
    columns::{read, time},
    database::Access,
    mcp_servers::StoredServer,
};
use statement::{composed, question};

/// Somebody at the door of a hosted server.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The server's subdomain.
    pub slug: Subdomain,
    /// Who it is, as far as it was said.
    pub who: Who,
    /// A visit without a key goes on where it was heard of since then.
    pub heard_since: Timestamp,
    /// When the five minutes began whose calls are told.
    pub counted_since: Timestamp,
}

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

/// What one statement finds: those who are recognized in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Tracked,
    InSession,
    Handle,
    SignedIn { in_session: bool, tracked: bool },
    Unknown,
}

static STATEMENTS: [Composed<Way>; 8] = [
    Composed::new(Way::Tracked, composed),
    Composed::new(Way::InSession, composed),
    Composed::new(Way::Handle, composed),
    Composed::new(Way::SignedIn { in_session: false, tracked: false }, composed),
    Composed::new(Way::SignedIn { in_session: false, tracked: true }, composed),
    Composed::new(Way::SignedIn { in_session: true, tracked: false }, composed),
    Composed::new(Way::SignedIn { in_session: true, tracked: true }, composed),
    Composed::new(Way::Unknown, composed),
];

impl Who {
    const fn way(&self) -> Way {
        match self {
            Self::Tracked(_) => Way::Tracked,
            Self::InSession(_) => Way::InSession,
            Self::Handle(_) => Way::Handle,
            Self::SignedIn { session, tracking_id, .. } => {
                Way::SignedIn { in_session: session.is_some(), tracked: tracking_id.is_some() }
            }
            Self::Unknown => Way::Unknown,
        }
    }
}

/// What is found for each of those who come, in a statement for each way to be recognized.
pub(crate) async fn find(access: &Access, arrivals: &[Arrival]) -> Result<Vec<Option<VisitorRow>>> {
    let mut found = vec![None; arrivals.len()];
    for statement in &STATEMENTS {
        let theirs = arrivals.iter().enumerate().filter(|(_, arrival)| arrival.who.way() == statement.shape);
        let questions: Vec<_> = theirs.map(|(place, arrival)| question(place, arrival)).collect();
        statement.ask(access, &questions, &mut found, |answer, row, _| VisitorRow::read(answer, row)).await?;
    }
    Ok(found)
}

impl VisitorRow {
    /// Reads a row by place: there are many, and reading them by name takes longer than finding them. Nothing where no such
    /// server is published; a further visit, where the server and the person are read already.
    fn read(answer: &mut Option<Self>, row: &QueryResult) -> Result<()> {
        let Some(organization) = row.try_get_by_index::<Option<Uuid>>(1)? else { return Ok(()) };
        let row_of = match answer {
            Some(row_of) => row_of,
            None => answer.insert(Self::without_visits(organization, row)?),
        };
        if let Some(id) = row.try_get_by_index::<Option<Uuid>>(24)? {
            let last_seen_at = time(row.try_get_by_index(26)?);
            let visit = KnownVisit { id: Id::from_uuid(id), client_name: row.try_get_by_index(25)?, last_seen_at };
            let later = row_of.visits.partition_point(|known| known.last_seen_at >= last_seen_at);
            row_of.visits.insert(later, visit);
        }
        Ok(())
    }

    fn without_visits(organization: Uuid, row: &QueryResult) -> Result<Self> {
        let server = StoredServer {
            id: Id::from_uuid(row.try_get_by_index(3)?),
            name: row.try_get_by_index(4)?,
            slug: read(row.try_get_by_index::<String>(5)?)?,
            product_platform_or_tool: row.try_get_by_index(6)?,
            auth_type: read(row.try_get_by_index::<String>(7)?)?,
            support_ticket_type: read(row.try_get_by_index::<String>(8)?)?,
            walkthrough_tools_enabled: row.try_get_by_index(9)?,
            knowledge_tools_enabled: row.try_get_by_index(10)?,
            custom_oauth_config_id: row.try_get_by_index::<Option<Uuid>>(11)?.map(Id::from_uuid),
            payload_capture: read(row.try_get_by_index::<String>(12)?)?,
            is_paused: row.try_get_by_index(13)?,
            created_at: time(row.try_get_by_index(14)?),
        };
        Ok(Self {
            organization: Id::from_uuid(organization),
            organization_name: row.try_get_by_index(2)?,
            server,
            has_walkthroughs: row.try_get_by_index(15)?,
            has_knowledge: row.try_get_by_index(16)?,
            server_calls: row.try_get_by_index(17)?,
            person_calls: row.try_get_by_index::<Option<i64>>(18)?.unwrap_or_default(),
            person: row.try_get_by_index::<Option<Uuid>>(19)?.map(Id::from_uuid),
            email: row.try_get_by_index(20)?,
            tracking_id: row.try_get_by_index(21)?,
            unproven: row.try_get_by_index::<Option<Uuid>>(22)?.map(Id::from_uuid),
            token_expires_at: row.try_get_by_index::<Option<i64>>(23)?.map(time),
            visits: Vec::new(),
        })
    }
}
