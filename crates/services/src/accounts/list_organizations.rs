use guildhall_domain::{Result, organizations::Belonging};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Procedure, Query, SignedIn};

/// The organizations that the caller belongs to: as owner first, then as admin, then the rest; then by joining.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListOrganizations {}

impl Procedure for ListOrganizations {
    const NAME: &'static str = "account.listOrganizations";
    type Effect = Query;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = Vec<Belonging>;

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<Vec<Belonging>> {
        Ok(cx.person().organizations().await?)
    }
}
