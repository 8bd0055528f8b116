//! Support tickets and their history.
use sea_orm_migration::prelude::*;

use crate::{drop_tables, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: &[&str] = &["ticket_numbers", "tickets", "ticket_activities"];

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
create table ticket_numbers (
  organization_id {uuid} primary key references organizations (id) on delete cascade, last_number bigint not null);

create table tickets (
  id {uuid} primary key, organization_id {uuid} not null references organizations (id) on delete cascade,
  number bigint not null, title text not null, concise_summary text not null, context text, status text not null,
  priority integer not null, email text, assignee_id {uuid}, method text not null, server_id {uuid},
  mcp_user_id {uuid}, mcp_session_id {uuid}, external_url text, created_at bigint not null, updated_at bigint not null,
  resolved_at bigint, first_response_at bigint,
  unique (organization_id, number), unique (organization_id, id),
  foreign key (organization_id, assignee_id) references members (organization_id, id),
  foreign key (organization_id, server_id) references mcp_servers (organization_id, id),
  foreign key (organization_id, mcp_user_id) references mcp_users (organization_id, id),
  foreign key (organization_id, mcp_session_id) references mcp_sessions (organization_id, id));
create index tickets_by_change on tickets (organization_id, updated_at, id);
create index tickets_by_priority on tickets (organization_id, priority, id);
create index tickets_by_status on tickets (organization_id, status, created_at, id);
create index tickets_by_session on tickets (organization_id, mcp_session_id);
create index tickets_by_assignee on tickets (organization_id, assignee_id);
create index tickets_by_user on tickets (organization_id, mcp_user_id);
create index tickets_by_server on tickets (organization_id, server_id);

create table ticket_activities (
  id {uuid} primary key, organization_id {uuid} not null, ticket_id {uuid} not null, activity_type text not null,
  content text not null, content_type text not null, metadata text not null, author_id {uuid},
  is_public boolean not null, created_at bigint not null, edited_at bigint, unique (organization_id, id),
  foreign key (organization_id, ticket_id) references tickets (organization_id, id) on delete cascade);
create index ticket_activities_by_ticket on ticket_activities (organization_id, ticket_id, created_at, id);
";
