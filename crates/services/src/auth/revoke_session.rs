use guildhall_domain::{Error, Id, Resource, Result, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Done;
use crate::{Cx, Mutation, Outcome, Procedure, SignedIn};

/// Signs out one of the caller's own devices, at once and on every node.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RevokeSession {
    /// Which sign-in.
    pub session_id: Id<id::Session>,
}

impl Procedure for RevokeSession {
    const NAME: &'static str = "auth.revokeSession";
    type Effect = Mutation;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = Done;

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Outcome<Done>> {
        if !cx.person().end_session(self.session_id, cx.now()).await? {
            return Err(Error::NotFound(Resource::Session));
        }
        let event = Event::SessionEnded { session_id: self.session_id, user_id: cx.person().id() };
        Ok(Outcome::Changed(Done::new(), event))
    }
}
