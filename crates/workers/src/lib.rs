//! Carries out the jobs that the services wrote down, and looks whether promises were kept, until it is told to stop.
//!
//! **Invariant:** nothing is decided here: what a job is and how it went is [`App::carry_out_next`]'s. Any number of
//! workers on any number of nodes may run; the database hands each job to one at a time.
use std::time::Duration;

use guildhall_domain::error::chain;
use guildhall_services::{App, lasting::until_done};
use tokio::{task::JoinSet, time::MissedTickBehavior};

/// Jobs that a node carries out at once; the first of these wait for nobody whom a tenant names.
const WORKERS: usize = 4;
const OURS: usize = 2;
/// How long a job of another node, or one that was put off, may wait beyond its time.
const PACE: Duration = Duration::from_secs(1);
/// How late it may be noted that a ticket was not answered or settled in time.
const LOOKING_PACE: Duration = Duration::from_secs(15);
/// How often it is seen to that the database does not grow for being used.
const TENDING_PACE: Duration = Duration::from_secs(10);
/// How long the database is left alone after it failed.
const REST: Duration = Duration::from_secs(5);

/// Carries out jobs for as long as this is awaited. Dropped in the middle of a job, the job is tried again when its lease
/// is over.
pub async fn run(app: App) {
    let mut all = JoinSet::new(); // ends with this
    for place in 0..WORKERS {
        let app = app.clone();
        all.spawn(until_done("a worker", move || work(app.clone(), place)));
    }
    let looking = app.clone();
    all.spawn(until_done("looking whether promises were kept", move || look(looking.clone())));
    all.spawn(until_done("keeping the database small", move || tend(app.clone())));
    while all.join_next().await.is_some() {}
}

async fn tend(app: App) {
    let mut beat = tokio::time::interval(TENDING_PACE);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        if let Err(error) = app.keep_log_short().await {
            tracing::warn!(error = chain(&error), "the write-ahead log was not looked after; the next turn will");
        }
    }
}

async fn look(app: App) {
    let mut beat = tokio::time::interval(LOOKING_PACE);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        match app.note_overdue().await {
            Ok(0) => {}
            Ok(tickets) => tracing::info!(tickets, "promises were not kept"),
            Err(error) => tracing::warn!(error = chain(&error), "promises were not looked at; the next look will"),
        }
    }
}

async fn work(app: App, place: usize) {
    loop {
        let done = if place < OURS { app.carry_out_next_of_ours().await } else { app.carry_out_next().await };
        match done {
            Ok(true) => {}
            Ok(false) => {
                let _ = tokio::time::timeout(PACE, app.job_written()).await;
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "jobs wait a moment");
                tokio::time::sleep(REST).await;
            }
        }
    }
}
