//! Connections: how many, how slow, and how they end.

use std::{io, pin::pin, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use http::{Request, header::UPGRADE};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
};
use tower::ServiceExt as _;

use crate::{Settings, pace::Paced};

/// A connection's place, for whoever keeps it beyond its last request: a WebSocket counts as a connection, and is waited
/// for at shutdown.
#[derive(Clone)]
pub(crate) struct Held(
    #[expect(dead_code, reason = "held, not read")] Arc<(Option<OwnedSemaphorePermit>, watch::Receiver<()>)>,
);

/// Answers on `listener` until `shutdown` is ready, then lets what is under way finish for as long as the settings say.
///
/// # Errors
/// None today: a connection that cannot be accepted is logged, and the next is waited for.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: Arc<Settings>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let places = Arc::new(Semaphore::new(settings.max_connections.min(Semaphore::MAX_PERMITS)));
    let (stop, _) = watch::channel(());
    let mut connections = JoinSet::new();
    tokio::pin!(shutdown);
    loop {
        // Beyond the cap connections wait in the system's backlog.
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (router, mut stopped) = (router.clone(), stop.subscribe());
                let held = Held(Arc::new((place.ok(), stop.subscribe())));
                let holding = held.clone();
                let service = service_fn(move |mut request: Request<Incoming>| {
                    request.extensions_mut().insert(ConnectInfo(peer));
                    if request.headers().contains_key(UPGRADE) {
                        request.extensions_mut().insert(holding.clone());
                    }
                    router.clone().oneshot(request)
                });
                let (io, http) = prepared(stream, &settings);
                connections.spawn(async move {
                    let mut connection = pin!(http.serve_connection(io, service).with_upgrades());
                    let ended = tokio::select! {
                        ended = connection.as_mut() => ended,
                        _ = stopped.changed() => {
                            connection.as_mut().graceful_shutdown();
                            connection.await
                        }
                    };
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection ended early");
                    }
                    drop(held);
                });
            }
            Err(error) => {
                // Out of file descriptors, for one; they come back when others leave.
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
    drop(listener);
    stop.send_replace(());
    if tokio::time::timeout(settings.shutdown_timeout, stop.closed()).await.is_err() {
        tracing::warn!(left = connections.len(), "connections are cut off");
    }
    connections.shutdown().await;
    Ok(())
}

fn prepared(stream: TcpStream, settings: &Settings) -> (TokioIo<Paced>, http1::Builder) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let (stream, timer) = Paced::new(stream, settings.header_timeout, settings.idle_timeout);
    let mut http = http1::Builder::new();
    http.timer(timer).header_read_timeout(settings.header_timeout).max_headers(100).max_buf_size(64 * 1024);
    (TokioIo::new(stream), http)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpStream,
        sync::Arc,
        time::{Duration, Instant},
    };

    use axum::{Router, routing::get};
    use tokio::{net::TcpListener, sync::oneshot, task::spawn_blocking};

    use super::serve;
    use crate::Settings;

    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    /// A server whose only route takes 300 ms, for tests that want it to end.
    async fn started() -> (std::net::SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<std::io::Result<()>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { tokio::time::sleep(Duration::from_millis(300)).await }));
        let settings = Settings {
            header_timeout: Duration::from_millis(200),
            idle_timeout: Duration::from_millis(800),
            ..Settings::default()
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve(listener, router, Arc::new(settings), async { drop(stopped.await) }));
        (address, stop, server)
    }

    /// How long until the server hangs up on whoever sends just that, and what it said before.
    fn hang_up(address: std::net::SocketAddr, said: &[u8]) -> (Duration, String) {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let began = Instant::now();
        stream.write_all(said).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        (began.elapsed(), text)
    }

    #[tokio::test]
    async fn a_head_must_come_soon_once_it_has_begun_and_may_take_its_time_to_begin() {
        let (address, _stop, _server) = started().await;
        let (begun, _) = spawn_blocking(move || hang_up(address, b"GET / HT")).await.unwrap();
        let (silent, _) = spawn_blocking(move || hang_up(address, b"")).await.unwrap();
        let (kept, answer) = spawn_blocking(move || hang_up(address, REQUEST)).await.unwrap();

        assert!(begun < Duration::from_millis(700), "{begun:?}");
        assert!(silent >= Duration::from_millis(700), "{silent:?}");
        assert!(kept >= Duration::from_millis(1000) && answer.starts_with("HTTP/1.1 200"), "{kept:?} {answer}");
    }

    #[tokio::test]
    async fn what_is_under_way_at_shutdown_is_answered() {
        let (address, stop, server) = started().await;
        let client = spawn_blocking(move || hang_up(address, REQUEST));
        tokio::time::sleep(Duration::from_millis(100)).await;
        drop(stop);

        let (_, answer) = client.await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        server.await.unwrap().unwrap();
        assert!(TcpStream::connect(address).is_err());
    }
}
