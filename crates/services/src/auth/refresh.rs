use std::time::Duration;

use guildhall_domain::{Error, Id, Result, accounts::Tokens, event::Event, text::Text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tokens;
use crate::{
    Cx, Mutation, Outcome, Procedure, Public, Throttle,
    secrets::{GRACE, Purpose, RotatingToken},
    settings::Limits,
};

/// Goes on with a sign-in. Each refresh token works once; one that comes again ends the whole session, since somebody
/// else has it too, except within 10 seconds, when the first answer may have been lost and is given again.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Refresh {
    /// The last refresh token.
    pub refresh_token: Text<1, 200>,
}

impl Procedure for Refresh {
    const NAME: &'static str = "auth.refresh";
    type Effect = Mutation;
    type Reach = Public;
    const NEEDS: () = ();
    type Output = Tokens;
    const ANSWER_KEPT: Duration = GRACE;

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![Throttle::Address("refresh", limits.refresh_address)]
    }

    async fn run(self, cx: &Cx<'_, Public>) -> Result<Outcome<Tokens>> {
        let token = RotatingToken::parse(Purpose::Session, self.refresh_token.as_str(), &cx.settings().secret);
        let token = token.ok_or(Error::Unauthenticated)?;
        let session = Id::from_uuid(token.family);
        let row = cx.system().session(session).await?.ok_or(Error::Unauthenticated)?;
        if row.ended || row.expires_at <= cx.now() {
            return Err(Error::Unauthenticated);
        }
        if let Some(tokens) = tokens::rotate(cx, &row, &token).await? {
            let event = Event::SessionRefreshed { session_id: row.id, user_id: row.user_id };
            return Ok(Outcome::Changed(tokens, event));
        }
        // Read again: another call may have spent it between the two statements.
        let row = cx.system().session(session).await?.ok_or(Error::Unauthenticated)?;
        let next = token.next(&cx.settings().secret);
        let just_spent = row.previous_refresh_hash.as_deref() == Some(&token.hash()) && row.refresh_hash == next.hash();
        if just_spent && row.rotated_at.plus(GRACE) > cx.now() && !row.ended {
            return Ok(Outcome::Unchanged(tokens::tokens(cx, &row, &next)?));
        }
        if !cx.person_of(row.user_id).end_session(row.id, cx.now()).await? {
            return Err(Error::Unauthenticated);
        }
        let event = Event::SessionReuseDetected { session_id: row.id, user_id: row.user_id };
        Ok(Outcome::Refused(Error::Unauthenticated, event))
    }
}
