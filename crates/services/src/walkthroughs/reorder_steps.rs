use std::collections::HashSet;

use guildhall_domain::{Error, Id, Result, access::Permission, event::Event, id, walkthroughs::Step};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Puts a walkthrough's steps in another order, all at once: nobody ever sees half of it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReorderSteps {
    /// Of which walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
    /// All of its steps, each once, in the new order.
    #[schemars(length(max = 500))]
    pub step_ids: Vec<Id<id::Step>>,
}

impl Procedure for ReorderSteps {
    const NAME: &'static str = "walkthrough.reorderSteps";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteWalkthroughs;
    type Output = Vec<Step>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Vec<Step>>> {
        let walkthrough = super::find_to_change(cx.tenant(), self.walkthrough_id).await?;
        let walkthroughs = cx.tenant().walkthroughs();
        let steps = walkthroughs.steps(walkthrough.id).await?;
        let named: HashSet<Id<id::Step>> = self.step_ids.iter().copied().collect();
        let exactly = self.step_ids.len() == steps.len() && steps.iter().all(|step| named.contains(&step.id));
        if !exactly || named.len() != steps.len() {
            return Err(Error::field("stepIds", "must name exactly the walkthrough's steps, each once"));
        }
        if steps.iter().map(|step| step.id).eq(self.step_ids.iter().copied()) {
            return Ok(Outcome::Unchanged(steps));
        }
        walkthroughs.reorder(&walkthrough, &self.step_ids, cx.now()).await?;
        let steps = walkthroughs.steps(walkthrough.id).await?;
        Ok(Outcome::Changed(steps, Event::StepsReordered { walkthrough_id: walkthrough.id }))
    }
}
