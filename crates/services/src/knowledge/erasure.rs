//! Doing away with a namespace that was deleted, a few documents at a time, so that nobody has to wait for it.

use guildhall_domain::{Error, Id, id};
use guildhall_repositories::StoredJob;

use crate::{
    App,
    jobs::{Failed, LEASE},
};

/// As many documents as are erased in one transaction, and as many transactions as one turn has.
const AT_ONCE: u64 = 20;
const TURNS: usize = 50;

/// Goes on erasing, for one turn or to the end.
pub(crate) async fn go_on(
    app: &App,
    job: &StoredJob,
    lease: &[u8],
    namespace: Id<id::Namespace>,
) -> Result<(), Failed> {
    let organization = job.organization.ok_or_else(|| Failed::ForGood("for no organization".to_owned()))?;
    erase(app, job, lease, organization, namespace).await.map_err(Failed::from)
}

async fn erase(
    app: &App,
    job: &StoredJob,
    lease: &[u8],
    organization: Id<id::Organization>,
    namespace: Id<id::Namespace>,
) -> Result<(), Error> {
    for _ in 0..TURNS {
        let access = app.database().write().await?;
        if !access.system().renew_job(job.id, lease, app.now().plus(LEASE)).await? {
            return Ok(()); // somebody else has taken over
        }
        let tenant = access.tenant(organization);
        if tenant.documents().erase_some(namespace, AT_ONCE).await? == 0 {
            tenant.namespaces().erase(namespace).await?;
            access.system().finish_job(job.id, lease).await?;
            return Ok(access.commit().await?);
        }
        access.commit().await?;
    }
    let access = app.database().write().await?;
    access.system().hand_back_job(job.id, lease, app.now()).await?;
    Ok(access.commit().await?)
}
