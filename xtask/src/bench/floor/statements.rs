//! Statements as they were run, and a pool that runs them again.

use std::{
    path::Path,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Result, bail};
use guildhall_repositories::Observer;
use sea_orm::Value;
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Database, Encode, PgPool, SqlitePool, Type,
    pool::PoolOptions,
    postgres::PgConnectOptions,
    query::Query,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};
use uuid::Uuid;

/// As Guildhall's reading pool has it.
const READERS: u32 = 8;
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(5);
const PREPARED: usize = 500;

/// A statement with what is bound to it.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    sql: Arc<str>,
    values: Vec<Bound>,
}

/// A value that is bound.
#[derive(Clone, Debug)]
enum Bound {
    Flag(Option<bool>),
    Int(Option<i32>),
    BigInt(Option<i64>),
    Double(Option<f64>),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Id(Option<Uuid>),
}

/// What was run since it began.
#[derive(Clone, Debug, Default)]
pub(super) struct Recording(Arc<Mutex<Vec<sea_orm::Statement>>>);

impl Recording {
    /// What a database is to tell of its statements.
    pub(super) fn observer(&self) -> Observer {
        let run = self.clone();
        Arc::new(move |statement| run.lock().push(statement.clone()))
    }

    /// Forgets what was run.
    pub(super) fn begin(&self) {
        self.lock().clear();
    }

    /// What was run; an error where something was bound that cannot be bound again.
    pub(super) fn end(&self) -> Result<Vec<Statement>> {
        let read = |statement: &sea_orm::Statement| {
            let values = statement.values.iter().flat_map(|values| &values.0);
            let values = values.map(bound).collect::<Result<_>>()?;
            Ok(Statement { sql: statement.sql.as_str().into(), values })
        };
        self.lock().iter().map(read).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<sea_orm::Statement>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bound(value: &Value) -> Result<Bound> {
    Ok(match value {
        Value::Bool(flag) => Bound::Flag(*flag),
        Value::Int(number) => Bound::Int(*number),
        Value::BigInt(number) => Bound::BigInt(*number),
        Value::BigUnsigned(number) => Bound::BigInt(number.map(i64::try_from).transpose()?),
        Value::Unsigned(number) => Bound::BigInt(number.map(i64::from)),
        Value::Double(number) => Bound::Double(*number),
        Value::String(text) => Bound::Text(text.clone()),
        Value::Bytes(bytes) => Bound::Bytes(bytes.clone()),
        Value::Uuid(id) => Bound::Id(*id),
        other => bail!("cannot bind {other:?} again"),
    })
}

/// Connections as Guildhall's reading pool makes them.
#[derive(Debug)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Pool {
    /// Of the database at `url`, or of SQLite's file in `data`.
    pub(super) async fn open(data: &Path, url: Option<&str>) -> Result<Self> {
        Ok(match url {
            Some(url) => {
                let options = PgConnectOptions::from_str(url)?.application_name("floor").disable_statement_logging();
                let options = options.options([("default_transaction_read_only", "on")]);
                let pool = pool_of().connect_with(options.statement_cache_capacity(PREPARED));
                Self::Postgres(pool.await?)
            }
            None => {
                let options = SqliteConnectOptions::new().filename(data.join("guildhall.sqlite"));
                let options = options
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .busy_timeout(Duration::from_secs(5))
                    .statement_cache_capacity(PREPARED)
                    .pragma("query_only", "on")
                    .disable_statement_logging();
                Self::Sqlite(pool_of().idle_timeout(None).max_lifetime(None).connect_with(options).await?)
            }
        })
    }

    /// Runs a statement and fetches all its rows.
    pub(super) async fn run(&self, statement: &Statement) -> Result<(), sqlx::Error> {
        let sql = AssertSqlSafe(Arc::clone(&statement.sql));
        match self {
            Self::Sqlite(pool) => statement.values.iter().fold(sqlx::query(sql), bind).fetch_all(pool).await.map(drop),
            Self::Postgres(pool) => {
                statement.values.iter().fold(sqlx::query(sql), bind).fetch_all(pool).await.map(drop)
            }
        }
    }
}

fn pool_of<DB: Database>() -> PoolOptions<DB> {
    let options = PoolOptions::new().max_connections(READERS).min_connections(1);
    options.acquire_timeout(WAIT_FOR_CONNECTION).test_before_acquire(false)
}

fn bind<'q, DB: Database>(query: Query<'q, DB, DB::Arguments>, value: &'q Bound) -> Query<'q, DB, DB::Arguments>
where
    Option<bool>: Encode<'q, DB> + Type<DB>,
    Option<i32>: Encode<'q, DB> + Type<DB>,
    Option<i64>: Encode<'q, DB> + Type<DB>,
    Option<f64>: Encode<'q, DB> + Type<DB>,
    Option<&'q str>: Encode<'q, DB> + Type<DB>,
    Option<&'q [u8]>: Encode<'q, DB> + Type<DB>,
    Option<Uuid>: Encode<'q, DB> + Type<DB>,
{
    match value {
        Bound::Flag(flag) => query.bind(*flag),
        Bound::Int(number) => query.bind(*number),
        Bound::BigInt(number) => query.bind(*number),
        Bound::Double(number) => query.bind(*number),
        Bound::Text(text) => query.bind(text.as_deref()),
        Bound::Bytes(bytes) => query.bind(bytes.as_deref()),
        Bound::Id(id) => query.bind(*id),
    }
}
