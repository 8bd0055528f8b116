use guildhall_domain::{
    Error, Id, Result,
    access::Permission,
    error::Reason,
    event::Event,
    id,
    text::Text,
    walkthroughs::{ContentFields, MAX_STEPS, Step},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Adds a step at the end. Two at once never get the same place.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateStep {
    /// To which walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
    /// Its name.
    pub title: Text<1, 200>,
    /// What it says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_fields: Option<ContentFields>,
}

impl Procedure for CreateStep {
    const NAME: &'static str = "walkthrough.createStep";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteWalkthroughs;
    type Output = Step;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Step>> {
        let walkthrough = super::find_to_change(cx.tenant(), self.walkthrough_id).await?;
        if usize::try_from(walkthrough.step_count).unwrap_or(0) >= MAX_STEPS {
            return Err(Error::Conflict(Reason::TooManySteps));
        }
        let fields = self.content_fields.unwrap_or_default();
        let walkthroughs = cx.tenant().walkthroughs();
        let step = walkthroughs.append_step(&walkthrough, cx.fresh_id(), &self.title, fields, cx.now()).await?;
        let event = Event::StepCreated { walkthrough_id: walkthrough.id, step_id: step.id };
        Ok(Outcome::Changed(step, event))
    }
}
