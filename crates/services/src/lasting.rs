//! Work that lasts as long as somebody needs it.

use std::{future::Future, time::Duration};

use tokio::task::JoinSet;

/// How long after a panic work is begun again.
const PAUSE: Duration = Duration::from_secs(1);

/// Does `work` until it ends by itself: a panic, which is a bug, ends one turn of it and not all that comes after.
pub async fn until_done<W>(what: &'static str, work: impl Fn() -> W)
where
    W: Future<Output = ()> + Send + 'static,
{
    loop {
        let mut turn = JoinSet::new(); // ends with this
        turn.spawn(work());
        match turn.join_next().await {
            Some(Err(panic)) if panic.is_panic() => {
                tracing::error!(%panic, what, "a panic ended it; it is begun again");
                tokio::time::sleep(PAUSE).await;
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use super::until_done;

    #[tokio::test]
    async fn a_panic_ends_a_turn_and_not_the_work() {
        static TURNS: AtomicU8 = AtomicU8::new(0);

        until_done("a test", async || {
            assert!(TURNS.fetch_add(1, Ordering::SeqCst) >= 1, "a bug");
        })
        .await;

        assert_eq!(TURNS.load(Ordering::SeqCst), 2);
    }
}
