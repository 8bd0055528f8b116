//! The watch of a node, while anybody follows anything on it: it looks where the logs end, hears PostgreSQL's notices, and
//! asks whether those who listen still may.

use std::time::Duration;

use guildhall_domain::{Result, error::chain};
use guildhall_repositories::Notice;
use tokio::{
    task::JoinSet,
    time::{Instant, MissedTickBehavior},
};

use super::{channel::Channel, standing};
use crate::App;

/// How often the ends of the logs are looked at, in one statement for all.
const BEAT: Duration = Duration::from_millis(1500);
/// How often is asked whether those who listen still may: with every other beat, so that a stream ends well within five
/// seconds of what lets its reader in, whichever node that ended on.
const DOUBT: Duration = Duration::from_millis(2500);
/// How long to wait before a connection for notices is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Watches until nobody follows anything any more.
pub(super) async fn watch(app: App) {
    let mut hearing = JoinSet::new(); // ends with this
    hearing.spawn(hear(app.clone()));
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut asked = Instant::now();
    loop {
        let is_doubted = tokio::select! {
            _ = beat.tick() => false,
            () = app.live().doubted.notified() => true,
        };
        if !app.live().lock().are_left() {
            return;
        }
        if is_doubted || asked.elapsed() >= DOUBT {
            asked = Instant::now();
            note(ask(&app).await);
        }
        if !is_doubted {
            note(look(&app).await);
        }
    }
}

fn note(done: Result<()>) {
    if let Err(error) = done {
        tracing::warn!(error = chain(&error), "those who follow were not looked after; the next look will");
    }
}

/// Wakes what has more to tell than it has told.
async fn look(app: &App) -> Result<()> {
    let of: Vec<_> = app.live().lock().channels.keys().map(|(organization, _)| *organization).collect();
    for (organization, head) in app.database().read().system().event_heads(&of).await? {
        app.live().lock().of(organization).filter(|channel| channel.told() < head).for_each(Channel::wake);
    }
    Ok(())
}

/// Sends off whoever may no longer listen.
async fn ask(app: &App) -> Result<()> {
    let places: Vec<_> = app.live().lock().places.keys().copied().collect();
    let lost = standing::lost(app, &places).await?;
    let mut followed = app.live().lock();
    for (place, why) in lost {
        // Whoever comes back later takes a new place.
        if let Some(told) = followed.places.remove(&place) {
            told.send_replace(Some(why));
        }
    }
    Ok(())
}

/// Wakes what PostgreSQL gives notice of, through one connection after the other.
async fn hear(app: App) {
    while let Err(error) = listen(&app).await {
        tracing::warn!(error = chain(&error), "no notices from PostgreSQL; a look finds what there is");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Until the connection breaks; over at once where the database gives no notice.
async fn listen(app: &App) -> Result<()> {
    let Some(mut notices) = app.database().notices().await? else { return Ok(()) };
    app.live().lock().wake_all();
    loop {
        match notices.next().await? {
            Notice::Of(organization) => app.live().lock().wake(organization),
            Notice::Any => app.live().lock().wake_all(),
        }
    }
}
