//! Who is this? By the access token where people sign in, else by the trackingId, else by the session's key, else by the
//! handle an anonymous caller was given, else an anonymous person of its own: never one shared "unknown".

use std::{net::IpAddr, sync::Arc, time::Duration};

use data_encoding::HEXLOWER;
use guildhall_domain::{
    Error, Id, Resource, Result, Timestamp,
    event::{Actor, Audience, Event},
    id,
    mcp_servers::{AuthType, Subdomain},
    sessions::TrackingId,
};
use guildhall_repositories::{Arrival, KnownVisit, NewVisit, StoredServer, VisitorRow, Who};

use super::{pace::CallsSoFar, served::Served};
use crate::{App, oauth::access_token_hash, secrets::hash, settings::Settings};

/// A visit of the stateless era goes on until nothing was heard for so long, as web analytics count.
const GAP: Duration = Duration::from_mins(30);
/// The most characters kept of what a client says of itself.
const LONGEST_NAME: usize = 200;
const HANDLE_PREFIX: &str = "vis_";

/// What an HTTP request to a hosted server says of itself, before anything is believed.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The server's subdomain.
    pub slug: String,
    /// How the customer's page calls the person.
    pub tracking_id: Option<TrackingId>,
    /// The value of `Mcp-Session-Id`.
    pub session_key: Option<String>,
    /// The access token.
    pub token: Option<String>,
}

/// What the client says it is.
#[derive(Clone, Debug, Default)]
pub struct Client {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The MCP revision it speaks.
    pub protocol: Option<String>,
}

/// Somebody at the door of a hosted server: the server is known, the person perhaps.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub(super) visit: Visit,
    served: Served,
    pub(super) organization: Id<id::Organization>,
    server: Arc<StoredServer>,
    person: Option<Id<id::McpUser>>,
    email: Option<String>,
    unproven: Option<Id<id::McpUser>>,
    pub(super) token_expires_at: Option<Timestamp>,
    calls: CallsSoFar,
    address: Option<IpAddr>,
    visits: Vec<KnownVisit>,
}

impl Visitor {
    /// The same, from that network address.
    #[must_use]
    pub const fn calling_from(mut self, address: Option<IpAddr>) -> Self {
        self.address = address;
        self
    }

    /// What the server offers.
    #[must_use]
    pub const fn server(&self) -> &Served {
        &self.served
    }

    /// Whether nothing in the request says who this is.
    #[must_use]
    pub const fn is_anonymous(&self) -> bool {
        self.visit.tracking_id.is_none() && self.visit.session_key.is_none() && self.visit.token.is_none()
    }

    fn of(visit: Visit, row: VisitorRow, settings: &Settings) -> Self {
        Self {
            visit,
            served: Served::of(&row, settings),
            organization: row.organization,
            server: Arc::new(row.server),
            person: row.person,
            email: row.email,
            unproven: row.unproven,
            token_expires_at: row.token_expires_at,
            calls: CallsSoFar { server: row.server_calls, person: row.person_calls },
            address: None,
            visits: row.visits,
        }
    }

    /// Who this counts as among different people.
    fn identity(&self, person: Id<id::McpUser>) -> String {
        let tracked = || self.visit.tracking_id.as_ref().map(|id| format!("tracking:{id}"));
        let proven = self.email.as_ref().map(|email| format!("email:{email}"));
        proven.or_else(tracked).unwrap_or_else(|| person.to_string())
    }
}

/// An end user who was let in: the person and the visit are known.
#[derive(Clone, Debug)]
pub struct Guest {
    organization: Id<id::Organization>,
    organization_name: String,
    server: Arc<StoredServer>,
    person: Id<id::McpUser>,
    visit: Id<id::McpSession>,
    email: Option<String>,
    handle: Option<String>,
}

impl Guest {
    /// What an anonymous caller of the stateless era must send along to be known again.
    #[must_use]
    pub fn handle(&self) -> Option<&str> {
        self.handle.as_deref()
    }

    /// Whether the server wants to know an address first, and none of this person is known.
    #[must_use]
    pub fn lacks_email(&self) -> bool {
        self.server.auth_type == AuthType::CollectEmail && self.email.is_none()
    }

    pub(crate) const fn organization(&self) -> Id<id::Organization> {
        self.organization
    }

    /// What the server's organization is called.
    pub(crate) fn organization_name(&self) -> &str {
        &self.organization_name
    }

    pub(crate) fn server(&self) -> &StoredServer {
        &self.server
    }

    pub(crate) const fn person(&self) -> Id<id::McpUser> {
        self.person
    }

    pub(crate) const fn visit(&self) -> Id<id::McpSession> {
        self.visit
    }

