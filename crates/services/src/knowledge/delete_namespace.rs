use guildhall_domain::{Id, Result, access::Permission, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, auth::Done, jobs::Job};

/// Deletes a namespace with all its documents: nobody finds any of them from now on, and no server offers it. What is being
/// read into it is given up.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteNamespace {
    /// Which namespace.
    pub namespace_id: Id<id::Namespace>,
}

impl Procedure for DeleteNamespace {
    const NAME: &'static str = "knowledge.deleteNamespace";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::DeleteKnowledge;
    type Output = Done;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Done>> {
        let namespace = super::find_to_change(cx.tenant(), self.namespace_id).await?.namespace;
        cx.tenant().namespaces().delete(namespace.id, cx.now()).await?;
        // There may be very much of it.
        cx.enqueue(Job::Erasure { namespace: namespace.id }, Some(cx.tenant().id())).await?;
        Ok(Outcome::Changed(Done::new(), Event::NamespaceDeleted { namespace_id: namespace.id }))
    }
}
