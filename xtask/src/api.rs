//! A small client of a running node: procedures as plain JSON, and tools of hosted servers in the stateless era of MCP.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use reqwest::{Client, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};

const REVISION: &str = "2026-07-28";
/// What everybody signs up with.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// Somebody who calls a node.
#[derive(Clone, Debug)]
pub(crate) struct Api {
    http: Client,
    url: String,
    token: Option<String>,
    organization: Option<String>,
}

/// An organization with a published server that has one walkthrough.
#[derive(Clone, Debug)]
pub(crate) struct Seeded {
    /// Its owner, signed in.
    pub(crate) owner: Api,
    /// Its id.
    pub(crate) organization: String,
    /// The server's id.
    pub(crate) server: String,
    /// The server's subdomain.
    pub(crate) slug: String,
}

/// What a node said, whether or not it is what was wished for.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    /// How it went.
    pub(crate) status: StatusCode,
    /// What stands above it.
    pub(crate) headers: HeaderMap,
    /// All of it.
    pub(crate) body: String,
}

impl Api {
    /// Nobody yet, at the node of that address.
    pub(crate) fn new(url: &str) -> Result<Self> {
        let http = Client::builder().timeout(Duration::from_secs(30)).no_proxy().tcp_nodelay(true).build()?;
        Ok(Self { http, url: url.to_owned(), token: None, organization: None })
    }

    /// The same caller at another node, with connections of its own.
    pub(crate) fn at(&self, url: &str) -> Result<Self> {
        Ok(Self { token: self.token.clone(), organization: self.organization.clone(), ..Self::new(url)? })
    }

    /// The same caller with connections of its own, for another runtime: a connection ends with the one it began in.
    pub(crate) fn apart(&self) -> Result<Self> {
        self.at(&self.url)
    }

    /// The same node, for whoever has that access token, in the organization of that slug.
    pub(crate) fn signed_in(&self, token: &str, organization: &str) -> Self {
        Self { token: Some(token.to_owned()), organization: Some(organization.to_owned()), ..self.clone() }
    }

    /// `GET path`, which answers JSON.
    pub(crate) async fn read(&self, path: &str) -> Result<Value> {
        answer(self.http.get(format!("{}{path}", self.url))).await.with_context(|| path.to_owned())
    }

    /// Calls a procedure.
    pub(crate) async fn call(&self, procedure: &str, input: &Value) -> Result<Value> {
        answer(self.request(procedure, input)).await.with_context(|| procedure.to_owned())
    }

    /// Calls a procedure that may well fail.
    pub(crate) async fn ask(&self, procedure: &str, input: &Value) -> Result<Said> {
        let response = self.request(procedure, input).send().await.with_context(|| procedure.to_owned())?;
        Ok(Said { status: response.status(), headers: response.headers().clone(), body: response.text().await? })
    }

    fn request(&self, procedure: &str, input: &Value) -> RequestBuilder {
        let url = format!("{}/api/{}", self.url, procedure.replace('.', "/"));
        let mut request = self.http.post(url).json(input);
        if let Some(organization) = &self.organization {
            request = request.header("x-organization", organization);
        }
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Calls a tool of a hosted server as the reader of that tracking id; its structured answer.
    pub(crate) async fn tool(&self, slug: &str, reader: &str, tool: &str, arguments: &Value) -> Result<Value> {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": REVISION,
            "io.modelcontextprotocol/clientInfo": { "name": reader, "version": env!("CARGO_PKG_VERSION") },
            "io.modelcontextprotocol/clientCapabilities": {},
        });
        let params = json!({ "name": tool, "arguments": arguments, "_meta": meta });
        let request = self
            .http
            .post(format!("{}/s/{slug}/mcp/{reader}", self.url))
            .header("accept", "application/json, text/event-stream")
            .header("mcp-protocol-version", REVISION)
            .header("mcp-method", "tools/call")
            .header("mcp-name", tool)
            .json(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }));
        let said = answer(request).await.with_context(|| tool.to_owned())?;
        ensure!(said["result"]["isError"] == false, "{tool}: {said}");
        Ok(said["result"]["structuredContent"].clone())
    }

    /// Every item of a list, page by page.
    pub(crate) async fn everything(&self, procedure: &str) -> Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut cursor = Value::Null;
        loop {
            let input =
                if cursor.is_null() { json!({ "limit": 100 }) } else { json!({ "limit": 100, "cursor": cursor }) };
            let mut page = self.call(procedure, &input).await?;
            items.append(page["items"].as_array_mut().context("a page has items")?);
            cursor = page["nextCursor"].take();
            if cursor.is_null() {
                return Ok(items);
            }
        }
    }

    /// Somebody new with an organization of their own, and its id.
    pub(crate) async fn found(mut self, email: &str, slug: &str) -> Result<(Self, String)> {
        let who = json!({ "email": email, "password": PASSWORD, "name": "Owner" });
        let signed_up = self.call("auth.signUp", &who).await?;
        self.token = Some(text(&signed_up["session"]["accessToken"])?);
        let organization = json!({ "name": "Under test", "slug": slug });
        let organization = text(&self.call("organization.create", &organization).await?["id"])?;
        Ok((self, organization))
    }

    /// The access token of another sign-in.
    pub(crate) async fn sign_in(&self, email: &str) -> Result<String> {
        let who = json!({ "email": email, "password": PASSWORD });
        text(&self.call("auth.signIn", &who).await?["session"]["accessToken"])
    }

    /// Signs somebody up and makes all that a reader needs.
    pub(crate) async fn seed(self, steps: usize) -> Result<Seeded> {
        let slug = "under-test".to_owned();
        let (owner, organization) = self.found("owner@example.test", &slug).await?;
        let server = text(&owner.call("mcpServers.create", &json!({ "name": "Help", "slug": slug })).await?["id"])?;
        let walkthrough = json!({ "title": "First steps", "type": "course", "isPublished": true });
        let walkthrough = owner.call("walkthrough.create", &walkthrough).await?["id"].clone();
        for number in 1..=steps {
            let step = json!({ "walkthroughId": walkthrough, "title": format!("Step {number}"),
                "contentFields": { "version": "v1", "contentForUser": "Read this, then go on." } });
            owner.call("walkthrough.createStep", &step).await?;
        }
        let places = json!({ "serverId": server, "walkthroughs": [{ "walkthroughId": walkthrough }] });
        owner.call("walkthrough.assignToServer", &places).await?;
        Ok(Seeded { owner, organization, server, slug })
    }
}

async fn answer(request: RequestBuilder) -> Result<Value> {
    let response = request.send().await?;
    let (status, body) = (response.status(), response.bytes().await?);
    if status.is_success() {
        return Ok(serde_json::from_slice(&body)?);
    }
    Err(anyhow!("{status}: {}", String::from_utf8_lossy(&body)))
}

/// The text that `value` must be.
pub(crate) fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).with_context(|| format!("not a text: {value}"))
}
