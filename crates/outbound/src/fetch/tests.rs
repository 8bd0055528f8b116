use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use guildhall_domain::error::Unreachable;
use guildhall_services::ports::{Fetch as _, Question};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::Fetcher;

/// A server on this machine that answers everybody with `answer`, then keeps the connection; its port, and how many came.
async fn server(answer: Vec<u8>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let came = Arc::new(AtomicUsize::new(0));
    let count = came.clone();
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&answer).await;
            kept.push(stream);
        }
    });
    (port, came)
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<Vec<u8>, Unreachable> {
    fetcher.send(&Question::get(url.parse().unwrap())).await
}

fn patient_for(millis: u64) -> Fetcher {
    Fetcher { patience: Duration::from_millis(millis), ..Fetcher::new(true).unwrap() }
}

fn answer(status: &str, head: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{head}\r\n{body}", body.len()).into_bytes()
}

#[tokio::test]
async fn a_document_of_this_machine_is_read_where_the_operator_allows_it() {
    let (port, came) = server(answer("200 OK", "", "{}")).await;
    let allowed = Fetcher::new(true).unwrap();
    for host in ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]"] {
        let read = get(&allowed, &format!("http://{host}:{port}/a?b")).await;
        assert_eq!(read, Ok(b"{}".to_vec()), "{host}");
    }
    assert_eq!(came.load(Ordering::SeqCst), 6);
}

#[tokio::test]
async fn nothing_private_is_ever_connected_to() {
    let (port, came) = server(answer("200 OK", "", "{}")).await;
    let fetcher = Fetcher::new(false).unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "2130706433",
        "0x7f.1",
        "127.1",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "１２７.0.0.1",
        "127。0。0。1",
    ] {
        for scheme in ["https", "http"] {
            // What is not ASCII is refused before: see `WebUrl`.
            let Ok(url) = format!("{scheme}://{host}:{port}/").parse() else { continue };
            assert_eq!(fetcher.send(&Question::get(url)).await, Err(Unreachable::NoPublicAddress), "{scheme} {host}");
        }
    }
    let allowed = Fetcher::new(true).unwrap();
    for host in ["10.0.0.1", "169.254.169.254", "192.168.0.1", "[fe80::1]", "[fd00::1]", "[64:ff9b::a9fe:a9fe]"] {
        assert_eq!(get(&allowed, &format!("https://{host}/")).await, Err(Unreachable::NoPublicAddress), "{host}");
    }
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn only_what_documents_are_published_at_is_called() {
    let fetcher = Fetcher::new(true).unwrap();
    for url in ["http://1.1.1.1/", "http://1.1.1.1:8080/", "https://1.1.1.1:25/", "https://1.1.1.1:22/"] {
        assert_eq!(get(&fetcher, url).await, Err(Unreachable::NotCalled), "{url}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (target, came) = server(answer("200 OK", "", "{}")).await;
    let fetcher = Fetcher::new(true).unwrap();
    for (code, words) in [(301, "Moved"), (302, "Found"), (303, "Other"), (307, "Temporary"), (308, "Permanent")] {
        let status = &format!("{code} {words}");
        let (port, _) = server(answer(status, &format!("location: http://127.0.0.1:{target}/\r\n"), "")).await;
        let refused = get(&fetcher, &format!("http://127.0.0.1:{port}/")).await;
        assert_eq!(refused, Err(Unreachable::Status(code)), "{status}");
    }
    assert_eq!(came.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_answer_has_a_size() {
    let fetcher = Fetcher::new(true).unwrap();
    let url = |port: u16| format!("http://127.0.0.1:{port}/");
    let (most, _) = server(answer("200 OK", "", &"x".repeat(super::MOST_BYTES))).await;
    assert_eq!(get(&fetcher, &url(most)).await.map(|body| body.len()), Ok(super::MOST_BYTES));
    let (more, _) = server(answer("200 OK", "", &"x".repeat(super::MOST_BYTES + 1))).await;
    assert_eq!(get(&fetcher, &url(more)).await, Err(Unreachable::TooLarge));
    let chunked = format!(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{}",
        "ff\r\n".to_owned() + &"x".repeat(255) + "\r\n"
    );
    let chunk = format!("ff\r\n{}\r\n", "x".repeat(255));
    let (endless, _) = server((chunked + &chunk.repeat(300)).into_bytes()).await;
    assert_eq!(get(&fetcher, &url(endless)).await, Err(Unreachable::TooLarge), "however it is told");
    let (flood, _) = server(answer("200 OK", &"a: b\r\n".repeat(20_000), "{}")).await;
    assert_eq!(get(&fetcher, &url(flood)).await, Err(Unreachable::NoConnection), "a head has one too");
}

#[tokio::test]
async fn an_answer_has_a_time() {
    let fetcher = patient_for(300);
    for never_done in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{"] {
        let (port, _) = server(never_done.to_vec()).await;
        let (begun, late) = (Instant::now(), get(&fetcher, &format!("http://127.0.0.1:{port}/")).await);
        assert_eq!(late, Err(Unreachable::Timeout), "{never_done:?}");
        assert!(begun.elapsed() < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_trusted_is_told_apart() {
    let fetcher = patient_for(3000);
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert_eq!(get(&fetcher, &format!("http://127.0.0.1:{free}/")).await, Err(Unreachable::NoConnection));
    let (plain, _) = server(b"220 mail\r\n".to_vec()).await;
    assert_eq!(get(&fetcher, &format!("https://127.0.0.1:{plain}/")).await, Err(Unreachable::Tls));
    assert_eq!(get(&fetcher, &format!("http://127.0.0.1:{plain}/")).await, Err(Unreachable::NoConnection));
}
