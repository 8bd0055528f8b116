use guildhall_domain::{Id, Result, access::Permission, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, auth::Done};

/// Deletes a step; those after it close up. Nobody's progress is lost: what was done of the others still counts.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteStep {
    /// Which step.
    pub step_id: Id<id::Step>,
}

impl Procedure for DeleteStep {
    const NAME: &'static str = "walkthrough.deleteStep";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteWalkthroughs;
    type Output = Done;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Done>> {
        let (walkthrough, step) = super::find_step_to_change(cx.tenant(), self.step_id).await?;
        cx.tenant().walkthroughs().delete_step(&walkthrough, &step, cx.now()).await?;
        let event = Event::StepDeleted { walkthrough_id: walkthrough.id, step_id: step.id };
        Ok(Outcome::Changed(Done::new(), event))
    }
}
