//! Guildhall in one piece: the services, their HTTP faces and the settings that tie them together.
//!
//! A program that only wants the services uses `guildhall-services`; this is for whoever wants the server.
mod admin;
mod call;
mod demo;
mod ingest;
mod limits;
mod node;
mod secret;
mod settings;

pub use admin::{Task, carry_out};
pub use call::call;
pub use limits::LimitSettings;
pub use node::Guildhall;
pub use settings::Settings;
