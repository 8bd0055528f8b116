//! The authorization server of a hosted server (`catalogue-2`, "End-user sign-in"): OAuth 2.1 for the customers of an
//! organization, who have no account here. Nothing of it is shared with the sign-ins of people who have one.
//!
//! **Invariant:** an answer goes to an address of the client that asked, and to no other; a person allows a client
//! each time anew; a token is worth something at the one server it was made for, while that server still has people
//! sign in as it did then.
//!
//! What a person is asked travels with the page, sealed ([`Request`]): nothing is kept of whoever only looks.
mod clients;
mod codes;
mod parameters;
mod request;
mod tokens;
mod upstream;

use guildhall_domain::{
    Error, Id, Resource, Result, id,
    mcp_servers::AuthType,
    oauth::{OauthCode, Refused},
};
use guildhall_repositories::{Access, StoredServer, Tenant, Who};

pub use clients::Registered;
pub use codes::Entered;
pub use parameters::{Credentials, Parameters};
pub use request::Asked;
pub use tokens::Granted;
pub(crate) use tokens::access_token_hash;
pub use upstream::Upstream;

use crate::{App, settings::Rate};

/// Under which of a server's two addresses it is called: an issuer is a text, and both are one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    /// `https://<slug>.<base domain>`.
    Host,
    /// `https://<public url>/s/<slug>`.
    Path,
}

/// A hosted server whose end users sign in, under one of its addresses.
#[derive(Clone, Debug)]
pub struct SignInServer {
    organization: Id<id::Organization>,
    organization_name: String,
    server: StoredServer,
    issuer: String,
}

/// Why an authorization server did not do what it was asked.
#[derive(Debug)]
pub enum Failed {
    /// It says no.
    Refused(Refused),
    /// It says no, and the client is told at its own address.
    Back(String),
    /// It could not.
    Error(Error),
}

impl From<Refused> for Failed {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<guildhall_repositories::Error> for Failed {
    fn from(error: guildhall_repositories::Error) -> Self {
        Self::Error(error.into())
    }
}

fn refused(code: OauthCode, description: &'static str) -> Failed {
    Failed::Refused(Refused::new(code, description))
}

impl SignInServer {
    /// What it calls itself (RFC 8414 §2).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// What people call the server.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.server.name
    }

    /// Whose it is.
    #[must_use]
    pub fn organization_name(&self) -> &str {
        &self.organization_name
    }

    fn tenant<'a>(&self, access: &'a Access) -> Tenant<'a> {
        access.tenant(self.organization)
    }

    /// Whether that is an address of this server, under either face (RFC 8707): a token for it is for the server.
    fn is_here(&self, app: &App, resource: &str) -> bool {
        [Face::Host, Face::Path].into_iter().any(|face| {
            let issuer = app.settings().issuer(self.server.slug.as_str(), face);
            let rest = resource.strip_prefix(issuer.as_str()).map(|rest| rest.trim_end_matches('/'));
            rest.is_some_and(is_endpoint)
        })
    }
}

/// Whether an endpoint of the server is there: with and without a trackingId, and at the reference's paths.
#[must_use]
pub fn is_endpoint(path: &str) -> bool {
    let tracked = |id: &str| id.parse::<guildhall_domain::sessions::TrackingId>().is_ok();
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        [""] | ["", "mcp"] | ["", "api", "mcpserver", "mcp"] => true,
        ["", "mcp", id] | ["", "api", "mcpserver", id, "mcp"] => tracked(id),
        _ => false,
    }
}

impl App {
    /// The hosted server of that subdomain, where its end users sign in.
    ///
    /// # Errors
    /// `RESOURCE_NOT_FOUND` where there is none, or nobody signs in there.
    pub async fn sign_in_server(&self, slug: &str, face: Face) -> Result<SignInServer> {
        let row = self.published(slug, &Who::Unknown).await?;
        if !row.server.auth_type.has_sign_in() {
            return Err(Error::NotFound(Resource::McpServer));
        }
        Ok(SignInServer {
            organization: row.organization,
            organization_name: row.organization_name,
            issuer: self.settings().issuer(row.server.slug.as_str(), face),
            server: row.server,
        })
    }

    /// Counts a use of each limit, for good: an attempt counts whether or not it succeeds.
    async fn count_uses(&self, uses: &[(&str, &str, Rate)]) -> Result<()> {
        let access = self.database().write().await?;
        let mut wait = 0;
        for (name, key, rate) in uses {
            wait = wait.max(self.use_up(&access, name, key, *rate).await?);
        }
        access.commit().await?;
        if wait > 0 { Err(Error::TooManyRequests { retry_after_ms: wait }) } else { Ok(()) }
    }
}

/// How the end users of a server sign in, where they do.
const fn config_of(server: &StoredServer) -> Option<Id<id::OauthConfig>> {
    match server.auth_type {
        AuthType::CustomOauth => server.custom_oauth_config_id,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::is_endpoint;

    #[test]
    fn an_endpoint_has_its_paths_and_no_others() {
        for good in ["", "/mcp", "/mcp/reader-1", "/api/mcpserver/mcp", "/api/mcpserver/reader-1/mcp"] {
            assert!(is_endpoint(good), "{good}");
        }
        for bad in
            ["/", "mcp", "/mcp/", "/mcp/a/b", "/mcp/ä", "/mcp2", "/oauth/token", "/mcp/../x", "/mcp?x", "/mcp/a#b"]
        {
            assert!(!is_endpoint(bad), "{bad}");
        }
    }
}
