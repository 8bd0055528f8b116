//! Readers at once, who note each answer they got.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::{Value, json};
use tokio::{sync::Notify, task::JoinSet};

use super::ledger::{Acknowledged, Ledger};
use crate::{api::Api, node::Node};

const PATIENCE: Duration = Duration::from_secs(20);

/// What is called until the kill.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Load {
    /// Sixteen readers with every tool.
    Everything,
    /// Sixty-four readers who go through a walkthrough again and again.
    NextStep,
}

impl Load {
    /// Both by turns.
    pub(super) const fn of(round: u32) -> Self {
        if round.is_multiple_of(2) { Self::NextStep } else { Self::Everything }
    }

    /// For people.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Everything => "every tool",
            Self::NextStep => "get_next_step",
        }
    }

    const fn writers(self) -> usize {
        match self {
            Self::Everything => 16,
            Self::NextStep => 64,
        }
    }
}

/// Works on `node` for `time` from its first answer on, then kills it; what was acknowledged is in the ledger.
pub(super) async fn until_killed(
    node: Node,
    slug: &str,
    (round, load): (u32, Load),
    time: Duration,
    ledger: &mut Ledger,
) -> Result<()> {
    let (killed, answering) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let mut writers = JoinSet::new();
    let api = Api::new(&node.url)?;
    for number in 0..load.writers() {
        let writer = Writer {
            api: api.clone(),
            load,
            slug: slug.to_owned(),
            reader: format!("round-{round}-writer-{number}"),
            killed: Arc::clone(&killed),
            answering: Arc::clone(&answering),
            noted: Vec::new(),
        };
        writers.spawn(writer.work());
    }
    // Where no answer comes, what the writers met instead is told below.
    if tokio::time::timeout(PATIENCE, answering.notified()).await.is_ok() {
        tokio::time::sleep(time).await;
    }
    let log = node.last_words();
    killed.store(true, Ordering::SeqCst);
    node.kill()?;
    while let Some(done) = writers.join_next().await {
        let (reader, noted) = done?.with_context(|| format!("the log ends\n{log}"))?;
        ledger.note(reader, noted);
    }
    Ok(())
}

/// One reader with a session of its own.
struct Writer {
    api: Api,
    load: Load,
    slug: String,
    reader: String,
    killed: Arc<AtomicBool>,
    answering: Arc<Notify>,
    noted: Vec<Acknowledged>,
}

impl Writer {
    /// Goes on until an answer is missing; an error is only one where the node was not killed.
    async fn work(mut self) -> Result<(String, Vec<Acknowledged>)> {
        loop {
            if let Err(error) = self.turn().await {
                return if self.killed.load(Ordering::SeqCst) { Ok((self.reader, self.noted)) } else { Err(error) };
            }
        }
    }

    async fn turn(&mut self) -> Result<()> {
        match self.load {
            Load::Everything => self.every_tool().await,
            Load::NextStep => self.every_step().await,
        }
    }

    async fn every_tool(&mut self) -> Result<()> {
        let started = self.call("start_walkthrough", json!({ "restart": true })).await?;
        self.call("get_next_step", json!({})).await?;
        self.call("get_next_step", json!({ "currentStepId": started["step"]["id"] })).await?;
        let marker = format!("{}-{}", self.reader, self.noted.len());
        self.call("get_support", json!({ "title": marker, "problemDescription": "It was killed." })).await?;
        Ok(())
    }

    /// Asks for each step before it is done: one call that only reads, one that writes.
    async fn every_step(&mut self) -> Result<()> {
        let mut at = self.call("start_walkthrough", json!({ "restart": true })).await?;
        while at["status"] == "step" {
            self.call("get_next_step", json!({})).await?;
            at = self.call("get_next_step", json!({ "currentStepId": at["step"]["id"] })).await?;
        }
        Ok(())
    }

    async fn call(&mut self, tool: &'static str, input: Value) -> Result<Value> {
        let answer = self.api.tool(&self.slug, &self.reader, tool, &input).await?;
        self.noted.push(Acknowledged { tool, input, answer: answer.clone() });
        self.answering.notify_one();
        Ok(answer)
    }
}
