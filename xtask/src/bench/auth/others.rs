//! What somebody who works with Guildhall notices while others sign in. Requests come at a fixed pace whether or not the
//! last one is answered, and wait from the moment they are due; rounds of each kind take turns, so that a noisy machine
//! hurts all alike.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::{
    runtime::Builder,
    task::{JoinSet, spawn_blocking},
};

use super::{
    super::{load::Figures, table::Table},
    crowd::{self, Attempt, Crowd, Seen},
};
use crate::{api::Api, process};

const ROUNDS: u32 = 5;
const CROWD: usize = 64;
const BURST: usize = 500;
/// What is called beside it, and how often.
const CALLS: [(&str, Duration); 2] =
    [("auth.getSession", Duration::from_millis(10)), ("walkthrough.create", Duration::from_millis(20))];

/// What goes on meanwhile.
#[derive(Clone, Copy, Debug)]
enum Beside {
    Nothing,
    Crowd,
    Bursts,
}

impl Beside {
    const ALL: [Self; 3] = [Self::Nothing, Self::Crowd, Self::Bursts];

    fn describe(self) -> String {
        match self {
            Self::Nothing => "alone".to_owned(),
            Self::Crowd => format!("{CROWD} sign in again and again"),
            Self::Bursts => format!("{BURST} sign in at once"),
        }
    }
}

/// All rounds of one kind.
#[derive(Debug)]
struct Scene {
    beside: Beside,
    time: Duration,
    sign_ins: Seen,
    called: [Called; 2],
}

/// How one of [`CALLS`] fared: its delays, and how often it was told to come back later.
#[derive(Debug, Default)]
struct Called {
    delays: Vec<Duration>,
    failed: usize,
}

/// What was noticed.
#[derive(Debug)]
pub(super) struct Noticed([Scene; 3]);

/// Calls as `owner` while `nobody` becomes many.
pub(super) async fn measure(nobody: &Api, owner: &Api, time: Duration) -> Result<Noticed> {
    let scene = |beside| Scene { beside, time: Duration::ZERO, sign_ins: Seen::default(), called: Default::default() };
    let mut scenes = Beside::ALL.map(scene);
    for _ in 0..ROUNDS {
        for scene in &mut scenes {
            ensure!(!process::interrupted(), "interrupted");
            scene.play(nobody, owner, time).await?;
        }
    }
    Ok(Noticed(scenes))
}

impl Scene {
    async fn play(&mut self, nobody: &Api, owner: &Api, time: Duration) -> Result<()> {
        let (owner, all_time) = (owner.apart()?, crowd::FILLING + time);
        // A thread of its own: what is measured must not wait for the crowd on our side.
        let calls = spawn_blocking(move || {
            Builder::new_current_thread().enable_all().build()?.block_on(call_at_a_pace(&owner, all_time))
        });
        let began = Instant::now();
        let seen = match self.beside {
            Beside::Nothing => Ok(Seen::default()),
            Beside::Crowd => people(nobody, CROWD).again_and_again(time).await,
            Beside::Bursts => bursts(nobody, all_time).await,
        };
        let took = began.elapsed();
        for (all, more) in self.called.iter_mut().zip(calls.await??) {
            all.delays.extend(more.delays);
            all.failed = all.failed.saturating_add(more.failed);
        }
        self.sign_ins.add(seen?);
        self.time += if matches!(self.beside, Beside::Bursts) { took } else { time };
        Ok(())
    }
}

impl Noticed {
    /// Delays, and how many times those of being alone.
    pub(super) fn table(self) -> Result<Table> {
        let mut table = Table::new(&[
            "called",
            "while",
            "p50 ms",
            "p99 ms",
            "p50 ×",
            "p99 ×",
            "failed",
            "sign-ins per s",
            "turned away",
        ]);
        let mut alone: [Option<Figures>; 2] = [None; 2];
        for Scene { beside, time, sign_ins, called } in self.0 {
            let per_second = match beside {
                Beside::Nothing => Value::Null,
                _ => Figures::of(sign_ins.delays, time)?.per_second.into(),
            };
            for (((name, _), called), alone) in CALLS.iter().zip(called).zip(&mut alone) {
                let now = Figures::of(called.delays, time)?;
                let base = *alone.get_or_insert(now);
                table.push(vec![
                    (*name).into(),
                    beside.describe().into(),
                    now.p50.into(),
                    now.p99.into(),
                    (now.p50 / base.p50).into(),
                    (now.p99 / base.p99).into(),
                    called.failed.into(),
                    per_second.clone(),
                    sign_ins.away.into(),
                ]);
            }
        }
        Ok(table)
    }
}

fn people(nobody: &Api, clients: usize) -> Crowd {
    Crowd { api: nobody.clone(), attempt: Attempt::Right, clients }
}

/// The next comes when everybody in the last has an answer.
async fn bursts(nobody: &Api, time: Duration) -> Result<Seen> {
    let end = Instant::now() + time;
    let mut all = Seen::default();
    while Instant::now() < end {
        all.add(people(nobody, BURST).once().await?);
    }
    Ok(all)
}

/// How long each of [`CALLS`] took, from when it was due.
async fn call_at_a_pace(owner: &Api, time: Duration) -> Result<[Called; 2]> {
    let began = tokio::time::Instant::now();
    let mut running = JoinSet::new();
    for (place, (name, pace)) in CALLS.into_iter().enumerate() {
        let mut due = began;
        while due < began + time {
            let owner = owner.clone();
            let input = if place == 0 { json!({}) } else { json!({ "title": "Another", "type": "course" }) };
            running.spawn(async move {
                tokio::time::sleep_until(due).await;
                let said = owner.ask(name, &input).await?;
                let well = said.status.is_success() || said.status == StatusCode::SERVICE_UNAVAILABLE;
                ensure!(well, "{name} answered {}: {}", said.status, said.body);
                Ok((place, due.elapsed(), said.status.is_success()))
            });
            due += pace;
        }
    }
    let mut all: [Called; 2] = Default::default();
    while let Some(done) = running.join_next().await {
        let (place, delay, went_well) = done??;
        let Some(called) = all.get_mut(place) else { continue };
        called.delays.push(delay);
        called.failed = called.failed.saturating_add(usize::from(!went_well));
    }
    Ok(all)
}
