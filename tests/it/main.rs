//! One binary; folders named as in `crates/services`.
mod analytics;
mod auth;
mod laws;
mod mcp_servers;
mod organizations;
mod races;
mod sessions;
mod tickets;
mod walkthroughs;
