//! How end users sign in at an organization's own authorization servers.
//!
//! **Invariant:** a client's secret is sealed before it is kept, and leaves for the authorization server that it was given
//! for only: no answer, event or log has it.
mod create;
mod delete;
mod list;
mod update;
mod validate;

use guildhall_domain::{
    Error, Id, Issue, Resource, Result, id,
    oauth_configs::{AuthorizationServer, ClientSecret, problem_of},
    text::WebUrl,
};
use guildhall_repositories::{StoredOauthConfig, Tenant};

pub use create::CreateOauthConfig;
pub use delete::DeleteOauthConfig;
pub use list::ListOauthConfigs;
pub use update::UpdateOauthConfig;
pub use validate::ValidateOauthConfig;

use crate::{
    Cx, InOrganization,
    ports::{Fetch, Question},
    secrets::{open, seal},
};

/// What an authorization server says of itself, asked just now.
pub(crate) async fn read_metadata(fetch: &dyn Fetch, metadata_url: &WebUrl) -> Result<AuthorizationServer> {
    let document = fetch.send(&Question::get(metadata_url.clone())).await.map_err(Error::OauthServerUnreachable)?;
    AuthorizationServer::read(metadata_url, &document).map_err(Error::InvalidOauthMetadata)
}

/// The organization's configuration of that id, which nobody else changes or begins to use before the call is over.
async fn find_to_change(tenant: Tenant<'_>, id: Id<id::OauthConfig>) -> Result<StoredOauthConfig> {
    tenant.oauth_configs().find_to_change(id).await?.ok_or(Error::NotFound(Resource::OauthConfig))
}

/// What is wrong with the address of an authorization server's metadata.
fn issues_of(metadata_url: &WebUrl) -> Vec<Issue> {
    problem_of(metadata_url).map(|problem| Issue::at(["metadataUrl".into()], problem)).into_iter().collect()
}

fn sealed(cx: &Cx<'_, InOrganization>, secret: &ClientSecret) -> Result<Vec<u8>> {
    seal(&cx.settings().secret, cx.random(), secret.expose().as_bytes())
}

/// Whether `secret` is what was sealed; not, where the installation's own secret has changed since.
fn is_same(cx: &Cx<'_, InOrganization>, sealed: &[u8], secret: &ClientSecret) -> bool {
    open(&cx.settings().secret, sealed).is_ok_and(|known| known == secret.expose().as_bytes())
}
