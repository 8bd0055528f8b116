//! What administrators and workers do, rather than callers.
mod admin;
mod retention;

use std::time::Duration;

use guildhall_domain::{Error, Id, Resource, Result, Timestamp, accounts::User, id, text::Email};
use guildhall_repositories::{self as repositories, System};

use crate::{App, auth::sign_ins::LONGEST_LIFE};
pub use admin::Purged;

const DAY: Duration = Duration::from_hours(25); // whatever the clocks do
const MONTH: Duration = Duration::from_hours(24 * 30);
const YEAR: Duration = Duration::from_hours(24 * 366);
/// SQLite's write-ahead log may have as many bytes: 64 MiB, some seconds' worth of the most it is ever given.
const LONGEST_LOG: u64 = 64 << 20;
/// How long the names of what was purged stay reserved: old links and clients still know them.
const RESERVED: Duration = Duration::from_hours(24 * 90);

impl App {
    /// Counts an organization's calls, visits and connections again from the rows themselves and compares with what was
    /// counted as they came; answers a line for each difference, so none means that all is well.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn recount(&self, organization: Id<id::Organization>) -> Result<Vec<String>> {
        Ok(self.database().read().tenant(organization).counters().recount().await?)
    }

    /// Makes right what [`App::recount`] finds, in every organization; answers a line for each difference, which begins
    /// with the organization. Safe beside running nodes.
    ///
    /// # Errors
    /// Where the database fails; what was made right before stays so.
    pub async fn rebuild_counters(&self) -> Result<Vec<String>> {
        let mut lines = Vec::new();
        for organization in self.database().read().system().organizations().await? {
            let access = self.database().write().await?;
            access.system().hold_calls_since().await?;
            let differing = access.tenant(organization).counters().rebuild().await?;
            access.commit().await?;
            lines.extend(differing.into_iter().map(|line| format!("{organization}: {line}")));
        }
        Ok(lines)
    }

    /// Sweeps away rows that nobody needs any more: idempotency keys and rate limits of more than a day ago, links that
    /// stopped working, tokens for streams, jobs given up and sessions that ended a month ago, what
    /// end users signed in with, clients that nobody used for a month, keys whose last signature is worth nothing,
    /// documents handed in three months ago that were read since, what nobody has looked for in a year, names that were
    /// reserved long enough, and calls as the settings say.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sweep(&self) -> Result<()> {
        let ago = |time| self.now().minus(time);
        let uncounted = ago(self.settings().limits.longest().max(DAY));
        self.swept(async |system| system.forget_rate_limits(uncounted).await).await?;
        self.swept(async |system| system.forget_idempotency_keys(ago(DAY)).await).await?;
        self.swept(async |system| system.forget_old_tokens(ago(DAY)).await).await?;
        self.swept(async |system| system.forget_live_tokens(self.now()).await).await?;
        self.swept(async |system| system.forget_jobs(ago(MONTH)).await).await?;
        self.swept(async |system| system.forget_sessions(ago(MONTH)).await).await?;
        self.swept(async |system| system.forget_end_user_sign_ins(ago(DAY)).await).await?;
        // Longer than a grant lasts that nobody goes on with.
        self.swept(async |system| system.forget_clients(ago(MONTH + DAY)).await).await?;
        // A key signs for some seconds after it was retired.
        self.swept(async |system| system.forget_signing_keys(ago(LONGEST_LIFE + DAY)).await).await?;
        self.swept(async |system| system.forget_ingestions(ago(RESERVED)).await).await?;
        self.swept(async |system| system.forget_gaps(ago(YEAR)).await).await?;
        self.swept(async |system| system.free_names(ago(RESERVED)).await).await?;
        self.retain_calls().await
    }

    /// Keeps SQLite's write-ahead log short; to be called every few seconds. Nothing to do on PostgreSQL.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn keep_log_short(&self) -> Result<()> {
        if !self.database().shorten_log(LONGEST_LOG).await? {
            tracing::info!("the write-ahead log could not be emptied beside all who read; it is tried again");
        }
        Ok(())
    }

    /// A transaction for each kind of row: nobody waits for all of them.
    async fn swept(&self, forget: impl AsyncFnOnce(System<'_>) -> repositories::Result<u64>) -> Result<u64> {
        let access = self.database().write().await?;
        let gone = forget(access.system()).await?;
        access.commit().await?;
        Ok(gone)
    }

    /// The account of that email, for a program that acts in a user's name.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` where there is none.
    pub async fn account_of(&self, email: &Email) -> Result<User> {
        let found = self.database().read().system().user_by_email(email).await?;
        found.map(|(user, ..)| user).ok_or(Error::NotFound(Resource::User))
    }

    /// Whether nobody has an account yet.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_new(&self) -> Result<bool> {
        Ok(!self.database().read().system().has_users().await?)
    }

    /// How many events there are, of every organization and account.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn count_events(&self) -> Result<u64> {
        Ok(self.database().read().system().count_events().await?)
    }

    /// The public halves of the signing keys, as a JWK set.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn jwks(&self) -> Result<serde_json::Value> {
        self.keys().published().await
    }

    /// A browser's cookie for the session of an access token that was just issued, and when it ends at the latest; the
    /// session itself ends earlier where it is not used.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] where the token is not one of ours or its session is over.
    pub async fn browser_cookie(&self, access_token: &str) -> Result<(String, Timestamp)> {
        let signed = self.keys().access(access_token, self.now()).await?;
        let row = self.database().read().system().session(signed.session).await?;
        let row = row.filter(|row| !row.ended).ok_or(Error::Unauthenticated)?;
        let until = row.created_at.plus(LONGEST_LIFE);
        Ok((self.keys().issue_cookie(row.user_id, row.id, self.now(), until)?, until))
    }
}
