//! Guildhall, ready to be called.

mod history;

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use data_encoding::HEXLOWER;
use guildhall_domain::{
    Error, Id, Result, Timestamp,
    event::Actor,
    id::{self, Kind},
};
use guildhall_repositories::{Arrival, Asking, Database, Run, VisitorRow};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::{Notify, broadcast};
use uuid::ContextV7;

pub use history::Happened;
use history::{HAPPENINGS_KEPT, audience};

use super::{
    Caller, Cx, Desk, Effect, Prepared, Procedure, Reach, Settled, SignedIn,
    idempotency::{Claimed, Use},
    reach::{Door, Known},
};
use crate::{
    auth::{Keys, Passwords},
    live::Live,
    ports::{Fetch, Mail, Ports},
    sessions::{Gathering, Keep, Listeners, Recorder},
    settings::Settings,
};

/// Guildhall, ready to be called. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    database: Database,
    ports: Ports,
    ids: Mutex<ContextV7>,
    settings: Settings,
    keys: Keys,
    passwords: Passwords,
    recorder: Recorder,
    arrivals: Gathering<Arrival, Option<VisitorRow>>,
    askings: Gathering<Asking, Option<Run>>,
    listeners: Listeners,
    live: Live,
    happenings: broadcast::Sender<Happened>,
    jobs: Notify,
    noticing: Mutex<HashSet<Id<id::Session>>>,
}

/// How often a transaction is tried that loses against others.
const MOST_ATTEMPTS: u32 = 5;

impl App {
    /// Opens Guildhall on `database`, whose schema is up to date. Needs a tokio runtime.
    ///
    /// # Errors
    /// Where the database fails, or holds keys that were sealed with another secret.
    pub async fn open(database: Database, settings: Settings, ports: Ports) -> Result<Self> {
        let keys = Keys::open(database.clone(), settings.clone(), ports.clone()).await?;
        let passwords = Passwords::new(ports.random.clone())?;
        let recorder = Recorder::start(database.clone());
        let reader = database.clone();
        let arrivals = Gathering::start(move |arrivals: Arc<[Arrival]>| {
            let access = reader.find();
            async move { access.system().arrived(&arrivals).await }
        });
        let reader = database.clone();
        let askings = Gathering::start(move |askings: Arc<[Asking]>| {
            let access = reader.find();
            async move { access.system().current_runs(&askings).await }
        });
        let (happenings, _) = broadcast::channel(HAPPENINGS_KEPT);
        let ids = Mutex::new(ContextV7::new());
        let (jobs, noticing, listeners) = (Notify::new(), Mutex::default(), Listeners::default());
        Ok(Self(Arc::new(Inner {
            database,
            ports,
            ids,
            settings,
            keys,
            passwords,
            recorder,
            arrivals,
            askings,
            listeners,
            live: Live::default(),
            happenings,
            jobs,
            noticing,
        })))
    }

    /// Calls a procedure. The only way in, for every transport and for Rust.
    ///
    /// # Errors
    /// The closed set of the contract: see [`Error`].
    pub async fn call<P: Procedure>(&self, caller: &Caller, input: P) -> Result<P::Output> {
        Ok(self.run(caller, input, None).await?.0)
    }

    /// The same; where it changed something, what `keep` makes of the answer is kept in the same transaction. Answers
    /// whether that was so.
    pub(crate) async fn call_keeping<P: Procedure>(
        &self,
        caller: &Caller,
        input: P,
        keep: &Keep<'_, P::Output>,
    ) -> Result<(P::Output, bool)> {
        self.run(caller, input, Some(keep)).await
    }

    async fn run<P: Procedure>(
        &self,
        caller: &Caller,
        input: P,
        keep: Option<&Keep<'_, P::Output>>,
    ) -> Result<(P::Output, bool)> {
        let pace = P::pace(&self.0.settings).map(|pace| tokio::time::Instant::now() + pace);
        let done = self.run_now(caller, input, keep).await;
        if let Some(pace) = pace {
            tokio::time::sleep_until(pace).await;
        }
        done
    }

