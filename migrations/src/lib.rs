//! The schema, one migration a capability, the same for SQLite and PostgreSQL.
//!
//! Migrations are written in SQL that both databases read; the few words that differ are `{uuid}` and `{bytes}`, and
//! triggers are written twice, side by side. Every column that holds a time is a `bigint` of milliseconds.
mod m0001_accounts;
mod m0002_organizations;
mod m0003_mcp_servers;
mod m0004_walkthroughs;
mod m0005_tickets;
mod m0006_people;
mod m0007_forgetting;
mod m0008_end_user_sign_in;
mod m0009_pausing;
mod m0010_recent_calls;
mod m0011_knowledge;
mod m0012_ticket_desk;
mod m0013_event_order;
mod m0014_ticket_destinations;
mod m0015_figures;
mod m0016_call_partitions;
mod m0017_recordings;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DatabaseConnection, DatabaseTransaction, DbBackend, TransactionTrait};

/// All migrations, in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_accounts::Migration),
            Box::new(m0002_organizations::Migration),
            Box::new(m0003_mcp_servers::Migration),
            Box::new(m0004_walkthroughs::Migration),
            Box::new(m0005_tickets::Migration),
            Box::new(m0006_people::Migration),
            Box::new(m0007_forgetting::Migration),
            Box::new(m0008_end_user_sign_in::Migration),
            Box::new(m0009_pausing::Migration),
            Box::new(m0010_recent_calls::Migration),
            Box::new(m0011_knowledge::Migration),
            Box::new(m0012_ticket_desk::Migration),
            Box::new(m0013_event_order::Migration),
            Box::new(m0014_ticket_destinations::Migration),
            Box::new(m0015_figures::Migration),
            Box::new(m0016_call_partitions::Migration),
            Box::new(m0017_recordings::Migration),
        ]
    }
}

/// Brings the schema up to date. Nodes that start together take turns.
///
/// # Errors
/// Where the database refuses.
pub async fn migrate(database: &DatabaseConnection) -> Result<(), DbErr> {
    if database.get_database_backend() != DbBackend::Postgres {
        return Migrator::up(database, None).await;
    }
    let turn = database.begin().await?;
    lock(&turn).await?;
    let done = Migrator::up(database, None).await;
    turn.commit().await?;
    done
}

/// Whether the schema lacks a migration.
///
/// # Errors
/// Where the database refuses.
pub async fn is_behind(database: &DatabaseConnection) -> Result<bool, DbErr> {
    Ok(!Migrator::get_pending_migrations(database).await?.is_empty())
}

#[expect(clippy::disallowed_methods, reason = "a lock of the database itself, no table")]
async fn lock(turn: &DatabaseTransaction) -> Result<(), DbErr> {
    turn.execute_unprepared("select pg_advisory_xact_lock(4716052019)").await.map(|_| ())
}

/// Runs `sql` with the words of the database at hand.
#[expect(clippy::disallowed_methods, reason = "a migration is about tables, not about their rows")]
async fn run(manager: &SchemaManager<'_>, sql: &str) -> Result<(), DbErr> {
    let sqlite = manager.get_database_backend() == DbBackend::Sqlite;
    let (uuid, bytes) = if sqlite { ("blob", "blob") } else { ("uuid", "bytea") };
    let sql = sql.replace("{uuid}", uuid).replace("{bytes}", bytes);
    manager.get_connection().execute_unprepared(&sql).await.map(|_| ())
}

/// Drops tables, the last made first.
async fn drop_tables(manager: &SchemaManager<'_>, tables: &[&str]) -> Result<(), DbErr> {
    for table in tables.iter().rev() {
        run(manager, &format!("drop table {table}")).await?;
    }
    Ok(())
}
