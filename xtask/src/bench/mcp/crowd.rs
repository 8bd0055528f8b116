//! A closed loop of readers: each asks next when it has the answer to the last.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::Result;
use tokio::{
    runtime::Builder,
    task::{JoinSet, spawn_blocking},
};

use super::reader::{Course, Reader};

const WARM_UP: Duration = Duration::from_millis(300);

/// What a reader does again and again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Work {
    /// Asks for the step where one is: reads, and writes the record of the call.
    Ask,
    /// Says that a step is done and hears the next: writes both. At the end it starts over, which takes its time but
    /// is no call of the figure.
    Finish,
}

impl Work {
    /// The call in question.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Self::Ask => "get_next_step {}",
            Self::Finish => "get_next_step { currentStepId }",
        }
    }
}

/// Readers at once, each with a name that nobody had before.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) work: Work,
    pub(super) clients: usize,
    pub(super) name: String,
}

impl Crowd {
    /// The delays of the calls in question that were answered within `time`, after a moment to warm up, and how many
    /// calls were answered in all. On one thread: those who ask need half a core at the most, and several threads would
    /// spend more of the cores of whom they ask on waking each other.
    pub(super) async fn measure(
        self,
        course: Arc<Course>,
        url: String,
        time: Duration,
    ) -> Result<(Vec<Duration>, usize)> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        spawn_blocking(move || runtime.block_on(self.ask(&course, &url, time))).await?
    }

    async fn ask(&self, course: &Arc<Course>, url: &str, time: Duration) -> Result<(Vec<Duration>, usize)> {
        let readers = self.readers(course, url).await?;
        let mut running = JoinSet::new();
        let warm = Instant::now() + WARM_UP;
        for mut reader in readers {
            let (work, steps) = (self.work, course.len());
            running.spawn(async move {
                let delays = again_and_again(&mut reader, work, steps, warm, warm + time).await?;
                anyhow::Ok((delays, reader.calls))
            });
        }
        let (mut delays, mut calls) = (Vec::new(), 0_usize);
        while let Some(done) = running.join_next().await {
            let (mut seen, made) = done??;
            delays.append(&mut seen);
            calls = calls.saturating_add(made);
        }
        Ok((delays, calls))
    }

    /// All of them at the first step: the first call makes a person and a visit, which is another matter.
    async fn readers(&self, course: &Arc<Course>, url: &str) -> Result<Vec<Reader>> {
        let mut starting = JoinSet::new();
        for number in 0..self.clients {
            let (url, course, name) = (url.to_owned(), Arc::clone(course), format!("{}-{number}", self.name));
            starting.spawn(async move {
                let mut reader = Reader::stateless(&course, &url, name).await?;
                reader.start().await?;
                anyhow::Ok(reader)
            });
        }
        let mut readers = Vec::new();
        while let Some(started) = starting.join_next().await {
            readers.push(started??);
        }
        Ok(readers)
    }
}

async fn again_and_again(
    reader: &mut Reader,
    work: Work,
    steps: usize,
    warm: Instant,
    end: Instant,
) -> Result<Vec<Duration>> {
    let (mut delays, mut step) = (Vec::new(), 0);
    loop {
        if step == steps {
            reader.start().await?;
            step = 0;
        }
        let began = Instant::now();
        if began >= end {
            return Ok(delays);
        }
        match work {
            Work::Ask => reader.ask_again().await?,
            Work::Finish => {
                reader.finish(step).await?;
                step = step.saturating_add(1);
            }
        }
        let done = Instant::now();
        if (warm..=end).contains(&done) {
            delays.push(done - began);
        }
    }
}
