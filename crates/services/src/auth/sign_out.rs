use guildhall_domain::{Error, Result, event::Event};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Mutation, Outcome, Procedure, SignedIn};

/// Ends this session at once, on every node.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SignOut {}

/// Signed out.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SignedOut {
    /// Always true; a failure is an error.
    pub success: bool,
}

impl Procedure for SignOut {
    const NAME: &'static str = "auth.signOut";
    type Effect = Mutation;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = SignedOut;

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Outcome<SignedOut>> {
        let session_id = cx.admission().session.ok_or(Error::Unauthenticated)?;
        cx.person().end_session(session_id, cx.now()).await?;
        let event = Event::SessionEnded { session_id, user_id: cx.person().id() };
        Ok(Outcome::Changed(SignedOut { success: true }, event))
    }
}
