use guildhall_domain::{Result, accounts::DeviceSession};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Procedure, Query, SignedIn};

/// Where the caller is signed in: device, address and when it was last heard of, the newest first; at most 100.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListSessions {}

impl Procedure for ListSessions {
    const NAME: &'static str = "auth.listSessions";
    type Effect = Query;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = Vec<DeviceSession>;

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Vec<DeviceSession>> {
        Ok(cx.person().sessions(cx.admission().session, cx.now()).await?)
    }
}
