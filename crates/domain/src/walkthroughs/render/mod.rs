//! One model of a step, rendered for the two who read it: Markdown with marked sections for an agent, HTML for the
//! author. What stands in a section can never close it: the agent's tags carry a suffix that nobody can guess, and what is
//! written becomes HTML piece by piece, each cleaned by a sanitizer.

mod agent;
mod markdown;
mod page;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use agent::{agent_text, quoted};
pub use page::html;

use super::{Step, Walkthrough, WalkthroughType};
use crate::{
    id::{self, Id},
    text::{Json, Text},
};

/// A step as it is read, by whomever.
#[derive(Clone, Copy, Debug)]
pub struct Sheet<'a> {
    /// The walkthrough's name.
    walkthrough: &'a str,
    /// What the walkthrough leads to; not for agents, who know it from the list.
    description: &'a str,
    /// What the walkthrough is for; not for agents either.
    kind: Option<WalkthroughType>,
    /// The step's name.
    step: &'a str,
    /// Its number, from 1.
    number: u32,
    /// How many there are, where that is known.
    total: Option<u32>,
    sections: [Section<'a>; 4],
}

/// One of a step's texts.
#[derive(Clone, Copy, Debug)]
struct Section<'a> {
    /// What its boundaries are called.
    tag: &'static str,
    /// What is said before it.
    heading: &'static str,
    /// What the author wrote.
    text: &'a str,
}

impl<'a> Sheet<'a> {
    /// A step of the walkthrough called `walkthrough`, which has `total` steps.
    #[must_use]
    pub fn of(walkthrough: &'a str, step: &'a Step, total: u32) -> Self {
        let fields = &step.content_fields;
        Self {
            walkthrough,
            description: "",
            kind: None,
            step: step.title.as_str(),
            number: u32::try_from(step.display_order).unwrap_or(0).saturating_add(1),
            total: Some(total),
            sections: sections([
                fields.introduction_for_agent.as_str(),
                fields.context_for_agent.as_str(),
                fields.operations_for_agent.as_str(),
                fields.content_for_user.as_str(),
            ]),
        }
    }

    /// The same with all that its author sees of the walkthrough.
    #[must_use]
    pub fn for_author(walkthrough: &'a Walkthrough, step: &'a Step) -> Self {
        Self {
            description: walkthrough.description.as_ref().map_or("", Text::as_str),
            kind: Some(walkthrough.kind),
            ..Self::of(walkthrough.title.as_str(), step, u32::try_from(walkthrough.step_count).unwrap_or(0))
        }
    }

    /// The sections that have something to say.
    fn written(&self) -> impl Iterator<Item = &Section<'a>> {
        self.sections.iter().filter(|section| !section.text.trim().is_empty())
    }
}

/// A step's texts in the order in which they are read.
const fn sections<'a>([introduction, context, operations, content]: [&'a str; 4]) -> [Section<'a>; 4] {
    [
        Section { tag: "introduction_for_agent", heading: "What this step is for", text: introduction },
        Section { tag: "context_for_agent", heading: "Background", text: context },
        Section { tag: "operations_for_agent", heading: "Operations to perform", text: operations },
        Section { tag: "content_for_user", heading: "Show this to the user word for word", text: content },
    ]
}

/// What `walkthrough.renderStep` previews; it need not be stored anywhere.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Preview {
    /// The walkthrough around the step.
    pub walkthrough: PreviewWalkthrough,
    /// The step.
    pub step: PreviewStep,
}

/// The walkthrough in a [`Preview`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreviewWalkthrough {
    /// Its name.
    pub title: Text<1, 100>,
    /// What it leads to.
    #[schemars(extend("x-nullable" = true))]
    pub description: Option<Text<0, 500>>,
    /// What it is for.
    #[serde(rename = "type")]
    #[schemars(extend("x-nullable" = true))]
    pub kind: Option<WalkthroughType>,
}

/// The step in a [`Preview`].
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreviewStep {
    /// Its id.
    pub id: Id<id::Step>,
    /// Its name.
    pub title: Text<1, 200>,
    /// Its place, from 0.
    #[schemars(range(min = 0, max = 1_000_000))]
    pub display_order: u32,
    /// What it says; texts that are missing are empty.
    pub content_fields: Json,
}

impl Preview {
    /// The step as it is read, whatever else its content fields have.
    #[must_use]
    pub fn sheet(&self) -> Sheet<'_> {
        let Self { walkthrough, step } = self;
        let text = |name: &str| step.content_fields.value()[name].as_str().unwrap_or_default();
        Sheet {
            walkthrough: walkthrough.title.as_str(),
            description: walkthrough.description.as_ref().map_or("", Text::as_str),
            kind: walkthrough.kind,
            step: step.title.as_str(),
            number: step.display_order.saturating_add(1),
            total: None,
            sections: sections([
                text("introductionForAgent"),
                text("contextForAgent"),
                text("operationsForAgent"),
                text("contentForUser"),
            ]),
        }
    }
}
