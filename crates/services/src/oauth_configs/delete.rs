use guildhall_domain::{Error, Id, Resource, Result, access::Permission, event::Event, id};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, auth::Done};

/// Deletes how end users sign in at an authorization server, with its secret, unless a server needs it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteOauthConfig {
    /// Which configuration.
    pub oauth_config_id: Id<id::OauthConfig>,
}

impl Procedure for DeleteOauthConfig {
    const NAME: &'static str = "oauthConfigs.delete";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ManageSignIn;
    type Output = Done;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Done>> {
        let config = super::find_to_change(cx.tenant(), self.oauth_config_id).await?;
        if cx.tenant().oauth_configs().is_used(&config).await? {
            return Err(Error::InUse { resource: Resource::OauthConfig, used_by: Resource::McpServer });
        }
        cx.tenant().oauth_configs().delete(&config).await?;
        Ok(Outcome::Changed(Done::new(), Event::OauthConfigDeleted { oauth_config_id: config.id }))
    }
}
