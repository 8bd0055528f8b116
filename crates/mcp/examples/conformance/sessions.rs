//! Sessions as rmcp keeps them, in this process's memory. Hosted servers have nothing of this: see `main.rs`.
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::{Stream, stream};
use rmcp::{
    ErrorData, RoleServer,
    model::{ClientJsonRpcMessage, GetExtensions, ServerJsonRpcMessage},
    service::RequestContext,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService,
        session::{
            ServerSseMessage, SessionId, SessionManager,
            local::{LocalSessionHandle, LocalSessionManager, LocalSessionManagerError},
        },
    },
};

use crate::{fixture::Fixture, offers, tools::is_stateless};

/// How soon a client may come back to a stream that was closed.
const RETRY: Duration = Duration::from_millis(500);

/// What a client set.
#[derive(Default)]
pub(crate) struct Session {
    reads: Mutex<Option<Level>>,
    watched: Mutex<BTreeSet<String>>,
}

#[expect(deprecated, reason = "logging is a part of 2025-11-25")]
type Level = rmcp::model::LoggingLevel;

impl Session {
    pub(crate) fn set_level(&self, level: Level) {
        *self.reads.lock().unwrap_or_else(PoisonError::into_inner) = Some(level);
    }

    /// Nothing changes here, so there is nothing to tell; but what is watched is known.
    pub(crate) fn watch(&self, uri: &str) -> Result<(), ErrorData> {
        offers::resource(uri)?;
        self.watched.lock().unwrap_or_else(PoisonError::into_inner).insert(uri.to_owned());
        Ok(())
    }

    pub(crate) fn ignore(&self, uri: &str) -> Result<(), ErrorData> {
        let was_watched = self.watched.lock().unwrap_or_else(PoisonError::into_inner).remove(uri);
        was_watched.then_some(()).ok_or_else(|| offers::unknown(uri))
    }
}

/// Whether a caller reads lines of level info: it says so with the request, or said so in its session.
pub(crate) fn wants_to_read(fixture: &Fixture, context: &RequestContext<RoleServer>) -> bool {
    let said =
        fixture.session.as_ref().and_then(|session| *session.reads.lock().unwrap_or_else(PoisonError::into_inner));
    if is_stateless(context) {
        return context.meta.log_level().is_some_and(lets_info_through);
    }
    // Who says nothing is sent what the server likes (2025-11-25).
    said.is_none_or(lets_info_through)
}

#[expect(deprecated, reason = "logging is a part of 2025-11-25")]
fn lets_info_through(from: Level) -> bool {
    matches!(from, Level::Debug | Level::Info)
}

/// Every session has a fixture of its own.
pub(crate) fn service(fixture: Fixture) -> StreamableHttpService<Fixture, Sessions> {
    let fresh = move || Ok(Fixture { session: Some(Arc::default()), ..fixture.clone() });
    let config = StreamableHttpServerConfig::default().with_sse_retry(Some(RETRY));
    StreamableHttpService::new(fresh, Arc::new(Sessions::default()), config)
}

/// rmcp's sessions; but a request knows the stream that it is answered on, so that a tool can close it (SEP-1699).
#[derive(Default)]
pub(crate) struct Sessions(LocalSessionManager);

/// The stream that a request is answered on.
#[derive(Clone)]
struct Line {
    handle: LocalSessionHandle,
    number: u64,
}

/// Closes the stream of this request, if it has one; its client is told when to come back for the answer.
pub(crate) async fn hang_up(context: &RequestContext<RoleServer>) {
    if let Some(line) = context.extensions.get::<Line>() {
        // It may be gone already: then there is nothing to close.
        let _ = line.handle.close_sse_stream(line.number, Some(RETRY)).await;
    }
}

type Outcome<T> = Result<T, LocalSessionManagerError>;
type Transport = <LocalSessionManager as SessionManager>::Transport;

impl SessionManager for Sessions {
    type Error = LocalSessionManagerError;
    type Transport = Transport;

    async fn create_session(&self) -> Outcome<(SessionId, Transport)> {
        self.0.create_session().await
    }

    async fn initialize_session(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Outcome<ServerJsonRpcMessage> {
        self.0.initialize_session(id, message).await
    }

    async fn has_session(&self, id: &SessionId) -> Outcome<bool> {
        self.0.has_session(id).await
    }

    async fn close_session(&self, id: &SessionId) -> Outcome<()> {
        self.0.close_session(id).await
    }

    async fn create_stream(
        &self,
        id: &SessionId,
        mut message: ClientJsonRpcMessage,
    ) -> Outcome<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static> {
        let handle = self.0.sessions.read().await.get(id).cloned();
        let handle = handle.ok_or_else(|| LocalSessionManagerError::SessionNotFound(id.clone()))?;
        let mut line = handle.establish_request_wise_channel().await?;
        if let (ClientJsonRpcMessage::Request(request), Some(number)) = (&mut message, line.http_request_id) {
            request.request.extensions_mut().insert(Line { handle: handle.clone(), number });
        }
        handle.push_message(message, line.http_request_id).await?;
        Ok(stream::poll_fn(move |context| line.inner.poll_recv(context)))
    }

    async fn accept_message(&self, id: &SessionId, message: ClientJsonRpcMessage) -> Outcome<()> {
        self.0.accept_message(id, message).await
    }

    async fn create_standalone_stream(
        &self,
        id: &SessionId,
    ) -> Outcome<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static> {
        self.0.create_standalone_stream(id).await
    }

    async fn resume(
        &self,
        id: &SessionId,
        last_event_id: String,
    ) -> Outcome<impl Stream<Item = ServerSseMessage> + Send + Sync + 'static> {
        self.0.resume(id, last_event_id).await
    }
}
