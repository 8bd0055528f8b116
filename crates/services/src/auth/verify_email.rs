use std::time::Duration;

use guildhall_domain::{
    Error, Id, Resource, Result,
    accounts::User,
    error::Denied,
    event::Event,
    id,
    mail::Matter,
    text::{Email, Text},
};
use guildhall_repositories::Purpose;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Done,
    links::{self, Opens},
};
use crate::{Cx, Mutation, Outcome, Procedure, Public, Reach, Throttle, settings::Limits};

/// Shows that an account's address is its owner's, with the token of a letter. Signs nobody in.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerifyEmail {
    /// What the letter's link carries.
    pub token: Text<1, 200>,
}

/// How long a link for it works.
const LIFE: Duration = Duration::from_hours(48);

impl Procedure for VerifyEmail {
    const NAME: &'static str = "auth.verifyEmail";
    type Effect = Mutation;
    type Reach = Public;
    const NEEDS: () = ();
    type Output = Done;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![Throttle::Address("link", limits.link_address)]
    }

    async fn run(self, cx: &Cx<'_, Public>) -> Result<Outcome<Done>> {
        let hash = links::hash_of(Opens::EmailVerification, self.token.as_str());
        let missing = Error::NotFound(Resource::Token);
        let Some(user) = cx.system().token(&hash, Purpose::EmailVerification, cx.now()).await? else {
            return Err(missing);
        };
        // Held first, as all do who use up or renew what its letters carry: so nobody waits in a circle.
        cx.person_of(user).hold().await?;
        if !cx.system().use_token(&hash, Purpose::EmailVerification, cx.now()).await? {
            return Err(missing);
        }
        cx.person_of(user).verify_email(cx.now()).await?;
        Ok(Outcome::Changed(Done::new(), Event::EmailVerified { user_id: user }))
    }
}

/// How long a link is not replaced by another: whoever asks again and again would be a nuisance to a stranger.
const PATIENCE: Duration = Duration::from_mins(5);

/// Refuses somebody whose address is not verified; has the link mailed again where the last one is not quite new.
pub(crate) async fn refuse<R: Reach, T>(cx: &Cx<'_, R>, user: &User) -> Result<Outcome<T>> {
    let refused = Error::Forbidden(Denied::EmailUnverified);
    cx.person_of(user.id).hold().await?; // first, as all do who use up or renew what its letters carry
    let since = cx.now().minus(PATIENCE);
    if cx.system().has_token_since(Purpose::EmailVerification, user.id, since).await? {
        return Err(refused);
    }
    ask(cx, user.id, user.email.clone()).await?;
    Ok(Outcome::Refused(refused, Event::EmailVerificationRequested { user_id: user.id }))
}

/// Has the link for it mailed to `email`.
pub(super) async fn ask<R: Reach>(cx: &Cx<'_, R>, user: Id<id::User>, email: Email) -> Result<()> {
    let (link, hash) = cx.fresh_link(Opens::EmailVerification);
    let expires_at = cx.now().plus(LIFE);
    cx.system().keep_token(&hash, Purpose::EmailVerification, user, cx.now(), expires_at).await?;
    cx.post(email, Matter::EmailVerification { link, expires_at }).await
}
