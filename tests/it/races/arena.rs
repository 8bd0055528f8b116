//! Rounds of calls that overlap, on two nodes of one database, and what must hold after each of them.
//!
//! `RACE_ROUNDS=300 cargo test --test it -- races --nocapture` says for each pair how its rounds ended.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    fmt::Display,
    mem,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use guildhall_domain::{Error, Result};
use guildhall_services::{App, Caller};
use guildhall_tests::World;
use serde_json::Value;
use tokio::{
    runtime::Runtime,
    sync::{Barrier, Mutex, OnceCell},
    task::JoinSet,
};

/// What no round may leave behind, as statements over all organizations that count it.
const NEVER: [(&str, &str); 5] = [
    (
        "a living organization without an owner",
        "select count(*) from organizations o where o.deleted_at is null and not exists
           (select 1 from members m where m.organization_id = o.id and m.role = 'owner')",
    ),
    (
        "two places of one account in one organization",
        "select count(*) from
           (select 1 from members group by organization_id, user_id having count(*) > 1) as twice",
    ),
    (
        "two invitations of one address that stand",
        "select count(*) from (select 1 from invitations where status = 'pending'
           group by organization_id, email having count(*) > 1) as twice",
    ),
    (
        "a member whose invitation reads as if it had not been accepted",
        "select count(*) from invitations i join users u on u.email = i.email
           join members m on m.organization_id = i.organization_id and m.user_id = u.id
           where i.status <> 'accepted'",
    ),
    (
        "an accepted invitation without its member",
        "select count(*) from invitations i join users u on u.email = i.email
           where i.status = 'accepted' and not exists
           (select 1 from members m where m.organization_id = i.organization_id and m.user_id = u.id)",
    ),
];

/// How long the first and the second of two wait for each other, in milliseconds, round by round.
const WAITS: [[u64; 2]; 6] = [[0, 0], [0, 1], [1, 0], [0, 0], [0, 3], [3, 0]];

/// Where a pair of calls races.
pub(super) struct Arena {
    pub(super) world: World,
    pub(super) nodes: [App; 2],
    round: Cell<usize>,
    ends: RefCell<BTreeMap<String, usize>>,
    violations: RefCell<Vec<String>>,
}

/// One of the calls.
pub(super) struct Racer {
    caller: Caller,
    name: &'static str,
    input: Value,
}

/// `caller` calling `name`.
pub(super) fn racer(caller: &Caller, name: &'static str, input: Value) -> Racer {
    Racer { caller: caller.clone(), name, input }
}

/// Pairs race one after the other in one world, which outlives each test and so needs a runtime that does: a database
/// for each pair would take longer than its race.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static ARENA: OnceCell<Mutex<Arena>> = OnceCell::const_new();

/// Rounds of a pair in `cargo test`; each begins its calls otherwise.
pub(super) const FEW: usize = 3;

/// As many rounds as `RACE_ROUNDS` says, or else `usual`.
pub(super) fn rounds(pair: &str, usual: usize, round: impl AsyncFn(&Arena)) {
    RUNTIME.block_on(async {
        let arena = ARENA.get_or_init(async || Mutex::new(Arena::of(World::new().await).await)).await;
        arena.lock().await.have(pair, usual, round).await;
    });
}

/// The same in a world of its own.
pub(super) fn rounds_in(world: impl Future<Output = World>, pair: &str, usual: usize, round: impl AsyncFn(&Arena)) {
    RUNTIME.block_on(async { Arena::of(world.await).await.have(pair, usual, round).await });
}

impl Arena {
    async fn of(world: World) -> Self {
        let nodes = [world.app.clone(), world.another_node().await];
        Self { world, nodes, round: Cell::new(0), ends: RefCell::default(), violations: RefCell::default() }
    }

    async fn have(&mut self, pair: &str, usual: usize, round: impl AsyncFn(&Self)) {
        let rounds = std::env::var("RACE_ROUNDS").map_or(usual, |rounds| rounds.parse().unwrap());
        let (began, mut slowest) = (Instant::now(), Duration::ZERO);
        for n in 0..rounds {
            let began = Instant::now();
            self.round.set(n);
            round(self).await;
            slowest = slowest.max(began.elapsed());
        }
        let (ends, violations) = (mem::take(self.ends.get_mut()), mem::take(self.violations.get_mut()));
        println!(
            "{pair}: {rounds} rounds, {:.1} s, the slowest {} ms, {} violations; ended as {ends:?}",
            began.elapsed().as_secs_f64(),
            slowest.as_millis(),
            violations.len()
        );
        assert!(violations.is_empty(), "{pair}:\n{}", violations.join("\n"));
    }

