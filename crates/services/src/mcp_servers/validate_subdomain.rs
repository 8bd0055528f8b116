use guildhall_domain::{Error, Result, mcp_servers::Subdomain, text::Text};
use guildhall_repositories::RetiredName;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, Procedure, Query, SignedIn};

/// Whether a subdomain could be published now: its form, and whether any server has or had it.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidateSubdomain {
    /// The subdomain; lower-cased on the way in.
    pub subdomain: Text<0, 10_000>,
}

/// A subdomain that is free.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ValidSubdomain {
    /// As it would be published.
    pub subdomain: Subdomain,
}

impl Procedure for ValidateSubdomain {
    const NAME: &'static str = "mcpServers.validateSubdomain";
    type Effect = Query;
    type Reach = SignedIn;
    const NEEDS: () = ();
    type Output = ValidSubdomain;

    async fn run(self, cx: &Cx<'_, SignedIn>) -> Result<ValidSubdomain> {
        let subdomain = Subdomain::parse(self.subdomain.as_str())?;
        let was_taken = cx
            .system()
            .is_retired(RetiredName::McpServer, subdomain.as_str(), cx.admission().active_organization)
            .await?;
        if was_taken || cx.system().subdomain_exists(&subdomain).await? {
            return Err(Error::SubdomainAlreadyExists);
        }
        Ok(ValidSubdomain { subdomain })
    }
}
