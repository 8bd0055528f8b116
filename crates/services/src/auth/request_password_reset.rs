use guildhall_domain::{Result, text::Email};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Done;
use crate::{Cx, Mutation, Outcome, Procedure, Public, Throttle, jobs::Job, settings::Limits};

/// Has a link for choosing a new password mailed, good for one hour and once. The answer, and the work behind it, is the
/// same whether there is such an account: a worker looks it up later, and writes the event into the account's history.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RequestPasswordReset {
    /// The account's address.
    pub email: Email,
}

impl Procedure for RequestPasswordReset {
    const NAME: &'static str = "auth.requestPasswordReset";
    type Effect = Mutation;
    type Reach = Public;
    const NEEDS: () = ();
    type Output = Done;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![
            Throttle::Key("reset", self.email.as_str().to_owned(), limits.reset_account),
            Throttle::Address("reset", limits.reset_address),
        ]
    }

    async fn run(self, cx: &Cx<'_, Public>) -> Result<Outcome<Done>> {
        cx.enqueue(Job::PasswordReset { email: self.email }, None).await?;
        Ok(Outcome::Unchanged(Done::new()))
    }
}
