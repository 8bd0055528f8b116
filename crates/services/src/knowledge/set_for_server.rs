use std::collections::HashSet;

use guildhall_domain::{Id, Issue, Result, access::Permission, event::Event, id, knowledge::Namespace};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, mcp_servers};

/// Makes these namespaces all that a server's end users can search and read.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetForServer {
    /// Which server.
    pub server_id: Id<id::McpServer>,
    /// What it offers from now on.
    #[schemars(length(max = 20))]
    pub namespace_ids: Vec<Id<id::Namespace>>,
}

impl Procedure for SetForServer {
    const NAME: &'static str = "knowledge.setForServer";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteKnowledge;
    type Output = Vec<Namespace>;

    fn check(&self) -> Vec<Issue> {
        let mut seen = HashSet::new();
        let twice = self.namespace_ids.iter().enumerate().filter(|(_, id)| !seen.insert(**id));
        twice.map(|(index, _)| Issue::at(["namespaceIds".into(), index.into()], "named twice")).collect()
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Vec<Namespace>>> {
        let server = mcp_servers::find_to_change(cx.tenant(), self.server_id).await?;
        let found = super::find_namespaces(cx.tenant(), &self.namespace_ids).await?;
        let mut namespaces: Vec<Namespace> = found.into_iter().map(|stored| stored.namespace).collect();
        namespaces.sort_by(|a, b| a.name.as_str().cmp(b.name.as_str()));
        let before = cx.tenant().namespaces().of_server(server.id).await?;
        let before: HashSet<Id<id::Namespace>> = before.into_iter().map(|stored| stored.namespace.id).collect();
        if before == self.namespace_ids.iter().copied().collect() {
            return Ok(Outcome::Unchanged(namespaces));
        }
        cx.tenant().namespaces().assign(&server, &self.namespace_ids).await?;
        let event = Event::NamespacesAssigned { server_id: server.id, namespace_ids: self.namespace_ids };
        Ok(Outcome::Changed(namespaces, event))
    }
}
