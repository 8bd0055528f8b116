//! Services of others, on this machine: they speak the real protocols over real sockets, refuse what the real ones would
//! refuse, and can be told to fail as those do.

mod linear;
mod schema;
mod slack;

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http_body_util::{BodyExt as _, Full};
use hyper::{Request, Response, body::Bytes, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinSet};

pub use linear::{LinearIssue, LinearStandIn};
pub use slack::SlackStandIn;

/// How a stand-in feels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mood {
    /// Does what it is asked.
    #[default]
    Well,
    /// Hangs up on everybody.
    Down,
    /// Lets everybody wait until it feels another way, and then does what it is asked.
    Waits,
    /// Has had enough requests for now, and says so as the real one does.
    Busy,
    /// Answers with that status, and does nothing.
    Answers(u16),
    /// Does what it is asked, and hangs up before it says so.
    LosesAnswers,
}

/// What came in; the names of headers in lower case.
struct Heard {
    method: String,
    path: String,
    headers: HashMap<String, String>,
    body: String,
}

/// What goes out: a status, what kind of content it is, and the content.
type Said = (u16, &'static str, String);

/// How it feels, and how often somebody asked.
#[derive(Debug, Default)]
struct State {
    mood: Mutex<Mood>,
    heard: AtomicUsize,
}

impl State {
    fn mood(&self) -> Mood {
        *self.mood.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A server on this machine, gone with this value.
#[derive(Debug)]
struct Standing {
    address: SocketAddr,
    state: Arc<State>,
    _serving: JoinSet<()>,
}

impl Standing {
    /// One that answers with `answer`; with `busy` where it has had enough.
    async fn up(answer: impl Fn(&Heard) -> Said + Send + Sync + 'static, busy: Said) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let state = Arc::new(State::default());
        let (now, answer) = (state.clone(), Arc::new(answer));
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut conversations = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (now, answer, busy) = (now.clone(), answer.clone(), busy.clone());
                conversations.spawn(async move {
                    let service =
                        service_fn(move |request| respond(request, now.clone(), answer.clone(), busy.clone()));
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { address, state, _serving: serving }
    }

    fn feels(&self, mood: Mood) {
        *self.state.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    fn heard(&self) -> usize {
        self.state.heard.load(Ordering::SeqCst)
    }
}

/// Why a connection ends without an answer.
#[derive(Debug)]
struct HungUp;

impl std::fmt::Display for HungUp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("hung up")
    }
}

impl std::error::Error for HungUp {}

async fn respond(
    request: Request<Incoming>,
    state: Arc<State>,
    answer: Arc<impl Fn(&Heard) -> Said>,
    busy: Said,
) -> Result<Response<Full<Bytes>>, HungUp> {
    state.heard.fetch_add(1, Ordering::SeqCst);
    if state.mood() == Mood::Down {
        return Err(HungUp);
    }
    while state.mood() == Mood::Waits {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| HungUp)?.to_bytes();
    let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let heard = Heard {
        method: head.method.to_string(),
        path: head.uri.to_string(),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let (status, kind, said) = match state.mood() {
        Mood::Busy => busy,
        Mood::Answers(status) => (status, "text/plain", "no".to_owned()),
        Mood::LosesAnswers => {
            answer(&heard);
            return Err(HungUp);
        }
        Mood::Well | Mood::Down | Mood::Waits => answer(&heard),
    };
    let response = Response::builder().status(status).header("content-type", kind);
    // As those do that want to be asked again.
    let response = if status == 429 { response.header("retry-after", "30") } else { response };
    response.body(Full::from(said)).map_err(|_| HungUp)
}
