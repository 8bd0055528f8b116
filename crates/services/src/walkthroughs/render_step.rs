use guildhall_domain::{
    Error, Id, Resource, Result, id,
    walkthroughs::{Preview, Sheet, html},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

use super::WalkthroughWithSteps;
use crate::{Cx, Procedure, Query, SignedIn};

/// A step as its author previews it: clean HTML. Nothing of it need be stored.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RenderStep(pub Preview);

impl Procedure for RenderStep {
    const NAME: &'static str = "walkthrough.renderStep";
    type Effect = Query;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = String;

    async fn run(self, _: &Cx<'_, SignedIn>) -> Result<String> {
        aside(move || html(&self.0.sheet())).await
    }
}

impl WalkthroughWithSteps {
    /// A step of it as its author previews it, as `walkthrough.renderStep` does, however long its texts are.
    ///
    /// # Errors
    /// [`Error::NotFound`] where it has no such step.
    pub async fn preview(self, step: Id<id::Step>) -> Result<String> {
        let Self { walkthrough, steps } = self;
        let step = steps.into_iter().find(|one| one.id == step).ok_or(Error::NotFound(Resource::Step))?;
        aside(move || html(&Sheet::for_author(&walkthrough, &step))).await
    }
}

/// Of 50,000 characters some are slow to clean (html5ever writes text with many ampersands in quadratic time), so it is
/// done aside from the threads that answer everybody, a few at a time.
async fn aside(render: impl FnOnce() -> String + Send + 'static) -> Result<String> {
    static ROOM: Semaphore = Semaphore::const_new(2);
    let place = ROOM.acquire().await.map_err(Error::internal)?;
    // The place goes with the work: it goes on when the caller leaves.
    let held = move || {
        let rendered = render();
        drop(place);
        rendered
    };
    tokio::task::spawn_blocking(held).await.map_err(Error::internal)
}
