//! People with an account, their sign-ins, and what guards the door.
use sea_orm_migration::prelude::*;

use crate::{drop_tables, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: &[&str] = &["users", "sessions", "signing_keys", "rate_limits", "idempotency_keys"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // All or nothing, also on SQLite: a start that is killed must not leave half a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, SCHEMA).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, TABLES).await
    }
}

const SCHEMA: &str = "
create table users (
  id {uuid} primary key, email text not null unique, name text, username text unique, image text,
  email_verified boolean not null, password_hash text not null, default_organization_id {uuid},
  created_at bigint not null, updated_at bigint not null);

-- A refresh token names its session; only hashes are kept. The last spent one is kept for a client that lost the answer.
create table sessions (
  id {uuid} primary key, user_id {uuid} not null references users (id) on delete cascade,
  active_organization_id {uuid}, refresh_hash {bytes} not null, previous_refresh_hash {bytes},
  rotated_at bigint not null, created_at bigint not null, last_seen_at bigint not null, expires_at bigint not null,
  ended_at bigint, address text, user_agent text);
create index sessions_by_user on sessions (user_id, id);

create table signing_keys (
  id {uuid} primary key, public_key {bytes} not null, sealed_private_key {bytes} not null,
  created_at bigint not null, retired_at bigint);

create table rate_limits (key {bytes} primary key, window_start bigint not null, uses bigint not null);

-- The answer is sealed with the key and the input themselves: nobody who lacks them can read it here.
create table idempotency_keys (
  id {bytes} primary key, input_hash {bytes} not null, sealed_output {bytes}, created_at bigint not null);
create index idempotency_keys_by_age on idempotency_keys (created_at);
";
