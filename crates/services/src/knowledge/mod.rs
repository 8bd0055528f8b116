//! Documents for end users' agents: handing them in, reading them, finding them, and what is missing.
//!
//! **Invariant:** what was handed in is kept before the caller is answered, and read document by document, each in a
//! transaction of its own together with how far that is: whatever process dies when, each document is read once.
mod archive;
mod create_namespace;
mod delete_document;
mod delete_namespace;
pub(crate) mod erasure;
mod find;
mod handed_in;
mod ingest;
mod ingest_archive;
pub(crate) mod ingestion;
mod queries;
mod read_document;
mod report_gap;
mod search_documentation;
mod set_for_server;

use guildhall_domain::{Error, Id, Resource, Result, id};
use guildhall_repositories::{StoredNamespace, Tenant};

pub use create_namespace::CreateNamespace;
pub use delete_document::DeleteDocument;
pub use delete_namespace::DeleteNamespace;
pub use ingest::{Handed, Ingest};
pub use ingest_archive::IngestArchive;
pub use queries::{
    GetDocument, GetJob, ListDocuments, ListGaps, ListJobs, ListNamespaces, ListNamespacesForServer, SearchKnowledge,
};
pub use read_document::{DocumentPart, ReadDocument};
pub use report_gap::{GapReported, ReportDocsGap};
pub use search_documentation::{FoundDocumentation, SearchDocumentation};
pub use set_for_server::SetForServer;

/// The organization's namespace of that id.
async fn find_namespace(tenant: Tenant<'_>, id: Id<id::Namespace>) -> Result<StoredNamespace> {
    tenant.namespaces().find(id).await?.ok_or(Error::NotFound(Resource::Namespace))
}

/// The same, so that nobody else changes its documents before the call is over.
async fn find_to_change(tenant: Tenant<'_>, id: Id<id::Namespace>) -> Result<StoredNamespace> {
    tenant.namespaces().find_to_change(id).await?.ok_or(Error::NotFound(Resource::Namespace))
}

/// The organization's namespaces of these ids, all of them or none.
async fn find_namespaces(tenant: Tenant<'_>, ids: &[Id<id::Namespace>]) -> Result<Vec<StoredNamespace>> {
    let found = tenant.namespaces().find_all(ids).await?;
    if ids.iter().all(|id| found.iter().any(|one| one.namespace.id == *id)) {
        Ok(found)
    } else {
        Err(Error::NotFound(Resource::Namespace))
    }
}
