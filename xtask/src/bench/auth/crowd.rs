//! Many who sign in at once.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use reqwest::StatusCode;
use serde_json::json;
use tokio::task::JoinSet;

use crate::api::{Api, PASSWORD};

/// How many accounts there are to sign in to.
pub(super) const ACCOUNTS: usize = 64;

/// How long a crowd takes until it waits as long as it will.
pub(super) const FILLING: Duration = Duration::from_secs(1);

/// The address of an account; they begin again after [`ACCOUNTS`].
pub(super) fn account(number: usize) -> String {
    format!("somebody-{}@example.test", number % ACCOUNTS)
}

/// An address without an account.
pub(super) fn stranger(number: usize) -> String {
    format!("nobody-{number}@example.test")
}

/// With what they try.
#[derive(Clone, Copy, Debug)]
pub(super) enum Attempt {
    /// Their password.
    Right,
    /// Another.
    Wrong,
    /// An address without an account.
    Unknown,
}

impl Attempt {
    /// For people.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Right => "right password",
            Self::Wrong => "wrong password",
            Self::Unknown => "unknown address",
        }
    }
}

/// Who signs in.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    /// Where.
    pub(super) api: Api,
    /// With what.
    pub(super) attempt: Attempt,
    /// How many at once.
    pub(super) clients: usize,
}

/// What became of them.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// How long those waited whose password was looked at.
    pub(super) delays: Vec<Duration>,
    /// How many were told to try again later.
    pub(super) away: usize,
}

impl Seen {
    /// Both together.
    pub(super) fn add(&mut self, mut more: Self) {
        self.delays.append(&mut more.delays);
        self.away = self.away.saturating_add(more.away);
    }
}

impl Crowd {
    /// Each as soon as the last answer is there, for `time` once the queue has filled.
    pub(super) async fn again_and_again(self, time: Duration) -> Result<Seen> {
        let warm = Instant::now() + FILLING;
        self.gather(warm, warm + time).await
    }

    /// Each once, all in the same moment.
    pub(super) async fn once(self) -> Result<Seen> {
        let now = Instant::now();
        self.gather(now, now).await
    }

    /// Everybody at least once, and then until `end`; what was answered before `warm` does not count.
    async fn gather(self, warm: Instant, end: Instant) -> Result<Seen> {
        let mut running = JoinSet::new();
        for number in 0..self.clients {
            running.spawn(one(self.api.clone(), self.attempt, number, warm, end));
        }
        let mut all = Seen::default();
        while let Some(seen) = running.join_next().await {
            all.add(seen??);
        }
        Ok(all)
    }
}

async fn one(api: Api, attempt: Attempt, number: usize, warm: Instant, end: Instant) -> Result<Seen> {
    let (email, password, status) = match attempt {
        Attempt::Right => (account(number), PASSWORD, StatusCode::OK),
        Attempt::Wrong => (account(number), "incorrect horse", StatusCode::UNAUTHORIZED),
        Attempt::Unknown => (stranger(number), PASSWORD, StatusCode::UNAUTHORIZED),
    };
    let input = json!({ "email": email, "password": password });
    let mut seen = Seen::default();
    loop {
        let began = Instant::now();
        let said = api.ask("auth.signIn", &input).await?;
        let done = Instant::now();
        match said.status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => seen.away = seen.away.saturating_add(1),
            was if was != status => bail!("auth.signIn answered {was}: {}", said.body),
            // Those who come but once have no end.
            _ if done >= warm && (done <= end || warm == end) => seen.delays.push(done - began),
            _ => {}
        }
        if done >= end {
            return Ok(seen);
        }
    }
}
