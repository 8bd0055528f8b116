use guildhall_domain::{Result, access::Permission, oauth_configs::OauthConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query};

/// How end users sign in at the organization's own authorization servers, the oldest first; never the secrets.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListOauthConfigs {}

impl Procedure for ListOauthConfigs {
    const NAME: &'static str = "oauthConfigs.list";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ManageSignIn;
    type Output = Vec<OauthConfig>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<OauthConfig>> {
        let configs = cx.tenant().oauth_configs().list().await?;
        Ok(configs.into_iter().map(OauthConfig::from).collect())
    }
}
