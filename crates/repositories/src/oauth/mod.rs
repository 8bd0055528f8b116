//! What the authorization servers of an organization's hosted servers keep.
mod clients;
mod grants;
mod sign_ins;

pub use clients::{OauthClients, StoredClient};
pub use grants::{NewGrant, OauthGrants, StoredGrant};
pub use sign_ins::{OauthSignIns, StoredSignIn};
