use guildhall_domain::{Error, Issue, Result, access::Permission, oauth_configs::AuthorizationServer, text::WebUrl};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Desk, InOrganization, Limits, Mutation, Outcome, Prepared, Procedure, Throttle};

/// Asks an authorization server what it is, and answers whether end users could sign in there: its metadata as RFC 8414 or
/// OpenID Connect Discovery has it. Nothing is kept.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ValidateOauthConfig {
    /// Where the authorization server says what it is: `https://…/.well-known/openid-configuration`.
    pub metadata_url: WebUrl,
}

impl Procedure for ValidateOauthConfig {
    const NAME: &'static str = "oauthConfigs.validate";
    // It changes nothing here, but calls somebody else's server: no page of another site may have it done.
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WriteServers;
    type Output = AuthorizationServer;

    fn check(&self) -> Vec<Issue> {
        super::issues_of(&self.metadata_url)
    }

    fn throttles(&self, limits: &Limits) -> Vec<Throttle> {
        vec![Throttle::Caller("metadata", limits.metadata_account)]
    }

    async fn prepare(&self, desk: &Desk<'_>) -> Result<Prepared> {
        let server = super::read_metadata(desk.fetch(), &self.metadata_url).await?;
        Ok(Prepared { authorization_server: Some(server), ..Prepared::default() })
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<AuthorizationServer>> {
        let server = cx.prepared().authorization_server.clone();
        Ok(Outcome::Unchanged(server.ok_or_else(|| Error::internal("nothing was fetched"))?))
    }
}