    /// The person's proven address. One that was merely typed before is not used again: whoever typed it under this
    /// person's trackingId would read the answers.
    pub(crate) fn email(&self) -> Option<&str> {
        self.email.as_deref()
    }
}

impl App {
    /// Finds the server and what is known of the visitor, in one statement.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` (`mcp_server`) where no such server is published; [`Error::Paused`]; `UNAUTHENTICATED`
    /// where people sign in there and the token does not say who this is; `RESOURCE_NOT_FOUND` (`mcp_session`) where the
    /// session's key is not of a living session of this person at this server.
    pub async fn greet(&self, visit: &Visit) -> Result<Visitor> {
        let key = visit.session_key.as_deref().map(key_hash);
        let recognized = || match (&key, &visit.tracking_id) {
            (Some(key), _) => Who::InSession(key.clone()),
            (None, Some(id)) => Who::Tracked(id.clone()),
            (None, None) => Who::Unknown,
        };
        let mut visit = visit.clone();
        let who = match &visit.token {
            Some(token) => Who::SignedIn {
                token: access_token_hash(token),
                session: key.clone(),
                tracking_id: visit.tracking_id.clone(),
                now: self.now(),
            },
            None => recognized(),
        };
        let mut row = self.published(&visit.slug, &who).await?;
        if row.server.is_paused {
            return Err(Error::Paused);
        }
        match row.server.auth_type {
            AuthType::None | AuthType::CollectEmail if visit.token.is_some() => {
                // Made for another server, or for this one when it still asked for one: it says nothing here.
                row = self.published(&visit.slug, &recognized()).await?;
                visit.token = None;
            }
            AuthType::None | AuthType::CollectEmail => {}
            AuthType::PlatformOauth | AuthType::CustomOauth => {
                if visit.token.is_none() || row.person.is_none() {
                    return Err(Error::Unauthenticated);
                }
            }
        }
        if visit.session_key.is_some() && row.visits.is_empty() {
            return Err(Error::NotFound(Resource::McpSession));
        }
        // A session is one person's: it says nothing at another person's address.
        let said = visit.tracking_id.as_ref().map(TrackingId::as_str).filter(|_| visit.token.is_none());
        if visit.session_key.is_some() && said.is_some_and(|said| row.tracking_id.as_deref() != Some(said)) {
            return Err(Error::NotFound(Resource::McpSession));
        }
        Ok(Visitor::of(visit, row, self.settings()))
    }

    /// What the server of that subdomain offers, for somebody who only looks: it may be paused, and nobody has to sign in.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` (`mcp_server`) where no such server is published.
    pub async fn look_at(&self, slug: &str) -> Result<Served> {
        Ok(Served::of(&self.published(slug, &Who::Unknown).await?, self.settings()))
    }

    /// The handshake of revisions up to 2025-11-25: begins a visit and answers the value of `Mcp-Session-Id`.
    ///
    /// # Errors
    /// `TOO_MANY_REQUESTS`; where the database fails.
    pub async fn connect(&self, visitor: &Visitor, client: &Client) -> Result<String> {
        let key = HEXLOWER.encode(&self.random::<24>());
        let known = visitor.person.filter(|_| visitor.visit.session_key.is_none() || visitor.visit.token.is_some());
        self.merge_unproven(visitor).await?;
        self.begin(visitor, client, known, Some(&key), None).await?;
        Ok(key)
    }

