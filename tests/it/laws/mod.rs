//! What holds for every procedure, present and future: these walk the catalogue. A procedure without an example fails.
mod access;
mod events;
mod examples;
mod idempotency;
mod input;
mod output;
mod statements;
mod tenancy;
