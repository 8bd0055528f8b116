//! One HTTP/1.1 connection that is kept: lean, since client and server share the cores, and one a person, since ten
//! thousand people do not share one.

use std::str;

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const SESSION: &str = "mcp-session-id";
const LONGEST_HEAD: usize = 64 * 1024;

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    host: String,
    said: Vec<u8>,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// The value of `Mcp-Session-Id`.
    pub(super) session: Option<String>,
    pub(super) body: Vec<u8>,
}

/// What an answer's head says of the rest.
struct Head {
    status: u16,
    session: Option<String>,
    length: Option<usize>,
    chunked: bool,
}

impl Connection {
    /// Connects to a server at such an address as `http://127.0.0.1:3000`.
    pub(super) async fn open(url: &str) -> Result<Self> {
        let host = url.strip_prefix("http://").context("not an address of http")?.to_owned();
        let stream = TcpStream::connect(&host).await.with_context(|| url.to_owned())?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, host, said: Vec::new() })
    }

    /// Whether the server has not hung up; only between an answer and the next question.
    pub(super) fn is_open(&self) -> bool {
        let tried = self.stream.try_read(&mut [0]);
        tried.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    /// Sends `body`, with `headers` that each end with a line's end, and reads all of the answer.
    pub(super) async fn post(&mut self, path: &str, headers: &str, body: &str) -> Result<Answer> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\ncontent-length: {}\r\n{headers}\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await?;
        let head = self.head().await?;
        let body = match head.length {
            Some(length) => self.take(length).await?,
            None if head.chunked => self.chunks().await?,
            None => Vec::new(),
        };
        Ok(Answer { status: head.status, session: head.session, body })
    }

    async fn head(&mut self) -> Result<Head> {
        let end = loop {
            if let Some(at) = self.said.windows(4).position(|four| four == b"\r\n\r\n") {
                break at.saturating_add(4);
            }
            ensure!(self.said.len() < LONGEST_HEAD, "an answer's head has no end");
            self.more().await?;
        };
        let bytes: Vec<u8> = self.said.drain(..end).collect();
        read(str::from_utf8(&bytes)?)
    }

    async fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = self.line().await?;
            let length =
                usize::from_str_radix(line.trim(), 16).with_context(|| format!("no chunk's length: {line}"))?;
            body.append(&mut self.take(length).await?);
            ensure!(self.take(2).await? == b"\r\n", "a chunk does not end where it said");
            if length == 0 {
                return Ok(body);
            }
        }
    }

    async fn line(&mut self) -> Result<String> {
        loop {
            if let Some(at) = self.said.windows(2).position(|two| two == b"\r\n") {
                let line = self.take(at).await?;
                self.take(2).await?;
                return Ok(String::from_utf8(line)?);
            }
            self.more().await?;
        }
    }

    async fn take(&mut self, length: usize) -> Result<Vec<u8>> {
        while self.said.len() < length {
            self.more().await?;
        }
        Ok(self.said.drain(..length).collect())
    }

    async fn more(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.said).await? == 0 {
            bail!("the server hung up");
        }
        Ok(())
    }
}

fn read(head: &str) -> Result<Head> {
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("an answer without a status")?;
    let mut read = Head { status: status.parse()?, session: None, length: None, chunked: false };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        match name.to_ascii_lowercase().as_str() {
            "content-length" => read.length = Some(value.trim().parse()?),
            "transfer-encoding" => read.chunked = true,
            SESSION => read.session = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    use super::Connection;

    /// Connects to a server that answers the first question with that.
    async fn told(said: &'static str) -> super::Answer {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.read_buf(&mut Vec::new()).await.unwrap();
            stream.write_all(said.as_bytes()).await.unwrap();
        });
        Connection::open(&url).await.unwrap().post("/", "", "{}").await.unwrap()
    }

    #[tokio::test]
    async fn an_answer_is_read_whole_whether_it_says_its_length_or_comes_in_chunks() {
        let whole = told("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nMcp-Session-Id: s\r\n\r\nwhole").await;
        let chunked =
            told("HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nwh\r\n3\r\nole\r\n0\r\n\r\n").await;

        assert_eq!((whole.status, whole.session.as_deref(), whole.body), (200, Some("s"), b"whole".to_vec()));
        assert_eq!((chunked.status, chunked.session, chunked.body), (404, None, b"whole".to_vec()));
    }
}
