//! Rows, written into either database as fast as it takes them: many in one statement, or by COPY.

use std::{fmt::Write as _, path::Path, str::FromStr};

use anyhow::{Context, Result};
use sqlx::{
    AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection, Row as _, SqliteConnection,
    postgres::PgConnectOptions,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};
use uuid::Uuid;

/// Rows in one statement of SQLite.
const AT_ONCE: usize = 500;
/// Bytes that are sent at once to PostgreSQL.
const CHUNK: usize = 1 << 20;

/// What stands in a column.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Null,
    Id(Uuid),
    Number(i64),
    Flag(bool),
    Word(&'static str),
    Text(String),
}

/// A table and those of its columns that are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns {
    pub(crate) table: &'static str,
    pub(crate) columns: &'static [&'static str],
}

/// The tables whose triggers count, or touch what a row belongs to.
const COUNTED: [&str; 4] = ["mcp_sessions", "tool_calls", "connection_marks", "walkthrough_completions"];

/// A connection that writes, all in one transaction until [`Loader::commit`]. References are not checked.
#[derive(Debug)]
pub(crate) enum Loader {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Loader {
    /// Begins, on a file of SQLite's that nobody else has open. Should the machine fail, the file is worth nothing.
    pub(crate) async fn sqlite(file: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(file).synchronous(SqliteSynchronous::Off);
        let options = options.pragma("cache_size", "-1000000").foreign_keys(false).disable_statement_logging();
        let mut connection = options.connect().await?;
        sqlx::raw_sql("begin immediate").execute(&mut connection).await?;
        Ok(Self::Sqlite(connection))
    }

    /// Begins, on a database of PostgreSQL's.
    pub(crate) async fn postgres(url: &str) -> Result<Self> {
        let mut connection = PgConnectOptions::from_str(url)?.disable_statement_logging().connect().await?;
        sqlx::raw_sql("set session_replication_role = replica; begin").execute(&mut connection).await?;
        Ok(Self::Postgres(connection))
    }

    /// Puts away the triggers that count, also for others; answers the statements that bring them back.
    pub(crate) async fn disarm(&mut self) -> Result<Vec<String>> {
        let mut back = Vec::new();
        for table in COUNTED {
            match self {
                Self::Sqlite(connection) => {
                    let triggers =
                        sqlx::query("select name, sql from sqlite_schema where type = 'trigger' and tbl_name = ?");
                    for row in triggers.bind(table).fetch_all(&mut *connection).await? {
                        let name: String = row.try_get(0)?;
                        back.push(row.try_get(1)?);
                        sqlx::raw_sql(AssertSqlSafe(format!("drop trigger {name}"))).execute(&mut *connection).await?;
                    }
                }
                Self::Postgres(_) => {
                    self.run(format!("alter table {table} disable trigger user")).await?;
                    back.push(format!("alter table {table} enable trigger user"));
                }
            }
        }
        Ok(back)
    }

    async fn run(&mut self, sql: String) -> Result<()> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(connection) => sql.execute(connection).await.map(drop)?,
            Self::Postgres(connection) => sql.execute(connection).await.map(drop)?,
        }
        Ok(())
    }

    /// Writes rows, each with a cell for each column.
    pub(crate) async fn insert(&mut self, into: Columns, rows: impl Iterator<Item = Vec<Cell>>) -> Result<()> {
        let done = match self {
            Self::Sqlite(connection) => insert_many(connection, into, rows).await,
            Self::Postgres(connection) => copy(connection, into, rows).await,
        };
        done.with_context(|| format!("cannot load {}", into.table))
    }

    /// Keeps what was written.
    pub(crate) async fn commit(&mut self) -> Result<()> {
        self.run("commit".to_owned()).await
    }

    /// Brings triggers back, and leaves the database as one that has rested: `triggers` are those that [`Loader::disarm`]
    /// answered.
    pub(crate) async fn finish(mut self, triggers: Vec<String>) -> Result<()> {
        for trigger in triggers {
            self.run(trigger).await?;
        }
        match self {
            Self::Sqlite(mut connection) => {
                // The file alone is copied.
                sqlx::raw_sql("pragma wal_checkpoint(truncate)").execute(&mut connection).await?;
                connection.close().await?;
            }
            Self::Postgres(mut connection) => {
                // What the autovacuum would do by and by.
                sqlx::raw_sql("vacuum analyze").execute(&mut connection).await?;
                connection.close().await?;
            }
        }
        Ok(())
    }
}

async fn insert_many(
    connection: &mut SqliteConnection,
    into: Columns,
    mut rows: impl Iterator<Item = Vec<Cell>>,
) -> Result<()> {
    loop {
        let some: Vec<Vec<Cell>> = rows.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return Ok(());
        }
        let row = format!("({})", vec!["?"; into.columns.len()].join(", "));
        let Columns { table, columns } = into;
        let values = vec![row; some.len()].join(", ");
        let sql = format!("insert into {table} ({}) values {values}", columns.join(", "));
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for cell in some.into_iter().flatten() {
            query = match cell {
                Cell::Null => query.bind(None::<i64>),
                Cell::Id(id) => query.bind(id),
                Cell::Number(number) => query.bind(number),
                Cell::Flag(flag) => query.bind(flag),
                Cell::Word(word) => query.bind(word),
                Cell::Text(text) => query.bind(text),
            };
        }
        query.execute(&mut *connection).await?;
    }
}

async fn copy(connection: &mut PgConnection, into: Columns, rows: impl Iterator<Item = Vec<Cell>>) -> Result<()> {
    let mut copy =
        connection.copy_in_raw(&format!("copy {} ({}) from stdin", into.table, into.columns.join(", "))).await?;
    let mut lines = String::with_capacity(CHUNK + CHUNK / 8);
    for row in rows {
        for (place, cell) in row.iter().enumerate() {
            if place > 0 {
                lines.push('\t');
            }
            spell(&mut lines, cell)?;
        }
        lines.push('\n');
        if lines.len() >= CHUNK {
            copy.send(lines.as_bytes()).await?;
            lines.clear();
        }
    }
    copy.send(lines.as_bytes()).await?;
    copy.finish().await?;
    Ok(())
}

fn spell(line: &mut String, cell: &Cell) -> Result<()> {
    match cell {
        Cell::Null => line.push_str("\\N"),
        Cell::Id(id) => write!(line, "{id}")?,
        Cell::Number(number) => write!(line, "{number}")?,
        Cell::Flag(flag) => line.push(if *flag { 't' } else { 'f' }),
        Cell::Word(word) => escape(line, word),
        Cell::Text(text) => escape(line, text),
    }
    Ok(())
}

/// A backslash, and whatever ends a column or a row, is written as two letters.
fn escape(line: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '\\' => line.push_str("\\\\"),
            '\t' => line.push_str("\\t"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            other => line.push(other),
        }
    }
}
