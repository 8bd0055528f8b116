use guildhall_domain::{
    Id, Result,
    event::Event,
    id,
    text::Text,
    walkthroughs::{ContentFields, Progress, Sheet, Step, Walkthrough, agent_text, quoted},
};
use guildhall_repositories::{Move, NewRun, Offered};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AtServer, Cx, Procedure, Recorded, Recording, Served, Tool};

/// Starts a guided walkthrough, or goes on with it where the user left off. Without a name it starts the only one there
/// is, or lists those there are. Show each step to the user as its text says, then call get_next_step.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StartWalkthrough {
    /// The walkthrough's name as it was listed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<1, 200>>,
    /// Begin at the first step again; earlier progress is kept in the history only.
    #[serde(default)]
    pub restart: bool,
}

/// Where somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Whereabouts {
    /// At a step.
    Step,
    /// At a choice between walkthroughs.
    Choose,
    /// At a name that no walkthrough has.
    UnknownName,
    /// At a step that no longer is, or never was.
    UnknownStep,
    /// At the end.
    Finished,
    /// Nowhere yet.
    NotStarted,
}

/// Where somebody is in a walkthrough, and what to do next.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Guided {
    /// Where.
    pub status: Whereabouts,
    /// In which walkthrough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walkthrough: Option<WalkthroughShown>,
    /// The step to take.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepShown>,
    /// How far the person is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// What there is to choose from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub available: Vec<OfferedWalkthrough>,
    /// The step's texts, for the agent's text only.
    #[serde(skip)]
    pub(super) full_step: Option<Box<Step>>,
}

/// A walkthrough as an agent sees it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct WalkthroughShown {
    /// Its id.
    pub id: Id<id::Walkthrough>,
    /// Its name.
    pub title: String,
}

/// A step as an agent sees it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepShown {
    /// Its id, to be sent as `currentStepId` when it is done.
    pub id: Id<id::Step>,
    /// Its name.
    pub title: String,
    /// Its place, from 0.
    pub display_order: i32,
    /// What it says, to the agent and to the person.
    pub content_fields: ContentFields,
}

/// A walkthrough to choose, with how far the person is in it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct OfferedWalkthrough {
    /// Its name.
    pub title: String,
    /// What it leads to.
    pub description: Option<String>,
    /// How far the person is in it.
    pub progress: Progress,
}

impl Procedure for StartWalkthrough {
    const NAME: &'static str = "start_walkthrough";
    type Effect = Recording;
    type Reach = AtServer;
    const NEEDS: () = ();
    type Output = Guided;

    async fn run(self, cx: &Cx<'_, AtServer>) -> Result<Recorded<Guided>> {
        let (guest, runs) = (cx.guest(), cx.tenant().runs());
        let offered = runs.offered(guest.server().id, guest.person()).await?;
        let chosen = match &self.name {
            None if offered.len() == 1 => offered.first(),
            None => None,
            Some(name) => offered.iter().find(|one| is_called(&one.walkthrough, name.as_str())),
        };
        let Some(Offered { walkthrough, run, .. }) = chosen else {
            let status = if self.name.is_some() { Whereabouts::UnknownName } else { Whereabouts::Choose };
            return Ok(Recorded::Unchanged(Guided::choice(status, &offered)));
        };
        let at = cx.now();
        let (attempt, fresh) = match run {
            Some((_, attempt)) if self.restart => (attempt.saturating_add(1), true),
            Some((_, attempt)) => (*attempt, false),
            None => (1, true),
        };
        let course = runs.course(walkthrough, run.map(|(id, _)| id).filter(|_| !fresh)).await?;
        let shown = WalkthroughShown { id: walkthrough.id, title: walkthrough.title.to_string() };
        let guided = Guided::at(shown, course.progress(), course.next()?);
        let (walkthrough_id, mcp_user_id) = (walkthrough.id, guest.person());
        if let Some((run, _)) = run.filter(|_| !fresh) {
            let event = Event::WalkthroughResumed { walkthrough_id, mcp_user_id };
            return Ok(Recorded::Moved(guided, Move::Resumed { run, at }, event));
        }
        let (id, server) = (cx.fresh_id(), guest.server().id);
        let run = NewRun { id, person: mcp_user_id, server, walkthrough: walkthrough_id, attempt, at };
        let event = Event::WalkthroughStarted { walkthrough_id, mcp_user_id, restarted: attempt > 1 };
        Ok(Recorded::Moved(guided, Move::Began(run), event))
    }
}

