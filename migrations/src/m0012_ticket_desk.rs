//! What is promised of tickets, and whether it was kept.
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
        run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, DOWN).await
    }
}

// The targets lie beside the number of the last ticket: who files one reads both in one statement. A ticket of which
// nothing is promised is due after all others.
const UP: &str = "
alter table ticket_numbers add column targets text not null default '[]';

alter table tickets add column first_response_due_at bigint;
alter table tickets add column resolution_due_at bigint;
alter table tickets add column due_at bigint not null default 9223372036854775807;
alter table tickets add column next_look_at bigint;
alter table tickets add column missed text not null default '[]';
create index tickets_by_due on tickets (organization_id, due_at, id);
create index tickets_to_look_at on tickets (next_look_at) where next_look_at is not null;
";

const DOWN: &str = "
drop index tickets_to_look_at;
drop index tickets_by_due;
alter table tickets drop column missed;
alter table tickets drop column next_look_at;
alter table tickets drop column due_at;
alter table tickets drop column resolution_due_at;
alter table tickets drop column first_response_due_at;
alter table ticket_numbers drop column targets;
";
