//! What the link in a letter opens: its token is all that its bearer has.
#![expect(clippy::disallowed_methods, reason = "before admission there is no organization and no user to start from")]

use guildhall_domain::{Id, Timestamp, id};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, JoinType, PaginatorTrait, QueryFilter, QuerySelect,
    RelationDef,
};

use super::System;
use crate::{
    Result, StoredInvitation,
    columns::word,
    entities::{invitation, mailed_token, organization},
};

/// What a mailed token is for; one never opens what another is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Choosing a new password.
    PasswordReset,
    /// Showing that an address is one's own.
    EmailVerification,
}

/// An invitation with what its bearer may know of it.
#[derive(Clone, Debug)]
pub struct OpenedInvitation {
    /// The invitation.
    pub offer: StoredInvitation,
    /// What the organization is called.
    pub organization_name: String,
    /// What the inviter is called.
    pub inviter_name: Option<String>,
}

impl System<'_> {
    /// Keeps a token; those of the same user and purpose before it work no more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn keep_token(
        self,
        hash: &[u8],
        purpose: Purpose,
        user: Id<id::User>,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> Result<()> {
        self.forget_tokens(purpose, user).await?;
        let row = mailed_token::Model {
            hash: hash.to_vec(),
            purpose: word(purpose),
            user_id: user.uuid(),
            created_at: now.millis(),
            expires_at: expires_at.millis(),
        };
        let insert = mailed_token::Entity::insert(row.into_active_model().reset_all());
        insert.exec_without_returning(&self.access.executor()).await?;
        Ok(())
    }

    /// Whose token that is, while it works.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn token(self, hash: &[u8], purpose: Purpose, now: Timestamp) -> Result<Option<Id<id::User>>> {
        let row = mailed_token::Entity::find_by_id(hash.to_vec())
            .filter(mailed_token::Column::Purpose.eq(word(purpose)))
            .filter(mailed_token::Column::ExpiresAt.gt(now.millis()));
        Ok(row.one(&self.access.executor()).await?.map(|row| Id::from_uuid(row.user_id)))
    }

    /// Uses a token up; false where it does not work (any more). One statement, so that of two uses one counts.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn use_token(self, hash: &[u8], purpose: Purpose, now: Timestamp) -> Result<bool> {
        let spend = mailed_token::Entity::delete_many()
            .filter(mailed_token::Column::Hash.eq(hash.to_vec()))
            .filter(mailed_token::Column::Purpose.eq(word(purpose)))
            .filter(mailed_token::Column::ExpiresAt.gt(now.millis()));
        Ok(spend.exec(&self.access.executor()).await?.rows_affected == 1)
    }

    /// Whether a token for `purpose` was made for that user since `then`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn has_token_since(self, purpose: Purpose, user: Id<id::User>, then: Timestamp) -> Result<bool> {
        let fresh = mailed_token::Entity::find()
            .filter(mailed_token::Column::UserId.eq(user.uuid()))
            .filter(mailed_token::Column::Purpose.eq(word(purpose)))
            .filter(mailed_token::Column::CreatedAt.gt(then.millis()));
        Ok(fresh.count(&self.access.executor()).await? > 0)
    }

    /// Makes a user's tokens for `purpose` work no more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_tokens(self, purpose: Purpose, user: Id<id::User>) -> Result<()> {
        let forget = mailed_token::Entity::delete_many()
            .filter(mailed_token::Column::UserId.eq(user.uuid()))
            .filter(mailed_token::Column::Purpose.eq(word(purpose)));
        forget.exec(&self.access.executor()).await?;
        Ok(())
    }

    /// Forgets tokens that stopped working before `then`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_old_tokens(self, then: Timestamp) -> Result<u64> {
        let forget = mailed_token::Entity::delete_many().filter(mailed_token::Column::ExpiresAt.lt(then.millis()));
        Ok(forget.exec(&self.access.executor()).await?.rows_affected)
    }

    /// The invitation whose token has that hash, into an organization that lives.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn invitation_by_token(self, hash: &[u8]) -> Result<Option<OpenedInvitation>> {
        self.invitation(invitation::Column::TokenHash.eq(hash.to_vec())).await
    }

    /// The invitation of that id, whosever it is, into an organization that lives.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn invitation_by_id(self, id: Id<id::Invitation>) -> Result<Option<OpenedInvitation>> {
        self.invitation(invitation::Column::Id.eq(id.uuid())).await
    }

    async fn invitation(self, which: sea_orm::sea_query::SimpleExpr) -> Result<Option<OpenedInvitation>> {
        let select = invitation::Entity::find()
            .filter(which)
            .join(JoinType::InnerJoin, its_organization())
            .filter(organization::Column::DeletedAt.is_null())
            .select_also(organization::Entity);
        let Some((row, organization)) = select.one(&self.access.executor()).await? else { return Ok(None) };
        let offer: StoredInvitation = row.try_into()?;
        let inviter_name = match offer.inviter {
            Some(inviter) => self.access.person(inviter).account().await?.and_then(|inviter| inviter.name),
            None => None,
        };
        let organization_name = organization.map(|row| row.name).unwrap_or_default();
        Ok(Some(OpenedInvitation { offer, organization_name, inviter_name }))
    }
}

fn its_organization() -> RelationDef {
    invitation::Entity::belongs_to(organization::Entity)
        .from(invitation::Column::OrganizationId)
        .to(organization::Column::Id)
        .into()
}
