//! A server can be paused.
use sea_orm_migration::prelude::*;

use crate::run;

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // All or nothing, also on SQLite: a start that is killed must not leave half a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, "alter table mcp_servers add column is_paused boolean not null default false").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, "alter table mcp_servers drop column is_paused").await
    }
}
