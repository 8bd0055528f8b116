//! What statements go through.

use std::fmt;

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
    prelude::async_trait,
};
use sea_query_sqlx::SqlxValues;
use sqlx::{AssertSqlSafe, Postgres, Sqlite, pool::PoolConnection};
use tokio::sync::{Mutex, MutexGuard, OnceCell};

use crate::{
    Observer,
    error::{away, failed},
};

/// One connection for several statements, taken from its pool with the first of them and given back with this. Through the
/// pool each statement costs two ways to the database, since sqlx asks every connection that comes back whether it is well.
pub(crate) struct Held {
    pool: DatabaseConnection,
    observer: Option<Observer>,
    connection: OnceCell<Mutex<Connection>>,
}

enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// Where a statement goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Executor<'a> {
    /// Through any connection of that pool.
    Pool(&'a DatabaseConnection),
    Held(&'a Held),
    Transaction(&'a DatabaseTransaction),
}

impl Held {
    pub(crate) fn new(pool: DatabaseConnection, observer: Option<Observer>) -> Self {
        Self { pool, observer, connection: OnceCell::new() }
    }

    async fn connection(&self) -> Result<MutexGuard<'_, Connection>, DbErr> {
        let take = async || {
            Ok(Mutex::new(if self.pool.get_database_backend() == DbBackend::Postgres {
                Connection::Postgres(self.pool.get_postgres_connection_pool().acquire().await?)
            } else {
                Connection::Sqlite(self.pool.get_sqlite_connection_pool().acquire().await?)
            }))
        };
        Ok(self.connection.get_or_try_init(take).await.map_err(away)?.lock().await)
    }

    fn observe(&self, statement: &Statement) {
        if let Some(observer) = &self.observer {
            observer(statement);
        }
    }

    async fn one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.observe(&statement);
        let (sql, values) = taken(statement);
        match &mut *self.connection().await? {
            Connection::Sqlite(connection) => {
                let row = sqlx::query_with(sql, values).fetch_optional(&mut **connection).await;
                row.map(|row| row.map(Into::into))
            }
            Connection::Postgres(connection) => {
                let row = sqlx::query_with(sql, values).fetch_optional(&mut **connection).await;
                row.map(|row| row.map(Into::into))
            }
        }
        .map_err(failed)
    }

    async fn all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.observe(&statement);
        let (sql, values) = taken(statement);
        match &mut *self.connection().await? {
            Connection::Sqlite(connection) => {
                let rows = sqlx::query_with(sql, values).fetch_all(&mut **connection).await;
                rows.map(|rows| rows.into_iter().map(Into::into).collect())
            }
            Connection::Postgres(connection) => {
                let rows = sqlx::query_with(sql, values).fetch_all(&mut **connection).await;
                rows.map(|rows| rows.into_iter().map(Into::into).collect())
            }
        }
        .map_err(failed)
    }
}

fn taken(statement: Statement) -> (AssertSqlSafe<String>, SqlxValues) {
    let values = statement.values.unwrap_or_else(|| sea_orm::Values(Vec::new()));
    (AssertSqlSafe(statement.sql), SqlxValues(values))
}

#[async_trait::async_trait]
impl ConnectionTrait for Executor<'_> {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Pool(pool) => pool.get_database_backend(),
            Self::Held(held) => held.pool.get_database_backend(),
            Self::Transaction(transaction) => transaction.get_database_backend(),
        }
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(pool) => pool.execute_raw(statement).await,
            // Whoever holds a connection only reads, so this never comes.
            Self::Held(held) => held.pool.execute_raw(statement).await,
            Self::Transaction(transaction) => transaction.execute_raw(statement).await,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "passes on what was allowed where it was called")]
    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        match self {
            Self::Pool(pool) => pool.execute_unprepared(sql).await,
            Self::Held(held) => held.pool.execute_unprepared(sql).await,
            Self::Transaction(transaction) => transaction.execute_unprepared(sql).await,
        }
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.query_one_raw(statement).await,
            Self::Held(held) => held.one(statement).await,
            Self::Transaction(transaction) => transaction.query_one_raw(statement).await,
        }
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        match self {
            Self::Pool(pool) => pool.query_all_raw(statement).await,
            Self::Held(held) => held.all(statement).await,
            Self::Transaction(transaction) => transaction.query_all_raw(statement).await,
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Held")
    }
}
