//! Invitations, the links that letters carry, what is still to be done, and names that stay reserved.
use sea_orm_migration::prelude::*;

use crate::{drop_tables, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: &[&str] = &["invitations", "mailed_tokens", "jobs", "retired_names"];

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
        for index in ["sessions_by_end", "sessions_by_expiry", "rate_limits_by_age", "connection_marks_by_organization"]
        {
            manager.drop_index(Index::drop().name(index).to_owned()).await?;
        }
        drop_tables(manager, TABLES).await
    }
}

const SCHEMA: &str = "
-- The token is in the letter only. One person is asked once at a time.
create table invitations (
  id {uuid} primary key, organization_id {uuid} not null references organizations (id) on delete cascade,
  email text not null, role text not null, status text not null, message text,
  inviter_id {uuid} references users (id) on delete set null, token_hash {bytes} not null unique,
  created_at bigint not null, expires_at bigint not null, unique (organization_id, id));
create unique index invitations_pending on invitations (organization_id, email) where status = 'pending';
create index invitations_by_status on invitations (organization_id, status, id);
create index invitations_by_age on invitations (organization_id, created_at);
create index invitations_by_inviter on invitations (inviter_id);

-- What a letter's link carries, hashed: it works once.
create table mailed_tokens (
  hash {bytes} primary key, purpose text not null, user_id {uuid} not null references users (id) on delete cascade,
  created_at bigint not null, expires_at bigint not null);
create index mailed_tokens_by_user on mailed_tokens (user_id, purpose);
create index mailed_tokens_by_age on mailed_tokens (expires_at);

-- What must happen in the world, written together with what it follows from. Sealed: a letter's link opens doors.
-- A lease is for one attempt; whoever outlives its own can no longer say how the job went.
create table jobs (
  id {uuid} primary key, organization_id {uuid} references organizations (id) on delete cascade, kind text not null,
  sealed_input {bytes} not null, created_at bigint not null, due_at bigint not null, attempts bigint not null,
  lease {bytes}, last_error text, given_up_at bigint);
create index jobs_due on jobs (due_at) where given_up_at is null;
create index jobs_given_up on jobs (given_up_at) where given_up_at is not null;

-- Old links and clients still know these names, so nobody but whose they were gets them for a while. That organization
-- may be gone.
create table retired_names (
  kind text not null, name text not null, organization_id {uuid} not null, retired_at bigint not null,
  primary key (kind, name));

-- What a sweep looks for, and what goes with an organization.
create index sessions_by_end on sessions (ended_at) where ended_at is not null;
create index sessions_by_expiry on sessions (expires_at);
create index rate_limits_by_age on rate_limits (window_start);
create index connection_marks_by_organization on connection_marks (organization_id);
create index jobs_by_organization on jobs (organization_id) where organization_id is not null;
";
