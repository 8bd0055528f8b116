//! One binary; folders named as in `crates/services`.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod accounts;
mod advisories;
mod analytics;
mod auth;
mod invitations;
mod jobs;
mod laws;
mod mcp_servers;
mod node;
mod organizations;
mod people;
mod races;
mod sessions;
mod tickets;
mod upkeep;
mod walkthroughs;
mod wire;