    /// Has all of them call at once. The round must end as one of `ends`, which name each answer in turn; each call that
    /// was answered well has left one event and no other has; and nothing is as it may never be.
    pub(super) async fn at_once<const N: usize>(&self, racers: [Racer; N], ends: &[&str]) -> Vec<Result<Value>> {
        let before = self.world.changes().await;
        let answers = self.overlap(racers.into()).await;
        let changed = answers.iter().filter(|answer| answer.is_ok()).count();
        self.check(&answers, ends, before, changed).await;
        answers
    }

    /// The answers of calls that overlap, in the order of the callers.
    pub(super) async fn overlap(&self, racers: Vec<Racer>) -> Vec<Result<Value>> {
        overlap(&self.world, &self.nodes, self.round.get(), racers).await
    }

    /// Has one call on the node that is not the first.
    pub(super) async fn on_the_other_node(&self, racer: Racer) -> Result<Value> {
        self.world.catalogue.get(racer.name).unwrap().call(&self.nodes[1], &racer.caller, racer.input).await
    }

    /// What must hold after a round whose calls were answered so.
    pub(super) async fn check(&self, answers: &[Result<Value>], ends: &[&str], events_before: u64, changed: usize) {
        let end = end(answers);
        self.expect(ends.contains(&end.as_str()), format_args!("ended as {end}: {answers:?}"));
        self.ended(end);
        let events = self.world.changes().await - events_before;
        self.expect(events == changed as u64, format_args!("{events} events of {answers:?}"));
        self.check_rows().await;
    }

    /// What must hold after every round.
    pub(super) async fn check_rows(&self) {
        for (what, sql) in NEVER {
            let count = self.world.count(sql).await;
            self.expect(count == 0, format_args!("{what}, {count} times"));
        }
    }

    /// Counts a round that ended so.
    pub(super) fn ended(&self, end: String) {
        *self.ends.borrow_mut().entry(end).or_default() += 1;
    }

    /// Writes down what is wrong unless `holds`, and goes on: how often it happens is worth knowing.
    pub(super) fn expect(&self, holds: bool, otherwise: impl Display) {
        if !holds {
            self.violations.borrow_mut().push(format!("round {}: {otherwise}", self.round.get()));
        }
    }
}

/// Has all of them call at once, on the nodes in turn; the answers in the order of the callers.
pub(super) async fn overlap(world: &World, nodes: &[App; 2], round: usize, racers: Vec<Racer>) -> Vec<Result<Value>> {
    let count = racers.len();
    let start = Arc::new(Barrier::new(count));
    let mut running = JoinSet::new();
    for (n, racer) in racers.into_iter().enumerate() {
        let app = nodes[(n + round) % 2].clone();
        let entry = world.catalogue.get(racer.name).unwrap();
        let wait = if count == 2 { WAITS[round % WAITS.len()][n] } else { 0 };
        let start = start.clone();
        running.spawn(async move {
            start.wait().await;
            if wait > 0 {
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            (n, entry.call(&app, &racer.caller, racer.input).await)
        });
    }
    let mut answers = running.join_all().await;
    answers.sort_by_key(|(n, _)| *n);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// How a round ended: both answers of a pair, or of many how often each came.
fn end(answers: &[Result<Value>]) -> String {
    let words = answers.iter().map(word);
    if answers.len() == 2 {
        return words.collect::<Vec<_>>().join(", ");
    }
    let mut counts = BTreeMap::<String, usize>::new();
    for word in words {
        *counts.entry(word).or_default() += 1;
    }
    counts.into_iter().rev().map(|(word, count)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}

/// An answer in a word.
pub(super) fn word(answer: &Result<Value>) -> String {
    match answer {
        Ok(_) => "ok".to_owned(),
        Err(Error::NotFound(resource)) => format!("no {}", resource.wire()),
        Err(Error::WrongCredentials) => "wrong".to_owned(),
        Err(error) => match error.data().and_then(|data| data["reason"].as_str().map(str::to_owned)) {
            Some(reason) => reason,
            None => error.code().0.to_ascii_lowercase(),
        },
    }
}
