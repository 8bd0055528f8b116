//! A node that serves over a real listener.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::OnceLock,
    time::{Duration, Instant},
};

use clap::Parser;
use guildhall::{Guildhall, Settings};
use guildhall_repositories::Location;
use guildhall_tests::TestDatabase;
use metrics_exporter_prometheus::PrometheusHandle;
use reqwest::{Client, Method, RequestBuilder, StatusCode, header};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

/// A node that serves, with its demo.
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    /// The demo account's.
    pub(crate) email: String,
    pub(crate) password: String,
    client: Client,
    database: TestDatabase,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

fn metrics() -> PrometheusHandle {
    static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();
    METRICS.get_or_init(|| Guildhall::count().unwrap()).clone()
}

impl Node {
    pub(crate) async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same with those flags.
    pub(crate) async fn start_with(flags: &[&str]) -> Self {
        let database = TestDatabase::new().await;
        let mut settings = Flags::parse_from([&["test", "--listen", "127.0.0.1:0"], flags].concat()).settings;
        settings.data = database.folder().to_owned();
        settings.database_url = match &database.location {
            Location::Postgres(url) => Some(url.clone()),
            Location::Sqlite(_) => None,
        };
        let listener = TcpListener::bind(settings.listen).await.unwrap();
        let address = listener.local_addr().unwrap();
        let guildhall = Guildhall::open_at(&settings, address, None).await.unwrap();
        let demo = guildhall.demo().await.unwrap().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(async move {
            // A test that just ends drops the sender; its runtime ends the node.
            let shutdown = async {
                if stopped.await.is_err() {
                    std::future::pending().await
                }
            };
            guildhall.serve(listener, metrics(), shutdown).await.unwrap();
        });
        let client = Client::builder().no_proxy().build().unwrap();
        Self { address, email: demo.email, password: demo.password, client, database, stop, served }
    }

    /// Shuts the node down; how long that took.
    pub(crate) async fn stop(self) -> Duration {
        let began = Instant::now();
        self.stop.send(()).unwrap();
        self.served.await.unwrap();
        began.elapsed()
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://{}{path}", self.address))
    }

    pub(crate) async fn post(&self, path: &str, token: Option<&str>, body: Value) -> (StatusCode, Value) {
        let mut request = self.request(Method::POST, path).json(&body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        answer(request).await
    }

    /// The access token of a new sign-in to the demo account.
    pub(crate) async fn sign_in(&self) -> String {
        let (status, answer) = self.post("/api/auth/signIn", None, self.demo()).await;
        assert_eq!(status, 200, "{answer}");
        answer["session"]["accessToken"].as_str().unwrap().to_owned()
    }

    /// The cookie, name and value, that a browser gets for a new sign-in to the demo account.
    pub(crate) async fn browser(&self) -> String {
        let response = self.request(Method::POST, "/api/auth/signIn").json(&self.demo()).send().await.unwrap();
        let cookie = response.headers()[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    fn demo(&self) -> Value {
        json!({ "email": self.email, "password": self.password })
    }

    /// The status that a request gets whose target is sent as it is written here.
    pub(crate) async fn status_of(&self, target: &str, more: &str, body: &Value) -> u16 {
        let (address, body) = (self.address, body.to_string());
        let request = format!(
            "POST {target} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             connection: close\r\n{more}\r\n{body}",
            body.len()
        );
        let sent = tokio::task::spawn_blocking(move || {
            let (mut stream, mut answer) = (TcpStream::connect(address).unwrap(), String::new());
            stream.write_all(request.as_bytes()).unwrap();
            stream.read_to_string(&mut answer).unwrap();
            answer
        });
        sent.await.unwrap().split(' ').nth(1).unwrap().parse().unwrap()
    }

    /// The letters to that address, once there are so many: decoded as far as links and names go.
    pub(crate) async fn letters(&self, to: &str, count: usize) -> Vec<String> {
        for _ in 0..200 {
            let files = fs::read_dir(self.database.folder().join("mail")).unwrap().map(|file| file.unwrap().path());
            let whole = files.filter(|path| path.extension().is_some_and(|kind| kind == "eml"));
            let letters = whole.filter_map(|path| fs::read_to_string(path).ok());
            let plain = letters.map(|letter| letter.replace("=\r\n", "").replace("=3D", "="));
            let found: Vec<String> = plain.filter(|letter| letter.contains(&format!("To: {to}\r\n"))).collect();
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no {count} letters to {to} in ten seconds");
    }
}

/// The JSON that a request gets.
pub(crate) async fn answer(request: RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    (response.status(), response.json().await.unwrap())
}
