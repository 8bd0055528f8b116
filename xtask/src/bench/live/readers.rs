//! Those who follow: a WebSocket each, and as little work for each message as says whether it is the right one, since they
//! share the cores with the server.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tokio::{
    io::Interest,
    net::TcpStream,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest as _, http::header::AUTHORIZATION, protocol::WebSocketConfig},
};

use super::{desks::Desk, writers::since};

const FEED: &str = "/api/support-tickets/live";
/// Connections that are opened at once.
const AT_ONCE: usize = 200;
/// Of each reader, and of the largest message for a moment more.
const READ_BUFFER: usize = 2048;
/// How often is looked whether the node has hung up on the one that stalls.
const LOOK: Duration = Duration::from_millis(250);

type Socket = WebSocketStream<TcpStream>;

/// What one was told.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// When each message came, in microseconds since the clock began.
    pub(super) times: Vec<u32>,
    all: Vec<(i64, String)>,
    /// Whether all is kept, or only what says whether it is the same as another was told.
    pub(super) keeps: bool,
    said: DefaultHasher,
    last: i64,
    /// Why it hears no more, or what it should not have heard.
    pub(super) problem: Option<String>,
}

impl Seen {
    /// The same for all who were told the same.
    pub(super) fn said(&self) -> u64 {
        self.said.finish()
    }

    /// Event and ticket of each message, where this one keeps them, and what all say who were told the same.
    pub(super) fn told(&self) -> (Vec<(i64, String)>, u64) {
        (self.all.clone(), self.said())
    }

    fn take(&mut self, text: &str, at: u32) {
        let Some((event, ticket)) = parse(text) else {
            self.problem.get_or_insert_with(|| format!("not what happened to a ticket: {text}"));
            return;
        };
        if event <= self.last {
            self.problem.get_or_insert_with(|| format!("event {event} came after {}", self.last));
        }
        self.last = event;
        (event, ticket).hash(&mut self.said);
        self.times.push(at);
        if self.keeps {
            self.all.push((event, ticket.to_owned()));
        }
    }
}

