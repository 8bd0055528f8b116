//! The export format, version 1.0, of the reference system: its exports import unchanged, ours look the same.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ContentFields, MAX_STEPS, Step, Walkthrough, WalkthroughStatus, WalkthroughType};
use crate::{
    error::{Issue, Segment},
    text::{Json, Text},
    time::Timestamp,
};

/// The format's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum DocumentVersion {
    /// The only one there is.
    #[serde(rename = "1.0")]
    V1,
}

/// A whole walkthrough as one file.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Document {
    /// The format's version.
    pub version: DocumentVersion,
    /// When it was exported.
    pub exported_at: Text<0, 64>,
    /// Facts about the export.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Json>,
    /// The walkthrough itself.
    pub walkthrough: DocumentWalkthrough,
    /// Its steps.
    #[schemars(length(max = 500))]
    pub steps: Vec<DocumentStep>,
}

/// The walkthrough in a [`Document`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DocumentWalkthrough {
    /// Its name.
    pub title: Text<1, 100>,
    /// What it leads to.
    #[serde(default)]
    #[schemars(extend("x-nullable" = true))]
    pub description: Option<Text<0, 500>>,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: WalkthroughType,
    /// Whether end users can see it.
    pub status: WalkthroughStatus,
    /// How long it takes, in minutes.
    #[serde(default)]
    #[schemars(range(min = 0, max = 100_000), extend("x-nullable" = true))]
    pub estimated_duration_minutes: Option<i32>,
    /// Words to find it by.
    #[serde(default)]
    #[schemars(length(max = 50))]
    pub tags: Vec<Text<1, 50>>,
    /// Facts of the author's own.
    #[serde(default)]
    pub metadata: Option<Json>,
}

/// A step in a [`Document`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DocumentStep {
    /// Its name.
    pub title: Text<1, 200>,
    /// What it says.
    pub content_fields: ContentFields,
    /// Its place; places may have gaps but no ties.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub display_order: i32,
    /// The place of the step after it; null at the end. `displayOrder` decides, so this is only written.
    #[serde(default)]
    pub next_step_reference: Option<Json>,
    /// When it was made, as the exporting system says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Json>,
    /// When it last changed, as the exporting system says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Json>,
    /// Facts of the author's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Json>,
}

impl Document {
    /// What is wrong across fields; paths begin below the document.
    #[must_use]
    pub fn problems(&self) -> Vec<Issue> {
        let mut problems = Vec::new();
        let at = |tail: &[Segment]| tail.to_vec();
        if self.steps.len() > MAX_STEPS {
            problems.push(Issue::at(at(&["steps".into()]), format!("more than {MAX_STEPS} steps")));
        }
        for (index, step) in self.steps.iter().enumerate() {
            let earlier = self.steps.iter().take(index).position(|other| other.display_order == step.display_order);
            if let Some(earlier) = earlier {
                let path = at(&["steps".into(), index.into(), "displayOrder".into()]);
                problems.push(Issue::at(path, format!("the same place as step {earlier}")));
            }
        }
        problems
    }

    /// The document of that walkthrough; `steps` in order, each with its metadata.
    #[must_use]
    pub fn of(
        walkthrough: &Walkthrough,
        steps: Vec<(Step, Option<Json>)>,
        metadata: (Option<Json>, Option<Json>),
        now: Timestamp,
    ) -> Self {
        let last = steps.len().saturating_sub(1);
        let next = |index: usize| (index < last).then(|| Json::number(index.saturating_add(1)));
        let document_step = |(index, (step, metadata)): (usize, (Step, Option<Json>))| DocumentStep {
            title: step.title,
            content_fields: step.content_fields,
            display_order: step.display_order,
            next_step_reference: next(index),
            created_at: None,
            updated_at: None,
            metadata,
        };
        Self {
            version: DocumentVersion::V1,
            exported_at: now.rfc3339().parse().unwrap_or_default(),
            metadata: metadata.0,
            walkthrough: DocumentWalkthrough {
                title: walkthrough.title.clone(),
                description: walkthrough.description.clone(),
                kind: walkthrough.kind,
                status: walkthrough.status,
                estimated_duration_minutes: walkthrough.estimated_duration_minutes,
                tags: walkthrough.tags.clone(),
                metadata: metadata.1,
            },
            steps: steps.into_iter().enumerate().map(document_step).collect(),
        }
    }
}
