use guildhall_domain::{
    Error, Result,
    accounts::{Tokens, User},
    event::Event,
    text::Email,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Password, tokens};
use crate::{Cx, Desk, Mutation, Outcome, Prepared, Procedure, Public, Throttle, settings::Limits};

/// Signs in with email and password. A wrong email and a wrong password get the same answer at the same cost.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignIn {
    /// The account's address.
    pub email: Email,
    /// Its password.
    pub password: Password<1, 1024>,
}

/// The account, signed in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct SignedInNow {
    /// The account.
    pub user: User,
    /// What to go on with.
    pub session: Tokens,
}

impl Procedure for SignIn {
    const NAME: &'static str = "auth.signIn";
    type Effect = Mutation;
    type Reach = Public;
    const NEEDS: () = ();
    type Output = SignedInNow;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![
            Throttle::Key("sign-in", self.email.as_str().to_owned(), limits.sign_in_account),
            Throttle::Address("sign-in", limits.sign_in_address),
        ]
    }

    async fn prepare(&self, desk: &Desk<'_>) -> Result<Prepared> {
        let hash = desk.password_hash(&self.email).await?;
        let right = desk.passwords().verify(self.password.text(), hash.as_deref()).await?;
        let password_hash = hash.filter(|_| right).ok_or(Error::WrongCredentials)?;
        Ok(Prepared { password_hash })
    }

    async fn run(self, cx: &Cx<'_, Public>) -> Result<Outcome<SignedInNow>> {
        let found = cx.system().user_by_email(&self.email).await?;
        // The password may have been changed since it was verified.
        let still = found.filter(|(_, hash, _)| *hash == cx.prepared().password_hash);
        let (user, _, organization) = still.ok_or(Error::WrongCredentials)?;
        let (session_id, session) = tokens::begin(cx, user.id, organization).await?;
        let event = Event::SessionStarted { session_id, user_id: user.id };
        Ok(Outcome::Changed(SignedInNow { user, session }, event))
    }
}
