use guildhall_domain::{Id, Result, event::Event, id};
use guildhall_repositories::{Asking, Move, NewCompletion};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Guided, WalkthroughShown, Whereabouts};
use crate::{AtServer, Cx, Procedure, Recorded, Recording, Served, Tool};

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
    type Effect = Recording;
    type Reach = AtServer;
    const NEEDS: () = ();
    type Output = Guided;

    async fn run(self, cx: &Cx<'_, AtServer>) -> Result<Recorded<Guided>> {
        let (guest, done) = (cx.guest(), self.current_step_id);
        let (server, person) = (guest.server().id, guest.person());
        let asking = Asking { organization: guest.organization(), server, person, done };
        let Some(run) = cx.app().askings().ask(asking).await? else {
            let status = if done.is_some() { Whereabouts::UnknownStep } else { Whereabouts::NotStarted };
            return Ok(Recorded::Unchanged(Guided::nowhere(status)));
        };
        let step = done.filter(|_| !run.was_done);
        let shown = WalkthroughShown { id: run.walkthrough_id, title: run.walkthrough_title };
        let guided = Guided::at(shown, run.progress, run.next);
        let Some(step) = step else { return Ok(Recorded::Unchanged(guided)) };
        let event = Event::StepCompleted {
            walkthrough_id: run.walkthrough_id,
            step_id: step,
            mcp_user_id: person,
            finished: guided.status == Whereabouts::Finished,
        };
        let done = NewCompletion { run: run.id, step, at: cx.now() };
        Ok(Recorded::Moved(guided, Move::Completed(done), event))
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
