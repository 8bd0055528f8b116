//! One published server as one visitor meets it, for the length of one request.
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use guildhall_catalogue::ToolEntry;
use guildhall_domain::{Error, Resource};
use guildhall_services::{Answer, App, Client, Guest, Seat, Served, Visitor};
use http::{HeaderValue, StatusCode};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CacheScope, CallToolRequestParams, CallToolResponse, CompleteRequestMethod, CompleteRequestParams,
        CompleteResult, Implementation, InitializeRequestParams, InitializeResult, ListPromptsRequestMethod,
        ListPromptsResult, ListResourceTemplatesRequestMethod, ListResourceTemplatesResult, ListResourcesRequestMethod,
        ListResourcesResult, ListToolsResult, PaginatedRequestParams, ProtocolVersion, ServerCapabilities,
        ServerConfig, SubscriptionFilter,
    },
    service::{RequestContext, SubscriptionContext},
};
use serde_json::Value;

use crate::{
    Closing,
    email::{self, Asked, Told},
    refusal,
    reply::Reply,
    shelf::{Shelf, VISITOR},
    spoken::Spoken,
};

/// How long a client may go on with a list of tools: what a server offers changes with its configuration.
const LIST_TTL_MS: u64 = 10_000;

/// How long a listener goes without looking whether it still may, and whether a change was missed.
const LISTENING_TTL: Duration = Duration::from_secs(60);

/// Answers for exactly one server and one visitor.
#[derive(Clone)]
pub(crate) struct Hosted {
    pub(crate) app: App,
    pub(crate) shelf: Arc<Shelf>,
    pub(crate) visitor: Arc<Visitor>,
    pub(crate) has_session: bool,
    pub(crate) reply: Arc<Reply>,
    /// The place of somebody who listens.
    pub(crate) seat: Arc<Mutex<Option<Seat>>>,
    pub(crate) closing: Closing,
}

/// The two lives of MCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Era {
    /// Up to 2025-11-25: `initialize` begins a session, which every later request names.
    Sessions,
    /// From 2026-07-28: every request says all that is needed.
    Stateless,
}

// rmcp moves what a handler does from task to task, with room for the largest of all its methods: what takes much is boxed.
impl ServerHandler for Hosted {
    fn get_info(&self) -> ServerConfig {
        let server = self.visitor.server();
        let name = Implementation::new(server.slug.clone(), env!("CARGO_PKG_VERSION")).with_title(server.name.clone());
        ServerConfig::new(ServerCapabilities::builder().enable_tools().enable_tool_list_changed().build())
            .with_server_info(name)
            .with_instructions(instructions(server))
    }

    async fn initialize(
        &self,
        request: InitializeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        let mut result = self.negotiate_initialize(&request)?;
        // A session has no stream on which it could hear of changes.
        if let Some(tools) = result.capabilities.tools.as_mut() {
            tools.list_changed = None;
        }
        let client = Client {
            name: Some(request.client_info.name),
            version: Some(request.client_info.version),
            protocol: Some(result.protocol_version.to_string()),
        };
        let connecting = Box::pin(self.app.connect(&self.visitor, &client));
        let key = connecting.await.map_err(|error| self.refuse(error))?;
        let session = HeaderValue::try_from(key).map_err(|bad| refusal::spoken(Error::internal(bad)))?;
        self.reply.begin(session);
        Ok(result)
    }

    async fn ping(&self, context: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.era(&context).map(drop)
    }

    // rmcp answers the next four with nothing found; but who does not declare a capability does not have its methods.
    async fn complete(
        &self,
        _: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        Err(ErrorData::method_not_found::<CompleteRequestMethod>())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListPromptsRequestMethod>())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListResourcesRequestMethod>())
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListResourceTemplatesRequestMethod>())
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let era = self.era(&context)?;
        let server = self.visitor.server();
        let anonymous = self.visitor.is_anonymous();
        let tools = if anonymous { self.shelf.for_strangers(server) } else { self.shelf.for_known(server) };
        let list = ListToolsResult::with_all_items(tools);
        Ok(match era {
            Era::Sessions => list,
            Era::Stateless => list.with_ttl_ms(LIST_TTL_MS).with_cache_scope(CacheScope::Private),
        })
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.clone()) // rmcp takes from it what `get_info` does not announce
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let seat = self.seat.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(_seat) = seat else {
            return Err(ErrorData::invalid_request("name the method in Mcp-Method", None));
        };
        tokio::select! {
            () = self.closing.cancelled() => {}
            () = context.cancelled() => {}
            () = Box::pin(self.tell_changes(&context)) => {}
        }
        Ok(())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Box::pin(self.answer(request, context)).await
    }
}

impl Hosted {
    async fn answer(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let era = self.era(&context)?;
        let Some(entry) = self.shelf.find(&request.name, self.visitor.server()) else {
            return Err(ErrorData::invalid_params("unknown tool", None));
        };
        let mut arguments = request.arguments.unwrap_or_default();
        let handle = if self.visitor.is_anonymous() { arguments.shift_remove(VISITOR) } else { None };
        let asked = Asked::before(request.request_state.as_deref(), request.input_responses)?;
        let handle = handle.as_ref().and_then(Value::as_str).or(asked.handle());
        let mut guest = self.settle(&context, handle).await?;
        if guest.lacks_email() && !entry.before_email && era == Era::Stateless && email::can_be_asked(&context) {
            match Box::pin(self.ask_for_email(&guest, asked)).await? {
                Told::Proven => guest = self.again().await?.settle(&context, guest.handle()).await?,
                Told::Ask(question) => return Ok(question.into()),
                Told::Declined => {}
            }
        }
        let spoken = Spoken::from(self.call(entry, &guest, Value::Object(arguments)).await?);
        Ok(spoken.told(guest.handle()).into())
    }

