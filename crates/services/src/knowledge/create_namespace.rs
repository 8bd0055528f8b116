use guildhall_domain::{
    Error, Resource, Result, access::Permission, error::Reason, event::Event, knowledge::Namespace, text::Text,
};
use guildhall_repositories::Error as RowError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Makes a namespace: a collection of documents that servers can offer.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateNamespace {
    /// Its name, which no other namespace of the organization has.
    pub name: Text<1, 100>,
    /// What is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<0, 500>>,
}

/// As many namespaces as an organization has.
const MOST: u64 = 200;

impl Procedure for CreateNamespace {
    const NAME: &'static str = "knowledge.createNamespace";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteKnowledge;
    type Output = Namespace;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Namespace>> {
        let namespaces = cx.tenant().namespaces();
        if namespaces.count().await? >= MOST {
            return Err(Error::Conflict(Reason::TooManyNamespaces));
        }
        let made = namespaces.create(cx.fresh_id(), &self.name, self.description.as_ref(), cx.now()).await;
        let namespace = made.map_err(|error| match error {
            RowError::Taken(_) => Error::AlreadyExists { resource: Resource::Namespace, field: "name" },
            other => other.into(),
        })?;
        let event = Event::NamespaceCreated { namespace_id: namespace.id };
        Ok(Outcome::Changed(namespace, event))
    }
}