    async fn run_now<P: Procedure>(
        &self,
        caller: &Caller,
        input: P,
        keep: Option<&Keep<'_, P::Output>>,
    ) -> Result<(P::Output, bool)> {
        let issues = input.check();
        if !issues.is_empty() {
            return Err(Error::BadRequest(issues));
        }
        self.keys().keep_fresh().await?;
        let known = Known::of::<P::Reach>(self, caller).await?;
        match self.prepare_and_attempt(caller, &known, &input, keep).await {
            // What is used up or out of reach now may be so because of this very call, whose answer was lost.
            Err(error) => self.replay(caller, &known, &input).await?.map_or(Err(error), |answer| Ok((answer, false))),
            done => done,
        }
    }

    /// Whether `caller` may call the procedure at all, asked before a file of its is taken. The call itself asks again.
    ///
    /// # Errors
    /// Whatever the call would answer.
    pub async fn admits<P: Procedure>(&self, caller: &Caller) -> Result<()> {
        self.keys().keep_fresh().await?;
        let known = Known::of::<P::Reach>(self, caller).await?;
        let access = self.0.database.read();
        let writes = P::Effect::WRITES;
        let door = Door { app: self, access: &access, caller, known: &known, named: None, writes };
        P::Reach::admit(door, P::NEEDS).await.map(drop)
    }

    async fn prepare_and_attempt<P: Procedure>(
        &self,
        caller: &Caller,
        known: &Known,
        input: &P,
        keep: Option<&Keep<'_, P::Output>>,
    ) -> Result<(P::Output, bool)> {
        let throttles = input.throttles(&self.0.settings.limits);
        if !throttles.is_empty() {
            // Only who is let in uses up a limit, or learns whether a password is right.
            let (access, named) = (self.0.database.read(), input.organization());
            let writes = P::Effect::WRITES;
            let door = Door { app: self, access: &access, caller, known, named: named.as_deref(), writes };
            P::Reach::admit(door, P::NEEDS).await?;
            self.throttle(caller, known, throttles).await?;
        }
        let prepared = input.prepare(&Desk { app: self, known }).await?;
        for attempt in 1..MOST_ATTEMPTS {
            match self.attempt(caller, known, &prepared, input.clone(), keep).await {
                Err(Error::Contended) => tokio::time::sleep(self.pause(attempt)).await,
                done => return done,
            }
        }
        self.attempt(caller, known, &prepared, input.clone(), keep).await
    }

    /// One transaction's worth of [`App::call`].
    async fn attempt<P: Procedure>(
        &self,
        caller: &Caller,
        known: &Known,
        prepared: &Prepared,
        input: P,
        keep: Option<&Keep<'_, P::Output>>,
    ) -> Result<(P::Output, bool)> {
        let (writes, opens) = (P::Effect::WRITES, P::Effect::OPENS);
        let access = if opens { self.0.database.write().await? } else { self.0.database.read_on() };
        let named = input.organization();
        let door = Door { app: self, access: &access, caller, known, named: named.as_deref(), writes };
        let reach = P::Reach::admit(door, P::NEEDS).await?;

        let mut claim = None;
        if let Some(key) = caller.idempotency_key.as_ref().filter(|_| opens) {
            let key = Use::of(self, caller, reach.actor(), key.as_str(), &input)?;
            match key.claim(&access, self).await? {
                Claimed::Answered(answer) => return Ok((from_json(&answer)?, false)),
                Claimed::Fresh(fresh) => claim = Some(fresh),
            }
        }
        let cx =
            Cx { reach, access, app: self, caller, prepared, posted: AtomicBool::new(false), also: Mutex::default() };
        let settled = P::Effect::settle(input.run(&cx).await?);
        let Cx { reach, access, posted, also, .. } = cx;
        if !opens {
            drop(access); // its connection is not needed while the recorder writes
            return self.leave(&reach, settled, keep).await;
        }
        let mut kept = false;
        if let (Some(keep), Some(_), Ok(answer)) = (keep, &settled.event, &settled.answer) {
            let (organization, call) = keep(answer)?;
            access.tenant(organization).tool_calls().record(&[call]).await?;
            kept = true;
        }
        let happened = self.write_down(&access, &reach, settled.event).await?;
        if let Some(claim) = claim {
            match &settled.answer {
                Ok(answer) => claim.keep(&access, self, &to_json(answer)?).await?,
                Err(_) => claim.give_back(&access).await?,
            }
        }
        access.commit().await?;
        let also = also.into_inner().unwrap_or_else(PoisonError::into_inner);
        for happened in also.into_iter().chain(happened) {
            self.announce(happened);
        }
        if posted.into_inner() {
            self.0.jobs.notify_one();
        }
        Ok((settled.answer?, kept))
    }

