//! The words and rules of Guildhall: what things are and what is allowed.
//!
//! **Invariant:** pure. No I/O, no async, no clock, no randomness, no SQL; time and chance arrive as arguments.
pub mod access;
pub mod accounts;
pub mod analytics;
pub mod error;
pub mod event;
pub mod id;
pub mod knowledge;
pub mod mail;
pub mod mcp_servers;
pub mod oauth;
pub mod oauth_configs;
pub mod organizations;
pub mod page;
pub mod patch;
pub mod sessions;
pub mod text;
pub mod ticket_destinations;
pub mod tickets;
pub mod time;
pub mod walkthroughs;

pub use error::{Error, Issue, Resource, Result};
pub use id::Id;
pub use patch::Patch;
pub use time::Timestamp;
