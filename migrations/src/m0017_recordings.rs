//! What the recorder writes of an organization is one statement on SQLite too: what people did in walkthroughs and the
//! events that say so, beside the calls. PostgreSQL has statements that write several tables; SQLite has triggers.
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

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
        if manager.get_database_backend() == DbBackend::Sqlite { run(manager, SQLITE).await } else { Ok(()) }
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        if sqlite { run(manager, "drop view recordings").await } else { Ok(()) }
    }
}

// A move is [kind, event's id, [what it is of], [event]], and not made yet: whoever inserts has looked, in the same
// statement. The pluses keep SQLite from going through the whole organization.
const SQLITE: &str = "
create view recordings as select null as organization_id, null as moves, null as calls, null as counts where false;
create trigger keep_recording instead of insert on recordings begin
  insert into walkthrough_runs (organization_id, id, mcp_user_id, server_id, walkthrough_id, attempt, started_at,
      last_activity_at)
    select new.organization_id, unhex(r.value -> 2 ->> 0), unhex(r.value -> 2 ->> 1), unhex(r.value -> 2 ->> 2),
      unhex(r.value -> 2 ->> 3), r.value -> 2 ->> 4, r.value -> 2 ->> 5, r.value -> 2 ->> 5
    from jsonb_each(new.moves) as r where r.value ->> 0 = 'begun';
  insert into walkthrough_completions (organization_id, run_id, step_id, completed_at)
    select new.organization_id, unhex(r.value -> 2 ->> 0), unhex(r.value -> 2 ->> 1), r.value -> 2 ->> 2
    from jsonb_each(new.moves) as r where r.value ->> 0 = 'completed';
  update walkthrough_runs set last_activity_at = max(last_activity_at, seen.at)
    from (select unhex(r.value -> 2 ->> 0) as id, max(r.value -> 2 ->> 1) as at
      from jsonb_each(new.moves) as r where r.value ->> 0 = 'resumed' group by 1) as seen
    where walkthrough_runs.id = seen.id and +organization_id = new.organization_id;
  insert into events (organization_id, id, actor_kind, actor_id, name, subject, data, created_at)
    select new.organization_id, unhex(r.value -> 3 ->> 0), r.value -> 3 ->> 1, unhex(r.value -> 3 ->> 2),
      r.value -> 3 ->> 3, r.value -> 3 ->> 4, r.value -> 3 ->> 5, r.value -> 3 ->> 6
    from jsonb_each(new.moves) as r;
  insert into call_batches (organization_id, calls, counts) values (new.organization_id, new.calls, new.counts);
end;
";
