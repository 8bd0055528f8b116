use sea_orm::{DbErr, RuntimeErr, SqlErr};

/// What a repository answers with. A missing row is `Ok(None)`, never an error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The ways a well-formed statement can fail.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A unique index said no; holds the index's name or columns.
    #[error("taken: {0}")]
    Taken(String),
    /// The database is away, busy or full: worth trying again.
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
        let away = match &error {
            DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => true,
            DbErr::Exec(RuntimeErr::SqlxError(e)) | DbErr::Query(RuntimeErr::SqlxError(e)) => is_away(e),
            _ => false,
        };
        if away { Self::Away(error) } else { Self::Broken(error) }
    }
}

fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // 40001, 40P01: lost against another transaction. 57P0x: shutting down. 53xxx: out of something. 5, 13: SQLite
        // is busy or full.
        sqlx::Error::Database(e) => e.code().is_some_and(|code| {
            matches!(&*code, "40001" | "40P01" | "57P01" | "57P02" | "57P03" | "5" | "13") || code.starts_with("53")
        }),
        _ => false,
    }
}

impl From<Error> for guildhall_domain::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Away(cause) => {
                tracing::warn!(%cause, "the database is not available");
                Self::Unavailable
            }
            other => Self::Internal(Box::new(other)),
        }
    }
}
