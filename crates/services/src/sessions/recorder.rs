//! The recorder: many callers' calls in one transaction, each answered when its row is durable.
//!
//! While one transaction commits, the next calls gather; so a busy node pays for one sync a batch and an idle one adds
//! no delay.

use std::{collections::BTreeMap, time::Duration};

use guildhall_domain::{Error, Id, Result, Timestamp, id};
use guildhall_repositories::{Database, NewCall};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

use super::{greet::Guest, redact::kept};
use crate::App;

/// Calls that may wait; beyond them callers wait for room.
const QUEUE: usize = 4096;
/// The most calls in one transaction.
const BATCH: usize = 512;

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
    /// [`Error::Unavailable`] where it could not be kept; then the caller must not be told that it was.
    pub async fn record(&self, guest: &Guest, call: FinishedCall) -> Result<()> {
        let capture = guest.server().payload_capture;
        let call = NewCall {
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
        };
        let (durable, kept) = oneshot::channel();
        let entry = Entry { organization: guest.organization(), call, durable };
        self.recorder().0.send(entry).await.map_err(|_| Error::Unavailable)?;
        if kept.await.unwrap_or(false) { Ok(()) } else { Err(Error::Unavailable) }
    }
}

async fn work(database: Database, mut queue: mpsc::Receiver<Entry>) {
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        metrics::histogram!("guildhall_recorder_batch_calls").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        let entries = std::mem::take(&mut batch);
        if let Err(cause) = write(&database, &entries).await {
            tracing::warn!(%cause, calls = entries.len(), "a batch of calls was not kept; trying them one by one");
            for entry in entries {
                let kept = write(&database, std::slice::from_ref(&entry)).await;
                if let Err(cause) = &kept {
                    tracing::error!(%cause, "a call was not kept");
                }
                let _ = entry.durable.send(kept.is_ok()); // a caller that left does not mind
            }
        } else {
            for entry in entries {
                let _ = entry.durable.send(true);
            }
        }
    }
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
