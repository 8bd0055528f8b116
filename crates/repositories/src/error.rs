use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// What a repository answers with. A missing row is `Ok(None)`, never an error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The ways a well-formed statement can fail.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique index said no; holds the index's name or columns.
    #[error("taken: {0}")]
    Taken(String),
    /// Lost against another transaction: worth doing again at once.
    #[error("lost against another transaction")]
    Contended(#[source] DbErr),
    /// The database is away or full: worth trying again.
    #[error("the database is not available")]
    Away(#[source] DbErr),
    /// A stored value that the domain does not know: a bug in a migration or a foreign hand.
    #[error("a stored value cannot be read: {0}")]
    Unreadable(String),
    /// Anything else.
    #[error(transparent)]
    Broken(DbErr),
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        if let Some(SqlErr::UniqueConstraintViolation(index)) = error.sql_err() {
            return Self::Taken(index);
        }
        let (contended, away) = match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => (false, true),
            DbErr::Exec(RuntimeErr::SqlxError(e)) | DbErr::Query(RuntimeErr::SqlxError(e)) => {
                (is_contended(e), is_away(e))
            }
            _ => (false, false),
        };
        match (contended, away) {
            (true, _) => Self::Contended(error),
            (_, true) => Self::Away(error),
            _ => Self::Broken(error),
        }
    }
}

/// A statement that failed.
pub(crate) fn failed(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

/// A connection that could not be had, or is gone.
pub(crate) fn away(error: sqlx::Error) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

/// 40001, 40P01, 55P03: lost against another transaction. 5, 6, 517: SQLite is busy.
fn is_contended(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| matches!(&*code, "40001" | "40P01" | "55P03" | "5" | "6" | "517"))
}

fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // 57xxx: stopped by the operator or a timeout. 53xxx: out of something. 08xxx: the connection. 25006: a standby
        // that only reads. 13: SQLite has no room.
        sqlx::Error::Database(e) => e.code().is_some_and(|code| {
            matches!(&*code, "25006" | "13") || ["53", "57", "08"].iter().any(|class| code.starts_with(class))
        }),
        _ => false,
    }
}

impl From<Error> for guildhall_domain::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Contended(_) => Self::Contended,
            Error::Away(cause) => {
                tracing::warn!(%cause, "the database is not available");
                Self::Unavailable
            }
            other => Self::Internal(Box::new(other)),
        }
    }
}

/// What a statement says that refers to somebody: who was deleted a moment ago, or is needed since a moment ago, is a race
/// that was lost.
pub(crate) fn of_somebody(error: DbErr) -> Error {
    match error.sql_err() {
        Some(SqlErr::ForeignKeyConstraintViolation(_)) => Error::Contended(error),
        _ => error.into(),
    }
}
