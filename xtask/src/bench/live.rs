//! The live feed: thousands of WebSockets that follow tickets at one node, while tickets change at a fixed rate. Every
//! change must reach every reader of its organization once and in order, and nobody else.
mod desks;
mod judging;
mod measuring;
mod readers;
mod writers;

use std::{fs, thread, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Ground, Options, table::Table};
use crate::{api::Api, node::Node, process};
use desks::Desk;
use judging::{Delays, quantiles};
use measuring::{Measured, Plan, measure};
use readers::Stalled;

/// What no node of these has to count, besides what no node of ours counts.
const FLAGS: [&str; 4] = [
    "--max-connections=1000000",
    "--max-listeners=1000000",
    "--max-listeners-per-address=1000000",
    "--limit-sign-up-account=100000/1m",
];
/// Files that a process opens besides the connections of readers.
const OTHER_FILES: usize = 1000;
/// How late a message may be where we look for the most that can be told.
const LATEST_MS: f64 = 500.0;
/// How long each rate is tried there.
const STEP: Duration = Duration::from_secs(10);
/// The rates that are tried there end here.
const MOST: u32 = 100_000;
/// Readers who are there for a moment before those who are measured.
const WARM_UP: usize = 100;

/// How many follow what.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(super) struct Scale {
    /// WebSockets that follow (`live`).
    #[arg(long, default_value_t = 5000)]
    readers: usize,
    /// Organizations whose tickets they follow (`live`).
    #[arg(long, default_value_t = 50)]
    organizations: usize,
    /// Changes of tickets a second, of all organizations together (`live`).
    #[arg(long, default_value_t = 200)]
    events: u32,
    /// All follow one organization's tickets, which change twice as often again and again, until readers hear of it more
    /// than half a second late: the most that can be told (`live`).
    #[arg(long)]
    one_organization: bool,
}

pub(super) async fn run(options: &Options, ground: &Ground) -> Result<()> {
    let scale = options.live;
    let organizations = if scale.one_organization { 1 } else { scale.organizations };
    ensure!(organizations > 0 && scale.readers >= organizations, "there must be a reader for each organization");
    ensure!(scale.events > 0, "something must happen");
    enough_files(scale.readers)?;
    if cfg!(debug_assertions) {
        eprintln!("the readers are slow in a development build, and share the cores with the server; for figures that");
        eprintln!("count: cargo run --release --package xtask -- bench live");
    }
    let place = ground.place("bench", &FLAGS)?;
    let signing_in = Node::start(&place)?;
    let desks = desks::open(&Api::new(&signing_in.url)?, organizations, scale.readers).await;
    let desks = desks.with_context(|| format!("the log ends\n{}", signing_in.last_words()))?;
    // What passwords took of memory is not to be weighed.
    signing_in.kill()?;
    let node = Node::start(&place)?;
    let words = || format!("the log ends\n{}", node.last_words());
    let warm_up = Plan { readers: scale.readers.min(WARM_UP), rate: 50, time: Duration::from_secs(2), stalls: false };
    measure(&node, &desks, warm_up).await.with_context(words)?;
    let cores = thread::available_parallelism()?.get();
    if !options.json {
        println!(
            "{}, {cores} cores shared by the server, its database, all readers and whoever writes",
            options.database()
        );
    }
    if scale.one_organization {
        return ceiling(options, &node, &desks).await.with_context(words);
    }
    let time = Duration::from_secs(options.seconds());
    let plan = Plan { readers: scale.readers, rate: scale.events, time, stalls: true };
    let measured = measure(&node, &desks, plan).await.with_context(words)?;
    report(options, &measured)?;
    let mut problems = measured.problems;
    let count = problems.len();
    problems.truncate(5);
    ensure!(
        problems.is_empty(),
        "not everybody was told everything, {count} times: {}\n{}",
        problems.join("; "),
        words()
    );
    Ok(())
}

