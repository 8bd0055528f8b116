use std::time::Duration;

use guildhall_domain::{Result, Timestamp, access::Permission, event::Event};
use guildhall_repositories::LiveToken;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, live::tokens, secrets::GRACE};

/// Makes a token that opens the live feed's WebSocket once, within a minute, as `?token=`. For pages that cannot send a
/// header with a WebSocket; the stream ends with the sign-in that asked for the token.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateLiveToken {}

/// A token for one stream.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LiveTokenMade {
    /// The token.
    pub token: String,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl Procedure for CreateLiveToken {
    const NAME: &'static str = "supportTickets.createLiveToken";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadTickets;
    type Output = LiveTokenMade;
    const ANSWER_KEPT: Duration = GRACE;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<LiveTokenMade>> {
        let (token, hash) = tokens::fresh(cx.random());
        let expires_at = cx.now().plus(tokens::LIFE);
        let (organization, user) = (cx.tenant().id(), cx.user());
        cx.system().add_live_token(LiveToken { hash, organization, user, session: cx.session(), expires_at }).await?;
        Ok(Outcome::Changed(LiveTokenMade { token, expires_at }, Event::LiveTokenCreated { user_id: user }))
    }
}
