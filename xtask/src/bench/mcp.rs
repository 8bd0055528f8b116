//! `get_next_step`, beside the same tool on the official TypeScript SDK with the same database: in one run, in turns,
//! with one client that holds every answer against what it must be, and in the end every call is counted on both sides.
mod comparison;
mod crowd;
mod memory;
mod reader;

use std::{sync::Arc, thread, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{CLIENTS, Ground, Options, load::Figures, table::Table};
use crate::{
    api::{Api, Seeded},
    node::{Node, Place, free_port},
    postgres::Cluster,
    process,
};
use comparison::{Comparison, Counters};
use crowd::{Crowd, Work};
use reader::Course;

const STEPS: usize = 10;
/// Each figure is of so many turns.
const ROUNDS: usize = 2;
/// How many times the comparison's rate ours is to be with so many clients.
const TARGET: f64 = 5.0;
const MOST: usize = 64;
/// Ten thousand people, and those who came before them.
const FLAGS: [&str; 1] = ["--max-connections=16000"];

/// Something to measure, started as often as wished on a database of its own.
struct Contender {
    name: &'static str,
    kind: Kind,
    course: Arc<Course>,
}

enum Kind {
    Guildhall(Place),
    Comparison(Comparison),
}

impl Contender {
    fn start(&self) -> Result<Node> {
        match &self.kind {
            Kind::Guildhall(place) => Node::start(place),
            Kind::Comparison(comparison) => comparison.start(),
        }
    }
}

pub(super) async fn run(options: &Options, ground: &Ground) -> Result<()> {
    if cfg!(debug_assertions) {
        eprintln!(
            "the client is slow in a development build, and slows the faster server most; for figures that count:"
        );
        eprintln!("    cargo run --release --package xtask -- bench mcp");
    }
    let program = comparison::install()?;
    let place = ground.place("bench", &FLAGS)?;
    let node = Node::start(&place)?;
    let seeded = Api::new(&node.url)?.seed(STEPS).await?;
    let course = Arc::new(Course::of(&seeded).await?);
    let plain = Arc::new(course.with_plain_ids()?);
    node.kill()?;
    let beside = |name, counters| {
        let comparison = Comparison::beside(&program, ground, &place, free_port()?, counters)?;
        anyhow::Ok(Contender { name, kind: Kind::Comparison(comparison), course: Arc::clone(&plain) })
    };
    let sparing = beside("TypeScript SDK", Counters::Spared)?;
    let counting = beside("TypeScript SDK, counting", Counters::Kept)?;
    let contenders = [Contender { name: "Guildhall", kind: Kind::Guildhall(place), course }, sparing, counting];

    let rates = rates(&contenders, &seeded, ground, Duration::from_secs(options.seconds())).await?;
    let (database, cores, seconds) = (options.database(), thread::available_parallelism()?.get(), options.seconds());
    if !options.json {
        println!("{database}, {cores} cores shared with the client, {ROUNDS} turns of {seconds} s each");
        println!("all answers were right; calls answered, and found in the database: {}\n", rates.counted.join(", "));
        println!("{}", rates.table.text());
        println!("CPU \u{b5}s: time on the cores for each call, of the server's process and of PostgreSQL's\n");
        for (call, times) in &rates.with_most {
            let verdict = if *times >= TARGET { "reached" } else { "missed" };
            println!("{call}, {MOST} clients: {times:.1} times the TypeScript SDK's rate; target {TARGET}: {verdict}");
        }
    }
    // Counters are kept in the database: the second comparison weighs what the first does.
    let pair = contenders.get(..2).unwrap_or_default();
    let memory = if options.users == 0 { None } else { Some(memory::measure(pair, options.users).await?) };
    if options.json {
        let reached: Vec<Value> = rates
            .with_most
            .iter()
            .map(|(call, times)| json!({ "call": call, "clients": MOST, "times": times }))
            .collect();
        println!(
            "{:#}",
            json!({ "database": database, "cores": cores, "seconds": seconds, "turns": ROUNDS, "target": TARGET,
                "reached": reached, "rates": rates.table.json(), "memory": memory.map(|table| table.json()) })
        );
    } else if let Some(memory) = memory {
        println!("\n{}", memory.text());
    }
    Ok(())
}

struct Rates {
    table: Table,
    /// For each work, how many times the first comparison's rate ours is with the most clients.
    with_most: Vec<(&'static str, f64)>,
    counted: Vec<String>,
}

async fn rates(contenders: &[Contender], seeded: &Seeded, ground: &Ground, time: Duration) -> Result<Rates> {
    let nodes = contenders.iter().map(Contender::start).collect::<Result<Vec<Node>>>()?;
    let mut calls = vec![0_usize; nodes.len()];
    let columns =
        &["call", "clients", "server", "per s", "p50 ms", "p99 ms", "CPU \u{b5}s", "database's", "Guildhall is"];
    let mut table = Table::new(columns);
    let mut with_most = Vec::new();
    for work in [Work::Ask, Work::Finish] {
        for clients in CLIENTS {
            let mut delays = vec![Vec::new(); nodes.len()];
            let mut spent = vec![Spent::default(); nodes.len()];
            for round in 0..ROUNDS {
                let places = contenders.iter().zip(&nodes).zip(&mut delays).zip(&mut calls).zip(&mut spent);
                for ((((contender, node), delays), calls), spent) in places {
                    ensure!(!process::interrupted(), "interrupted");
                    let crowd = Crowd { work, clients, name: format!("{work:?}-{clients}-{round}") };
                    let before = Spent::so_far(node, ground);
                    let course = Arc::clone(&contender.course);
                    let (seen, made) = crowd.measure(course, node.url.clone(), time).await.with_context(|| {
                        let (name, call) = (contender.name, work.describe());
                        format!("{name}: {call}, {clients} clients; the log ends\n{}", node.last_words())
                    })?;
                    delays.extend(seen);
                    *calls = calls.saturating_add(made);
                    spent.add(before, Spent::so_far(node, ground), made);
                }
            }
            let turns = time.saturating_mul(u32::try_from(ROUNDS)?);
            let figures = delays.into_iter().map(|delays| Figures::of(delays, turns)).collect::<Result<Vec<_>>>()?;
            let ours = figures.first().context("nobody was measured")?.per_second;
            for (place, ((figures, contender), spent)) in figures.iter().zip(contenders).zip(spent).enumerate() {
                let Figures { per_second, p50, p99, .. } = *figures;
                let times = ours / per_second;
                let said = if place == 0 { Value::Null } else { json!(times) };
                table.push(vec![
                    work.describe().into(),
                    clients.into(),
                    contender.name.into(),
                    per_second.into(),
                    p50.into(),
                    p99.into(),
                    spent.a_call(spent.server),
                    spent.a_call(spent.database),
                    said,
                ]);
                if place == 1 && clients == MOST {
                    with_most.push((work.describe(), times));
                }
            }
        }
    }
    let mut counted = Vec::new();
    for ((contender, node), calls) in contenders.iter().zip(nodes).zip(calls) {
        // What is found by the next process was not in this one's memory only.
        node.kill()?;
        let found = kept(contender, seeded).await.with_context(|| contender.name)?;
        ensure!(found == calls, "{}: {calls} calls were answered, {found} were found", contender.name);
        counted.push(format!("{} {calls}", contender.name));
    }
    Ok(Rates { table, with_most, counted })
}

/// The time that a server and its database have had on the cores, where the system says so, and for how many calls.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    server: Option<Duration>,
    database: Option<Duration>,
    calls: usize,
}

impl Spent {
    fn so_far(node: &Node, ground: &Ground) -> Self {
        Self { server: node.cpu(), database: ground.cluster.as_ref().and_then(Cluster::cpu), calls: 0 }
    }

    fn add(&mut self, before: Self, after: Self, calls: usize) {
        let more = |so_far: Option<Duration>, before: Option<Duration>, after: Option<Duration>| {
            Some(so_far.unwrap_or_default().saturating_add(after?.saturating_sub(before?)))
        };
        self.server = more(self.server, before.server, after.server);
        self.database = more(self.database, before.database, after.database);
        self.calls = self.calls.saturating_add(calls);
    }

    /// Microseconds.
    fn a_call(&self, time: Option<Duration>) -> Value {
        let calls = u32::try_from(self.calls).unwrap_or(u32::MAX).max(1);
        time.map_or(Value::Null, |time| json!((time / calls).as_micros()))
    }
}

/// How many calls a process finds that is started now.
async fn kept(contender: &Contender, seeded: &Seeded) -> Result<usize> {
    let node = contender.start()?;
    let count = match contender.kind {
        Kind::Guildhall(_) => {
            let owner = seeded.owner.at(&node.url)?;
            owner.call("mcpServers.get", &json!({ "serverId": seeded.server })).await?["toolCallCount"].take()
        }
        Kind::Comparison(_) => Api::new(&node.url)?.read("/calls").await?,
    };
    let count = count.as_u64().with_context(|| format!("not a number of calls: {count}"))?;
    Ok(usize::try_from(count)?)
}
