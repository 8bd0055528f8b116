//! One follower: what it missed from the log, then what happens, each once and in order.

use std::{collections::VecDeque, sync::Arc};

use guildhall_domain::{Error, Id, Result, id};
use tokio::sync::{
    broadcast::{self, error::TryRecvError},
    watch,
};

use super::{
    channel::{News, Read, read},
    standing::{Lost, Place},
};
use crate::{App, Feed};

/// Follows a feed. Dropped, it leaves nothing behind.
#[derive(Debug)]
pub struct Following {
    app: App,
    organization: Id<id::Organization>,
    read: Read,
    news: broadcast::Receiver<Arc<News>>,
    lost: watch::Receiver<Option<Lost>>,
    /// The number up to which everything was handed out, or is ready to be.
    position: i64,
    ready: VecDeque<Arc<News>>,
    /// Whether the log was read up to where the news begin.
    is_level: bool,
    has_fallen_behind: bool,
}

/// Tells when somebody may no longer follow, beside whatever the follower is busy with.
#[derive(Clone, Debug)]
pub struct Ending(watch::Receiver<Option<Lost>>);

impl Following {
    /// Follows from the event after `position` on; `head` is where the log ended a moment ago.
    pub(crate) fn begin<F: Feed>(app: &App, place: Place, head: i64, position: i64) -> Self {
        let (organization, read) = (place.organization, read::<F>());
        let (news, lost) = app.live().take(app, (F::NAME, read), place, head);
        Self {
            app: app.clone(),
            organization,
            read,
            news,
            lost,
            position,
            ready: VecDeque::new(),
            is_level: false,
            has_fallen_behind: false,
        }
    }

    /// The next item. May be given up waiting for and asked for again.
    ///
    /// # Errors
    /// What ended it: `UNAUTHORIZED` (401, or 403 by its role) or `RESOURCE_NOT_FOUND` where the caller may no longer listen,
    /// `SERVICE_UNAVAILABLE` where it did not keep up and should follow again from the last item that it got; or that the
    /// database failed.
    pub async fn next(&mut self) -> Result<Arc<News>> {
        loop {
            if let Some(news) = self.at_hand()? {
                return Ok(news);
            }
            if !self.is_level {
                self.catch_up().await?;
                continue;
            }
            let news = tokio::select! {
                biased;
                error = ended(&mut self.lost) => return Err(error),
                news = self.news.recv() => news,
            };
            match news {
                Ok(news) => {
                    if let Some(news) = self.fresh(news) {
                        return Ok(news);
                    }
                }
                Err(_) => self.has_fallen_behind = true,
            }
        }
    }

    /// An item that need not be waited for.
    ///
    /// # Errors
    /// As for [`Following::next`].
    pub fn at_hand(&mut self) -> Result<Option<Arc<News>>> {
        if let Some(lost) = *self.lost.borrow() {
            return Err(lost.into());
        }
        if self.has_fallen_behind {
            return Err(Error::Unavailable);
        }
        if let Some(news) = self.ready.pop_front() {
            return Ok(Some(news));
        }
        while self.is_level {
            match self.news.try_recv() {
                Ok(news) => {
                    if let Some(news) = self.fresh(news) {
                        return Ok(Some(news));
                    }
                }
                Err(TryRecvError::Empty) => break,
                Err(_) => {
                    self.has_fallen_behind = true;
                    return Err(Error::Unavailable);
                }
            }
        }
        Ok(None)
    }

    /// What was not handed out yet: each once, and in order.
    fn fresh(&mut self, news: Arc<News>) -> Option<Arc<News>> {
        let is_fresh = news.id > self.position;
        self.position = self.position.max(news.id);
        is_fresh.then_some(news)
    }

    /// Tells when the caller may no longer follow.
    #[must_use]
    pub fn ending(&self) -> Ending {
        Ending(self.lost.clone())
    }

    /// Reads a page of what was missed. The news are heard from before it is read, so nothing lies between the two.
    async fn catch_up(&mut self) -> Result<()> {
        let news = self.news.resubscribe();
        let page = (self.read)(&self.app, self.organization, self.position).await?;
        (self.news, self.is_level, self.position) = (news, !page.is_full, page.last);
        self.ready.extend(page.news);
        Ok(())
    }
}

impl Ending {
    /// Ends when the caller may no longer follow; says why.
    pub async fn wait(&mut self) -> Error {
        ended(&mut self.0).await
    }
}

async fn ended(lost: &mut watch::Receiver<Option<Lost>>) -> Error {
    match lost.wait_for(Option::is_some).await.map(|lost| *lost) {
        Ok(Some(lost)) => lost.into(),
        _ => Error::Unavailable,
    }
}
