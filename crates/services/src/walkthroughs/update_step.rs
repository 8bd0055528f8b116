use guildhall_domain::{
    Id, Result,
    access::Permission,
    event::Event,
    id,
    text::Text,
    walkthroughs::{ContentPatch, Step},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Changes a step's name or texts; what is not given stays.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateStep {
    /// Which step.
    pub step_id: Id<id::Step>,
    /// Its new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<1, 200>>,
    /// Its new texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_fields: Option<ContentPatch>,
}

impl Procedure for UpdateStep {
    const NAME: &'static str = "walkthrough.updateStep";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteWalkthroughs;
    type Output = Step;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Step>> {
        let (_, before) = super::find_step_to_change(cx.tenant(), self.step_id).await?;
        let title = self.title.unwrap_or_else(|| before.title.clone());
        let content_fields = before.content_fields.clone().merged(self.content_fields.unwrap_or_default());
        if title == before.title && content_fields == before.content_fields {
            return Ok(Outcome::Unchanged(before));
        }
        let step = cx.tenant().walkthroughs().rewrite_step(Step { title, content_fields, ..before }, cx.now()).await?;
        let event = Event::StepUpdated { walkthrough_id: step.walkthrough_id, step_id: step.id };
        Ok(Outcome::Changed(step, event))
    }
}
