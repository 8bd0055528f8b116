use guildhall_domain::{Error, Resource, Result, event::Event, mail::Matter, text::Text};
use guildhall_repositories::Purpose;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Done, Password,
    links::{self, Opens},
    sign_in,
};
use crate::{Cx, Desk, Mutation, Outcome, Prepared, Procedure, Public, Throttle, settings::Limits};

/// Chooses a new password with the token of a letter, which shows that the address is the caller's as well. Every session
/// ends: whoever was signed in with the old password is not any more.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResetPassword {
    /// What the letter's link carries.
    pub token: Text<1, 200>,
    /// 12 to 128 characters.
    pub new_password: Password<12, 128>,
}

impl Procedure for ResetPassword {
    const NAME: &'static str = "auth.resetPassword";
    type Effect = Mutation;
    type Reach = Public;
    const NEEDS: () = ();
    type Output = Done;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![Throttle::Address("link", limits.link_address)]
    }

    async fn prepare(&self, desk: &Desk<'_>) -> Result<Prepared> {
        // Looked up first: hashing for a made-up token would be work for nothing.
        let account = desk.bearer_of(self.token.as_str(), Purpose::PasswordReset).await?;
        let known = [account.email.as_str(), account.name.as_deref().unwrap_or_default()];
        let new_password_hash = desk.passwords().hash_new("newPassword", self.new_password.text(), &known).await?;
        Ok(Prepared { new_password_hash, ..Prepared::default() })
    }

    async fn run(self, cx: &Cx<'_, Public>) -> Result<Outcome<Done>> {
        let hash = links::hash_of(Opens::PasswordReset, self.token.as_str());
        let missing = || Error::NotFound(Resource::Token);
        let user = cx.system().token(&hash, Purpose::PasswordReset, cx.now()).await?.ok_or_else(missing)?;
        let person = cx.person_of(user);
        let account = person.hold().await?.ok_or_else(missing)?;
        if !cx.system().use_token(&hash, Purpose::PasswordReset, cx.now()).await? {
            return Err(missing());
        }
        person.set_password(&cx.prepared().new_password_hash, cx.now()).await?;
        person.verify_email(cx.now()).await?;
        cx.system().forget_tokens(Purpose::EmailVerification, user).await?;
        cx.system().forget_tokens(Purpose::PasswordReset, user).await?;
        person.end_sessions(None, cx.now()).await?;
        // Whoever guessed at the old password does not keep the owner out.
        cx.forgive(sign_in::LIMIT, account.email.as_str()).await?;
        cx.post(account.email, Matter::PasswordChanged { link: cx.settings().reset_page() }).await?;
        Ok(Outcome::Changed(Done::new(), Event::PasswordReset { user_id: user }))
    }
}
