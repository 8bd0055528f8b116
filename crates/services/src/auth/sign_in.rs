use std::time::Duration;

use guildhall_domain::{
    Error, Result,
    accounts::{Tokens, User},
    event::Event,
    text::Email,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Password, tokens, verify_email};
use crate::{Cx, Desk, Mutation, Outcome, Prepared, Procedure, Public, Throttle, secrets::GRACE, settings::Limits};

/// Signs in with email and password. A wrong email and a wrong password get the same answer at the same cost. Where
/// addresses must be verified first and this one is not, the right password has the link mailed again.
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

/// What sign-ins are counted under. A right password is no guess and clears the account's count.
pub(super) const LIMIT: &str = "sign-in";

impl Procedure for SignIn {
    const NAME: &'static str = "auth.signIn";
    type Effect = Mutation;
    type Reach = Public;
    const NEEDS: () = ();
    type Output = SignedInNow;
    const ANSWER_KEPT: Duration = GRACE;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![
            Throttle::Key(LIMIT, self.email.as_str().to_owned(), limits.sign_in_account),
            Throttle::Address(LIMIT, limits.sign_in_address),
        ]
    }

    async fn prepare(&self, desk: &Desk<'_>) -> Result<Prepared> {
        let hash = desk.password_hash(&self.email).await?;
        let right = desk.passwords().verify(self.password.text(), hash.as_deref()).await?;
        let password_hash = hash.filter(|_| right).ok_or(Error::WrongCredentials)?;
        Ok(Prepared { password_hash, ..Prepared::default() })
    }

    async fn run(self, cx: &Cx<'_, Public>) -> Result<Outcome<SignedInNow>> {
        // Held: a change of the password ends the sessions that it finds, and none may begin behind its back.
        let found = cx.system().hold_user_by_email(&self.email).await?;
        // The password may have been changed since it was verified.
        let still = found.filter(|(_, hash, _)| *hash == cx.prepared().password_hash);
        let (user, _, organization) = still.ok_or(Error::WrongCredentials)?;
        if cx.settings().verify_email && !user.email_verified {
            return verify_email::refuse(cx, &user).await;
        }
        cx.forgive(LIMIT, self.email.as_str()).await?;
        let (session_id, session) = tokens::begin(cx, user.id, organization).await?;
        let event = Event::SessionStarted { session_id, user_id: user.id };
        Ok(Outcome::Changed(SignedInNow { user, session }, event))
    }
}
