//! Guildhall, ready to be called.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use guildhall_domain::{
    Error, Id, Result, Timestamp,
    event::{Audience, Event},
    id::{self, Kind},
};
use guildhall_repositories::Database;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::broadcast;
use uuid::ContextV7;

use super::{
    Caller, Cx, Desk, Effect, Prepared, Procedure, Reach, Throttle,
    idempotency::{self, Claimed},
    reach::{Door, Known},
};
use crate::{
    auth::{Keys, Passwords},
    ports::{Clock, Random},
    secrets::{hash, hex},
    sessions::{Keep, Recorder},
    settings::Settings,
};

/// Guildhall, ready to be called. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    database: Database,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    ids: Mutex<ContextV7>,
    settings: Settings,
    keys: Keys,
    passwords: Passwords,
    recorder: Recorder,
    happenings: broadcast::Sender<Happened>,
}

/// Something happened and is committed: what listeners are woken with.
#[derive(Clone, Debug)]
pub struct Happened {
    /// The event's id.
    pub id: Id<id::Event>,
    /// Whose history it is in.
    pub audience: Audience,
    /// What it was.
    pub event: Event,
}

/// How often a transaction is tried that loses against others.
const MOST_ATTEMPTS: u32 = 5;

/// Events that a listener may fall behind before it must read the log instead.
const HAPPENINGS_KEPT: usize = 1024;

impl App {
    /// Opens Guildhall on `database`, whose schema is up to date. Needs a tokio runtime.
    ///
    /// # Errors
    /// Where the database fails, or holds keys that were sealed with another secret.
    pub async fn open(
        database: Database,
        settings: Settings,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self> {
        let keys = Keys::open(database.clone(), settings.clone(), clock.clone(), random.clone()).await?;
        let passwords = Passwords::new(random.clone())?;
        let recorder = Recorder::start(database.clone());
        let (happenings, _) = broadcast::channel(HAPPENINGS_KEPT);
        let ids = Mutex::new(ContextV7::new());
        Ok(Self(Arc::new(Inner { database, clock, random, ids, settings, keys, passwords, recorder, happenings })))
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
        let issues = input.check();
        if !issues.is_empty() {
            return Err(Error::BadRequest(issues));
        }
        self.throttle(caller, input.throttles(&self.0.settings.limits)).await?;
        let known = Known::of::<P::Reach>(self, caller).await?;
        let prepared = input.prepare(&Desk { app: self }).await?;
        for attempt in 1..MOST_ATTEMPTS {
            match self.attempt(caller, &known, &prepared, input.clone(), keep).await {
                Err(Error::Contended) => tokio::time::sleep(self.pause(attempt)).await,
                done => return done,
            }
        }
        self.attempt(caller, &known, &prepared, input, keep).await
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
        let writes = P::Effect::WRITES;
        let access = if writes { self.0.database.write().await? } else { self.0.database.read() };
        let named = input.organization();
        let door = Door { app: self, access: &access, caller, known, named: named.as_deref(), writes };
        let reach = P::Reach::admit(door, P::NEEDS).await?;

        let mut claim = None;
        if let Some(key) = caller.idempotency_key.as_ref().filter(|_| writes) {
            let text = to_json(&input)?;
            match idempotency::claim(&access, self, &reach, P::NAME, key.as_str(), &text).await? {
                Claimed::Answered(answer) => return Ok((from_json(&answer)?, false)),
                Claimed::Fresh(fresh) => claim = Some(fresh),
            }
        }
        let cx = Cx { reach, access, app: self, caller, prepared };
        let settled = P::Effect::settle(input.run(&cx).await?);
        let Cx { reach, access, .. } = cx;
        if !writes {
            return Ok((settled.answer?, false));
        }
        let mut kept = false;
        if let (Some(keep), Some(_), Ok(answer)) = (keep, &settled.event, &settled.answer) {
            let (organization, call) = keep(answer)?;
            access.tenant(organization).tool_calls().record(vec![call]).await?;
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
        if let Some(happened) = happened {
            // Nobody listening is no failure.
            let _ = self.0.happenings.send(happened);
        }
        Ok((settled.answer?, kept))
    }

    /// Listens to what happens on this node from now on.
    #[must_use]
    pub fn happenings(&self) -> broadcast::Receiver<Happened> {
        self.0.happenings.subscribe()
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
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
        hex(&self.random::<6>())
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
        self.0.random.fill(&mut bytes);
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

    pub(crate) fn recorder(&self) -> &Recorder {
        &self.0.recorder
    }

    async fn write_down<R: Reach>(
        &self,
        access: &guildhall_repositories::Access,
        reach: &R,
        event: Option<Event>,
    ) -> Result<Option<Happened>> {
        let Some(event) = event else { return Ok(None) };
        let audience = event.home().or_else(|| reach.audience());
        let audience = audience.ok_or_else(|| Error::internal("an event that belongs to nobody's history"))?;
        let id = self.fresh_id();
        access.system().record(id, reach.actor(), audience, &event, self.now()).await?;
        Ok(Some(Happened { id, audience, event }))
    }

    /// Counts the call, for good: an attempt counts whether or not it succeeds.
    async fn throttle(&self, caller: &Caller, throttles: Vec<Throttle>) -> Result<()> {
        if throttles.is_empty() {
            return Ok(());
        }
        let access = self.0.database.write().await?;
        let mut wait = 0;
        for throttle in throttles {
            let (name, key, rate) = match throttle {
                Throttle::Key(name, key, rate) => (name, key, rate),
                Throttle::Address(name, rate) => match caller.address {
                    Some(address) => (name, network(address), rate),
                    None => continue,
                },
            };
            let window = i64::try_from(rate.window.as_millis()).unwrap_or(i64::MAX);
            let key = hash(&[b"limit", name.as_bytes(), key.as_bytes()]);
            let (uses, since) = access.system().use_limit(&key, window, self.now()).await?;
            if uses > i64::from(rate.uses) {
                let left = since.plus(rate.window).millis().saturating_sub(self.now().millis());
                wait = wait.max(u64::try_from(left).unwrap_or(0).max(1));
            }
        }
        access.commit().await?;
        if wait > 0 { Err(Error::TooManyRequests { retry_after_ms: wait }) } else { Ok(()) }
    }
}

/// An address as it is counted: all of an IPv6 /64 is one.
fn network(address: std::net::IpAddr) -> String {
    match address.to_canonical() {
        std::net::IpAddr::V4(v4) => v4.to_string(),
        std::net::IpAddr::V6(v6) => format!("{:x?}", v6.segments().first_chunk::<4>()),
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
