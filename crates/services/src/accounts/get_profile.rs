use guildhall_domain::{Error, Result, accounts::User};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Procedure, Query, SignedIn};

/// The caller's own account.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetProfile {}

impl Procedure for GetProfile {
    const NAME: &'static str = "account.getProfile";
    type Effect = Query;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = User;

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<User> {
        cx.person().account().await?.ok_or(Error::Unauthenticated)
    }
}
