use guildhall_domain::{
    Error, Id, Resource, Result,
    access::Permission,
    id,
    knowledge::{Document, DocumentText, Gap, Hit, Ingestion, Namespace},
    page::{Cursor, Limit, Page, PageLimit, PageRequest},
    text::Text,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::find::find;
use crate::{Cx, InOrganization, Procedure, Query, mcp_servers};

/// The organization's namespaces, by name.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListNamespaces {}

impl Procedure for ListNamespaces {
    const NAME: &'static str = "knowledge.listNamespaces";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadKnowledge;
    type Output = Vec<Namespace>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<Namespace>> {
        Ok(cx.tenant().namespaces().list().await?.into_iter().map(|stored| stored.namespace).collect())
    }
}

/// The namespaces that a server's end users can search and read, by name.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListNamespacesForServer {
    /// Which server.
    pub server_id: Id<id::McpServer>,
}

impl Procedure for ListNamespacesForServer {
    const NAME: &'static str = "knowledge.listForServer";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadKnowledge;
    type Output = Vec<Namespace>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<Namespace>> {
        let server = mcp_servers::find(cx.tenant(), self.server_id).await?;
        let offered = cx.tenant().namespaces().of_server(server.id).await?;
        Ok(offered.into_iter().map(|stored| stored.namespace).collect())
    }
}

/// How far documents that were handed in have come.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetJob {
    /// Which job.
    pub job_id: Id<id::Job>,
}

impl Procedure for GetJob {
    const NAME: &'static str = "knowledge.getJob";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadKnowledge;
    type Output = Ingestion;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Ingestion> {
        cx.tenant().ingestions().find(self.job_id).await?.ok_or(Error::NotFound(Resource::Job))
    }
}

/// Documents that were handed in, the latest first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListJobs {
    /// How many.
    #[serde(default)]
    pub limit: PageLimit,
    /// After which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Into this namespace only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_id: Option<Id<id::Namespace>>,
}

impl Procedure for ListJobs {
    const NAME: &'static str = "knowledge.listJobs";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadKnowledge;
    type Output = Page<Ingestion>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Page<Ingestion>> {
        if let Some(id) = self.namespace_id {
            super::find_namespace(cx.tenant(), id).await?;
        }
        Ok(cx.tenant().ingestions().list(self.namespace_id, PageRequest::new(self.limit, self.cursor)).await?)
    }
}

/// The documents of a namespace, the newest first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListDocuments {
    /// How many.
    #[serde(default)]
    pub limit: PageLimit,
    /// After which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// Of which namespace.
    pub namespace_id: Id<id::Namespace>,
    /// Only those whose path begins so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<Text<1, 500>>,
}

impl Procedure for ListDocuments {
    const NAME: &'static str = "knowledge.listDocuments";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadKnowledge;
    type Output = Page<Document>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Page<Document>> {
        let namespace = super::find_namespace(cx.tenant(), self.namespace_id).await?.namespace;
        let page = PageRequest::new(self.limit, self.cursor);
        Ok(cx.tenant().documents().list(namespace.id, self.prefix.as_ref().map(Text::as_str), page).await?)
    }
}

/// One document with what it says, as agents read it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetDocument {
    /// Which document.
    pub document_id: Id<id::Document>,
}

impl Procedure for GetDocument {
    const NAME: &'static str = "knowledge.getDocument";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadKnowledge;
    type Output = DocumentText;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<DocumentText> {
        let all = cx.tenant().namespaces().list().await?;
        let all: Vec<Id<id::Namespace>> = all.into_iter().map(|stored| stored.namespace.id).collect();
        let found = cx.tenant().documents().find_in(&all, self.document_id).await?;
        found.ok_or(Error::NotFound(Resource::Document))
    }
}

/// Searches in documents. What is typed are words to find, never a language: the last one may be the beginning of a word,
/// and one that nobody wrote finds those it is like.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchKnowledge {
    /// What to look for.
    pub query: Text<1, 300>,
    /// In these namespaces; in all of the organization's where left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20))]
    pub namespace_ids: Option<Vec<Id<id::Namespace>>>,
    /// How many answers.
    #[serde(default)]
    pub limit: Limit<50, 10>,
}

impl Procedure for SearchKnowledge {
    const NAME: &'static str = "knowledge.search";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadKnowledge;
    type Output = Vec<Hit>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<Hit>> {
        let namespaces = match &self.namespace_ids {
            Some(ids) => super::find_namespaces(cx.tenant(), ids).await?,
            None => cx.tenant().namespaces().list().await?,
        };
        let limit = usize::try_from(self.limit.get()).unwrap_or(usize::MAX);
        find(cx.tenant(), &namespaces, self.query.as_str(), limit).await
    }
}

/// What customers looked for and did not find, the last missed first: searches without an answer, and what their agents
/// reported.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListGaps {
    /// How many.
    #[serde(default)]
    pub limit: PageLimit,
    /// After which.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// At this server only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<Id<id::McpServer>>,
}

impl Procedure for ListGaps {
    const NAME: &'static str = "knowledge.listGaps";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadKnowledge;
    type Output = Page<Gap>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Page<Gap>> {
        if let Some(id) = self.server_id {
            mcp_servers::find(cx.tenant(), id).await?;
        }
        Ok(cx.tenant().gaps().list(self.server_id, PageRequest::new(self.limit, self.cursor)).await?)
    }
}
