//! How long SQLite's write-ahead log gets.

use std::time::Duration;

use sqlx::{ConnectOptions as _, Connection as _};

use crate::{Database, Result, error::failed};

/// How long writers wait at the most for those who read from the log.
const PATIENCE: Duration = Duration::from_secs(2);

impl Database {
    /// Empties the write-ahead log if its file has more than `most` bytes. SQLite itself begins the log anew only when nobody
    /// reads from it, which never comes under constant load; and the longer it is, the more each read costs. Others read on
    /// meanwhile, and whoever writes waits until those have finished who read from the log. Answers whether it is short
    /// enough now; PostgreSQL has none to be asked for. <https://sqlite.org/wal.html#avoiding_excessively_large_wal_files>
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn shorten_log(&self, most: u64) -> Result<bool> {
        let Some(options) = self.sqlite_options() else { return Ok(true) };
        let mut log = options.get_filename().as_os_str().to_owned();
        log.push("-wal");
        let length = std::fs::metadata(log).map_or(0, |file| file.len()); // none where nothing was written yet
        if length <= most {
            return Ok(true);
        }
        // A connection of its own: the one that writes waits longer.
        let mut connection = options.busy_timeout(PATIENCE).connect().await.map_err(failed)?;
        let emptied = sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(&mut connection).await;
        connection.close().await.map_err(failed)?;
        let (busy, _, _): (i64, i64, i64) = emptied.map_err(failed)?;
        Ok(busy == 0)
    }
}
