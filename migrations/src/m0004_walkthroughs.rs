//! Walkthroughs, where they are offered, and how far people are.
use sea_orm_migration::prelude::*;

use sea_orm_migration::sea_orm::DbBackend;

use crate::{drop_tables, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: &[&str] =
    &["walkthroughs", "walkthrough_steps", "walkthrough_assignments", "walkthrough_runs", "walkthrough_completions"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    // All or nothing, also on SQLite: a start that is killed must not leave half a schema.
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, SCHEMA).await?;
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        run(manager, if sqlite { SQLITE_TRIGGERS } else { POSTGRES_TRIGGERS }).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        drop_tables(manager, TABLES).await?;
        if manager.get_database_backend() == DbBackend::Postgres {
            run(manager, "drop function touch_run()").await?;
        }
        Ok(())
    }
}

const SCHEMA: &str = "
create table walkthroughs (
  id {uuid} primary key, organization_id {uuid} not null references organizations (id) on delete cascade,
  title text not null, description text, type text not null, status text not null, tags text not null,
  estimated_duration_minutes integer, metadata text, document_metadata text, step_count bigint not null,
  created_at bigint not null, updated_at bigint not null, unique (organization_id, id));

create index walkthroughs_by_time on walkthroughs (organization_id, created_at, id);

create table walkthrough_steps (
  id {uuid} primary key, organization_id {uuid} not null, walkthrough_id {uuid} not null, title text not null,
  display_order integer not null, content_fields text not null, metadata text,
  created_at bigint not null, updated_at bigint not null,
  unique (organization_id, walkthrough_id, display_order),
  foreign key (organization_id, walkthrough_id) references walkthroughs (organization_id, id) on delete cascade);

create table walkthrough_assignments (
  organization_id {uuid} not null, server_id {uuid} not null, walkthrough_id {uuid} not null,
  display_order integer not null, is_enabled boolean not null,
  primary key (organization_id, server_id, walkthrough_id), unique (organization_id, server_id, display_order),
  foreign key (organization_id, server_id) references mcp_servers (organization_id, id) on delete cascade,
  foreign key (organization_id, walkthrough_id) references walkthroughs (organization_id, id) on delete cascade);
create index walkthrough_assignments_by_walkthrough on walkthrough_assignments (organization_id, walkthrough_id);

-- Starting again makes another run; the earlier ones stay.
create table walkthrough_runs (
  id {uuid} primary key, organization_id {uuid} not null, mcp_user_id {uuid} not null, server_id {uuid} not null,
  walkthrough_id {uuid} not null, attempt integer not null, started_at bigint not null,
  last_activity_at bigint not null,
  unique (organization_id, mcp_user_id, server_id, walkthrough_id, attempt), unique (organization_id, id),
  foreign key (organization_id, mcp_user_id) references mcp_users (organization_id, id) on delete cascade,
  foreign key (organization_id, server_id) references mcp_servers (organization_id, id) on delete cascade,
  foreign key (organization_id, walkthrough_id) references walkthroughs (organization_id, id) on delete cascade);
create index walkthrough_runs_by_server on walkthrough_runs (organization_id, server_id);
create index walkthrough_runs_by_walkthrough on walkthrough_runs (organization_id, walkthrough_id, id);

-- Steps are named, not referred to: what somebody did stays done when the step goes.
create table walkthrough_completions (
  organization_id {uuid} not null, run_id {uuid} not null, step_id {uuid} not null, completed_at bigint not null,
  primary key (organization_id, run_id, step_id),
  foreign key (organization_id, run_id) references walkthrough_runs (organization_id, id) on delete cascade);
";

// A run was last active when its last step was done.
const SQLITE_TRIGGERS: &str = "
create trigger touch_run after insert on walkthrough_completions begin
  update walkthrough_runs set last_activity_at = max(last_activity_at, new.completed_at) where id = new.run_id;
end;
";

const POSTGRES_TRIGGERS: &str = "
create function touch_run() returns trigger language plpgsql as $$ begin
  update walkthrough_runs set last_activity_at = greatest(last_activity_at, new.completed_at) where id = new.run_id;
  return null;
end $$;
create trigger touch_run after insert on walkthrough_completions for each row execute function touch_run();
";