    /// Ends the visit that the session's key names.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn disconnect(&self, visitor: &Visitor) -> Result<()> {
        let Some(visit) = visitor.visits.first().filter(|_| visitor.visit.session_key.is_some()) else { return Ok(()) };
        let access = self.database().write().await?;
        access.tenant(visitor.organization).visits().end(visit.id, self.now()).await?;
        Ok(access.commit().await?)
    }

    /// Makes sure that the visitor has a person and a visit. `handle`: what an anonymous caller was told to send along;
    /// one of another server, or that never was, counts as none.
    ///
    /// # Errors
    /// `TOO_MANY_REQUESTS`; where the database fails.
    pub async fn settle(&self, visitor: &Visitor, client: &Client, handle: Option<&str>) -> Result<Guest> {
        self.pace(visitor.calls)?;
        if !visitor.is_anonymous() {
            self.merge_unproven(visitor).await?;
            return self.settle_known(visitor, client, None).await;
        }
        if let Some(handle) = handle.filter(|handle| handle.len() <= LONGEST_NAME) {
            let who = Who::Handle(handle_hash(visitor.server.id, handle));
            let row = self.published(&visitor.visit.slug, &who).await?;
            if row.person.is_some() {
                self.pace(CallsSoFar { server: row.server_calls, person: row.person_calls })?;
                let again = Visitor::of(visitor.visit.clone(), row, self.settings());
                return self.settle_known(&again, client, Some(handle.to_owned())).await;
            }
        }
        let handle = format!("{HANDLE_PREFIX}{}", HEXLOWER.encode(&self.random::<16>()));
        let (person, visit) = Box::pin(self.begin(visitor, client, None, None, Some(&handle))).await?;
        Ok(guest(visitor, person, visit, Some(handle)))
    }

    async fn settle_known(&self, visitor: &Visitor, client: &Client, handle: Option<String>) -> Result<Guest> {
        let in_session = visitor.visit.session_key.is_some();
        let name = short(client.name.as_deref());
        let goes_on = visitor.visits.iter().find(|visit| in_session || visit.client_name == name);
        let (person, visit) = match (visitor.person, goes_on) {
            (Some(person), Some(visit)) => (person, visit.id),
            (person, _) => Box::pin(self.begin(visitor, client, person, None, None)).await?,
        };
        Ok(guest(visitor, person, visit, handle))
    }

    /// Makes whom the customer's page knew by its trackingId one with the person who has signed in under it, once.
    async fn merge_unproven(&self, visitor: &Visitor) -> Result<()> {
        let (Some(from), Some(into)) = (visitor.unproven, visitor.person) else { return Ok(()) };
        let access = self.database().write().await?;
        let mut happened = None;
        if access.tenant(visitor.organization).mcp_users().merge(from, into, self.fresh_id()).await? {
            let event = Event::McpUserMerged { from, into };
            let audience = Audience::Organization(visitor.organization);
            happened = Some(self.note(&access, Actor::EndUser(into), audience, event).await?);
        }
        access.commit().await?;
        if let Some(happened) = happened {
            self.announce(happened);
        }
        Ok(())
    }

    /// The published server of that subdomain, with what is known of who comes to it and how often it calls.
    pub(crate) async fn published(&self, slug: &str, who: &Who) -> Result<VisitorRow> {
        // What is no subdomain is nobody's, and is not asked for beside others.
        let named = Subdomain::parse(slug).ok().filter(|named| named.as_str() == slug);
        let slug = named.ok_or(Error::NotFound(Resource::McpServer))?;
        let heard_since = self.now().minus(GAP);
        let (counted_since, _) = self.five_minutes();
        let arrival = Arrival { slug, who: who.clone(), heard_since, counted_since };
        self.arrivals().ask(arrival).await?.ok_or(Error::NotFound(Resource::McpServer))
    }

    /// Begins a visit, of a new person where none is known.
    async fn begin(
        &self,
        visitor: &Visitor,
        client: &Client,
        known: Option<Id<id::McpUser>>,
        key: Option<&str>,
        handle: Option<&str>,
    ) -> Result<(Id<id::McpUser>, Id<id::McpSession>)> {
        let access = self.database().write().await?;
        let visits = access.tenant(visitor.organization).visits();
        let person = match known {
            Some(person) => person,
            None => {
                self.count_new_person(&access, visitor.server.id, visitor.address).await?;
                let handle = handle.map(|handle| handle_hash(visitor.server.id, handle));
                visits.welcome(self.fresh_id(), visitor.visit.tracking_id.as_ref(), handle, self.now()).await?
            }
        };
        let client_name = short(client.name.as_deref());
        if key.is_none() && handle.is_none() {
            // Several first requests may come at once: look again where only one can be.
            let heard_since = self.now().minus(GAP);
            let found = visits.going_on(visitor.server.id, person, client_name.as_deref(), heard_since).await?;
            if let Some(visit) = found {
                access.commit().await?;
                return Ok((person, visit));
            }
        }
        let new = NewVisit {
            id: self.fresh_id(),
            server: visitor.server.id,
            person,
            key_hash: key.map(key_hash),
            client_name,
            client_version: short(client.version.as_deref()),
            protocol_version: short(client.protocol.as_deref()),
            identity: visitor.identity(person),
        };
        let visit = new.id;
        visits.begin(new, self.now()).await?;
        access.commit().await?;
        Ok((person, visit))
    }
}

fn guest(visitor: &Visitor, person: Id<id::McpUser>, visit: Id<id::McpSession>, handle: Option<String>) -> Guest {
    Guest {
        organization: visitor.organization,
        organization_name: visitor.served.organization.clone(),
        server: Arc::clone(&visitor.server),
        person,
        visit,
        email: visitor.email.clone(),
        handle,
    }
}

fn short(text: Option<&str>) -> Option<String> {
    text.map(|text| text.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect())
}

fn key_hash(key: &str) -> Vec<u8> {
    hash(&[b"mcp session", key.as_bytes()])
}

fn handle_hash(server: Id<id::McpServer>, handle: &str) -> Vec<u8> {
    hash(&[b"visitor", server.uuid().as_bytes(), handle.as_bytes()])
}
