use guildhall_domain::{Error, Result, event::Event, mail::Matter};
use guildhall_repositories::Purpose;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Done, Password};
use crate::{Cx, Desk, Mutation, Outcome, Prepared, Procedure, SignedIn, Throttle, settings::Limits};

/// Gives the caller's account another password. Every other session ends, and the account's owner is told by mail.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangePassword {
    /// The password until now.
    pub current_password: Password<1, 1024>,
    /// 12 to 128 characters.
    pub new_password: Password<12, 128>,
}

impl Procedure for ChangePassword {
    const NAME: &'static str = "auth.changePassword";
    type Effect = Mutation;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = Done;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![Throttle::Caller("password", limits.password_account)]
    }

    async fn prepare(&self, desk: &Desk<'_>) -> Result<Prepared> {
        let (account, password_hash) = desk.own_password("currentPassword", self.current_password.text()).await?;
        let known = [account.email.as_str(), account.name.as_deref().unwrap_or_default()];
        let new_password_hash = desk.passwords().hash_new("newPassword", self.new_password.text(), &known).await?;
        Ok(Prepared { new_password_hash, password_hash, ..Prepared::default() })
    }

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Outcome<Done>> {
        let account = cx.person().hold().await?.ok_or(Error::Unauthenticated)?;
        // The password may have been changed since it was verified.
        if cx.person().password_hash().await?.as_ref() != Some(&cx.prepared().password_hash) {
            return Err(Error::field("currentPassword", "is wrong"));
        }
        cx.person().set_password(&cx.prepared().new_password_hash, cx.now()).await?;
        cx.person().end_sessions(cx.admission().session, cx.now()).await?;
        cx.system().forget_tokens(Purpose::PasswordReset, account.id).await?;
        cx.post(account.email, Matter::PasswordChanged { link: cx.settings().reset_page() }).await?;
        Ok(Outcome::Changed(Done::new(), Event::PasswordChanged { user_id: account.id }))
    }
}
