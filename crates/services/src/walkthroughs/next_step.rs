use guildhall_domain::{Id, Result, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Guided, WalkthroughShown, Whereabouts};
use crate::{AtServer, Cx, Mutation, Outcome, Procedure, Served, Tool};

/// The next step of the walkthrough that was started. Send the id of the step that was just done as currentStepId: it is
/// marked done first. Without it, the step where the user left off comes again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetNextStep {
    /// The step that was just done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_step_id: Option<Id<id::Step>>,
}

impl Procedure for GetNextStep {
    const NAME: &'static str = "get_next_step";
    type Effect = Mutation;
    type Reach = AtServer;
    const NEEDS: () = ();
    type Output = Guided;

    async fn run(self, cx: &Cx<'_, AtServer>) -> Result<Outcome<Guided>> {
        let (guest, runs) = (cx.guest(), cx.tenant().runs());
        let found = runs.current(guest.server().id, guest.person(), self.current_step_id).await?;
        let Some(mut run) = found else {
            let status =
                if self.current_step_id.is_some() { Whereabouts::UnknownStep } else { Whereabouts::NotStarted };
            return Ok(Outcome::Unchanged(Guided::nowhere(status)));
        };
        let just_done = run.steps.iter().find(|step| Some(step.id) == self.current_step_id);
        let mut completed = None;
        if let Some(step) = just_done
            && !run.done.contains(&step.id)
            && runs.complete(run.id, step, cx.now()).await?
        {
            completed = Some(step.id);
        }
        run.done.extend(self.current_step_id);
        let shown = WalkthroughShown { id: run.walkthrough_id, title: run.walkthrough_title };
        let guided = Guided::at(shown, run.steps, &run.done);
        let Some(step_id) = completed else { return Ok(Outcome::Unchanged(guided)) };
        let event = Event::StepCompleted {
            walkthrough_id: run.walkthrough_id,
            step_id,
            mcp_user_id: guest.person(),
            finished: guided.status == Whereabouts::Finished,
        };
        Ok(Outcome::Changed(guided, event))
    }
}

impl Tool for GetNextStep {
    const TITLE: &'static str = "Next step";
    fn offered(server: &Served) -> bool {
        server.has_walkthroughs
    }
    fn text(output: &Guided, suffix: &str) -> String {
        output.text(suffix)
    }
    fn is_error(output: &Guided) -> bool {
        matches!(output.status, Whereabouts::UnknownStep | Whereabouts::NotStarted)
    }
}
