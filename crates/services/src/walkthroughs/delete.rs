use guildhall_domain::{Id, Result, access::Permission, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, auth::Done};

/// Deletes a walkthrough for good: its steps, its places on servers, and how far everybody is in it. To only take it from
/// end users, archive it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteWalkthrough {
    /// Which walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
}

impl Procedure for DeleteWalkthrough {
    const NAME: &'static str = "walkthrough.delete";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::DeleteWalkthroughs;
    type Output = Done;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Done>> {
        let walkthrough = super::find_to_change(cx.tenant(), self.walkthrough_id).await?;
        cx.tenant().walkthroughs().delete(&walkthrough).await?;
        let event = Event::WalkthroughDeleted { walkthrough_id: walkthrough.id, steps: walkthrough.step_count };
        Ok(Outcome::Changed(Done::new(), event))
    }
}
