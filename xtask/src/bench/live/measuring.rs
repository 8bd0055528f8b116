//! One run: readers come, tickets change, and in the end everybody is asked what they were told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use tokio::time::{Instant, sleep, sleep_until};

use super::{
    desks::Desk,
    judging::{self, Delays},
    readers::{self, Reader, Stalled},
    writers::{self, Schedule, Written, since},
};
use crate::{node::Node, process};

/// Until what is freed has been given back.
const PAUSE: Duration = Duration::from_secs(2);
/// From when all readers are there until the first change.
const START: Duration = Duration::from_millis(500);
/// Readers who hear nothing for so long have heard all that they will.
const SILENCE: Duration = Duration::from_secs(2);
/// The node asks every 20 seconds whether somebody is there, and hangs up where it heard nothing by the next time.
const STALLED_FOR: Duration = Duration::from_secs(50);

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) readers: usize,
    /// Changes a second, of all organizations together.
    pub(super) rate: u32,
    pub(super) time: Duration,
    /// Whether somebody stalls from half of the time on; with whom memory is looked at.
    pub(super) stalls: bool,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Measured {
    /// How long everybody needed to connect.
    pub(super) opening: Duration,
    /// Of what was due in the first half, and in the second.
    pub(super) delays: [Delays; 2],
    /// How long the changes took from when they were due to their answers, in microseconds.
    pub(super) answers: Vec<u32>,
    /// Changes that were due and not made.
    pub(super) unmade: usize,
    /// Messages that came.
    pub(super) told: usize,
    /// From the first change to the last message.
    pub(super) took: Duration,
    /// Cores that were busy meanwhile, with the node and with all that is in this process.
    pub(super) busy: Option<[f64; 2]>,
    /// Megabytes of the node before anybody came, with everybody there, at the end and after they hung up.
    pub(super) memory: Option<[f64; 4]>,
    pub(super) stalled: Option<Stalled>,
    /// What was not as it must be.
    pub(super) problems: Vec<String>,
}

impl Measured {
    /// Messages a second.
    pub(super) fn per_second(&self) -> Result<f64> {
        Ok(f64::from(u32::try_from(self.told)?) / self.took.as_secs_f64())
    }
}

pub(super) async fn measure(node: &Node, desks: &[Desk], plan: Plan) -> Result<Measured> {
    let mut measured = Measured::default();
    let before = rest(node, plan).await;
    let (clock, told) = (Instant::now(), Arc::new(AtomicUsize::new(0)));
    let readers = readers::open(&node.url, desks, plan.readers, clock, &told).await?;
    measured.opening = clock.elapsed();
    let connected = rest(node, plan).await;

    let schedule = Schedule { clock, begin: Instant::now() + START, time: plan.time, rate: plan.rate };
    let half = schedule.begin + plan.time / 2;
    let stalled = plan.stalls.then(|| {
        let token = desks.first().and_then(|desk| desk.tokens.first()).cloned().unwrap_or_default();
        let url = node.url.clone();
        tokio::spawn(async move {
            sleep_until(half).await;
            readers::stall(url, token, STALLED_FOR).await
        })
    });
    sleep_until(schedule.begin).await;
    let worked = [node.cpu(), own_cpu()];
    let written = writers::write(desks, schedule).await?;
    silence(&told, expected(&written, &readers)).await;
    let elapsed = schedule.begin.elapsed().as_secs_f64();
    let by_now = [node.cpu(), own_cpu()];
    if let ([Some(node), Some(own)], [Some(node_now), Some(own_now)]) = (worked, by_now) {
        let busy = |from: Duration, to: Duration| to.saturating_sub(from).as_secs_f64() / elapsed;
        measured.busy = Some([busy(node, node_now), busy(own, own_now)]);
    }
    let end = memory(node, plan);

    judge(&mut measured, desks, &written, &readers, (schedule, half))?;
    if let Some(stalled) = stalled {
        measured.stalled = Some(stalled.await??);
    }
    drop(readers);
    let after = rest(node, plan).await;
    if let (Some(before), Some(connected), Some(end), Some(after)) = (before, connected, end, after) {
        measured.memory = Some([before, connected, end, after]);
    }
    ensure!(measured.told > 0, "nobody was told anything");
    Ok(measured)
}

fn judge(
    measured: &mut Measured,
    desks: &[Desk],
    written: &Written,
    readers: &[Vec<Reader>],
    (schedule, half): (Schedule, Instant),
) -> Result<()> {
    let half = since(schedule.clock, half);
    let mut last = 0;
    for ((desk, made), readers) in desks.iter().zip(&written.changes).zip(readers) {
        let witness = readers.iter().find(|reader| reader.seen().keeps).context("nobody keeps what is told")?;
        let (all, said) = witness.seen().told();
        let changes = judging::changes(&all, &desk.tickets, made)?;
        measured.problems.extend(judging::is_all(all.len(), made).err().map(|problem| problem.to_string()));
        for reader in readers {
            let seen = reader.seen();
            measured.problems.extend(seen.problem.clone());
            if seen.times.len() != all.len() {
                measured.problems.push(format!("one was told {} changes, another {}", seen.times.len(), all.len()));
            } else if seen.said() != said {
                measured.problems.push("one was told other changes than another".to_owned());
            }
            let pairs = changes.iter().zip(&seen.times);
            for (change, time) in pairs {
                let [first, second] = &mut measured.delays;
                let delays = if change.due < half { first } else { second };
                delays.add(*change, *time);
                last = last.max(*time);
            }
            measured.told = measured.told.saturating_add(seen.times.len());
        }
        measured.answers.extend(made.iter().flatten().map(|change| change.answered.saturating_sub(change.due)));
    }
    measured.took = Duration::from_micros(last.saturating_sub(since(schedule.clock, schedule.begin)).into());
    measured.unmade = written.unmade;
    Ok(())
}

/// Messages that must come.
fn expected(written: &Written, readers: &[Vec<Reader>]) -> usize {
    let changes = written.changes.iter().map(|tickets| tickets.iter().map(Vec::len).sum::<usize>());
    changes.zip(readers).map(|(changes, readers)| changes.saturating_mul(readers.len())).sum()
}

/// Waits until everybody was told everything, or nobody anything more.
async fn silence(told: &AtomicUsize, expected: usize) {
    let (mut count, mut heard) = (0, Instant::now());
    while count < expected && heard.elapsed() < SILENCE {
        sleep(Duration::from_millis(20)).await;
        let now = told.load(Ordering::Relaxed);
        if now > count {
            (count, heard) = (now, Instant::now());
        }
    }
}

/// The megabytes that the node has once it rests.
async fn rest(node: &Node, plan: Plan) -> Option<f64> {
    if plan.stalls {
        sleep(PAUSE).await;
    }
    memory(node, plan)
}

fn memory(node: &Node, plan: Plan) -> Option<f64> {
    let (now, _) = node.memory().filter(|_| plan.stalls)?;
    u32::try_from(now).ok().map(f64::from)
}

/// The time that the readers themselves have had on the cores.
fn own_cpu() -> Option<Duration> {
    process::cpu(std::process::id()).map(|(time, _)| time)
}
