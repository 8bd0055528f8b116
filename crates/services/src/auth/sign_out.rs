use guildhall_domain::{Error, Result, event::Event};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Done;
use crate::{Cx, Mutation, Outcome, Procedure, SignedIn};

/// Ends this session at once, on every node.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignOut {}

impl Procedure for SignOut {
    const NAME: &'static str = "auth.signOut";
    type Effect = Mutation;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = Done;
    const ENDS_ITS_SESSION: bool = true;

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Outcome<Done>> {
        let session_id = cx.admission().session.ok_or(Error::Unauthenticated)?;
        cx.person().end_session(session_id, cx.now()).await?;
        let event = Event::SessionEnded { session_id, user_id: cx.person().id() };
        Ok(Outcome::Changed(Done::new(), event))
    }
}
