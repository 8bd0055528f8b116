//! A closed loop: each client sends its next request when it has the answer to the last.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use super::wire::Connection;

/// What is sent again and again.
#[derive(Clone, Debug)]
pub(super) struct Question {
    /// Where to, such as `http://127.0.0.1:3000`.
    pub(super) url: String,
    pub(super) path: String,
    /// Headers, each with its line's end.
    pub(super) headers: String,
    pub(super) body: String,
}

/// What came of it; times in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    pub(super) per_second: f64,
    pub(super) p50: f64,
    pub(super) p99: f64,
}

/// `clients` at once for `time` and until the last is answered, after a moment to warm up.
pub(super) async fn measure(question: &Question, clients: usize, time: Duration) -> Result<Figures> {
    let warm = Instant::now() + time.mul_f64(0.15).min(Duration::from_millis(300));
    let end = warm + time;
    let question = Arc::new(question.clone());
    let mut running = JoinSet::new();
    for _ in 0..clients {
        running.spawn(ask(Arc::clone(&question), warm, end));
    }
    let mut delays = Vec::new();
    while let Some(done) = running.join_next().await {
        delays.append(&mut done??);
    }
    // What was under way at the end is waited for: a slow request is slow, and not nothing.
    Figures::of(delays, warm.elapsed().max(time))
}

/// At least one answer to a request that began when all were warm.
async fn ask(question: Arc<Question>, warm: Instant, end: Instant) -> Result<Vec<Duration>> {
    let mut connection = Connection::open(&question.url).await?;
    let mut delays = Vec::new();
    loop {
        let began = Instant::now();
        if began >= end && !delays.is_empty() {
            return Ok(delays);
        }
        question.ask(&mut connection).await?;
        if began >= warm {
            delays.push(began.elapsed());
        }
    }
}

impl Question {
    /// Asks once; the answer, which is not a failure.
    pub(super) async fn ask(&self, connection: &mut Connection) -> Result<Vec<u8>> {
        let answer = connection.post(&self.path, &self.headers, &self.body).await?;
        let status = answer.status;
        ensure!(status == 200, "{}: {status}: {}", self.path, String::from_utf8_lossy(&answer.body));
        Ok(answer.body)
    }
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
        let count = u32::try_from(delays.len())?;
        Ok(Self { per_second: f64::from(count) / time.as_secs_f64(), p50: at(50)?, p99: at(99)? })
    }
}

/// The one in the middle; none of none.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (below, above) = (values.get(values.len().saturating_sub(1) / 2)?, values.get(values.len() / 2)?);
    Some(f64::midpoint(*below, *above))
}
