//! HTTP for Guildhall: RPC for the unmodified `@orpc/client`, plain JSON, and the pages made from the catalogue.
//!
//! **Invariant:** bytes to catalogue and back. No business rules: who may do what is decided behind
//! [`guildhall_catalogue::Entry::call`], and every procedure comes through the same few lines here.
//!
//! A request passes, from the outside in: [`serve()`] (connections), `observe` (request id, log, metrics, panics,
//! security headers), [`host::place`] (whose host is this?), `limits` (overload, patience), `cors`, and then `rpc`,
//! `batch`, `plain`, `live` and `socket` (feeds), `charts` or a page.
mod batch;
mod body;
mod caller;
mod calls;
mod charts;
mod cookies;
mod cors;
mod envelope;
mod failure;
mod health;
pub mod host;
mod limits;
mod live;
mod observe;
mod pace;
mod pages;
mod plain;
mod query;
mod router;
mod rpc;
mod serve;
mod settings;
mod socket;
mod uploads;

pub use live::Streams;
pub use router::{MetricsPage, router};
pub use serve::serve;
pub use settings::Settings;
