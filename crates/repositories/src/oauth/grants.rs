use guildhall_domain::{Id, Timestamp, id};
use sea_orm::{ColumnTrait, Condition, QueryFilter, sea_query::Expr};

use crate::{
    Result, Tenant,
    columns::time,
    entities::{oauth_access_token, oauth_grant},
    error::of_somebody,
};

/// What end users allowed clients.
#[derive(Clone, Copy, Debug)]
pub struct OauthGrants<'a>(pub(crate) Tenant<'a>);

/// What an end user allows a client.
#[derive(Clone, Debug)]
pub struct NewGrant {
    /// Its id.
    pub id: Id<id::OauthGrant>,
    /// At which server.
    pub server: Id<id::McpServer>,
    /// Who.
    pub person: Id<id::McpUser>,
    /// Which client.
    pub client_id: String,
    /// Where the person signed in; none: with a code that was mailed.
    pub config: Option<Id<id::OauthConfig>>,
    /// The server's address, as the client was told it.
    pub resource: String,
    /// The hash of the refresh token that works.
    pub refresh_hash: Vec<u8>,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// A grant as it is kept.
#[derive(Clone, Debug)]
pub struct StoredGrant {
    /// What was allowed.
    pub grant: NewGrant,
    /// The hash of the refresh token before the one that works.
    pub previous_refresh_hash: Option<Vec<u8>>,
    /// When that one was spent.
    pub rotated_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it was ended.
    pub ended: bool,
}

impl OauthGrants<'_> {
    /// Keeps a new grant.
    ///
    /// # Errors
    /// [`crate::Error::Contended`] where the person was forgotten a moment ago.
    pub async fn add(self, grant: NewGrant, now: Timestamp) -> Result<()> {
        let row = oauth_grant::Model {
            id: grant.id.uuid(),
            organization_id: self.0.organization.uuid(),
            server_id: grant.server.uuid(),
            mcp_user_id: grant.person.uuid(),
            client_id: grant.client_id,
            config_id: grant.config.map(Id::uuid),
            resource: grant.resource,
            refresh_hash: grant.refresh_hash,
            previous_refresh_hash: None,
            rotated_at: now.millis(),
            created_at: now.millis(),
            expires_at: grant.expires_at.millis(),
            ended_at: None,
        };
        let insert = self.0.inserting::<oauth_grant::Entity>([row]);
        insert.exec_without_returning(&self.0.executor()).await.map_err(of_somebody)?;
        Ok(())
    }

    /// The grant, where it is of that server.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(self, server: Id<id::McpServer>, id: Id<id::OauthGrant>) -> Result<Option<StoredGrant>> {
        let grant = self.0.select::<oauth_grant::Entity>().filter(oauth_grant::Column::Id.eq(id.uuid()));
        let row = grant.filter(oauth_grant::Column::ServerId.eq(server.uuid())).one(&self.0.executor()).await?;
        Ok(row.map(read))
    }

    /// The grant of an access token of that server.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn of_access_token(self, server: Id<id::McpServer>, hash: &[u8]) -> Result<Option<StoredGrant>> {
        let token = self.0.select::<oauth_access_token::Entity>();
        let token = token.filter(oauth_access_token::Column::Hash.eq(hash.to_vec())).one(&self.0.executor()).await?;
        match token {
            Some(token) => self.find(server, Id::from_uuid(token.grant_id)).await,
            None => Ok(None),
        }
    }

    /// Spends the refresh token of hash `spent`; false where it does not work (any more). One statement, so that of two
    /// uses one counts.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rotate(
        self,
        id: Id<id::OauthGrant>,
        spent: &[u8],
        next: &[u8],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        use oauth_grant::Column;
        let rotate = self
            .0
            .update::<oauth_grant::Entity>()
            .col_expr(Column::PreviousRefreshHash, Expr::value(spent.to_vec()))
            .col_expr(Column::RefreshHash, Expr::value(next.to_vec()))
            .col_expr(Column::RotatedAt, Expr::value(now.millis()))
            .col_expr(Column::ExpiresAt, Expr::value(expires_at.millis()))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::RefreshHash.eq(spent.to_vec()))
            .filter(Column::EndedAt.is_null())
            .filter(Column::ExpiresAt.gt(now.millis()));
        Ok(rotate.exec(&self.0.executor()).await?.rows_affected == 1)
    }

    /// Ends a grant, and what it is used with; false where it had ended.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn end(self, id: Id<id::OauthGrant>, now: Timestamp) -> Result<bool> {
        use oauth_grant::Column;
        let end = self.0.update::<oauth_grant::Entity>().col_expr(Column::EndedAt, Expr::value(now.millis()));
        let end = end.filter(Column::Id.eq(id.uuid())).filter(Column::EndedAt.is_null());
        let ended = end.exec(&self.0.executor()).await?.rows_affected == 1;
        let tokens = Condition::all().add(oauth_access_token::Column::GrantId.eq(id.uuid()));
        self.0.delete::<oauth_access_token::Entity>(tokens).await?;
        Ok(ended)
    }

    /// Keeps a new access token of a grant; those of it that have expired are forgotten.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn issue(
        self,
        id: Id<id::OauthGrant>,
        hash: Vec<u8>,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        use oauth_access_token::Column;
        let over = Condition::all().add(Column::GrantId.eq(id.uuid())).add(Column::ExpiresAt.lte(now.millis()));
        self.0.delete::<oauth_access_token::Entity>(over).await?;
        let row = oauth_access_token::Model {
            hash,
            organization_id: self.0.organization.uuid(),
            grant_id: id.uuid(),
            expires_at: expires_at.millis(),
        };
        self.0.insert::<oauth_access_token::Entity>(vec![row]).await
    }
}

fn read(row: oauth_grant::Model) -> StoredGrant {
    StoredGrant {
        grant: NewGrant {
            id: Id::from_uuid(row.id),
            server: Id::from_uuid(row.server_id),
            person: Id::from_uuid(row.mcp_user_id),
            client_id: row.client_id,
            config: row.config_id.map(Id::from_uuid),
            resource: row.resource,
            refresh_hash: row.refresh_hash,
            expires_at: time(row.expires_at),
        },
        previous_refresh_hash: row.previous_refresh_hash,
        rotated_at: time(row.rotated_at),
        created_at: time(row.created_at),
        ended: row.ended_at.is_some(),
    }
}
