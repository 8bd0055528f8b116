//! Where a server's tickets go besides Guildhall.
use sea_orm_migration::prelude::*;

use crate::{drop_tables, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

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
        run(manager, "drop index jobs_under_way").await?;
        drop_tables(manager, &["ticket_destinations"]).await
    }
}

// sealed_secret: a webhook's address, or an API key. team_id: Linear's only. Not columns of mcp_servers, a row of which is
// read with every MCP request.
const SCHEMA: &str = "
create table ticket_destinations (
  organization_id {uuid} not null, server_id {uuid} not null, kind text not null, sealed_secret {bytes} not null,
  team_id text, primary key (organization_id, server_id, kind),
  foreign key (organization_id, server_id) references mcp_servers (organization_id, id) on delete cascade);

-- Whose jobs are under way: an organization has one at a time of those that wait for servers of others.
create index jobs_under_way on jobs (organization_id) where lease is not null;
";
