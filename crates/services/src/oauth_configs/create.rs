use guildhall_domain::{
    Issue, Result,
    access::Permission,
    event::Event,
    oauth_configs::{ClientSecret, OauthConfig, Scopes},
    text::{Text, WebUrl},
};
use guildhall_repositories::StoredOauthConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Writes down how end users sign in at an authorization server of the organization's own. Nobody is asked yet:
/// `oauthConfigs.validate` tells whether the server can be used.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateOauthConfig {
    /// What people call it.
    pub name: Text<1, 100>,
    /// Where the authorization server says what it is: `https://…/.well-known/openid-configuration`.
    pub metadata_url: WebUrl,
    /// What the authorization server calls Guildhall.
    pub client_id: Text<1, 10_000>,
    /// What Guildhall proves itself with there; kept sealed, and never shown again.
    pub client_secret: ClientSecret,
    /// What to ask for, separated by spaces.
    #[serde(default)]
    pub scopes: Scopes,
}

impl Procedure for CreateOauthConfig {
    const NAME: &'static str = "oauthConfigs.create";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ManageSignIn;
    type Output = OauthConfig;

    fn check(&self) -> Vec<Issue> {
        super::issues_of(&self.metadata_url)
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<OauthConfig>> {
        let config = StoredOauthConfig {
            id: cx.fresh_id(),
            name: self.name.into(),
            metadata_url: self.metadata_url,
            client_id: self.client_id.into(),
            sealed_client_secret: super::sealed(cx, &self.client_secret)?,
            scopes: self.scopes,
            created_at: cx.now(),
        };
        cx.tenant().oauth_configs().add(&config).await?;
        let event = Event::OauthConfigCreated { oauth_config_id: config.id };
        Ok(Outcome::Changed(config.into(), event))
    }
}
