//! Who asks: clients that registered here, and clients whose id is the address of a document about them.

use std::net::IpAddr;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use guildhall_domain::{
    Error, Id, Timestamp, id,
    oauth::{AuthMethod, ClientMetadata, OauthCode, Refused, is_document_url},
};
use guildhall_repositories::StoredClient;
use serde_json::Value;

use super::{Credentials, Failed, Parameters, SignInServer, refused};
use crate::{App, pipeline::network, ports::Question, secrets::hash};

/// A document of a client is at most so long: it is a name and some addresses.
const LONGEST_DOCUMENT: usize = 5 * 1024;

/// A client that has just registered.
#[derive(Clone, Debug)]
pub struct Registered {
    /// Its id: the `client_id`.
    pub id: Id<id::OauthClient>,
    /// What is kept of what it said.
    pub metadata: ClientMetadata,
    /// Its secret, said once; none where it has none.
    pub secret: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// A client that was found.
pub(super) struct Client {
    pub(super) id: String,
    pub(super) metadata: ClientMetadata,
    /// Where its document is: somebody answers for that name.
    pub(super) host: Option<String>,
}

impl App {
    /// Registers a client (RFC 7591). Anybody may; a client that is never used is forgotten.
    ///
    /// # Errors
    /// [`Failed::Refused`] where it cannot be; `TOO_MANY_REQUESTS`.
    pub async fn register_client(
        &self,
        at: &SignInServer,
        document: &Value,
        address: Option<IpAddr>,
    ) -> Result<Registered, Failed> {
        let metadata = ClientMetadata::registered(document)?;
        let limits = &self.settings().limits;
        let place = address.map(network).unwrap_or_default();
        let server = at.server.id.to_string();
        let uses = [("client", place.as_str(), limits.client_address), ("clients", &server, limits.client_server)];
        self.count_uses(&uses).await?;
        let secret = (metadata.auth_method != AuthMethod::None)
            .then(|| format!("ghs_{}", BASE64_URL_SAFE_NO_PAD.encode(self.random::<32>())));
        let client = StoredClient {
            id: self.fresh_id(),
            server: at.server.id,
            secret_hash: secret.as_deref().map(secret_hash),
            metadata,
        };
        let access = self.database().write().await?;
        at.tenant(&access).oauth_clients().add(&client, self.now()).await?;
        access.commit().await?;
        Ok(Registered { id: client.id, metadata: client.metadata, secret, at: self.now() })
    }

    /// The client of that id; its document is read where the id is an address.
    pub(super) async fn client(
        &self,
        at: &SignInServer,
        client_id: &str,
        address: Option<IpAddr>,
    ) -> Result<Client, Failed> {
        if is_document_url(client_id, self.settings().allow_loopback) {
            return self.published_client(client_id, address).await;
        }
        let found = match client_id.parse() {
            Ok(id) => at.tenant(&self.database().read()).oauth_clients().find(at.server.id, id).await?,
            Err(_) => None,
        };
        let client = found.ok_or_else(unknown)?;
        Ok(Client { id: client_id.to_owned(), metadata: client.metadata, host: None })
    }

    /// The client that a request to the token endpoint comes from, proven in the one way that it registered with.
    pub(super) async fn proven_client(
        &self,
        at: &SignInServer,
        sent: &Parameters,
        header: Option<&Credentials>,
    ) -> Result<String, Failed> {
        let body_secret = sent.one("client_secret")?;
        let said = sent.one("client_id")?;
        let client_id = match (header, said) {
            (Some(header), said) if said.is_none_or(|said| said == header.client_id) => &header.client_id,
            (None, Some(said)) => said,
            _ => return Err(unknown()),
        };
        if is_document_url(client_id, self.settings().allow_loopback) {
            return if header.is_none() && body_secret.is_none() { Ok(client_id.to_owned()) } else { Err(unknown()) };
        }
        let id = client_id.parse().map_err(|_| unknown())?;
        let found = at.tenant(&self.database().read()).oauth_clients().find(at.server.id, id).await?;
        let client = found.ok_or_else(unknown)?;
        let proof = match (client.metadata.auth_method, header, body_secret) {
            (AuthMethod::None, None, None) => return Ok(client_id.to_owned()),
            (AuthMethod::ClientSecretBasic, Some(header), None) => header.secret.as_str(),
            (AuthMethod::ClientSecretPost, None, Some(secret)) => secret,
            _ => return Err(unknown()),
        };
        let known = client.secret_hash.unwrap_or_default();
        match verify_slices_are_equal(&known, &secret_hash(proof)) {
            Ok(()) => Ok(client_id.to_owned()),
            Err(_) => Err(unknown()),
        }
    }

    async fn published_client(&self, client_id: &str, address: Option<IpAddr>) -> Result<Client, Failed> {
        let place = address.map(network).unwrap_or_default();
        self.count_uses(&[("client-document", &place, self.settings().limits.client_document_address)]).await?;
        let url = client_id.parse().map_err(|_| unknown())?;
        let unread = |why| {
            tracing::info!(%why, "the document of a client was not read");
            refused(OauthCode::InvalidClient, "the client_id is an address, and its document cannot be read there")
        };
        let document = self.fetch().send(&Question::get(url)).await.map_err(unread)?;
        if document.len() > LONGEST_DOCUMENT {
            return Err(refused(OauthCode::InvalidClientMetadata, "the document of a client has at most 5 KiB"));
        }
        let document: Value = serde_json::from_slice(&document)
            .map_err(|_| Refused::new(OauthCode::InvalidClientMetadata, "the document of a client is JSON"))?;
        let metadata = ClientMetadata::published(client_id, &document)?;
        let host = url::Url::parse(client_id).ok().and_then(|url| url.host_str().map(str::to_owned));
        Ok(Client { id: client_id.to_owned(), metadata, host })
    }

    /// Notes that a client is in use.
    pub(super) async fn touch_client(
        &self,
        at: &SignInServer,
        access: &guildhall_repositories::Access,
        client_id: &str,
    ) -> Result<(), Error> {
        match client_id.parse() {
            Ok(id) => Ok(at.tenant(access).oauth_clients().touch(id, self.now()).await?),
            Err(_) => Ok(()), // known by its document
        }
    }
}

fn secret_hash(secret: &str) -> Vec<u8> {
    hash(&[b"client secret", secret.as_bytes()])
}

fn unknown() -> Failed {
    refused(OauthCode::InvalidClient, "no such client, or it did not prove itself as it registered")
}
