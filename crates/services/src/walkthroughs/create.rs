use guildhall_domain::{
    Result,
    access::Permission,
    event::Event,
    text::Text,
    walkthroughs::{Walkthrough, WalkthroughStatus, WalkthroughType},
};
use guildhall_repositories::NewWalkthrough;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Begins a walkthrough without steps.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateWalkthrough {
    /// Its name.
    pub title: Text<1, 100>,
    /// What it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<Text<0, 500>>,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: WalkthroughType,
    /// Whether end users can see it at once, where it is assigned.
    #[serde(default)]
    pub is_published: bool,
    /// Words to find it by.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub tags: Vec<Text<1, 50>>,
    /// How long it takes, in minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100_000))]
    pub estimated_duration_minutes: Option<i32>,
}

impl Procedure for CreateWalkthrough {
    const NAME: &'static str = "walkthrough.create";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteWalkthroughs;
    type Output = Walkthrough;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Walkthrough>> {
        let new = NewWalkthrough {
            id: cx.fresh_id(),
            title: self.title,
            description: self.description,
            kind: self.kind,
            status: if self.is_published { WalkthroughStatus::Published } else { WalkthroughStatus::Draft },
            tags: self.tags,
            estimated_duration_minutes: self.estimated_duration_minutes,
            metadata: None,
            document_metadata: None,
            steps: Vec::new(),
        };
        let walkthrough = cx.tenant().walkthroughs().create(new, cx.now()).await?;
        let event = Event::WalkthroughCreated { walkthrough_id: walkthrough.id };
        Ok(Outcome::Changed(walkthrough, event))
    }
}
