//! Organizations, who belongs to them, and what happened there.
use sea_orm_migration::prelude::*;

use crate::{drop_tables, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: &[&str] = &["organizations", "members", "events"];

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
create table organizations (
  id {uuid} primary key, name text not null, slug text not null unique, description text, logo_url text, website text,
  is_personal boolean not null, plan text not null, created_at bigint not null, updated_at bigint not null,
  deleted_at bigint);

create table members (
  id {uuid} primary key, organization_id {uuid} not null references organizations (id) on delete cascade,
  user_id {uuid} not null references users (id) on delete cascade, role text not null, created_at bigint not null,
  unique (organization_id, user_id), unique (organization_id, id));
create index members_by_user on members (user_id);

-- An event belongs to an organization's history or to one account's own.
create table events (
  id {uuid} primary key, organization_id {uuid} references organizations (id) on delete cascade, user_id {uuid},
  actor_kind text not null, actor_id {uuid}, name text not null, subject text not null, data text not null,
  created_at bigint not null, check ((organization_id is null) <> (user_id is null)));
create index events_by_organization on events (organization_id, id);
create index events_by_user on events (user_id, id);
";
