//! The one way in: check, admit, begin, run, record, commit, wake.
//!
//! **Invariant:** only this module makes a [`Cx`], and only after the caller was admitted; nothing runs without one.
mod app;
mod attachment;
mod caller;
mod context;
mod feed;
mod idempotency;
mod procedure;
mod reach;
mod throttle;

pub use app::{App, Happened};
pub use attachment::{Attachment, FileField, Incoming};
pub use caller::Caller;
pub use context::{Cx, Desk, Prepared};
pub use feed::Feed;
pub use procedure::{Effect, Mutation, Outcome, Procedure, Query, Recorded, Recording, Settled, Throttle, Tool};
pub use reach::{AtServer, InOrganization, Public, Reach, SignedIn};
pub use throttle::network;
