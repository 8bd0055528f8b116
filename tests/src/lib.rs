//! What every test needs: a world with two organizations that must never see each other, on the database that the run
//! is for. `TEST_DATABASE=postgres://…` means PostgreSQL; without, SQLite.
#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a test's scaffolding panics where a test would")]

mod clock;
mod databases;
mod library;
mod mailbox;
mod people;
mod spares;
mod stand_ins;
mod teams;
mod visitors;
mod web;
mod world;

pub use clock::TestClock;
pub use databases::{TestDatabase, is_postgres};
pub use library::Library;
pub use mailbox::{Mailbox, code_in, token_in};
pub use people::People;
pub use spares::Spares;
pub use stand_ins::{LinearIssue, LinearStandIn, Mood, SlackStandIn};
pub use teams::{Account, Placed, Team};
pub use visitors::{Said, Visiting};
pub use web::Web;
pub use world::{Side, World, text, unlimited};