    /// Tells that the tools offered are others than before, until the visitor is not let in any more.
    async fn tell_changes(&self, context: &SubscriptionContext) {
        let mut changes = self.app.listen(&self.visitor);
        let mut offered = self.shelf.names(self.visitor.server());
        loop {
            let left = match self.app.greet_again(&self.visitor).await {
                Ok(visitor) => {
                    let names = self.shelf.names(visitor.server());
                    let is_heard = context.accepted().tools_list_changed == Some(true);
                    if names != offered && is_heard && context.sink().notify_tool_list_changed().await.is_err() {
                        return;
                    }
                    offered = names;
                    self.app.time_left(&visitor).unwrap_or(LISTENING_TTL)
                }
                // The database is away; that is no reason to send everybody off.
                Err(Error::Internal(_) | Error::Unavailable | Error::Contended) => LISTENING_TTL,
                Err(_) => return,
            };
            tokio::select! {
                () = changes.next() => {}
                () = tokio::time::sleep(left.min(LISTENING_TTL)) => {}
            }
        }
    }

    /// Calls the tool. What could not be recorded was not done either, and is not answered.
    pub(crate) async fn call(&self, entry: &ToolEntry, guest: &Guest, input: Value) -> Result<Answer, ErrorData> {
        let slug = self.visitor.server().slug.as_str();
        let answer = entry.call(&self.app, guest, input).await.map_err(|error| {
            tracing::error!(slug, tool = entry.name, cause = &error as &dyn std::error::Error, "call not recorded");
            ErrorData::internal_error("the call could not be recorded, so it was not done; try again", None)
        })?;
        tracing::debug!(slug, tool = entry.name, is_error = answer.is_error, "tool called");
        Ok(answer)
    }

    /// Makes sure that the visitor is somebody.
    async fn settle(&self, context: &RequestContext<RoleServer>, handle: Option<&str>) -> Result<Guest, ErrorData> {
        self.app.settle(&self.visitor, &client(context), handle).await.map_err(|error| self.refuse(error))
    }

    /// The same visitor, looked at once more.
    async fn again(&self) -> Result<Self, ErrorData> {
        let visitor = self.app.greet_again(&self.visitor).await.map_err(|error| self.refuse(error))?;
        Ok(Self { visitor: Arc::new(visitor), ..self.clone() })
    }

    /// Which era a request is of, told as rmcp tells it. In the era of sessions one is required.
    fn era(&self, context: &RequestContext<RoleServer>) -> Result<Era, ErrorData> {
        let told_in_full = context.meta.missing_required_keys(&ProtocolVersion::NO_INITIALIZE).is_empty();
        let has_handshake = context.protocol_version().is_none_or(|version| version.has_initialize());
        if told_in_full || !has_handshake {
            return Ok(Era::Stateless);
        }
        if self.has_session {
            return Ok(Era::Sessions);
        }
        self.reply.say(StatusCode::BAD_REQUEST);
        Err(ErrorData::invalid_request("initialize first, then send its Mcp-Session-Id with every request", None))
    }

    /// A session may end between greeting and settling; its client has to hear 404 to begin another. Whoever calls too
    /// often hears when to come back.
    fn refuse(&self, error: Error) -> ErrorData {
        if matches!(error, Error::TooManyRequests { .. }) {
            self.reply.say(StatusCode::TOO_MANY_REQUESTS);
            self.reply.wait(refusal::patience(&error));
        }
        if matches!(error, Error::NotFound(Resource::McpSession)) {
            self.reply.say(StatusCode::NOT_FOUND);
        }
        refusal::spoken(error)
    }
}

/// What the client says it is, where a request says so itself; a session's client said it in `initialize`.
fn client(context: &RequestContext<RoleServer>) -> Client {
    // Not `context.client_info()`: without a handshake at hand, rmcp puts its own name there.
    let said = context.meta.client_info();
    let (name, version) = said.map(|client| (client.name, client.version)).unzip();
    Client { name, version, protocol: context.protocol_version().map(|version| version.to_string()) }
}

fn instructions(server: &Served) -> String {
    let about = match &server.product {
        Some(product) => format!("{} helps with {product}.", server.name),
        None => format!("{} helps its users.", server.name),
    };
    let offers = [
        (server.has_knowledge, " Its documentation can be searched and read: do so before you answer from memory."),
        (server.has_walkthroughs, " It leads through walkthroughs step by step."),
        (server.takes_tickets, " It takes support tickets."),
    ];
    offers.into_iter().filter(|(is_there, _)| *is_there).fold(about, |text, (_, offer)| text + offer)
}

#[cfg(test)]
mod tests {
    use guildhall_domain::mcp_servers::AuthType;
    use guildhall_services::Served;

    use super::instructions;

    #[test]
    fn instructions_name_what_is_offered() {
        let server = Served {
            name: "Acme Help".to_owned(),
            slug: "acme-help".to_owned(),
            url: "https://acme-help.example.test/mcp".to_owned(),
            organization: "Acme".to_owned(),
            product: Some("rockets".to_owned()),
            auth_type: AuthType::None,
            is_paused: false,
            takes_tickets: true,
            has_walkthroughs: false,
            has_knowledge: false,
        };
        assert_eq!(instructions(&server), "Acme Help helps with rockets. It takes support tickets.");
    }
}
