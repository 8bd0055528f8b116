use guildhall_domain::{Id, Timestamp, id, oauth::ClientMetadata};
use sea_orm::{ColumnTrait, QueryFilter, sea_query::Expr};

use crate::{
    Result, Tenant,
    columns::{json, parse},
    entities::oauth_client,
};

/// Clients that registered at an organization's hosted servers.
#[derive(Clone, Copy, Debug)]
pub struct OauthClients<'a>(pub(crate) Tenant<'a>);

/// A registered client.
#[derive(Clone, Debug)]
pub struct StoredClient {
    /// Its id: the `client_id`.
    pub id: Id<id::OauthClient>,
    /// At which server.
    pub server: Id<id::McpServer>,
    /// What it said of itself.
    pub metadata: ClientMetadata,
    /// The hash of its secret, where it has one.
    pub secret_hash: Option<Vec<u8>>,
}

impl OauthClients<'_> {
    /// Keeps a new client.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add(self, client: &StoredClient, now: Timestamp) -> Result<()> {
        let row = oauth_client::Model {
            id: client.id.uuid(),
            organization_id: self.0.organization.uuid(),
            server_id: client.server.uuid(),
            metadata: json(&client.metadata)?,
            secret_hash: client.secret_hash.clone(),
            created_at: now.millis(),
            last_used_at: now.millis(),
        };
        self.0.insert::<oauth_client::Entity>(vec![row]).await
    }

    /// The client, where it registered at that server.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, server: Id<id::McpServer>, id: Id<id::OauthClient>) -> Result<Option<StoredClient>> {
        let client = self.0.select::<oauth_client::Entity>().filter(oauth_client::Column::Id.eq(id.uuid()));
        let row = client.filter(oauth_client::Column::ServerId.eq(server.uuid())).one(&self.0.executor()).await?;
        row.map(|row| {
            Ok(StoredClient {
                id: Id::from_uuid(row.id),
                server: Id::from_uuid(row.server_id),
                metadata: parse(&row.metadata)?,
                secret_hash: row.secret_hash,
            })
        })
        .transpose()
    }

    /// Notes that a client is in use, so that it is not swept away.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn touch(self, id: Id<id::OauthClient>, now: Timestamp) -> Result<()> {
        let touch = self.0.update::<oauth_client::Entity>();
        let touch = touch.col_expr(oauth_client::Column::LastUsedAt, Expr::value(now.millis()));
        touch.filter(oauth_client::Column::Id.eq(id.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }
}
