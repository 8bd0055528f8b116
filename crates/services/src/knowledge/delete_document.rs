use guildhall_domain::{Error, Id, Resource, Result, access::Permission, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ingestion::indexed_of;
use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, auth::Done};

/// Deletes a document: nobody finds it from now on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteDocument {
    /// Which document.
    pub document_id: Id<id::Document>,
}

impl Procedure for DeleteDocument {
    const NAME: &'static str = "knowledge.deleteDocument";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteKnowledge;
    type Output = Done;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Done>> {
        let (tenant, missing) = (cx.tenant(), || Error::NotFound(Resource::Document));
        let seen = tenant.documents().find(self.document_id).await?.ok_or_else(missing)?;
        let held = tenant.namespaces().find_to_change(seen.document.namespace_id).await?;
        held.ok_or_else(missing)?;
        // Again, now that nobody else changes it.
        let stored = tenant.documents().find(self.document_id).await?.ok_or_else(missing)?;
        let indexed = indexed_of(tenant, &stored).await?;
        tenant.documents().remove(&stored, &indexed).await?;
        let (namespace_id, document_id) = (stored.document.namespace_id, stored.document.id);
        Ok(Outcome::Changed(Done::new(), Event::DocumentDeleted { namespace_id, document_id }))
    }
}
