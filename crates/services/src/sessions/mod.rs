//! Who visits a hosted MCP server, and what is kept of it.
mod greet;
mod queries;
mod recorder;
mod redact;
mod use_tool;

pub use greet::{Client, Guest, Served, Visit, Visitor};
pub use queries::{GetSupportTickets, GetToolCalls, ListSessions, SessionTicket};
pub use recorder::{FinishedCall, Recorder};
pub(crate) use use_tool::Keep;
pub use use_tool::{Answer, Begun};
