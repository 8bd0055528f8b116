//! The handler: one for each request on `/mcp`, one for each session on `/sessions/mcp`.
use std::sync::Arc;

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, CompletionInfo,
        GetPromptRequestParams, GetPromptResponse, Implementation, ListPromptsResult, ListResourceTemplatesResult,
        ListResourcesResult, ListToolsResult, PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse,
        ServerCapabilities, ServerConfig, SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams,
    },
    service::{RequestContext, SubscriptionContext},
};
use serde_json::json;
use tokio::sync::broadcast;

use crate::{answers, offers, rounds::Seal, sessions::Session, tools};

/// A list that a tool is said to have changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Tools,
    Prompts,
}

/// Everything that the suite looks for.
#[derive(Clone)]
pub(crate) struct Fixture {
    /// Seals what a client carries from one round to the next.
    pub(crate) seal: Arc<Seal>,
    /// Where tools announce changes, and subscriptions hear of them.
    pub(crate) changes: broadcast::Sender<Change>,
    /// What a client set in its session; none on the transport of hosted servers.
    pub(crate) session: Option<Arc<Session>>,
}

impl Fixture {
    pub(crate) fn new() -> Result<Self, aws_lc_rs::error::Unspecified> {
        Ok(Self { seal: Arc::new(Seal::new()?), changes: broadcast::channel(16).0, session: None })
    }
}

impl ServerHandler for Fixture {
    #[expect(deprecated, reason = "logging is a part of 2025-11-25")]
    fn get_info(&self) -> ServerConfig {
        let can = ServerCapabilities::builder()
            .enable_logging()
            .enable_completions()
            .enable_prompts()
            .enable_prompts_list_changed()
            .enable_resources()
            .enable_resources_subscribe()
            .enable_tools()
            .enable_tool_list_changed();
        ServerConfig::new(can.build())
            .with_server_info(Implementation::new("guildhall-conformance-fixture", env!("CARGO_PKG_VERSION")))
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        tools::list().map(ListToolsResult::with_all_items)
    }

    /// rmcp holds `Mcp-Param-*` headers against the schema that this gives it.
    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::list().ok()?.into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        tools::call(self, request, &context).await
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        answers::read(offers::prompts()).map(ListPromptsResult::with_all_items)
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        offers::prompt(self, request, &context)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let all = ["paris", "park", "party"].iter().filter(|word| word.starts_with(&request.argument.value));
        let values = CompletionInfo::with_all_values(all.map(|word| (*word).to_owned()).collect());
        values.map(CompleteResult::new).map_err(|bad| ErrorData::internal_error(bad, None))
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        answers::read(offers::resources()).map(ListResourcesResult::with_all_items)
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        answers::read(offers::templates()).map(ListResourceTemplatesResult::with_all_items)
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        offers::resource(&request.uri)
    }

    #[expect(deprecated, reason = "logging is a part of 2025-11-25")]
    async fn set_level(
        &self,
        request: rmcp::model::SetLevelRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        let session = self.session.as_ref().filter(|_| !tools::is_stateless(&context));
        session.ok_or_else(ErrorData::method_not_found::<rmcp::model::SetLevelRequestMethod>)?.set_level(request.level);
        Ok(())
    }

    async fn subscribe(&self, request: SubscribeRequestParams, _: RequestContext<RoleServer>) -> Result<(), ErrorData> {
        self.session()?.watch(&request.uri)
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.session()?.ignore(&request.uri)
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        Some(requested.supported_by(&self.get_info().capabilities))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        let wants = context.accepted().clone();
        loop {
            let change = tokio::select! {
                () = context.cancelled() => return Ok(()),
                change = changes.recv() => change,
            };
            let sent = match change {
                Ok(Change::Tools) if wants.tools_list_changed == Some(true) => {
                    context.sink().notify_tool_list_changed().await
                }
                Ok(Change::Prompts) if wants.prompts_list_changed == Some(true) => {
                    context.sink().notify_prompt_list_changed().await
                }
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => continue,
                Err(broadcast::error::RecvError::Closed) => return Ok(()),
            };
            if sent.is_err() {
                return Ok(());
            }
        }
    }
}

impl Fixture {
    /// What is kept from one request to the next; without it, such a request means nothing.
    fn session(&self) -> Result<&Session, ErrorData> {
        let without =
            || ErrorData::invalid_request("this path has no sessions", Some(json!({ "use": "/sessions/mcp" })));
        self.session.as_deref().ok_or_else(without)
    }
}
