//! One binary; folders named as in `crates/services`.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod accounts;
mod advisories;
mod analytics;
mod auth;
mod charts;
mod delivering;
mod endpoint;
mod fetching;
mod hosting;
mod invitations;
mod jobs;
mod knowledge;
mod laws;
mod live;
mod mcp_servers;
mod mcp_users;
mod node;
mod oauth_configs;
mod organizations;
mod people;
mod races;
mod recount;
mod retention;
mod sessions;
mod sign_in;
mod tickets;
mod upkeep;
mod walkthroughs;
mod wire;
mod write_ahead_log;
