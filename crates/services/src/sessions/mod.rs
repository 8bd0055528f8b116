//! Who visits a hosted MCP server, and what is kept of it.
mod greet;
mod queries;
mod recorder;
mod redact;

pub(crate) use greet::hex;
pub use greet::{Client, Guest, Served, Visit, Visitor};
pub use queries::{GetSupportTickets, GetToolCalls, ListSessions, SessionTicket};
pub use recorder::{FinishedCall, Recorder};
