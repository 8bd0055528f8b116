//! Who visits a hosted MCP server, and what is kept of it.
mod gathering;
mod greet;
mod listen;
mod pace;
mod provide_email;
mod queries;
mod recorder;
mod redact;
mod served;
mod use_tool;

pub(crate) use gathering::Gathering;
pub use greet::{Client, Guest, Visit, Visitor};
pub use listen::Changes;
pub(crate) use listen::Listeners;
pub use provide_email::{ProvideEmail, Provided, ProvidedStatus};
pub(crate) use queries::are_there;
pub use queries::{GetSupportTickets, GetToolCalls, ListSessions, SessionTicket};
pub use recorder::{FinishedCall, Recorder};
pub use served::Served;
pub(crate) use use_tool::Keep;
pub use use_tool::{Answer, Begun};
