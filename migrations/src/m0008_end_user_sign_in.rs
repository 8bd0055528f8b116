//! End users sign in: clients, sign-ins on their way, and what was granted. Whoever turns out to be somebody known is
//! merged into that person.
use sea_orm_migration::prelude::*;

use crate::{drop_tables, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: &[&str] = &["oauth_clients", "oauth_grants", "oauth_access_tokens", "oauth_sign_ins", "email_proofs"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // All or nothing, also on SQLite: a start that is killed must not leave half a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in COLUMNS {
            run(manager, column).await?;
        }
        run(manager, SCHEMA).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, TABLES).await?;
        run(manager, "drop index mcp_users_by_email").await?;
        run(manager, "drop index mcp_users_by_subject").await?;
        run(manager, "drop index mcp_users_by_merged_into").await?;
        for column in ["merged_into", "subject"] {
            run(manager, &format!("alter table mcp_users drop column {column}")).await?;
        }
        Ok(())
    }
}

// subject: who this is at the organization's own authorization server; such a person's email says nothing of who it is.
// merged_into: this was that person all along, and the row is another name of it. No reference: SQLite could not take the
// column back.
const COLUMNS: [&str; 2] =
    ["alter table mcp_users add column subject {bytes}", "alter table mcp_users add column merged_into {uuid}"];

const SCHEMA: &str = "
create unique index mcp_users_by_email on mcp_users (organization_id, email) where subject is null and email is not null;
create unique index mcp_users_by_subject on mcp_users (organization_id, subject) where subject is not null;
create index mcp_users_by_merged_into on mcp_users (merged_into) where merged_into is not null;

create table oauth_clients (
  id {uuid} primary key, organization_id {uuid} not null, server_id {uuid} not null, metadata text not null,
  secret_hash {bytes}, created_at bigint not null, last_used_at bigint not null,
  foreign key (organization_id, server_id) references mcp_servers (organization_id, id) on delete cascade);
create index oauth_clients_by_server on oauth_clients (organization_id, server_id);
create index oauth_clients_by_use on oauth_clients (last_used_at);

-- What an end user allowed a client. config_id: where the person signed in; null: with a code that was mailed.
create table oauth_grants (
  id {uuid} primary key, organization_id {uuid} not null, server_id {uuid} not null, mcp_user_id {uuid} not null,
  client_id text not null, config_id {uuid}, resource text not null, refresh_hash {bytes} not null,
  previous_refresh_hash {bytes}, rotated_at bigint not null, created_at bigint not null, expires_at bigint not null,
  ended_at bigint, unique (organization_id, id),
  foreign key (organization_id, server_id) references mcp_servers (organization_id, id) on delete cascade,
  foreign key (organization_id, mcp_user_id) references mcp_users (organization_id, id) on delete cascade);
create index oauth_grants_by_user on oauth_grants (organization_id, mcp_user_id);
create index oauth_grants_by_server on oauth_grants (organization_id, server_id);
create index oauth_grants_by_end on oauth_grants (expires_at);

create table oauth_access_tokens (
  hash {bytes} primary key, organization_id {uuid} not null, grant_id {uuid} not null, expires_at bigint not null,
  foreign key (organization_id, grant_id) references oauth_grants (organization_id, id) on delete cascade);
create index oauth_access_tokens_by_grant on oauth_access_tokens (organization_id, grant_id);
create index oauth_access_tokens_by_end on oauth_access_tokens (expires_at);

-- secret_hash: of what the browser has that began this. proof: what the mailed code must come to, or, sealed, what the
-- upstream server must answer to. code_hash: of the authorization code, once the person has proven who it is.
create table oauth_sign_ins (
  id {uuid} primary key, organization_id {uuid} not null, server_id {uuid} not null, secret_hash {bytes} not null,
  request text not null, email text, proof {bytes} not null, tries integer not null, created_at bigint not null,
  expires_at bigint not null, mcp_user_id {uuid}, code_hash {bytes} unique, redeemed_at bigint, grant_id {uuid},
  foreign key (organization_id, server_id) references mcp_servers (organization_id, id) on delete cascade,
  foreign key (organization_id, mcp_user_id) references mcp_users (organization_id, id) on delete cascade,
  foreign key (organization_id, grant_id) references oauth_grants (organization_id, id) on delete cascade);
create index oauth_sign_ins_by_user on oauth_sign_ins (organization_id, mcp_user_id);
create index oauth_sign_ins_by_grant on oauth_sign_ins (organization_id, grant_id);
create index oauth_sign_ins_by_server on oauth_sign_ins (organization_id, server_id);
create index oauth_sign_ins_by_end on oauth_sign_ins (expires_at);

-- Who says to have an address, and what the code that was mailed there must come to.
create table email_proofs (
  organization_id {uuid} not null, mcp_user_id {uuid} not null, email text not null, proof {bytes} not null,
  tries integer not null, expires_at bigint not null, primary key (organization_id, mcp_user_id),
  foreign key (organization_id, mcp_user_id) references mcp_users (organization_id, id) on delete cascade);
create index email_proofs_by_end on email_proofs (expires_at);
";
