use guildhall_domain::{Id, Timestamp, id, text::Email};
use sea_orm::{
    ColumnTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, LockType},
};

use crate::{
    Result, Tenant,
    columns::{read_option, time, word},
    entities::oauth_sign_in,
};

/// End users on their way to signing in.
#[derive(Clone, Copy, Debug)]
pub struct OauthSignIns<'a>(pub(crate) Tenant<'a>);

/// Somebody on the way to signing in.
#[derive(Clone, Debug)]
pub struct StoredSignIn {
    /// Its id.
    pub id: Id<id::OauthSignIn>,
    /// At which server.
    pub server: Id<id::McpServer>,
    /// The hash of what the browser has that began this.
    pub secret_hash: Vec<u8>,
    /// What the client asked for, as JSON.
    pub request: String,
    /// The address that a code was mailed to.
    pub email: Option<Email>,
    /// What the mailed code must come to, or, sealed, what the upstream server must answer to.
    pub proof: Vec<u8>,
    /// How often somebody tried to prove it.
    pub tries: i32,
    /// Until when it can be gone on with; then until when its authorization code works.
    pub expires_at: Timestamp,
    /// Who it turned out to be.
    pub person: Option<Id<id::McpUser>>,
    /// Whether its authorization code was used.
    pub redeemed: bool,
    /// What came of it.
    pub grant: Option<Id<id::OauthGrant>>,
}

impl OauthSignIns<'_> {
    /// Keeps one that begins.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add(self, new: StoredSignIn, now: Timestamp) -> Result<()> {
        let row = oauth_sign_in::Model {
            id: new.id.uuid(),
            organization_id: self.0.organization.uuid(),
            server_id: new.server.uuid(),
            secret_hash: new.secret_hash,
            request: new.request,
            email: new.email.map(|email| word(&email)),
            proof: new.proof,
            tries: new.tries,
            created_at: now.millis(),
            expires_at: new.expires_at.millis(),
            mcp_user_id: new.person.map(Id::uuid),
            code_hash: None,
            redeemed_at: None,
            grant_id: None,
        };
        self.0.insert::<oauth_sign_in::Entity>(vec![row]).await
    }

    /// Uses up one of `most` tries at one that goes on, and answers it; none where there is none (any more). One
    /// statement counts, so that no two tries are one.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn try_at(
        self,
        server: Id<id::McpServer>,
        id: Id<id::OauthSignIn>,
        secret_hash: &[u8],
        most: i32,
        now: Timestamp,
    ) -> Result<Option<StoredSignIn>> {
        use oauth_sign_in::Column;
        let count = self
            .0
            .update::<oauth_sign_in::Entity>()
            .col_expr(Column::Tries, Expr::col(Column::Tries).add(1))
            .filter(Column::Id.eq(id.uuid()))
            .filter(Column::ServerId.eq(server.uuid()))
            .filter(Column::SecretHash.eq(secret_hash.to_vec()))
            .filter(Column::Tries.lt(most))
            .filter(Column::CodeHash.is_null())
            .filter(Column::ExpiresAt.gt(now.millis()));
        if count.exec(&self.0.executor()).await?.rows_affected == 0 {
            return Ok(None);
        }
        let row = self.0.select::<oauth_sign_in::Entity>().filter(Column::Id.eq(id.uuid()));
        row.one(&self.0.executor()).await?.map(read).transpose()
    }

    /// Writes down who it turned out to be, and what the client may come back with, until when.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn prove(
        self,
        proven: &StoredSignIn,
        person: Id<id::McpUser>,
        code_hash: Vec<u8>,
        expires_at: Timestamp,
    ) -> Result<()> {
        use oauth_sign_in::Column;
        let prove = self
            .0
            .update::<oauth_sign_in::Entity>()
            .col_expr(Column::McpUserId, Expr::value(person.uuid()))
            .col_expr(Column::CodeHash, Expr::value(code_hash))
            .col_expr(Column::ExpiresAt, Expr::value(expires_at.millis()));
        prove.filter(Column::Id.eq(proven.id.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

    /// The sign-in of an authorization code at that server, so that nobody else can redeem it before this transaction
    /// ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_to_redeem(self, server: Id<id::McpServer>, code_hash: &[u8]) -> Result<Option<StoredSignIn>> {
        use oauth_sign_in::Column;
        let mut found = self.0.select::<oauth_sign_in::Entity>().filter(Column::CodeHash.eq(code_hash.to_vec()));
        if self.0.access.is_postgres() {
            found = found.lock(LockType::NoKeyUpdate); // SQLite has one writer
        }
        let row = found.filter(Column::ServerId.eq(server.uuid())).one(&self.0.executor()).await?;
        row.map(read).transpose()
    }

    /// Uses its authorization code up, for `grant` or for nothing.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn redeem(
        self,
        redeemed: &StoredSignIn,
        grant: Option<Id<id::OauthGrant>>,
        now: Timestamp,
    ) -> Result<()> {
        use oauth_sign_in::Column;
        let redeem = self
            .0
            .update::<oauth_sign_in::Entity>()
            .col_expr(Column::RedeemedAt, Expr::value(now.millis()))
            .col_expr(Column::GrantId, Expr::value(grant.map(Id::uuid)));
        redeem.filter(Column::Id.eq(redeemed.id.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }
}

fn read(row: oauth_sign_in::Model) -> Result<StoredSignIn> {
    Ok(StoredSignIn {
        id: Id::from_uuid(row.id),
        server: Id::from_uuid(row.server_id),
        secret_hash: row.secret_hash,
        request: row.request,
        email: read_option(row.email)?,
        proof: row.proof,
        tries: row.tries,
        expires_at: time(row.expires_at),
        person: row.mcp_user_id.map(Id::from_uuid),
        redeemed: row.redeemed_at.is_some(),
        grant: row.grant_id.map(Id::from_uuid),
    })
}
