//! Where things are kept: the only crate that knows SQL.
//!
//! **Invariant:** a tenant's rows are reached through a [`Tenant`], and a [`Tenant`] has an organization from birth.
//! Entities are private, so no other crate can build a query that forgets it. Statements are started in `tenant.rs`,
//! `person/` and `system/` only, each with its reason (and subqueries in `asked.rs`); `words.rs` says how a `Tenant` carries
//! out what no builder can say. Foreign keys between tenant tables carry the
//! organization, so that even a wrong statement cannot link two of them; that is what holds joins.
mod analytics;
mod asked;
mod columns;
mod database;
mod entities;
mod error;
mod events;
mod executor;
mod invitations;
mod knowledge;
mod mcp_servers;
mod mcp_users;
mod notices;
mod oauth;
mod oauth_configs;
mod organizations;
mod person;
mod recording;
mod search;
mod sessions;
mod system;
mod tenant;
mod ticket_destinations;
mod tickets;
mod tool_calls;
mod visitors;
mod walkthroughs;
mod words;
mod write_ahead_log;

pub use analytics::Counters;
pub use database::{Access, Database, Location, Observer};
pub use error::{Error, Result};
pub use events::{Events, NewEvent, NumberedEvent};
pub use invitations::{Invitations, StoredInvitation};
pub use knowledge::{
    Documents, FoundPassage, Gaps, Growth, Ingestions, KnownWord, Namespaces, NewIngestion, NewReading, Progress,
    Searches, StoredIngestion, StoredNamespace, StoredReading,
};
pub use mcp_servers::{McpServers, ServerCounts, StoredServer};
pub use mcp_users::{McpUserFilter, McpUsers};
pub use notices::{Notice, Notices};
pub use oauth::{NewGrant, OauthClients, OauthGrants, OauthSignIns, StoredClient, StoredGrant, StoredSignIn};
pub use oauth_configs::{OauthConfigs, StoredOauthConfig};
pub use organizations::{Members, OrganizationRow, Profile};
pub use person::Person;
pub use recording::{Move, NewCompletion, NewRun, Recording};
pub use sessions::{NewVisit, SessionFilter, StoredVisit, Visits};
pub use system::{
    Admission, DeletedOrganization, Lane, LiveToken, NewUser, OpenedInvitation, Purpose, RetiredName, SessionRow,
    Standing, StoredJob, StoredKey, System,
};
pub use tenant::Tenant;
pub use ticket_destinations::{StoredDestination, TicketDestinations};
pub use tickets::{ListedTickets, NewActivity, StoredActivity, TicketFilter, TicketSort, Tickets};
pub use tool_calls::{CallFilter, NewCall, ToolCalls};
pub use visitors::{Arrival, KnownVisit, VisitorRow, Who};
pub use walkthroughs::{
    Asking, Assignments, Course, NewWalkthrough, Offered, Run, Runs, StoredDocument, WalkthroughFilter, Walkthroughs,
};
