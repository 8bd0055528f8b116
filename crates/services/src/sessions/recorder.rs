//! The recorder: many callers' calls in one transaction, each answered when its row is durable.
//!
//! While one transaction commits, the next calls gather; so a busy node pays for one sync a batch and an idle one adds
//! no delay.

use std::{collections::BTreeMap, time::Duration};

use guildhall_domain::{Error::Unavailable, Id, Result, Timestamp, id};
use guildhall_repositories::{Database, Error, NewCall};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::{greet::Guest, redact::kept};
use crate::App;

/// Calls that may wait; beyond them callers wait for room.
const QUEUE: usize = 4096;
/// The most calls in one transaction.
const BATCH: usize = 512;
/// How long to wait before a batch is tried again that met a busy or absent database.
const PAUSES: [Duration; 3] = [Duration::from_millis(5), Duration::from_millis(50), Duration::from_millis(500)];

/// A call that was answered, but whose answer was not sent yet.
#[derive(Clone, Debug)]
pub struct FinishedCall {
    /// Which tool.
    pub tool_name: String,
    /// What it was given.
    pub input: Value,
    /// What it answered.
    pub output: Value,
    /// Whether it failed.
    pub is_error: bool,
    /// How long it took.
    pub duration: Duration,
    /// When it began.
    pub started_at: Timestamp,
}

/// Writes calls down in batches.
#[derive(Clone, Debug)]
pub struct Recorder(mpsc::Sender<Entry>);

#[derive(Debug)]
struct Entry {
    organization: Id<id::Organization>,
    call: NewCall,
    durable: oneshot::Sender<bool>,
}

impl Recorder {
    /// Starts the recorder; it ends when the last [`Recorder`] is dropped and its queue is empty.
    pub(crate) fn start(database: Database) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(work(database, receiver));
        Self(sender)
    }
}

impl App {
    /// Keeps a call of `guest`; returns when it is durable.
    ///
    /// # Errors
    /// `SERVICE_UNAVAILABLE` where it could not be kept; then the caller must not be told that it was.
    pub async fn record(&self, guest: &Guest, call: FinishedCall) -> Result<()> {
        let call = self.new_call(guest, call);
        let (durable, kept) = oneshot::channel();
        let entry = Entry { organization: guest.organization(), call, durable };
        self.recorder().0.send(entry).await.map_err(|_| Unavailable)?;
        if kept.await.unwrap_or(false) { Ok(()) } else { Err(Unavailable) }
    }

    /// A call as it is kept: as much of it as the server wants.
    pub(super) fn new_call(&self, guest: &Guest, call: FinishedCall) -> NewCall {
        let capture = guest.server().payload_capture;
        NewCall {
            id: self.fresh_id(),
            server: guest.server().id,
            person: guest.person(),
            visit: guest.visit(),
            tool_name: call.tool_name,
            input: kept(&call.input, capture),
            output: kept(&call.output, capture),
            is_error: call.is_error,
            duration_ms: i64::try_from(call.duration.as_millis()).unwrap_or(i64::MAX),
            at: call.started_at,
        }
    }
}

async fn work(database: Database, mut queue: mpsc::Receiver<Entry>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        metrics::histogram!("guildhall_recorder_batch_calls").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        let entries = std::mem::take(&mut batch);
        match write_patiently(&database, &entries).await {
            Err(cause) if is_passing(&cause) => {
                tracing::error!(%cause, calls = entries.len(), "calls were not kept: the database is not available");
                answer(entries, false);
            }
            Err(cause) => {
                tracing::warn!(%cause, calls = entries.len(), "a batch of calls was refused; trying them one by one");
                for entry in entries {
                    let kept = write_patiently(&database, std::slice::from_ref(&entry)).await;
                    answer([entry], is_kept(kept));
                }
            }
            Ok(()) => answer(entries, true),
        }
    }
}

/// Tells those who wait; whoever left does not mind.
fn answer(entries: impl IntoIterator<Item = Entry>, kept: bool) {
    for entry in entries {
        let _ = entry.durable.send(kept);
    }
}

/// A call whose own id is taken was kept before: the answer to its commit was lost.
fn is_kept(written: guildhall_repositories::Result<()>) -> bool {
    match written {
        Ok(()) | Err(Error::Taken(_)) => true,
        Err(cause) => {
            tracing::error!(%cause, "a call was not kept");
            false
        }
    }
}

fn is_passing(error: &Error) -> bool {
    matches!(error, Error::Contended(_) | Error::Away(_))
}

async fn write_patiently(database: &Database, entries: &[Entry]) -> guildhall_repositories::Result<()> {
    for pause in PAUSES {
        match write(database, entries).await {
            Err(error) if is_passing(&error) => tokio::time::sleep(pause).await,
            done => return done,
        }
    }
    write(database, entries).await
}

async fn write(database: &Database, entries: &[Entry]) -> guildhall_repositories::Result<()> {
    let mut by_organization: BTreeMap<Id<id::Organization>, Vec<NewCall>> = BTreeMap::new();
    for entry in entries {
        by_organization.entry(entry.organization).or_default().push(entry.call.clone());
    }
    let access = database.write().await?;
    for (organization, calls) in by_organization {
        access.tenant(organization).tool_calls().record(calls).await?;
    }
    access.commit().await
}
