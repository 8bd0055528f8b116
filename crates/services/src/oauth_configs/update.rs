use guildhall_domain::{
    Error, Id, Issue, Result,
    access::Permission,
    event::Event,
    id,
    oauth_configs::{ClientSecret, OauthConfig, Scopes},
    text::{Text, WebUrl},
};
use guildhall_repositories::StoredOauthConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Changes how end users sign in at an authorization server; the next one to sign in meets the change. What is left out
/// stays. Another `metadataUrl` comes with its `clientSecret`: a secret goes to nobody but whom it was given for.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateOauthConfig {
    /// Which configuration.
    pub oauth_config_id: Id<id::OauthConfig>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Text<1, 100>>,
    /// Where the authorization server says what it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_url: Option<WebUrl>,
    /// What the authorization server calls Guildhall.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<Text<1, 10_000>>,
    /// What Guildhall proves itself with there; kept sealed, and never shown again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<ClientSecret>,
    /// What to ask for, separated by spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Scopes>,
}

impl Procedure for UpdateOauthConfig {
    const NAME: &'static str = "oauthConfigs.update";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ManageSignIn;
    type Output = OauthConfig;

    fn check(&self) -> Vec<Issue> {
        self.metadata_url.as_ref().map(super::issues_of).unwrap_or_default()
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<OauthConfig>> {
        let before = super::find_to_change(cx.tenant(), self.oauth_config_id).await?;
        let moves = self.metadata_url.as_ref().is_some_and(|url| *url != before.metadata_url);
        if moves && self.client_secret.is_none() {
            return Err(Error::field(
                "clientSecret",
                "needed where metadataUrl changes: the old one is not sent there",
            ));
        }
        let another = self.client_secret.filter(|secret| !super::is_same(cx, &before.sealed_client_secret, secret));
        let edited = StoredOauthConfig {
            name: self.name.map_or_else(|| before.name.clone(), String::from),
            metadata_url: self.metadata_url.unwrap_or_else(|| before.metadata_url.clone()),
            client_id: self.client_id.map_or_else(|| before.client_id.clone(), String::from),
            sealed_client_secret: match another {
                Some(secret) => super::sealed(cx, &secret)?,
                None => before.sealed_client_secret.clone(),
            },
            scopes: self.scopes.unwrap_or_else(|| before.scopes.clone()),
            ..before.clone()
        };
        if edited == before {
            return Ok(Outcome::Unchanged(before.into()));
        }
        cx.tenant().oauth_configs().update(&edited).await?;
        let event = Event::OauthConfigUpdated { oauth_config_id: edited.id };
        Ok(Outcome::Changed(edited.into(), event))
    }
}
