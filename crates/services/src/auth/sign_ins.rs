//! Noticing that a sign-in is used, and how long one lasts.

use std::time::Duration;

use guildhall_domain::{Id, Result, Timestamp, error::chain, id};
use guildhall_repositories::Admission;

use crate::App;

/// How long a sign-in lasts without being used.
const IDLE_LIFE: Duration = Duration::from_hours(24 * 30);
/// How long it lasts at the most, used or not.
pub(crate) const LONGEST_LIFE: Duration = Duration::from_hours(24 * 180);
/// How exactly it is known when a sign-in was last used: a write for every call would be too dear.
const ATTENTION: Duration = Duration::from_mins(10);

/// Until when a sign-in that began at `started_at` lasts when it is used `now`.
pub(crate) fn lasts(started_at: Timestamp, now: Timestamp) -> Timestamp {
    now.plus(IDLE_LIFE).min(started_at.plus(LONGEST_LIFE))
}

/// Writes down, beside the call and now and then only, that its session is used. A browser's session has no refresh that
/// would say so.
pub(crate) fn notice(app: &App, session: Id<id::Session>, admission: &Admission) {
    // Of many calls at once one writes.
    if admission.last_seen_at.plus(ATTENTION) > app.now() || !app.noticing().insert(session) {
        return;
    }
    let (app, admission) = (app.clone(), admission.clone());
    tokio::spawn(async move {
        if let Err(error) = see(&app, session, &admission).await {
            tracing::warn!(error = chain(&error), "it was not written down that a session is used");
        }
        app.noticing().remove(&session);
    });
}

async fn see(app: &App, session: Id<id::Session>, admission: &Admission) -> Result<()> {
    let access = app.database().write().await?;
    let expires_at = lasts(admission.started_at, app.now());
    access.person(admission.user).see(session, expires_at, app.now()).await?;
    Ok(access.commit().await?)
}
