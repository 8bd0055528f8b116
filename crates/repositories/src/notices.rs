//! What PostgreSQL tells a node at once: that there is news of an organization. A hint and no message: what happened is
//! in the log, and whoever misses a notice meets it there.

use guildhall_domain::{Id, id};
use sqlx::postgres::{PgListener, PgPoolOptions};
use uuid::Uuid;

use crate::{Database, Result, error::away};

/// Where the trigger that numbers events says so.
const CHANNEL: &str = "guildhall_events";

/// Notices, on a connection of its own that is made again when it breaks.
#[derive(Debug)]
pub struct Notices(PgListener);

/// What there is news of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// Of one organization.
    Of(Id<id::Organization>),
    /// Perhaps of any: the connection was gone for a while.
    Any,
}

impl Database {
    /// Listens for news from now on; none where the database gives no notice (SQLite).
    ///
    /// # Errors
    /// Where the connection cannot be made.
    pub async fn notices(&self) -> Result<Option<Notices>> {
        let Some(options) = self.postgres_options() else { return Ok(None) };
        let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None).idle_timeout(None);
        let mut listener = PgListener::connect_with(&pool.connect_lazy_with(options)).await.map_err(away)?;
        listener.listen(CHANNEL).await.map_err(away)?;
        Ok(Some(Notices(listener)))
    }
}

impl Notices {
    /// The next one.
    ///
    /// # Errors
    /// Where the connection is gone and cannot be made again now.
    pub async fn next(&mut self) -> Result<Notice> {
        let notice = self.0.try_recv().await.map_err(away)?;
        let organization = notice.and_then(|notice| notice.payload().parse::<Uuid>().ok());
        Ok(organization.map_or(Notice::Any, |organization| Notice::Of(Id::from_uuid(organization))))
    }
}
