//! What many callers ask of the database at the same time is asked in one statement.
//!
//! While one statement runs, the next questions gather; so a busy node pays for one way to the database a batch and an idle
//! one adds no delay. Every question is asked after it came: an answer is never older than its question.

use std::{fmt, future::Future, sync::Arc, time::Duration};

use guildhall_domain::{Error, Result};
use guildhall_repositories::Error as RowError;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

/// Questions that may wait; beyond them callers wait for room.
const QUEUE: usize = 4096;
/// The most questions in one statement.
const BATCH: usize = 256;
/// How long an answer may take: a connection that hangs must not keep those who come after.
const PATIENCE: Duration = Duration::from_secs(10);

/// Gathers questions.
pub(crate) struct Gathering<Q, A>(mpsc::Sender<Question<Q, A>>);

struct Question<Q, A> {
    question: Q,
    answer: oneshot::Sender<Result<A>>,
}

impl<Q: Clone + Send + Sync + 'static, A: Send + 'static> Gathering<Q, A> {
    /// Starts to gather; `ask` answers every question, in their order. Ends when this is dropped.
    pub(crate) fn start<F, R>(ask: F) -> Self
    where
        F: Fn(Arc<[Q]>) -> R + Send + Sync + 'static,
        R: Future<Output = guildhall_repositories::Result<Vec<A>>> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(QUEUE);
        tokio::spawn(work(ask, receiver));
        Self(sender)
    }

    /// Asks with whoever asks now.
    pub(crate) async fn ask(&self, question: Q) -> Result<A> {
        let (answer, answered) = oneshot::channel();
        self.0.send(Question { question, answer }).await.map_err(|_| Error::Unavailable)?;
        answered.await.map_err(|_| Error::Unavailable)?
    }
}

async fn work<Q, A, F, R>(ask: F, mut queue: mpsc::Receiver<Question<Q, A>>)
where
    Q: Clone,
    A: Send + 'static,
    F: Fn(Arc<[Q]>) -> R,
    R: Future<Output = guildhall_repositories::Result<Vec<A>>> + Send + 'static,
{
    let mut batch = Vec::with_capacity(BATCH);
    while queue.recv_many(&mut batch, BATCH).await > 0 {
        // Who has gone meanwhile is not asked for.
        batch.retain(|question| !question.answer.is_closed());
        if batch.is_empty() {
            continue;
        }
        let (questions, callers): (Vec<Q>, Vec<_>) = batch.drain(..).map(|its| (its.question, its.answer)).unzip();
        let questions: Arc<[Q]> = questions.into();
        let Some(answered) = within(PATIENCE, ask(Arc::clone(&questions))).await else {
            tracing::warn!(questions = callers.len(), "the database does not answer");
            callers.into_iter().for_each(|caller| tell(caller, Err(Error::Unavailable)));
            continue;
        };
        match answered {
            Ok(answers) => callers.into_iter().zip(answers).for_each(|(caller, answer)| tell(caller, Ok(answer))),
            Err(cause @ (RowError::Away(_) | RowError::Contended(_))) if callers.len() > 1 => {
                tracing::warn!(%cause, questions = callers.len(), "the database is not available");
                callers.into_iter().for_each(|caller| tell(caller, Err(Error::Unavailable)));
            }
            Err(cause) if callers.len() > 1 => {
                // One that cannot be answered is nobody else's matter.
                tracing::warn!(%cause, questions = callers.len(), "questions were refused; asking them one by one");
                let mut patience = PATIENCE;
                for (question, caller) in questions.iter().zip(callers) {
                    match within(patience, ask(Arc::from([question.clone()]))).await {
                        Some(answers) => tell(caller, alone(answers)),
                        None => {
                            patience = Duration::ZERO; // nor will it answer the others
                            tell(caller, Err(Error::Unavailable));
                        }
                    }
                }
            }
            Err(cause) => callers.into_iter().zip([cause]).for_each(|(caller, cause)| tell(caller, Err(cause.into()))),
        }
    }
}

/// What comes of asking; nothing where it takes longer. In a task of its own: a panic is a refusal, and the gathering goes on.
async fn within<A: Send + 'static>(
    patience: Duration,
    asking: impl Future<Output = guildhall_repositories::Result<Vec<A>>> + Send + 'static,
) -> Option<guildhall_repositories::Result<Vec<A>>> {
    let mut task = JoinSet::new();
    task.spawn(asking);
    match tokio::time::timeout(patience, task.join_next()).await {
        Ok(Some(Ok(answers))) => Some(answers),
        Ok(Some(Err(panic))) => Some(Err(RowError::Unreadable(panic.to_string()))),
        Ok(None) | Err(_) => None,
    }
}

fn alone<A>(answers: guildhall_repositories::Result<Vec<A>>) -> Result<A> {
    answers?.pop().ok_or_else(|| Error::internal("a question without an answer"))
}

/// Whoever has gone does not hear it.
fn tell<A>(caller: oneshot::Sender<Result<A>>, answer: Result<A>) {
    let _ = caller.send(answer);
}

impl<Q, A> fmt::Debug for Gathering<Q, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gathering")
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use guildhall_domain::Error;
    use guildhall_repositories::Error as RowError;
    use tokio::sync::{Mutex, Semaphore};

    use super::Gathering;

    #[tokio::test]
    async fn those_who_come_while_one_is_answered_are_answered_together() {
        let (gate, asked) = (Arc::new(Semaphore::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (its_gate, its_asked) = (Arc::clone(&gate), Arc::clone(&asked));
        let gathering = Arc::new(Gathering::start(move |questions: Arc<[u32]>| {
            let (gate, asked) = (Arc::clone(&its_gate), Arc::clone(&its_asked));
            async move {
                asked.lock().await.push(questions.len());
                gate.acquire().await.unwrap().forget();
                Ok(questions.iter().map(|question| question * 2).collect())
            }
        }));
        let ask = |question| {
            let gathering = Arc::clone(&gathering);
            tokio::spawn(async move { gathering.ask(question).await.unwrap() })
        };

        let first = ask(1);
        while asked.lock().await.is_empty() {
            tokio::task::yield_now().await;
        }
        let others = [ask(2), ask(3), ask(4)];
        tokio::task::yield_now().await;
        gate.add_permits(2);

        assert_eq!(first.await.unwrap(), 2);
        for (other, answer) in others.into_iter().zip([4, 6, 8]) {
            assert_eq!(other.await.unwrap(), answer);
        }
        assert_eq!(*asked.lock().await, [1, 3]);
    }

    #[tokio::test]
    async fn a_question_that_cannot_be_answered_spoils_nobody_elses() {
        let gathering = Gathering::start(async |questions: Arc<[u32]>| {
            tokio::time::sleep(Duration::from_millis(1)).await;
            assert!(!questions.contains(&666), "this asking panics");
            if questions.contains(&13) { Err(RowError::Unreadable("13".to_owned())) } else { Ok(questions.to_vec()) }
        });

        for unlucky in [13, 666] {
            let (first, bad, good) = tokio::join!(gathering.ask(1), gathering.ask(unlucky), gathering.ask(2));

            assert_eq!((first.unwrap(), good.unwrap()), (1, 2));
            assert!(matches!(bad, Err(Error::Internal(_))));
        }
    }
}
