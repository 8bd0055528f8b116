//! A fresh database for each test, copied from a template that is migrated once a run.

use std::path::PathBuf;

use guildhall_repositories::{Database, Location, Observer};
use sqlx::{Connection, Executor, PgConnection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

const VARIABLE: &str = "TEST_DATABASE";

/// Whether this run is for PostgreSQL.
#[must_use]
pub fn is_postgres() -> bool {
    std::env::var(VARIABLE).is_ok_and(|url| !url.is_empty())
}

/// A database of one test's own, gone with it.
#[derive(Debug)]
pub struct TestDatabase {
    /// Where it is.
    pub location: Location,
    folder: TempDir,
}

static SQLITE_TEMPLATE: OnceCell<(TempDir, PathBuf)> = OnceCell::const_new();
static POSTGRES_TEMPLATE: OnceCell<String> = OnceCell::const_new();

impl TestDatabase {
    /// A database with the schema and nothing in it.
    pub async fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let location = match std::env::var(VARIABLE) {
            Ok(url) if !url.is_empty() => Location::Postgres(postgres_copy(&url).await),
            _ => {
                let (_, template) = SQLITE_TEMPLATE.get_or_init(sqlite_template).await;
                let path = folder.path().join("guildhall.sqlite");
                std::fs::copy(template, &path).expect("the template is there");
                Location::Sqlite(path)
            }
        };
        Self { location, folder }
    }

    /// Its pools; `observer` sees every statement.
    pub async fn open(&self, observer: Option<Observer>) -> Database {
        Database::open(&self.location, observer).await.expect("the database opens")
    }

    /// A folder of the test's own.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }
}

async fn sqlite_template() -> (TempDir, PathBuf) {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("template.sqlite");
    let database = Database::open(&Location::Sqlite(path.clone()), None).await.expect("SQLite opens");
    guildhall_migrations::migrate(database.writer()).await.expect("the schema is made");
    database.close().await; // the last connection folds the log into the file
    (folder, path)
}

fn name() -> String {
    let mut bytes = [0; 8];
    guildhall_services::ports::Random::fill(&guildhall_services::ports::SystemRandom, &mut bytes);
    let name: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("test_{name}")
}

/// The URL of `server` with another database's name.
fn named(server: &str, database: &str) -> String {
    let (base, _) = server.rsplit_once('/').expect("postgres://host/database");
    format!("{base}/{database}")
}

async fn create(server: &str, sql: String) {
    let mut connection = PgConnection::connect(server).await.expect("TEST_DATABASE answers");
    connection.execute(sqlx::AssertSqlSafe(sql)).await.expect("TEST_DATABASE may make databases");
    connection.close().await.expect("closes");
}

async fn postgres_copy(server: &str) -> String {
    let template = POSTGRES_TEMPLATE.get_or_init(async || {
        let template = name();
        create(server, format!("create database {template}")).await;
        let database = Database::open(&Location::Postgres(named(server, &template)), None).await.expect("it opens");
        guildhall_migrations::migrate(database.writer()).await.expect("the schema is made");
        database.close().await;
        template
    });
    let (template, copy) = (template.await, name());
    create(server, format!("create database {copy} template {template}")).await;
    named(server, &copy)
}
