//! Everything Guildhall can do, one mutation one file. No transport, no SQL.
//!
//! **Invariant:** [`App::call`] is the only way to a procedure. It checks the input, reads the caller's place fresh from the
//! database, asks the permission table, and runs the procedure in one transaction together with the event that says what
//! happened. End users of hosted servers come in through [`App::greet`] and [`App::settle`], and call
//! tools through [`App::use_tool`], which keeps every call; feeds are followed through [`App::follow`]. Nothing above this
//! crate knows a rule.
pub mod accounts;
pub mod analytics;
pub mod auth;
pub mod example;
mod jobs;
pub mod knowledge;
pub mod lasting;
mod live;
mod mailed_codes;
pub mod mcp_servers;
pub mod oauth;
pub mod oauth_configs;
pub mod organizations;
mod pipeline;
pub mod ports;
mod seats;
mod secrets;
pub mod sessions;
pub mod settings;
pub mod tickets;
mod upkeep;
pub mod walkthroughs;

pub use live::{Ending, Following, News};
pub use pipeline::network;
pub use pipeline::{
    App, AtServer, Attachment, Caller, Cx, Desk, Effect, Feed, FileField, Happened, InOrganization, Incoming, Mutation,
    Outcome, Prepared, Procedure, Public, Query, Reach, Recorded, Recording, Settled, SignedIn, Throttle, Tool,
};
pub use seats::{Seat, Seats};
pub use sessions::{Answer, Begun, Changes, Client, FinishedCall, Guest, Served, Visit, Visitor};
pub use settings::{EachFiveMinutes, KeptDays, Limits, Rate, Settings};
pub use upkeep::Purged;
