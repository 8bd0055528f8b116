use guildhall_domain::{
    Issue, Result,
    access::Permission,
    event::Event,
    walkthroughs::{Document, Walkthrough},
};
use guildhall_repositories::NewWalkthrough;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Makes a walkthrough of an exported document. What does not fit is refused with every problem, and nothing is made.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportWalkthrough {
    /// The document, format version 1.0.
    pub document: Document,
}

impl Procedure for ImportWalkthrough {
    const NAME: &'static str = "walkthrough.import";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteWalkthroughs;
    type Output = Walkthrough;
    /// Texts of 50,000 characters, four a step, add up.
    const MOST_BYTES: Option<usize> = Some(16 * 1024 * 1024);

    fn check(&self) -> Vec<Issue> {
        let below = |mut issue: Issue| {
            issue.path.insert(0, "document".into());
            issue
        };
        self.document.problems().into_iter().map(below).collect()
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Walkthrough>> {
        let Document { metadata: document_metadata, walkthrough, mut steps, .. } = self.document;
        steps.sort_by_key(|step| step.display_order);
        let new = NewWalkthrough {
            id: cx.fresh_id(),
            title: walkthrough.title,
            description: walkthrough.description,
            kind: walkthrough.kind,
            status: walkthrough.status,
            tags: walkthrough.tags,
            estimated_duration_minutes: walkthrough.estimated_duration_minutes,
            metadata: walkthrough.metadata,
            document_metadata,
            steps: steps.into_iter().map(|s| (cx.fresh_id(), s.title, s.content_fields, s.metadata)).collect(),
        };
        let count = new.steps.len();
        let walkthrough = cx.tenant().walkthroughs().create(new, cx.now()).await?;
        let event = Event::WalkthroughImported { walkthrough_id: walkthrough.id, steps: count };
        Ok(Outcome::Changed(walkthrough, event))
    }
}