/// Agents copy names loosely: case and surrounding space do not matter, nor whether it is the title itself or how it was
/// listed.
fn is_called(walkthrough: &Walkthrough, name: &str) -> bool {
    let (title, name) = (walkthrough.title.as_str(), name.trim());
    title.trim().to_lowercase() == name.to_lowercase()
        || quoted(title).to_lowercase() == quoted(name.trim_matches('"')).to_lowercase()
        || walkthrough.id.to_string() == name
}

impl Tool for StartWalkthrough {
    const TITLE: &'static str = "Start a walkthrough";
    fn offered(server: &Served) -> bool {
        server.has_walkthroughs
    }
    fn text(output: &Guided, suffix: &str) -> String {
        output.text(suffix)
    }
    fn is_error(output: &Guided) -> bool {
        output.status == Whereabouts::UnknownName
    }
}

impl Guided {
    /// At the first step that is not done, or at the end.
    pub(super) fn at(walkthrough: WalkthroughShown, progress: Progress, next: Option<Step>) -> Self {
        Self {
            status: if next.is_some() { Whereabouts::Step } else { Whereabouts::Finished },
            walkthrough: Some(walkthrough),
            step: next.as_ref().map(|step| StepShown {
                id: step.id,
                title: step.title.to_string(),
                display_order: step.display_order,
                content_fields: step.content_fields.clone(),
            }),
            progress: Some(progress),
            available: Vec::new(),
            full_step: next.map(Box::new),
        }
    }

    /// Without a step.
    pub(super) const fn nowhere(status: Whereabouts) -> Self {
        Self { status, walkthrough: None, step: None, progress: None, available: Vec::new(), full_step: None }
    }

    fn choice(status: Whereabouts, offered: &[Offered]) -> Self {
        let view = |one: &Offered| OfferedWalkthrough {
            title: one.walkthrough.title.to_string(),
            description: one.walkthrough.description.as_ref().map(Text::to_string),
            progress: one.progress,
        };
        Self { available: offered.iter().map(view).collect(), ..Self::nowhere(status) }
    }

    /// The same as an agent reads it.
    pub(super) fn text(&self, suffix: &str) -> String {
        let title = self.walkthrough.as_ref().map_or("", |walkthrough| &walkthrough.title);
        match (self.status, &self.full_step, self.progress) {
            (Whereabouts::Step, Some(step), Some(progress)) => {
                agent_text(&Sheet::of(title, step, progress.total_steps), step.id, progress, suffix)
            }
            (Whereabouts::Finished, ..) => format!(
                "All steps of {} are done. Congratulate the user. To go through it again, call \
                 start_walkthrough with restart set to true.",
                quoted(title)
            ),
            (Whereabouts::UnknownStep, ..) => {
                "No such step in a walkthrough that was started here. Call get_next_step \
                 without currentStepId to go on where the user left off."
                    .to_owned()
            }
            (Whereabouts::Choose, ..) => {
                self.list("Ask the user which of these to start, then call start_walkthrough with its name:")
            }
            (Whereabouts::UnknownName, ..) => self.list("There is no walkthrough of that name. These there are:"),
            _ => "No walkthrough was started yet. Call start_walkthrough first.".to_owned(),
        }
    }

    fn list(&self, heading: &str) -> String {
        let line = |one: &OfferedWalkthrough| {
            let leads_to = one.description.as_deref().filter(|description| !description.trim().is_empty());
            let leads_to = leads_to.map(|description| format!(": {}", quoted(description))).unwrap_or_default();
            format!("- {}, {} % done{leads_to}", quoted(&one.title), one.progress.progress_percent)
        };
        let lines: Vec<String> = self.available.iter().map(line).collect();
        format!("{heading}\n{}", lines.join("\n"))
    }
}