fn report(options: &Options, measured: &Measured) -> Result<()> {
    let Scale { readers, organizations, events, .. } = options.live;
    let mut delays = Table::new(&["delivery", "counted from", "messages", "p50 ms", "p99 ms", "most ms"]);
    let [without, with] = &measured.delays;
    let all = Delays::together(&measured.delays);
    for (name, delays_of) in [("while nobody stalls", without), ("while one stalls", with), ("all", &all)] {
        let both = [("sending", &delays_of.from_sending), ("the answer", &delays_of.from_answer)];
        for (from, delays_of) in both {
            let [p50, p99, most] = quantiles(delays_of.clone()).context("nobody was told anything")?;
            delays.push(vec![name.into(), from.into(), delays_of.len().into(), p50.into(), p99.into(), most.into()]);
        }
    }
    let [p50, p99, most] = quantiles(measured.answers.clone()).context("nothing was answered")?;
    let writer = vec![json!("answer to the writer"), json!("sending"), json!(measured.answers.len())];
    delays.push(writer.into_iter().chain([p50, p99, most].map(Value::from)).collect());
    let (per_second, stalled) = (measured.per_second()?, stalled(measured.stalled.as_ref()));
    if options.json {
        println!(
            "{:#}",
            json!({ "database": options.database(), "readers": readers, "organizations": organizations,
                "events": events, "seconds": options.seconds(), "openingSeconds": measured.opening.as_secs_f64(),
                "delays": delays.json(), "perSecond": per_second, "unmade": measured.unmade,
                "memory": measured.memory, "busyCores": measured.busy, "stalled": stalled })
        );
        return Ok(());
    }
    println!(
        "{readers} readers of {organizations} organizations, {events} changes a second for {} s; all connected in {:.1} s\n",
        options.seconds(),
        measured.opening.as_secs_f64()
    );
    println!("{}", delays.text());
    println!("{per_second:.0} messages a second; {} changes were due and not made", measured.unmade);
    if let Some([server, own]) = measured.busy {
        println!("cores busy: server {server:.2}, readers and writer {own:.2}");
    }
    if let Some([before, connected, end, after]) = measured.memory {
        let each = (connected - before) * 1024.0 / f64::from(u32::try_from(readers)?);
        println!(
            "memory of the server, MB: {before} before, {connected} with all readers ({each:.0} KB each), {end} at"
        );
        println!("the end, {after} after they hung up");
    }
    println!("the reader that stalled: {stalled}");
    Ok(())
}

fn stalled(what: Option<&Stalled>) -> String {
    match what {
        Some(Stalled::CutOff(after)) => format!("cut off after {:.0} s", after.as_secs_f64()),
        Some(Stalled::Gone) => "cut off, as it found when it read on".to_owned(),
        Some(Stalled::Kept) => "still there, and nobody's trouble".to_owned(),
        None => "nobody stalled".to_owned(),
    }
}

/// Twice as much again and again, each with readers of its own.
async fn ceiling(options: &Options, node: &Node, desks: &[Desk]) -> Result<()> {
    let readers = options.live.readers;
    let mut table = Table::new(&[
        "changes a s",
        "messages",
        "per s",
        "p50 ms",
        "p99 ms",
        "most ms",
        "answer p99 ms",
        "unmade",
        "server cores",
        "other cores",
    ]);
    let (mut carried, mut rate, mut end) = (None, 1_u32, None);
    while end.is_none() && rate <= MOST {
        ensure!(!process::interrupted(), "interrupted");
        let time = options.seconds.map_or(STEP, Duration::from_secs);
        let measured = measure(node, desks, Plan { readers, rate, time, stalls: false }).await?;
        let all = Delays::together(&measured.delays).from_sending;
        let [p50, p99, most] = quantiles(all).context("nobody was told anything")?;
        let [_, answer, _] = quantiles(measured.answers.clone()).context("nothing was answered")?;
        let per_second = measured.per_second()?;
        let figures = [json!(measured.told), json!(per_second), json!(p50), json!(p99), json!(most), json!(answer)];
        let busy = measured.busy.map_or([Value::Null, Value::Null], |busy| busy.map(Value::from));
        table.push([json!(rate)].into_iter().chain(figures).chain([json!(measured.unmade)]).chain(busy).collect());
        end = match measured.problems.first() {
            Some(problem) => Some(format!("{} problems, such as: {problem}", measured.problems.len())),
            None if p99 > LATEST_MS || measured.unmade > 0 => Some("readers or writer were late".to_owned()),
            None => None,
        };
        if end.is_none() {
            carried = Some((rate, per_second));
        }
        rate = rate.saturating_mul(2);
    }
    if options.json {
        println!("{:#}", json!({ "database": options.database(), "readers": readers, "rates": table.json() }));
        return Ok(());
    }
    println!("{readers} readers of one organization, counted from sending\n\n{}", table.text());
    if let Some((rate, per_second)) = carried {
        println!(
            "carried with p99 of {LATEST_MS} ms at the most: {rate} changes a second, {per_second:.0} messages a second"
        );
    }
    println!("beyond that: {}", end.unwrap_or_else(|| "nothing was tried".to_owned()));
    Ok(())
}

/// Each reader is a file of ours, and one of the server's, which has our limit.
fn enough_files(readers: usize) -> Result<()> {
    let Ok(limits) = fs::read_to_string("/proc/self/limits") else { return Ok(()) };
    let Some(most) = most_files(&limits) else { return Ok(()) };
    let wanted = readers.saturating_add(OTHER_FILES);
    ensure!(
        most >= wanted,
        "{readers} readers need {wanted} open files, {most} are allowed: ulimit -n {wanted}, as root"
    );
    Ok(())
}

/// What `/proc/<id>/limits` allows; none where it says nothing or no limit.
fn most_files(limits: &str) -> Option<usize> {
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::most_files;

    #[test]
    fn the_limit_that_holds_is_the_first() {
        let limits = "Limit                     Soft Limit           Hard Limit           Units     \n\
                      Max processes             100                  200                  processes \n\
                      Max open files            1024                 20000                files     \n";
        assert_eq!(most_files(limits), Some(1024));
        assert_eq!(most_files(&limits.replace("1024", "unlimited")), None);
        assert_eq!(most_files(""), None);
    }
}
