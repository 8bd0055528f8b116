//! Connections: pools that only read and one that writes.

use std::{fmt, path::Path, sync::Arc, time::Duration};

use guildhall_domain::{Id, id};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode,
    TransactionOptions, TransactionTrait,
};

use crate::{
    Error, Person, Result, System, Tenant,
    executor::{Executor, Held},
};

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Location {
    /// A file of this process alone.
    Sqlite(std::path::PathBuf),
    /// A server, shared with other nodes: `postgres://…`.
    Postgres(String),
}

/// The pools of one database.
#[derive(Clone)]
pub struct Database {
    reader: DatabaseConnection,
    /// Beside the reader, so that whoever waits for what is found may hold one of the reader's connections.
    finder: DatabaseConnection,
    writer: DatabaseConnection,
    observer: Option<Observer>,
}

/// Called once for every statement, for counting them in tests and repeating them in measurements.
pub type Observer = Arc<dyn Fn(&sea_orm::Statement) + Send + Sync>;

const READERS: u32 = 8;
/// Each of them answers many at once.
const FINDERS: u32 = 2;
const WAIT_FOR_CONNECTION: Duration = Duration::from_secs(5);
/// Pages of SQLite's write-ahead log after which they are brought home: what is written often comes home once for many
/// times, and one table of the log's index still holds them all.
const CHECKPOINT: &str = "4000";
/// Of SQLite's one connection that writes; below zero, in KiB.
const WRITERS_CACHE: &str = "-8000";

impl Database {
    /// Opens the pools.
    ///
    /// # Errors
    /// Where the database cannot be reached, or is one that may lose or corrupt what it was given.
    pub async fn open(location: &Location, observer: Option<Observer>) -> Result<Self> {
        let pool = |pool| {
            sea_orm::Database::connect(match location {
                Location::Sqlite(path) => sqlite(path, pool),
                Location::Postgres(url) => postgres(url, pool),
            })
        };
        let (mut writer, mut reader) = (pool(Pool::Writer).await?, pool(Pool::Reader).await?);
        let mut finder = pool(Pool::Finder).await?;
        if let Some(observer) = &observer {
            for pool in [&mut writer, &mut reader, &mut finder] {
                let observer = observer.clone();
                pool.set_metric_callback(move |statement| observer(statement.statement));
            }
        }
        let database = Self { reader, finder, writer, observer };
        database.refuse_unsafe().await?;
        Ok(database)
    }

    /// The writing pool, for migrations.
    #[must_use]
    pub const fn writer(&self) -> &DatabaseConnection {
        &self.writer
    }

    /// Access for a query: nothing can be written through it.
    #[must_use]
    pub fn read(&self) -> Access {
        Access(Inner::Pool(self.reader.clone()))
    }

    /// The same through one connection, kept until this is dropped, for whoever asks several things and waits for nothing
    /// else meanwhile that reads.
    #[must_use]
    pub fn read_on(&self) -> Access {
        Access(Inner::Held(Held::new(self.reader.clone(), self.observer.clone())))
    }

    /// Access for a query that looks up a few rows by their keys for each of many who ask, whatever statistics of a young or
    /// fast-growing table say: PostgreSQL would rather read all of it once.
    #[must_use]
    pub fn find(&self) -> Access {
        Access(Inner::Held(Held::new(self.finder.clone(), self.observer.clone())))
    }

    /// Access for a mutation: one transaction, undone unless it is committed.
    ///
    /// # Errors
    /// Where no connection comes free in time.
    pub async fn write(&self) -> Result<Access> {
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        Ok(Access(Inner::Transaction(self.writer.begin_with_options(immediate).await?)))
    }

