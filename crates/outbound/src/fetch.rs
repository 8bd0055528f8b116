//! All outgoing HTTP: reading documents at addresses that tenants name, and posting there.
//!
//! **Invariant:** what is connected to is the very address that was looked at, and it is one of the public network, or
//! of this machine where the operator allows that. A name is asked for once; a redirect, a proxy or a second name is
//! never followed.

mod addresses;
mod names;

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use guildhall_domain::error::Unreachable;
use guildhall_services::ports::{Body, Fetch, Fetching, Question};
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::Semaphore,
    task::JoinSet,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName},
};
use url::{Host, Url, form_urlencoded};

use self::names::{Names, SystemNames};

/// How long a document may take, from asking for the name to its last byte.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long one of several addresses may take to answer, so that the next one gets its turn.
const CONNECT_PATIENCE: Duration = Duration::from_secs(3);
/// The most bytes of a document, and of the head before it.
const MOST_BYTES: usize = 64 * 1024;
/// The most documents on their way at once: asking for a name can occupy a thread for longer than we wait.
const MOST_AT_ONCE: usize = 16;
const AGENT: &str = "guildhall";

/// Reads documents from the public network, and posts there.
pub struct Fetcher {
    tls: TlsConnector,
    names: Box<dyn Names>,
    loopback: bool,
    patience: Duration,
    room: Semaphore,
}

impl Fetcher {
    /// A fetcher; with `loopback`, one that also reads from this machine, by `http` too. Certificates must be ones that
    /// browsers trust.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(loopback: bool) -> Result<Self, tokio_rustls::rustls::Error> {
        Self::with_names(loopback, Box::new(SystemNames))
    }

    fn with_names(loopback: bool, names: Box<dyn Names>) -> Result<Self, tokio_rustls::rustls::Error> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let tls = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tls = TlsConnector::from(Arc::new(tls));
        Ok(Self { tls, names, loopback, patience: PATIENCE, room: Semaphore::new(MOST_AT_ONCE) })
    }

    async fn ask(&self, question: &Question) -> Result<Vec<u8>, Unreachable> {
        let _place = self.room.acquire().await.map_err(|_| Unreachable::Timeout)?;
        let url = Url::parse(question.url.as_str()).map_err(|_| Unreachable::NotCalled)?;
        let request = request(&url, question).map_err(|_| Unreachable::NotCalled)?;
        let place = Place::of(&url)?;
        let addresses = addresses::checked(self.resolve(&place).await?, self.loopback)?;
        let here = addresses.iter().all(|address| addresses::is_loopback(address.ip()));
        if !place.is_usual() && !here {
            return Err(Unreachable::NotCalled);
        }
        let stream = connect(&addresses).await?;
        if !place.secure {
            return exchange(stream, request, question.also).await;
        }
        let name = match place.host {
            Host::Domain(name) => ServerName::try_from(name).map_err(|_| Unreachable::NotCalled)?,
            Host::Ipv4(ip) => ServerName::from(IpAddr::V4(ip)),
            Host::Ipv6(ip) => ServerName::from(IpAddr::V6(ip)),
        };
        let stream = self.tls.connect(name, stream).await.map_err(|_| Unreachable::Tls)?;
        exchange(stream, request, question.also).await
    }

    /// Asks for a name, once: what is answered is what is looked at and connected to.
    async fn resolve(&self, place: &Place) -> Result<Vec<SocketAddr>, Unreachable> {
        let found = match &place.host {
            Host::Ipv4(ip) => vec![IpAddr::V4(*ip)],
            Host::Ipv6(ip) => vec![IpAddr::V6(*ip)],
            Host::Domain(name) => self.names.look_up(name).await.map_err(|_| Unreachable::NoPublicAddress)?,
        };
        Ok(found.into_iter().map(|ip| SocketAddr::new(ip, place.port)).collect())
    }
}

impl Fetch for Fetcher {
    fn send<'a>(&'a self, question: &'a Question) -> Fetching<'a> {
        Box::pin(async move {
            tokio::time::timeout(self.patience, self.ask(question)).await.unwrap_or(Err(Unreachable::Timeout))
        })
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetcher").field("loopback", &self.loopback).finish_non_exhaustive()
    }
}

/// Where a URL leads, as far as the URL tells.
struct Place {
    host: Host<String>,
    port: u16,
    secure: bool,
}

impl Place {
    fn of(url: &Url) -> Result<Self, Unreachable> {
        let secure = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return Err(Unreachable::NotCalled),
        };
        let bare = url.username().is_empty() && url.password().is_none();
        match (url.host(), url.port_or_known_default()) {
            (Some(host), Some(port)) if bare => Ok(Self { host: host.to_owned(), port, secure }),
            _ => Err(Unreachable::NotCalled),
        }
    }

    /// Whether this is how documents are published: encrypted, and not at the port of another service.
    const fn is_usual(&self) -> bool {
        self.secure && (self.port == 443 || self.port >= 1024)
    }
}

async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Unreachable> {
    for address in addresses {
        if let Ok(Ok(stream)) = tokio::time::timeout(CONNECT_PATIENCE, TcpStream::connect(address)).await {
            return Ok(stream);
        }
    }
    Err(Unreachable::NoConnection)
}

/// Asks and reads the answer.
async fn exchange<S>(stream: S, request: Request<Full<Bytes>>, also: Option<u16>) -> Result<Vec<u8>, Unreachable>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut client = http1::Builder::new();
    let client = client.max_buf_size(MOST_BYTES).handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = client.map_err(|_| Unreachable::NoConnection)?;
    let mut beside = JoinSet::new(); // ends with this function, whoever stops awaiting it
    beside.spawn(connection);
    let response = sender.send_request(request).await.map_err(|_| Unreachable::NoConnection)?;
    let status = response.status();
    if status != StatusCode::OK && Some(status.as_u16()) != also {
        return Err(Unreachable::Status(status.as_u16()));
    }
    let body = Limited::new(response.into_body(), MOST_BYTES).collect().await;
    let body = body.map_err(|error| match error.downcast_ref() {
        Some(http_body_util::LengthLimitError { .. }) => Unreachable::TooLarge,
        None => Unreachable::NoConnection,
    });
    Ok(body?.to_bytes().to_vec())
}

fn request(url: &Url, question: &Question) -> Result<Request<Full<Bytes>>, http::Error> {
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
    let (kind, body) = match &question.body {
        Body::Nothing => (None, String::new()),
        Body::Form(form) => {
            let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            (Some("application/x-www-form-urlencoded"), form)
        }
        Body::Json(json) => (Some("application/json"), json.to_string()),
    };
    let mut request = Request::builder()
        .method(if kind.is_some() { Method::POST } else { Method::GET })
        .uri(path)
        .header(header::HOST, host)
        .header(header::ACCEPT, "application/json")
        .header(header::USER_AGENT, AGENT);
    if let Some(kind) = kind {
        request = request.header(header::CONTENT_TYPE, kind);
    }
    if let Some(authorization) = &question.authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    request.body(Full::from(body))
}

#[cfg(test)]
mod guard;
#[cfg(test)]
mod tests;
