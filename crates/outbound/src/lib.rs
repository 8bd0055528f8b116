//! What reaches the world. Letters on their way out: written from templates, then handed to a mail server or laid into a
//! folder. And documents on their way in, from addresses that tenants name: see `fetch.rs`.
//!
//! **Invariant:** what a tenant typed is one line, quoted lines or escaped HTML; it never adds a header, a paragraph or
//! an element. Templates that cannot write every letter stop the start, not a letter. A conversation that was cut off
//! is never continued with another letter. No link and no password shows in `Debug` or in an error of this crate.
//! Who gets a letter, and whether it is sent again, is decided in the services.
mod fetch;
mod letters;
mod post;
mod unusable;
mod values;

pub use fetch::Fetcher;
pub use letters::Letters;
pub use post::{Post, make_private};
pub use unusable::Unusable;
