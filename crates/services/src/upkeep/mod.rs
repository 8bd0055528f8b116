//! What administrators and workers do, rather than callers.
mod admin;

use std::time::Duration;

use guildhall_domain::{Error, Id, Resource, Result, Timestamp, accounts::User, id, text::Email};

use crate::{App, auth::sign_ins::LONGEST_LIFE};
pub use admin::Purged;

const MONTH: Duration = Duration::from_hours(24 * 30);
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

    /// Sweeps away rows that nobody needs any more: idempotency keys and rate limits of more than a day ago, links that
    /// stopped working, jobs given up and sessions that ended a month ago, keys whose last signature is worth nothing, and
    /// names that were reserved long enough.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn sweep(&self) -> Result<()> {
        let access = self.database().write().await?;
        let yesterday = self.now().minus(Duration::from_hours(25));
        access.system().forget_idempotency_keys(yesterday).await?;
        access.system().forget_rate_limits(yesterday).await?;
        access.system().forget_old_tokens(yesterday).await?;
        let last_month = self.now().minus(MONTH);
        access.system().forget_jobs(last_month).await?;
        access.system().forget_sessions(last_month).await?;
        access.system().forget_signing_keys(self.now().minus(LONGEST_LIFE)).await?;
        access.system().free_names(self.now().minus(RESERVED)).await?;
        Ok(access.commit().await?)
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
