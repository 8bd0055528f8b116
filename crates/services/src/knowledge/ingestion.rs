//! Reading what was handed in, document by document. Each is one transaction: the document and all it is found by, how far
//! the job is, and that the job is still this worker's to do. Nobody waits long for anything: a job that takes long is
//! done in turns.

use std::time::Duration;

use guildhall_domain::{
    Error, Id, Result,
    event::{Actor, Audience, Event},
    id,
    knowledge::{DocumentFailure, Indexed, IngestionStatus, Reading, Section, Source, index, read},
};
use guildhall_repositories::{Access, NewReading, Progress, StoredIngestion, StoredJob, StoredReading, Tenant};
use tokio::time::Instant;

use super::handed_in::{Given, HandedIn};
use crate::{
    App, Happened,
    jobs::{Failed, LEASE},
};

/// As the jobs are called that do this.
pub(crate) const KIND: &str = "ingestion";
/// How long one turn takes; then others go first.
const TURN: Duration = Duration::from_secs(10);
/// As many documents as are looked at together for whether they are to be removed.
const LOOKED_AT: u64 = 100;

/// One turn at what was handed in.
struct Turn<'a> {
    app: &'a App,
    job: &'a StoredJob,
    lease: &'a [u8],
    organization: Id<id::Organization>,
    namespace: Id<id::Namespace>,
    ends: Instant,
}

/// Why a turn ends before the work does.
enum Stop {
    /// Somebody else does it now.
    Lost,
    /// It cannot be done.
    Broken(Error),
    /// There is nothing to put it into any more.
    Gone(&'static str),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Broken(error.into())
    }
}

/// Goes on reading what was handed in, for one turn or to its end.
pub(crate) async fn go_on(app: &App, job: &StoredJob, lease: &[u8]) -> Result<(), Failed> {
    let organization = job.organization.ok_or_else(|| Failed::ForGood("for no organization".to_owned()))?;
    let access = app.database().read();
    let tenant = access.tenant(organization);
    if tenant.profile().find().await.map_err(Error::from)?.is_none() {
        return Err(Failed::ForGood("its organization is gone".to_owned()));
    }
    let Some(stored) = tenant.ingestions().stored(job.id).await.map_err(Error::from)? else {
        return Err(Failed::ForGood("its namespace is gone".to_owned()));
    };
    let namespace = stored.ingestion.namespace_id;
    let turn = Turn { app, job, lease, organization, namespace, ends: Instant::now() + TURN };
    match turn.take(&access, stored).await {
        Ok(()) | Err(Stop::Lost) => Ok(()),
        Err(Stop::Broken(error)) => Err(error.into()),
        Err(Stop::Gone(what)) => Err(Failed::ForGood(what.to_owned())),
    }
}

/// Writes down that what was handed in is given up, in the transaction in which its job is.
pub(crate) async fn give_up(app: &App, access: &Access, job: &StoredJob, why: &str) -> Result<Option<Happened>> {
    let Some(organization) = job.organization else { return Ok(None) };
    let ingestions = access.tenant(organization).ingestions();
    let Some(stored) = ingestions.stored(job.id).await? else { return Ok(None) };
    if !matches!(stored.ingestion.status, IngestionStatus::Pending | IngestionStatus::InProgress) {
        return Ok(None);
    }
    let failure = DocumentFailure { path: String::new(), message: why.to_owned() };
    ingestions.finish(job.id, Some(failure), app.now()).await?;
    let failed = stored.failed.saturating_add(1);
    let event = ingested(&StoredIngestion { failed, ..stored });
    Ok(Some(app.note(access, Actor::System, Audience::Organization(organization), event).await?))
}

fn ingested(stored: &StoredIngestion) -> Event {
    let ingestion = &stored.ingestion;
    Event::DocumentsIngested {
        namespace_id: ingestion.namespace_id,
        job_id: ingestion.id,
        processed: ingestion.processed,
        skipped: ingestion.skipped,
        removed: ingestion.removed,
        failed: stored.failed,
    }
}

