//! The order of what feeds tell, and tokens for following them.
//!
//! An event's id is made before its commit, so ids do not say what was committed first. The number does: it is taken from
//! a row that stays locked until the commit, by a trigger, so that no path can write an event past it. Only events that a
//! feed tells are numbered: the others, above all the steps that end users do, have nobody to wait for.
use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

use crate::{drop_tables, run};

#[derive(Debug, DeriveMigrationName)]
pub(crate) struct Migration;

const TABLES: &[&str] = &["event_heads", "live_tokens"];

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
        let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
        run(manager, if sqlite { SQLITE_DOWN } else { POSTGRES_DOWN }).await?;
        run(manager, "drop index events_by_sequence; alter table events drop column sequence;").await?;
        drop_tables(manager, TABLES).await
    }
}

const SCHEMA: &str = "
-- sequence: 1.. per organization, in the order of the commits; null where no feed tells of it.
alter table events add column sequence bigint;
create table event_heads (
  organization_id {uuid} primary key references organizations (id) on delete cascade, last_sequence bigint not null);
update events set sequence = numbered.place
  from (select id, row_number() over (partition by organization_id order by id) as place
    from events where organization_id is not null and name like 'ticket.%') as numbered
  where numbered.id = events.id;
insert into event_heads (organization_id, last_sequence)
  select organization_id, max(sequence) from events where sequence is not null group by organization_id;
create unique index events_by_sequence on events (organization_id, sequence) where sequence is not null;

-- What opens one stream, once, for the sign-in or the vouched user that asked for it.
create table live_tokens (
  hash {bytes} primary key, organization_id {uuid} not null references organizations (id) on delete cascade,
  user_id {uuid} not null references users (id) on delete cascade,
  session_id {uuid} references sessions (id) on delete cascade, expires_at bigint not null);
create index live_tokens_by_age on live_tokens (expires_at);
create index live_tokens_by_user on live_tokens (user_id);
create index live_tokens_by_session on live_tokens (session_id);
create index live_tokens_by_organization on live_tokens (organization_id);
";

const SQLITE_TRIGGERS: &str = "
create trigger number_event after insert on events when new.organization_id is not null and new.name like 'ticket.%' begin
  insert into event_heads (organization_id, last_sequence) values (new.organization_id, 1)
    on conflict (organization_id) do update set last_sequence = last_sequence + 1;
  update events set sequence = (select last_sequence from event_heads where organization_id = new.organization_id)
    where id = new.id;
end;
";

// Notifying makes commits wait for each other, so only what is listened for notifies.
const POSTGRES_TRIGGERS: &str = "
create function number_event() returns trigger language plpgsql as $$ begin
  insert into event_heads (organization_id, last_sequence) values (new.organization_id, 1)
    on conflict (organization_id) do update set last_sequence = event_heads.last_sequence + 1
    returning last_sequence into new.sequence;
  perform pg_notify('guildhall_events', new.organization_id::text);
  return new;
end $$;
create trigger number_event before insert on events for each row
  when (new.organization_id is not null and new.name like 'ticket.%') execute function number_event();
";

const SQLITE_DOWN: &str = "drop trigger number_event;";

const POSTGRES_DOWN: &str = "drop trigger number_event on events; drop function number_event();";
