//! One binary; folders named as in `crates/services`.
#![expect(clippy::unwrap_used, reason = "a test panics where it fails")]

mod analytics;
mod auth;
mod laws;
mod mcp_servers;
mod organizations;
mod races;
mod sessions;
mod tickets;
mod walkthroughs;
mod wire;