impl Turn<'_> {
    async fn take(&self, access: &Access, stored: StoredIngestion) -> Result<(), Stop> {
        let handed_in = HandedIn::open(access, self.organization, &stored).await?;
        let total = u64::try_from(stored.ingestion.total).unwrap_or_default();
        for place in stored.place..total {
            if Instant::now() >= self.ends {
                return self.hand_back().await;
            }
            match handed_in.at(access, self.organization, place).await? {
                Ok(given) => self.take_in(place, given).await?,
                Err(failure) => self.advance(place, Progress::Failed(failure)).await?,
            }
        }
        if let Some(below) = &stored.prune_below
            && !self.prune(access, &handed_in, below).await?
        {
            return self.hand_back().await;
        }
        self.finish().await
    }

    /// A transaction in which nobody else does this job.
    async fn fenced(&self) -> Result<Access, Stop> {
        let access = self.app.database().write().await?;
        let until = self.app.now().plus(LEASE);
        if access.system().renew_job(self.job.id, self.lease, until).await? { Ok(access) } else { Err(Stop::Lost) }
    }

    async fn hand_back(&self) -> Result<(), Stop> {
        let access = self.app.database().write().await?;
        access.system().hand_back_job(self.job.id, self.lease, self.app.now()).await?;
        Ok(access.commit().await?)
    }

    async fn advance(&self, place: u64, progress: Progress) -> Result<(), Stop> {
        let access = self.fenced().await?;
        access.tenant(self.organization).ingestions().advance(self.job.id, place, progress).await?;
        Ok(access.commit().await?)
    }

    /// Reads a document and keeps it, unless it is there already, the same.
    async fn take_in(&self, place: u64, given: Given) -> Result<(), Stop> {
        let fingerprint = given.fingerprint();
        loop {
            let access = self.app.database().read();
            let tenant = access.tenant(self.organization);
            let before = tenant.documents().at(self.namespace, &given.path).await?;
            if before.as_ref().is_some_and(|before| before.fingerprint == fingerprint) {
                return self.advance(place, Progress::Skipped).await;
            }
            let before = match before {
                Some(before) => Some((indexed_of(tenant, &before).await?, before)),
                None => None,
            };
            let Some((reading, indexed)) = self.read(&given).await else {
                let path = given.path.to_string();
                let failure = DocumentFailure { path, message: "cannot be read".to_owned() };
                return self.advance(place, Progress::Failed(failure)).await;
            };
            let new = NewReading {
                id: self.app.fresh_id(),
                path: given.path.clone(),
                title: reading.title,
                tags: reading.tags,
                content_type: given.content_type,
                fingerprint: fingerprint.clone(),
                text: reading.text,
                indexed,
            };
            if self.keep(place, new, before.as_ref().map(|(indexed, before)| (before, indexed))).await? {
                return Ok(());
            }
        }
    }

    /// Reads a document and finds what it is found by, which may take a moment; none where that panics.
    async fn read(&self, given: &Given) -> Option<(Reading, Indexed)> {
        let (given, namespace) = (given.clone(), self.namespace);
        let reading = tokio::task::spawn_blocking(move || {
            let reading = read(&Source {
                path: &given.path,
                title: given.title.as_deref(),
                tags: &given.tags,
                content: &given.content,
                content_type: given.content_type,
            });
            let indexed = index(namespace, &reading);
            (reading, indexed)
        });
        reading.await.ok()
    }

    /// Keeps a reading, and how far the job is; false where the document is not what it was `before` any more.
    async fn keep(
        &self,
        place: u64,
        new: NewReading,
        before: Option<(&StoredReading, &Indexed)>,
    ) -> Result<bool, Stop> {
        let access = self.fenced().await?;
        let tenant = access.tenant(self.organization);
        if tenant.namespaces().find_to_change(self.namespace).await?.is_none() {
            return Err(Stop::Gone("its namespace is gone"));
        }
        let now = tenant.documents().at(self.namespace, &new.path).await?;
        if now.map(|now| now.fingerprint) != before.map(|(before, _)| before.fingerprint.clone()) {
            return Ok(false);
        }
        let chunks = i64::try_from(new.indexed.passages.len()).unwrap_or(i64::MAX);
        tenant.documents().keep(self.namespace, new, before, self.app.now()).await?;
        tenant.ingestions().advance(self.job.id, place, Progress::Processed(chunks)).await?;
        access.commit().await?;
        Ok(true)
    }

    /// Removes documents below a path that were not handed in; false where the turn ends before.
    async fn prune(&self, access: &Access, handed_in: &HandedIn, below: &str) -> Result<bool, Stop> {
        let paths = handed_in.paths(access, self.organization).await?;
        let documents = access.tenant(self.organization).documents();
        let mut after = None;
        loop {
            let some = documents.by_path(self.namespace, below, after.as_ref(), LOOKED_AT).await?;
            let Some(last) = some.last() else { return Ok(true) };
            after = Some(last.document.path.clone());
            for stored in some.iter().filter(|stored| !paths.contains(stored.document.path.as_str())) {
                if Instant::now() >= self.ends {
                    return Ok(false);
                }
                self.remove(stored.document.id).await?;
            }
        }
    }

    async fn remove(&self, id: Id<id::Document>) -> Result<(), Stop> {
        let access = self.fenced().await?;
        let tenant = access.tenant(self.organization);
        if tenant.namespaces().find_to_change(self.namespace).await?.is_none() {
            return Err(Stop::Gone("its namespace is gone"));
        }
        if let Some(stored) = tenant.documents().find(id).await? {
            let indexed = indexed_of(tenant, &stored).await?;
            tenant.documents().remove(&stored, &indexed).await?;
            tenant.ingestions().removed(self.job.id, 1).await?;
        }
        Ok(access.commit().await?)
    }

    async fn finish(&self) -> Result<(), Stop> {
        let access = self.app.database().write().await?;
        if !access.system().finish_job(self.job.id, self.lease).await? {
            return Err(Stop::Lost);
        }
        let ingestions = access.tenant(self.organization).ingestions();
        ingestions.finish(self.job.id, None, self.app.now()).await?;
        let mut happened = None;
        if let Some(stored) = ingestions.stored(self.job.id).await? {
            let audience = Audience::Organization(self.organization);
            happened = Some(self.app.note(&access, Actor::System, audience, ingested(&stored)).await?);
        }
        access.commit().await?;
        if let Some(happened) = happened {
            self.app.announce(happened);
        }
        Ok(())
    }
}

/// As what a stored document is found.
pub(super) async fn indexed_of(tenant: Tenant<'_>, stored: &StoredReading) -> Result<Indexed> {
    let sections = tenant.documents().sections(stored.document.id).await?;
    let sections = sections.into_iter().map(|(heading, text)| Section { heading, text }).collect();
    let document = &stored.document;
    let (title, tags) = (document.title.clone(), document.tags.clone());
    let (namespace, reading) = (document.namespace_id, Reading { title, tags, text: String::new(), sections });
    tokio::task::spawn_blocking(move || index(namespace, &reading)).await.map_err(Error::internal)
}
