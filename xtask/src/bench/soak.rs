//! Whether memory grows: a mixed load for a long time, and what the node weighs every ten seconds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinSet};

use super::{
    dataset::chance::Chance,
    load::median,
    scenarios::{self, CLIENTS, Owner, Scenario},
    table::Table,
    wire::Connection,
};
use crate::{
    api::{Api, text},
    node::Node,
    process,
};

const EVERY: Duration = Duration::from_secs(10);
/// An access token is good for a quarter of an hour.
const SIGN_IN_EVERY: Duration = Duration::from_secs(5 * 60);
/// Of all requests, those that call a tool of a hosted server, which is kept.
const TOOLS: f64 = 0.2;
/// End users who call tools, for each client.
const READERS: usize = 64;
const MINUTE: f64 = 60.0;

/// What a client asks, and who it is by now.
#[derive(Clone)]
struct Asker {
    scenarios: Arc<[Scenario]>,
    owner: watch::Receiver<Owner>,
    servers: Arc<[String]>,
    url: String,
    asked: Arc<AtomicU64>,
}

/// The node's memory under load for `time`.
pub(super) async fn measure(node: &Node, time: Duration) -> Result<Table> {
    let owner = Owner::at(node).await?;
    let servers = owner.of(0).call("mcpServers.list", &json!({})).await?;
    let servers = servers.as_array().context("no servers")?;
    let servers = servers.iter().map(|server| text(&server["slug"])).collect::<Result<Arc<[_]>>>()?;
    let scenarios: Arc<[Scenario]> = scenarios::scenarios(&owner).await?.into_iter().flatten().collect();
    let (renew, owner) = watch::channel(owner);
    let asked = Arc::new(AtomicU64::new(0));
    let asker = Asker { scenarios, owner, servers, url: node.url.clone(), asked: Arc::clone(&asked) };
    let (began, mut signed_in) = (Instant::now(), Instant::now());
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(asker.clone().ask(number as u64, began + time));
    }
    let weigh = || node.resident().context("the system does not say how much memory a process has");
    let mut samples = vec![(0.0, weigh()?)];
    while began.elapsed() < time && !clients.is_empty() {
        ensure!(!process::interrupted(), "interrupted");
        tokio::time::sleep(EVERY.min(time.saturating_sub(began.elapsed()))).await;
        samples.push((began.elapsed().as_secs_f64(), weigh()?));
        if signed_in.elapsed() >= SIGN_IN_EVERY {
            signed_in = Instant::now();
            renew.send_replace(Owner::at(node).await?);
        }
    }
    while let Some(done) = clients.join_next().await {
        done??;
    }
    Ok(table(&samples, asked.load(Ordering::Relaxed)))
}

impl Asker {
    async fn ask(self, number: u64, end: Instant) -> Result<()> {
        let (mut chance, mut met) = (Chance::new(number), [false; READERS]);
        let mut connection = Connection::open(&self.url).await?;
        let nobody = Api::new(&self.url)?;
        while Instant::now() < end {
            if chance.happens(TOOLS) {
                let reader = chance.below(READERS);
                // Always at the same server, where it has begun the walkthrough.
                let server = self.servers.get(reader % self.servers.len()).context("no server")?;
                let begun = met.get_mut(reader).is_some_and(|met| std::mem::replace(met, true));
                let tool = if begun { "get_next_step" } else { "start_walkthrough" };
                nobody.tool(server, &format!("soak-{number}-{reader}"), tool, &json!({})).await?;
            } else {
                let scenario = self.scenarios.get(chance.below(self.scenarios.len())).context("no scenario")?;
                let question = self.owner.borrow().question(&self.url, scenario);
                question.ask(&mut connection).await?;
            }
            self.asked.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

fn table(samples: &[(f64, f64)], asked: u64) -> Table {
    let last = samples.last().map_or(0.0, |(at, _)| *at);
    let within = |from: f64, to: f64| {
        let some = samples.iter().filter(|(at, _)| (from..=to).contains(at)).map(|(_, megabytes)| *megabytes);
        median(some.collect())
    };
    let most = samples.iter().map(|(_, megabytes)| *megabytes).fold(0.0, f64::max);
    let mut table = Table::new(&[
        "memory, MB",
        "minutes",
        "requests",
        "at the start",
        "first minute",
        "last minute",
        "at the most",
        "growth per hour",
        "in the second half",
    ]);
    let half: Vec<(f64, f64)> = samples.iter().copied().filter(|(at, _)| *at >= last / 2.0).collect();
    let per_hour = |samples: &[(f64, f64)]| slope(samples).map(|slope| slope * MINUTE * MINUTE);
    let row: Vec<Value> = vec![
        "the node".into(),
        (last / MINUTE).into(),
        asked.into(),
        samples.first().map(|(_, megabytes)| *megabytes).into(),
        within(0.0, MINUTE).into(),
        within(last - MINUTE, last).into(),
        most.into(),
        per_hour(samples).into(),
        per_hour(&half).into(),
    ];
    table.push(row);
    table
}

/// The line of least squares through the samples: how much a second; none of fewer than two.
fn slope(samples: &[(f64, f64)]) -> Option<f64> {
    let count = samples.len() as f64;
    let middle = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (at, weight) = (middle(|sample| sample.0), middle(|sample| sample.1));
    let spread: f64 = samples.iter().map(|sample| (sample.0 - at).powi(2)).sum();
    let along: f64 = samples.iter().map(|sample| (sample.0 - at) * (sample.1 - weight)).sum();
    (samples.len() > 1 && spread > 0.0).then(|| along / spread)
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn a_line_has_its_own_slope() {
        let line: Vec<(f64, f64)> = (0..10).map(|at| (f64::from(at), 3.0 + 0.5 * f64::from(at))).collect();

        assert!(slope(&line).is_some_and(|slope| (slope - 0.5).abs() < 1e-9));
        assert_eq!(slope(&line[..1]), None);
    }
}
