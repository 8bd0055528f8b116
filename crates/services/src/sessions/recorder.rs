//! The recorder: what many callers do often, in one transaction, each answered when its rows are durable.
//!
//! While one transaction commits, the next calls gather; so a busy node pays for one sync a batch and an idle one adds
//! no delay.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use guildhall_domain::{Error, Error::Unavailable, Id, Result, Timestamp, event::Audience, id};
use guildhall_repositories::{Database, Error as RowError, Move, NewCall, NewEvent};
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{Answer, greet::Guest, redact};
use crate::{App, lasting::until_done};

/// Calls that may wait; beyond them callers wait for room.
const QUEUE: usize = 4096;
/// The most calls in one transaction.
const BATCH: usize = 512;
/// How long to wait before a batch is tried again that met a busy or absent database.
const PAUSES: [Duration; 3] = [Duration::from_millis(5), Duration::from_millis(50), Duration::from_millis(500)];

/// A call that was answered, but whose answer was not sent yet.
#[derive(Clone, Copy, Debug)]
pub struct FinishedCall<'a> {
    /// Which tool.
    pub tool_name: &'a str,
    /// What it was given.
    pub given: &'a Value,
    /// What it answered.
    pub answer: &'a Answer,
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
    call: Option<NewCall>,
    /// What the person did, and the event that says so.
    made: Option<(Move, NewEvent)>,
    durable: oneshot::Sender<Kept>,
}

/// How it went with an entry.
#[derive(Clone, Copy, Debug)]
enum Kept {
    No,
    Yes {
        /// Whether nobody had done the same before.
        changed: bool,
    },
}

impl Recorder {
    /// Starts the recorder; it ends when the last [`Recorder`] is dropped and its queue is empty.
    pub(crate) fn start(database: Database) -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let receiver = Arc::new(Mutex::new(receiver));
        let work = move || work(database.clone(), Arc::clone(&receiver));
        tokio::spawn(until_done("recording", work));
        Self(sender)
    }
}

impl App {
    /// Keeps a call of `guest`; returns when it is durable.
    ///
    /// # Errors
    /// `SERVICE_UNAVAILABLE` where it could not be kept; then the caller must not be told that it was.
    pub async fn record(&self, guest: &Guest, call: FinishedCall<'_>) -> Result<()> {
        let call = Some(self.new_call(guest, call)?);
        self.keep(guest.organization(), call, None).await.map(drop)
    }

    /// Writes what somebody did, with the event that says so and the call that did it; returns when all is durable, whether
    /// nobody had done the same before.
    ///
    /// # Errors
    /// `SERVICE_UNAVAILABLE` where it could not be kept; then nothing of it was.
    pub(crate) async fn write_beside_others(&self, call: Option<NewCall>, made: Move, event: NewEvent) -> Result<bool> {
        let Audience::Organization(organization) = event.audience else {
            return Err(Error::internal("a move in nobody's walkthrough"));
        };
        self.keep(organization, call, Some((made, event))).await
    }

    async fn keep(
        &self,
        organization: Id<id::Organization>,
        call: Option<NewCall>,
        made: Option<(Move, NewEvent)>,
    ) -> Result<bool> {
        let (durable, kept) = oneshot::channel();
        let entry = Entry { organization, call, made, durable };
        self.recorder().0.send(entry).await.map_err(|_| Unavailable)?;
        match kept.await {
            Ok(Kept::Yes { changed }) => Ok(changed),
            Ok(Kept::No) | Err(_) => Err(Unavailable),
        }
    }

    /// A call as it is kept: as much of it as the server wants.
    pub(super) fn new_call(&self, guest: &Guest, call: FinishedCall<'_>) -> Result<NewCall> {
        let capture = guest.server().payload_capture;
        Ok(NewCall {
            id: self.fresh_id(),
            server: guest.server().id,
            person: guest.person(),
            visit: guest.visit(),
            tool_name: call.tool_name.to_owned(),
            input: redact::given(call.given, capture)?,
            output: redact::answered(call.answer, capture)?,
            is_error: call.answer.is_error,
            duration_ms: i64::try_from(call.duration.as_millis()).unwrap_or(i64::MAX),
            at: call.started_at,
        })
    }
}

/// Those whose batch a panic ends hear that it was not kept.
async fn work(database: Database, queue: Arc<Mutex<mpsc::Receiver<Entry>>>) {
    let mut queue = queue.lock().await;
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        metrics::histogram!("guildhall_recorder_batch_calls").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
        let entries = std::mem::take(&mut batch);
        match write_patiently(&database, &entries).await {
            Err(cause) if is_passing(&cause) => {
                tracing::error!(%cause, calls = entries.len(), "calls were not kept: the database is not available");
                entries.into_iter().for_each(|entry| answer(entry, Kept::No));
            }
            Err(cause) => {
                tracing::warn!(%cause, calls = entries.len(), "a batch of calls was refused; trying them one by one");
                for entry in entries {
                    let kept = kept_alone(write_patiently(&database, std::slice::from_ref(&entry)).await);
                    answer(entry, kept);
                }
            }
            Ok(changed) => {
                for (entry, changed) in entries.into_iter().zip(changed) {
                    answer(entry, Kept::Yes { changed });
                }
            }
        }
    }
}

/// Tells who waits; whoever left does not mind.
fn answer(entry: Entry, kept: Kept) {
    let _ = entry.durable.send(kept);
}

/// A call whose own id is taken was kept before: the answer to its commit was lost.
fn kept_alone(written: guildhall_repositories::Result<Vec<bool>>) -> Kept {
    match written {
        Ok(changed) => Kept::Yes { changed: changed.contains(&true) },
        Err(RowError::Taken(_)) => Kept::Yes { changed: true },
        Err(cause) => {
            tracing::error!(%cause, "a call was not kept");
            Kept::No
        }
    }
}

fn is_passing(error: &RowError) -> bool {
    matches!(error, RowError::Contended(_) | RowError::Away(_))
}

async fn write_patiently(database: &Database, entries: &[Entry]) -> guildhall_repositories::Result<Vec<bool>> {
    for pause in PAUSES {
        match write(database, entries).await {
            Err(error) if is_passing(&error) => tokio::time::sleep(pause).await,
            done => return done,
        }
    }
    write(database, entries).await
}

/// Writes entries in one transaction, those of an organization together. Answers for each entry
/// whether nobody had done the same before.
async fn write(database: &Database, entries: &[Entry]) -> guildhall_repositories::Result<Vec<bool>> {
    let mut by_organization: BTreeMap<Id<id::Organization>, Vec<usize>> = BTreeMap::new();
    for (place, entry) in entries.iter().enumerate() {
        by_organization.entry(entry.organization).or_default().push(place);
    }
    let mut changed = vec![false; entries.len()];
    let access = if by_organization.len() == 1 { database.write_once() } else { database.write().await? };
    for (organization, places) in by_organization {
        let its = || places.iter().filter_map(|place| Some((*place, entries.get(*place)?)));
        let calls: Vec<_> = its().filter_map(|(_, entry)| entry.call.clone()).collect();
        let moves: Vec<_> = its().filter_map(|(_, entry)| entry.made.clone()).collect();
        let written = access.tenant(organization).recording().write(&calls, &moves).await?;
        for (place, entry) in its() {
            let is_written = entry.made.as_ref().is_some_and(|(_, event)| written.contains(&event.id));
            changed.get_mut(place).into_iter().for_each(|changed| *changed = is_written);
        }
    }
    access.commit().await?;
    Ok(changed)
}