    /// Access for a single statement that writes: a transaction of its own, without the ways to the database that begin and
    /// commit one.
    #[must_use]
    pub fn write_once(&self) -> Access {
        Access(Inner::Pool(self.writer.clone()))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn ping(&self) -> Result<()> {
        Ok(self.reader.ping().await?)
    }

    /// How the reading pool reaches PostgreSQL, for a connection beside it.
    pub(crate) fn postgres_options(&self) -> Option<sqlx::postgres::PgConnectOptions> {
        let is_postgres = self.reader.get_database_backend() == DbBackend::Postgres;
        is_postgres.then(|| self.reader.get_postgres_connection_pool().connect_options().as_ref().clone())
    }

    /// How the writing pool reaches SQLite's file, for a connection beside it.
    pub(crate) fn sqlite_options(&self) -> Option<sqlx::sqlite::SqliteConnectOptions> {
        let is_sqlite = self.writer.get_database_backend() == DbBackend::Sqlite;
        is_sqlite.then(|| self.writer.get_sqlite_connection_pool().connect_options().as_ref().clone())
    }

    /// Closes the pools.
    pub async fn close(self) {
        for pool in [self.finder, self.reader, self.writer] {
            if let Err(cause) = pool.close().await {
                tracing::warn!(%cause, "a pool did not close cleanly");
            }
        }
    }

    /// SQLite before 3.51.3 can corrupt a WAL database; a PostgreSQL that does not sync can lose what it confirmed.
    async fn refuse_unsafe(&self) -> Result<()> {
        match self.writer.get_database_backend() {
            DbBackend::Sqlite => {
                let version = self.setting("select sqlite_version()").await?;
                let parts: Vec<u32> = version.split('.').filter_map(|part| part.parse().ok()).collect();
                if parts < vec![3, 51, 3] {
                    return Err(Error::Unreadable(format!("SQLite {version} is older than 3.51.3")));
                }
            }
            _ => {
                for name in ["fsync", "full_page_writes", "synchronous_commit"] {
                    let value = self.setting(&format!("select current_setting('{name}')")).await?;
                    if value == "off" {
                        return Err(Error::Unreadable(format!("PostgreSQL runs with {name} = off and may lose data")));
                    }
                }
            }
        }
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "reads a setting of the database itself, no table")]
    async fn setting(&self, sql: &str) -> Result<String> {
        let statement = sea_orm::Statement::from_string(self.writer.get_database_backend(), sql);
        let row = self.writer.query_one_raw(statement).await?;
        let row = row.ok_or_else(|| Error::Unreadable(format!("no answer to {sql}")))?;
        Ok(row.try_get_by_index(0)?)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Pool {
    Reader,
    Finder,
    Writer,
}

impl Pool {
    /// How many connections it has, of a database that lets so many write at once.
    const fn size(self, writers: u32) -> u32 {
        match self {
            Self::Writer => writers,
            Self::Reader => READERS,
            Self::Finder => FINDERS,
        }
    }
}

fn sqlite(path: &Path, pool: Pool) -> ConnectOptions {
    let mut options = ConnectOptions::new(format!("sqlite://{}?mode=rwc", path.display()));
    options.max_connections(pool.size(1)).min_connections(1).sqlx_logging(false);
    options.acquire_timeout(WAIT_FOR_CONNECTION).idle_timeout(None::<Duration>).max_lifetime(None::<Duration>);
    options.test_before_acquire(false);
    options.map_sqlx_sqlite_opts(move |options| {
        use sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            .statement_cache_capacity(500);
        if pool != Pool::Writer {
            return options.pragma("query_only", "on");
        }
        options.pragma("wal_autocheckpoint", CHECKPOINT).pragma("cache_size", WRITERS_CACHE)
    });
    options
}

fn postgres(url: &str, pool: Pool) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(pool.size(8)).min_connections(1).sqlx_logging(false);
    options.acquire_timeout(WAIT_FOR_CONNECTION).statement_timeout(Duration::from_secs(30));
    options.set_application_name("guildhall").test_before_acquire(false);
    options.map_sqlx_postgres_opts(move |options| {
        let read_only = if pool == Pool::Writer { "off" } else { "on" };
        let options = options.options([("default_transaction_read_only", read_only)]).statement_cache_capacity(500);
        if pool != Pool::Finder {
            return options;
        }
        options.options([("enable_seqscan", "off"), ("enable_hashjoin", "off"), ("enable_mergejoin", "off")])
    });
    options
}

/// The way to the rows: read-only, or one transaction. Dropped without [`Access::commit`] it leaves nothing behind.
#[derive(Debug)]
pub struct Access(Inner);

#[derive(Debug)]
enum Inner {
    /// Each statement is for itself.
    Pool(DatabaseConnection),
    Held(Held),
    Transaction(DatabaseTransaction),
}

impl Access {
    /// The rows of one organization.
    #[must_use]
    pub const fn tenant(&self, organization: Id<id::Organization>) -> Tenant<'_> {
        Tenant { access: self, organization }
    }

    /// One user's own rows, across organizations.
    #[must_use]
    pub const fn person(&self, user: Id<id::User>) -> Person<'_> {
        Person { access: self, user }
    }

    /// The rows that belong to nobody yet: who signs in, which server has that name.
    #[must_use]
    pub const fn system(&self) -> System<'_> {
        System { access: self }
    }

    /// Makes what was written so.
    ///
    /// # Errors
    /// Where the database cannot promise it; then nothing was written.
    pub async fn commit(self) -> Result<()> {
        match self.0 {
            Inner::Transaction(transaction) => Ok(transaction.commit().await?),
            Inner::Pool(_) | Inner::Held(_) => Ok(()),
        }
    }

    pub(crate) const fn executor(&self) -> Executor<'_> {
        match &self.0 {
            Inner::Pool(pool) => Executor::Pool(pool),
            Inner::Held(held) => Executor::Held(held),
            Inner::Transaction(transaction) => Executor::Transaction(transaction),
        }
    }

    pub(crate) fn backend(&self) -> DbBackend {
        self.executor().get_database_backend()
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.backend() == DbBackend::Postgres
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Database")
    }
}