    /// Has the recorder write what is left to it, with what `keep` makes of the answer; answers whether that was so.
    async fn leave<R: Reach, T: Send>(
        &self,
        reach: &R,
        settled: Settled<T>,
        keep: Option<&Keep<'_, T>>,
    ) -> Result<(T, bool)> {
        let Settled { answer, event, left } = settled;
        let answer = answer?;
        let (Some(left), Some(event)) = (left, event) else { return Ok((answer, false)) };
        let call = keep.map(|keep| keep(&answer)).transpose()?.map(|(_, call)| call);
        let kept = call.is_some();
        let happened = self.fresh_event(reach.actor(), audience(reach, &event)?, event);
        if self.write_beside_others(call, left, happened.clone()).await? {
            self.announce(Happened::of(&happened));
        }
        Ok((answer, kept))
    }

    /// Ends when a job may have been written down on this node.
    pub async fn job_written(&self) {
        self.0.jobs.notified().await;
    }

    /// The answer that this very call got before under its idempotency key.
    async fn replay<P: Procedure>(&self, caller: &Caller, known: &Known, input: &P) -> Result<Option<P::Output>> {
        let Some(key) = caller.idempotency_key.as_ref().filter(|_| P::Effect::OPENS) else { return Ok(None) };
        let access = self.0.database.read();
        let actor = match known.user() {
            Some(user) if P::ENDS_ITS_SESSION => Actor::User(user),
            Some(_) => {
                let door = Door { app: self, access: &access, caller, known, named: None, writes: true };
                SignedIn::admit(door, ()).await?.actor()
            }
            None => Actor::Nobody,
        };
        let key = Use::of(self, caller, actor, key.as_str(), input)?;
        let answer = key.replay(&access, self).await?;
        answer.map(|answer| from_json(&answer)).transpose()
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.ports.clock.now()
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`Error::Unavailable`] where it does not.
    pub async fn ready(&self) -> Result<()> {
        self.0.database.ping().await.map_err(|_| Error::Unavailable)
    }

    /// What the operator decided.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// A few letters that nobody can guess, for marking sections of a text.
    #[must_use]
    pub fn fresh_suffix(&self) -> String {
        HEXLOWER.encode(&self.random::<6>())
    }

    /// How long to wait after losing against others: longer each time, and never the same for two who lost together.
    fn pause(&self, attempt: u32) -> Duration {
        let [chance] = self.random::<1>();
        Duration::from_millis(u64::from(attempt) * (2 + u64::from(chance % 16)))
    }

    /// An id that never was, above all that this node made before.
    pub(crate) fn fresh_id<K: Kind>(&self) -> Id<K> {
        let ids = self.0.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now().millis().max(0).unsigned_abs();
        let nanos = u32::try_from(now % 1000).unwrap_or(0).saturating_mul(1_000_000);
        Id::from_uuid(uuid::Uuid::new_v7(uuid::Timestamp::from_unix(&*ids, now / 1000, nanos)))
    }

    /// Bytes that nobody can guess.
    pub(crate) fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.ports.random.fill(&mut bytes);
        bytes
    }

    pub(crate) fn database(&self) -> &Database {
        &self.0.database
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.0.keys
    }

    pub(crate) fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(crate) fn mail(&self) -> &dyn Mail {
        &*self.0.ports.mail
    }

    pub(crate) fn fetch(&self) -> &dyn Fetch {
        &*self.0.ports.fetch
    }

    /// The sessions of which it is being written down that they are used.
    pub(crate) fn noticing(&self) -> MutexGuard<'_, HashSet<Id<id::Session>>> {
        self.0.noticing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn listeners(&self) -> &Listeners {
        &self.0.listeners
    }

    pub(crate) fn live(&self) -> &Live {
        &self.0.live
    }

    /// Who comes to hosted servers right now.
    pub(crate) fn arrivals(&self) -> &Gathering<Arrival, Option<VisitorRow>> {
        &self.0.arrivals
    }

    /// Who asks right now where they are.
    pub(crate) fn askings(&self) -> &Gathering<Asking, Option<Run>> {
        &self.0.askings
    }

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(value).map_err(Error::internal)
}

fn from_json<T: DeserializeOwned>(text: &[u8]) -> Result<T> {
    serde_json::from_slice(text).map_err(Error::internal)
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("App")
    }
}
