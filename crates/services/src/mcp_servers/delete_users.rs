use guildhall_domain::{Id, Issue, Result, access::Permission, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Forgets end users for good, with their visits, calls and progress; figures count them no longer. Their tickets stay,
/// without the person and its address. Ids that are not of this organization's end users are passed over.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteMcpUsers {
    /// Which end users: 1 to 500.
    #[schemars(length(min = 1, max = 500))]
    pub user_ids: Vec<Id<id::McpUser>>,
}

/// The most that are forgotten at once.
const MOST: usize = 500;

/// What came of it.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeletedMcpUsers {
    /// How many were forgotten.
    pub deleted_count: u64,
}

impl Procedure for DeleteMcpUsers {
    const NAME: &'static str = "mcpServers.deleteUsers";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::DeleteServers;
    type Output = DeletedMcpUsers;

    fn check(&self) -> Vec<Issue> {
        if (1..=MOST).contains(&self.user_ids.len()) {
            return Vec::new();
        }
        vec![Issue::at(["userIds".into()], format!("1 to {MOST} ids"))]
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<DeletedMcpUsers>> {
        let users = cx.tenant().mcp_users();
        let found = users.find_to_erase(&self.user_ids).await?;
        if found.is_empty() {
            return Ok(Outcome::Unchanged(DeletedMcpUsers { deleted_count: 0 }));
        }
        let deleted_count = users.erase(&found).await?;
        let event = Event::McpUsersDeleted { organization_id: cx.tenant().id(), mcp_user_ids: found };
        Ok(Outcome::Changed(DeletedMcpUsers { deleted_count }, event))
    }
}
