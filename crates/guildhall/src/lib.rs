//! Guildhall in one piece: the services, their HTTP faces and the settings that tie them together.
//!
//! A program that only wants the services uses `guildhall-services`; this is for whoever wants the server.
mod call;
mod demo;
mod node;
mod secret;
mod settings;

pub use call::call;
pub use node::Guildhall;
pub use settings::Settings;
