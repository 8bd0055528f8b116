//! A closed loop: each client sends its next request when it has the answer to the last.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::api::{Api, Seeded};

/// What is measured.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    pub(super) name: &'static str,
    pub(super) work: Work,
}

/// What a client does again and again.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Asks `/healthz`.
    Nothing,
    /// Calls the procedure of the subject's name with this.
    Procedure(Value),
    /// Calls a tool, as a reader of its own.
    Tool(&'static str),
}

/// What came of it; times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) requests: usize,
    pub(super) per_second: f64,
    pub(super) p50: f64,
    pub(super) p99: f64,
}

/// `clients` at once for `time`, after a moment to warm up.
pub(super) async fn measure(seeded: &Seeded, subject: &Subject, clients: usize, time: Duration) -> Result<Figures> {
    let mut running = JoinSet::new();
    let warm = Instant::now() + Duration::from_millis(300);
    let end = warm + time;
    for number in 0..clients {
        let client = Client {
            api: seeded.owner.clone(),
            slug: seeded.slug.clone(),
            reader: format!("reader-{number}"),
            subject: subject.clone(),
        };
        running.spawn(client.work(warm, end));
    }
    let mut delays = Vec::new();
    while let Some(done) = running.join_next().await {
        delays.append(&mut done??);
    }
    Figures::of(delays, time)
}

impl Figures {
    /// What delays within `time` come to.
    pub(super) fn of(mut delays: Vec<Duration>, time: Duration) -> Result<Self> {
        delays.sort_unstable();
        let at = |percent: usize| -> Result<f64> {
            let place = delays.len().saturating_mul(percent) / 100;
            let delay = delays.get(place.min(delays.len().saturating_sub(1)));
            Ok(delay.context("no request was answered in time")?.as_secs_f64() * 1000.0)
        };
        let requests = delays.len();
        let count = u32::try_from(requests)?;
        Ok(Self { requests, per_second: f64::from(count) / time.as_secs_f64(), p50: at(50)?, p99: at(99)? })
    }
}

struct Client {
    api: Api,
    slug: String,
    reader: String,
    subject: Subject,
}

impl Client {
    async fn work(self, warm: Instant, end: Instant) -> Result<Vec<Duration>> {
        if let Work::Tool(_) = self.subject.work {
            self.api.tool(&self.slug, &self.reader, "start_walkthrough", &json!({})).await?;
        }
        let mut delays = Vec::new();
        loop {
            let began = Instant::now();
            if began >= end {
                return Ok(delays);
            }
            self.once().await?;
            let done = Instant::now();
            if began >= warm && done <= end {
                delays.push(done - began);
            }
        }
    }

    async fn once(&self) -> Result<()> {
        match &self.subject.work {
            Work::Nothing => self.api.get("/healthz").await,
            Work::Procedure(input) => self.api.call(self.subject.name, input).await.map(drop),
            Work::Tool(tool) => self.api.tool(&self.slug, &self.reader, tool, &json!({})).await.map(drop),
        }
    }
}
