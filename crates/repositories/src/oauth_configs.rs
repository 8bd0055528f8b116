//! How end users sign in at an organization's own authorization servers.

use guildhall_domain::{
    Id, Timestamp, id,
    oauth_configs::{OauthConfig, Scopes},
    text::WebUrl,
};
use sea_orm::{
    ColumnTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType},
};

use crate::{
    Result, Tenant,
    columns::{read, time, word},
    entities::{mcp_server, oauth_config},
};

/// How end users sign in at an organization's own authorization servers.
#[derive(Clone, Copy, Debug)]
pub struct OauthConfigs<'a>(pub(crate) Tenant<'a>);

/// A configuration as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOauthConfig {
    /// Its id.
    pub id: Id<id::OauthConfig>,
    /// What people call it.
    pub name: String,
    /// Where the authorization server says what it is.
    pub metadata_url: WebUrl,
    /// What the authorization server calls Guildhall.
    pub client_id: String,
    /// What Guildhall proves itself with there, sealed.
    pub sealed_client_secret: Vec<u8>,
    /// What Guildhall asks for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: Timestamp,
}

impl OauthConfigs<'_> {
    /// Keeps a new configuration.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add(self, config: &StoredOauthConfig) -> Result<()> {
        let row = oauth_config::Model {
            id: config.id.uuid(),
            organization_id: self.0.organization.uuid(),
            name: config.name.clone(),
            metadata_url: word(&config.metadata_url),
            client_id: config.client_id.clone(),
            sealed_client_secret: config.sealed_client_secret.clone(),
            scopes: word(&config.scopes),
            created_at: config.created_at.millis(),
        };
        self.0.insert::<oauth_config::Entity>(vec![row]).await
    }

    /// All of them, the oldest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(self) -> Result<Vec<StoredOauthConfig>> {
        let rows = self.0.select::<oauth_config::Entity>().order_by_asc(oauth_config::Column::Id);
        rows.all(&self.0.executor()).await?.into_iter().map(StoredOauthConfig::try_from).collect()
    }

    /// The configuration, unless it is missing or somebody else's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, id: Id<id::OauthConfig>) -> Result<Option<StoredOauthConfig>> {
        self.of(id).one(&self.0.executor()).await?.map(StoredOauthConfig::try_from).transpose()
    }

    /// The configuration, so that nobody else can change it, or begin to use it, before this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_to_change(self, id: Id<id::OauthConfig>) -> Result<Option<StoredOauthConfig>> {
        let mut select = self.of(id);
        if self.0.access.is_postgres() {
            select = select.lock(LockType::Update); // SQLite has one writer
        }
        select.one(&self.0.executor()).await?.map(StoredOauthConfig::try_from).transpose()
    }

    /// Whether the organization has that configuration, which nobody can delete before this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn hold(self, id: Id<id::OauthConfig>) -> Result<bool> {
        let mut select = self.of(id);
        if self.0.access.is_postgres() {
            select = select.lock(LockType::KeyShare); // SQLite has one writer
        }
        Ok(select.one(&self.0.executor()).await?.is_some())
    }

    /// Whether a server has its end users sign in by `config`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_used(self, config: &StoredOauthConfig) -> Result<bool> {
        let servers = self.0.select::<mcp_server::Entity>();
        let servers = servers.filter(mcp_server::Column::CustomOauthConfigId.eq(config.id.uuid()));
        Ok(servers.count(&self.0.executor()).await? > 0)
    }

    /// Writes down what `edited`, which must have been read to be changed, says now.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn update(self, edited: &StoredOauthConfig) -> Result<()> {
        let update = self
            .0
            .update::<oauth_config::Entity>()
            .col_expr(oauth_config::Column::Name, Expr::value(edited.name.clone()))
            .col_expr(oauth_config::Column::MetadataUrl, Expr::value(word(&edited.metadata_url)))
            .col_expr(oauth_config::Column::ClientId, Expr::value(edited.client_id.clone()))
            .col_expr(oauth_config::Column::SealedClientSecret, Expr::value(edited.sealed_client_secret.clone()))
            .col_expr(oauth_config::Column::Scopes, Expr::value(word(&edited.scopes)));
        update.filter(oauth_config::Column::Id.eq(edited.id.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

    /// Deletes `config`, which no server uses.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete(self, config: &StoredOauthConfig) -> Result<()> {
        let which = sea_orm::Condition::all().add(oauth_config::Column::Id.eq(config.id.uuid()));
        self.0.delete::<oauth_config::Entity>(which).await?;
        Ok(())
    }

    fn of(self, id: Id<id::OauthConfig>) -> sea_orm::Select<oauth_config::Entity> {
        self.0.select::<oauth_config::Entity>().filter(oauth_config::Column::Id.eq(id.uuid()))
    }
}

impl From<StoredOauthConfig> for OauthConfig {
    fn from(config: StoredOauthConfig) -> Self {
        Self {
            id: config.id,
            name: config.name,
            metadata_url: config.metadata_url,
            client_id: config.client_id,
            scopes: config.scopes,
            created_at: config.created_at,
        }
    }
}

impl TryFrom<oauth_config::Model> for StoredOauthConfig {
    type Error = crate::Error;
    fn try_from(row: oauth_config::Model) -> Result<Self> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            name: row.name,
            metadata_url: read(row.metadata_url)?,
            client_id: row.client_id,
            sealed_client_secret: row.sealed_client_secret,
            scopes: read(row.scopes)?,
            created_at: time(row.created_at),
        })
    }
}
