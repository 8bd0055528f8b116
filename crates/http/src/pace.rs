//! How fast a connection must be: hyper has one time limit for the head of a request, which would also end an idle
//! connection; here waiting for a head and dribbling it are told apart, and a reader that stalls is let go.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

use hyper::rt::{Sleep, Timer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Sleep as TokioSleep,
};

/// A connection that counts what it reads, and gives up on a reader that takes nothing for `patience`.
pub(crate) struct Paced {
    stream: TcpStream,
    read: Arc<AtomicU64>,
    patience: Duration,
    stalled: Option<Pin<Box<TokioSleep>>>,
}

impl Paced {
    /// The connection, and the timer that goes with it.
    pub(crate) fn new(stream: TcpStream, head: Duration, idle: Duration) -> (Self, HeadTimer) {
        let read = Arc::new(AtomicU64::new(0));
        (Self { stream, read: read.clone(), patience: idle, stalled: None }, HeadTimer { read, head, idle })
    }

    fn unless_stalled(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Paced {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        let count = buffer.filled().len().saturating_sub(before);
        self.read.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        result
    }
}

impl AsyncWrite for Paced {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.unless_stalled(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.unless_stalled(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Hyper's clock for the heads of one connection. Whatever deadline hyper asks for, a head has `head` from its first
/// byte, and its first byte has `idle` to come.
#[derive(Clone, Debug)]
pub(crate) struct HeadTimer {
    read: Arc<AtomicU64>,
    head: Duration,
    idle: Duration,
}

impl HeadTimer {
    fn wait(&self) -> Pin<Box<dyn Sleep>> {
        let read_before = self.read.load(Ordering::Relaxed);
        let sleep = Box::pin(tokio::time::sleep(self.idle));
        Box::pin(HeadSleep { timer: self.clone(), read_before, has_begun: false, sleep })
    }
}

impl Timer for HeadTimer {
    fn sleep(&self, _: Duration) -> Pin<Box<dyn Sleep>> {
        self.wait()
    }

    fn sleep_until(&self, _: Instant) -> Pin<Box<dyn Sleep>> {
        self.wait()
    }
}

struct HeadSleep {
    timer: HeadTimer,
    read_before: u64,
    has_begun: bool,
    sleep: Pin<Box<TokioSleep>>,
}

impl Future for HeadSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !self.has_begun && self.timer.read.load(Ordering::Relaxed) != self.read_before {
            self.has_begun = true;
            self.sleep = Box::pin(tokio::time::sleep(self.timer.head));
        }
        self.sleep.as_mut().poll(cx)
    }
}

impl Sleep for HeadSleep {}
