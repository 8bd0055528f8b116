//! What all who follow the same on this node share: one reading of the log, and items that are made once.

use std::{
    any::Any,
    pin::Pin,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use guildhall_domain::{Error, Id, Result, error::chain, id};
use serde_json::Value;
use tokio::{
    sync::{Notify, broadcast},
    task::JoinHandle,
};

use crate::{App, Feed};

/// Items that a follower may be behind before it is cut off.
const KEPT: usize = 1024;
/// Events that are read at once.
const PAGE: u64 = 256;
/// How long what happens is gathered after something was told: under load many events cost one reading, and one writing
/// to each follower.
const GAP: Duration = Duration::from_millis(20);

/// One item of a feed, made once for all who follow it on this node.
pub struct News {
    /// The number of its event: what to follow on from.
    pub id: i64,
    /// What is told.
    pub item: Value,
    kept: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl News {
    fn new(id: i64, item: Value) -> Self {
        Self { id, item, kept: OnceLock::new() }
    }

    /// What was made of it, such as its bytes: the first asks for it to be made, the others get the same. None where
    /// somebody has made something of another type.
    pub fn kept<T: Send + Sync + 'static>(&self, make: impl FnOnce(&Self) -> T) -> Option<&T> {
        self.kept.get_or_init(|| Box::new(make(self))).downcast_ref()
    }
}

impl std::fmt::Debug for News {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "News({})", self.id)
    }
}

/// A piece of the log, as a feed tells it.
pub(super) struct Page {
    pub(super) news: Vec<Arc<News>>,
    /// The number of the last event that was read.
    pub(super) last: i64,
    /// Whether there may be more.
    pub(super) is_full: bool,
}

/// Reads the log of an organization after that number.
pub(super) type Read =
    for<'a> fn(&'a App, Id<id::Organization>, i64) -> Pin<Box<dyn Future<Output = Result<Page>> + Send + 'a>>;

/// How `F` reads the log.
pub(super) fn read<F: Feed>() -> Read {
    |app, organization, after| Box::pin(page::<F>(app, organization, after))
}

async fn page<F: Feed>(app: &App, organization: Id<id::Organization>, after: i64) -> Result<Page> {
    let access = app.database().read();
    let tenant = access.tenant(organization);
    let events = tenant.events().after(after, PAGE).await?;
    let last = events.last().map_or(after, |event| event.sequence);
    let is_full = u64::try_from(events.len()).is_ok_and(|read| read == PAGE);
    let items = if events.is_empty() { Vec::new() } else { F::tell(tenant, &events).await? };
    let made = |(id, item)| Ok(Arc::new(News::new(id, serde_json::to_value(item).map_err(Error::internal)?)));
    Ok(Page { news: items.into_iter().map(made).collect::<Result<_>>()?, last, is_full })
}

/// One organization's feed on this node.
#[derive(Debug)]
pub(super) struct Channel {
    news: broadcast::Sender<Arc<News>>,
    woken: Arc<Notify>,
    told: Arc<AtomicI64>,
    telling: JoinHandle<()>,
}

impl Channel {
    /// Tells from the event after `head` on.
    pub(super) fn open(app: &App, read: Read, organization: Id<id::Organization>, head: i64) -> Self {
        let (news, woken, told) = (broadcast::channel(KEPT).0, Arc::new(Notify::new()), Arc::new(AtomicI64::new(head)));
        let telling = tokio::spawn(tell(app.clone(), read, organization, news.clone(), woken.clone(), told.clone()));
        Self { news, woken, told, telling }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Arc<News>> {
        self.news.subscribe()
    }

    pub(super) fn is_followed(&self) -> bool {
        self.news.receiver_count() > 0
    }

    /// Has the log looked at.
    pub(super) fn wake(&self) {
        self.woken.notify_one();
    }

    /// The number up to which everything was told.
    pub(super) fn told(&self) -> i64 {
        self.told.load(Ordering::Relaxed)
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.telling.abort();
    }
}

/// Reads the log whenever it is woken, and tells what is new.
async fn tell(
    app: App,
    read: Read,
    organization: Id<id::Organization>,
    news: broadcast::Sender<Arc<News>>,
    woken: Arc<Notify>,
    told: Arc<AtomicI64>,
) {
    loop {
        woken.notified().await;
        loop {
            let page = match read(&app, organization, told.load(Ordering::Relaxed)).await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(error = chain(&error), "the log was not read; the next look will");
                    break;
                }
            };
            for one in page.news {
                let _ = news.send(one); // nobody listening is no failure
            }
            told.store(page.last, Ordering::Relaxed);
            if !page.is_full {
                break;
            }
        }
        tokio::time::sleep(GAP).await;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::News;

    #[test]
    fn what_is_made_of_an_item_is_made_once() {
        let news = News::new(7, json!({ "a": 1 }));
        let first = news.kept(|news| news.item.to_string()).unwrap().clone();
        assert_eq!(news.kept(|_| String::new()), Some(&first));
        assert_eq!(news.kept(|_| 5_u8), None, "it is of another type");
    }
}