/// The number of the event and the id of the ticket that a message is about.
fn parse(text: &str) -> Option<(i64, &str)> {
    let (event, rest) = text.strip_prefix(r#"{"id":""#)?.split_once('"')?;
    let (_, rest) = rest.split_once(r#""ticket":{"id":""#)?;
    let (ticket, _) = rest.split_once('"')?;
    Some((event.parse().ok()?, ticket))
}

/// Somebody who follows; hangs up with this value.
#[derive(Debug)]
pub(super) struct Reader {
    seen: Arc<Mutex<Seen>>,
    reading: JoinHandle<()>,
}

impl Reader {
    pub(super) fn seen(&self) -> MutexGuard<'_, Seen> {
        lock(&self.seen)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// So many readers of the organizations, in turns, at the node of that address; those of each organization. The first of
/// each keeps what it is told. `told` counts all messages.
pub(super) async fn open(
    url: &str,
    desks: &[Desk],
    count: usize,
    clock: Instant,
    told: &Arc<AtomicUsize>,
) -> Result<Vec<Vec<Reader>>> {
    let all = (0..count).map(|number| {
        let (place, turn) = (number % desks.len(), number / desks.len());
        async move {
            let tokens = &desks.get(place).context("no such organization")?.tokens;
            let token = tokens.get(turn % tokens.len()).context("nobody is signed in")?;
            let socket = connect(url, token).await.with_context(|| format!("reader {number} of {count}"))?;
            anyhow::Ok((place, turn, socket))
        }
    });
    let mut opening = stream::iter(all).buffer_unordered(AT_ONCE);
    let mut readers: Vec<Vec<Reader>> = desks.iter().map(|_| Vec::new()).collect();
    while let Some((place, turn, socket)) = opening.try_next().await? {
        let seen = Arc::new(Mutex::new(Seen { keeps: turn == 0, ..Seen::default() }));
        let reading = tokio::spawn(read(socket, seen.clone(), clock, told.clone()));
        readers.get_mut(place).context("no such organization")?.push(Reader { seen, reading });
    }
    Ok(readers)
}

async fn connect(url: &str, token: &str) -> Result<Socket> {
    let host = url.strip_prefix("http://").context("not an address of http")?;
    let stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{host}{FEED}").into_client_request()?;
    request.headers_mut().insert(AUTHORIZATION, format!("Bearer {token}").parse()?);
    let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
    Ok(client_async_with_config(request, stream, Some(config)).await?.0)
}

async fn read(mut socket: Socket, seen: Arc<Mutex<Seen>>, clock: Instant, told: Arc<AtomicUsize>) {
    let end = loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => {
                lock(&seen).take(&text, since(clock, Instant::now()));
                told.fetch_add(1, Ordering::Relaxed);
            }
            Some(Ok(Message::Close(frame))) => break format!("closed: {frame:?}"),
            Some(Ok(_)) => {}
            Some(Err(error)) => break format!("broken: {error}"),
            None => break "the node hung up".to_owned(),
        }
    };
    lock(&seen).problem.get_or_insert(end);
}

/// What became of one that follows and takes nothing of what it is sent.
#[derive(Debug)]
pub(super) enum Stalled {
    /// The node hung up after so long.
    CutOff(Duration),
    /// The node had hung up when it took what there was, after all that time.
    Gone,
    /// It still follows.
    Kept,
}

/// Follows and takes nothing for as long as that, or until the node hangs up.
pub(super) async fn stall(url: String, token: String, patience: Duration) -> Result<Stalled> {
    let mut socket = connect(&url, &token).await?;
    let began = Instant::now();
    while began.elapsed() < patience {
        if socket.get_ref().ready(Interest::READABLE).await?.is_read_closed() {
            return Ok(Stalled::CutOff(began.elapsed()));
        }
        sleep(LOOK).await;
    }
    // The end may stand behind what was not taken.
    let rest = timeout(Duration::from_secs(5), async { while let Some(Ok(_)) = socket.next().await {} });
    Ok(if rest.await.is_ok() { Stalled::Gone } else { Stalled::Kept })
}

#[cfg(test)]
mod tests {
    use super::{Seen, parse};

    fn message(event: i64, ticket: &str) -> String {
        format!(r#"{{"id":"{event}","type":"ticket.updated","ticket":{{"id":"{ticket}","title":"a"}}}}"#)
    }

    #[test]
    fn a_message_is_read_as_far_as_its_event_and_its_ticket() {
        assert_eq!(parse(&message(17, "ticket_1")), Some((17, "ticket_1")));
        for other in ["", "{}", r#"{"id":"17"}"#, r#"{"id":"x","ticket":{"id":"t"}}"#] {
            assert_eq!(parse(other), None, "{other}");
        }
    }

    #[test]
    fn those_who_were_told_the_same_agree_and_order_matters() {
        let told = |messages: &[(i64, &str)]| {
            let mut seen = Seen { keeps: true, ..Seen::default() };
            messages.iter().for_each(|(event, ticket)| seen.take(&message(*event, ticket), 5));
            seen
        };
        let (first, again) = (told(&[(1, "a"), (2, "b")]), told(&[(1, "a"), (2, "b")]));
        assert_eq!((first.said(), first.times.len(), &first.problem), (again.said(), 2, &None));
        assert_eq!(first.all, [(1, "a".to_owned()), (2, "b".to_owned())]);
        assert_ne!(first.said(), told(&[(1, "a"), (2, "c")]).said());
        assert_ne!(first.said(), told(&[(1, "a")]).said());
        for wrong in [[(2, "b"), (1, "a")], [(1, "a"), (1, "a")]] {
            assert!(told(&wrong).problem.is_some_and(|problem| problem.contains("came after")));
        }
    }
}
