use guildhall_domain::{
    Id, Patch, Result,
    access::Permission,
    event::Event,
    id,
    text::Text,
    walkthroughs::{Walkthrough, WalkthroughStatus, WalkthroughType},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Changes what a walkthrough is called and who can see it; what is left out stays. End users meet the change with their
/// next call: what is archived is gone for them, and what they did of it is kept.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateWalkthrough {
    /// Which walkthrough.
    pub walkthrough_id: Id<id::Walkthrough>,
    /// Its name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<1, 100>>,
    /// What it leads to; null clears.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub description: Patch<Text<0, 500>>,
    /// What it is for.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<WalkthroughType>,
    /// Whether end users can see it, where it is assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<WalkthroughStatus>,
    /// Words to find it by, in place of those it had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 50))]
    pub tags: Option<Vec<Text<1, 50>>>,
    /// How long it takes, in minutes; null clears.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    #[schemars(range(min = 0, max = 100_000))]
    pub estimated_duration_minutes: Patch<i32>,
}

impl Procedure for UpdateWalkthrough {
    const NAME: &'static str = "walkthrough.update";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteWalkthroughs;
    type Output = Walkthrough;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Walkthrough>> {
        let before = super::find_to_change(cx.tenant(), self.walkthrough_id).await?;
        let edited = Walkthrough {
            title: self.title.unwrap_or_else(|| before.title.clone()),
            description: self.description.apply(before.description.clone()),
            kind: self.kind.unwrap_or(before.kind),
            status: self.status.unwrap_or(before.status),
            tags: self.tags.unwrap_or_else(|| before.tags.clone()),
            estimated_duration_minutes: self.estimated_duration_minutes.apply(before.estimated_duration_minutes),
            ..before.clone()
        };
        if edited == before {
            return Ok(Outcome::Unchanged(before));
        }
        let walkthrough = cx.tenant().walkthroughs().update(edited, cx.now()).await?;
        let event = Event::WalkthroughUpdated { walkthrough_id: walkthrough.id };
        Ok(Outcome::Changed(walkthrough, event))
    }
}
