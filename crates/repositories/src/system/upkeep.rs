//! What administrators do to organizations that are out of every other sight, and to all accounts at once.
#![expect(clippy::disallowed_methods, reason = "an administrator is of no organization")]

use guildhall_domain::{Id, Timestamp, id, text::Slug};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};
use uuid::Uuid;

use super::System;
use crate::{
    Result,
    columns::{time, word},
    entities::{mcp_server, organization, retired_name, session, signing_key},
};

/// What a name that is kept reserved was the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetiredName {
    /// An organization.
    Organization,
    /// A published MCP server.
    McpServer,
}

/// An organization that was deleted and can still be restored.
#[derive(Clone, Copy, Debug)]
pub struct DeletedOrganization {
    /// Which.
    pub id: Id<id::Organization>,
    /// When it was deleted.
    pub deleted_at: Timestamp,
    /// Whether it was one user's own place.
    pub is_personal: bool,
}

impl System<'_> {
    /// The living organization of that slug.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn organization_by_slug(self, slug: &Slug) -> Result<Option<Id<id::Organization>>> {
        let found = organization::Entity::find()
            .filter(organization::Column::Slug.eq(slug.as_str()))
            .filter(organization::Column::DeletedAt.is_null());
        Ok(found.one(&self.access.executor()).await?.map(|row| Id::from_uuid(row.id)))
    }

    /// The deleted organization of that slug.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn deleted_organization(self, slug: &Slug) -> Result<Option<DeletedOrganization>> {
        let found = organization::Entity::find().filter(organization::Column::Slug.eq(slug.as_str()));
        let row = found.one(&self.access.executor()).await?;
        Ok(row.and_then(deleted))
    }

    /// Organizations that were deleted before `then`, the first deleted first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn deleted_before(self, then: Timestamp, limit: u64) -> Result<Vec<DeletedOrganization>> {
        let found = organization::Entity::find()
            .filter(organization::Column::DeletedAt.lt(then.millis()))
            .order_by_asc(organization::Column::DeletedAt)
            .limit(limit);
        Ok(found.all(&self.access.executor()).await?.into_iter().filter_map(deleted).collect())
    }

    /// Puts a deleted organization back into every answer; false where it is not deleted any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn restore_organization(self, id: Id<id::Organization>) -> Result<bool> {
        let restore = organization::Entity::update_many()
            .col_expr(organization::Column::DeletedAt, Expr::value(None::<i64>))
            .filter(organization::Column::Id.eq(id.uuid()))
            .filter(organization::Column::DeletedAt.is_not_null());
        Ok(restore.exec(&self.access.executor()).await?.rows_affected == 1)
    }

    /// Deletes the rows of an organization that was deleted before `then`; its names stay reserved. False where it was
    /// restored.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn purge_organization(self, id: Id<id::Organization>, then: Timestamp, now: Timestamp) -> Result<bool> {
        let executor = self.access.executor();
        let doomed = Condition::all()
            .add(organization::Column::Id.eq(id.uuid()))
            .add(organization::Column::DeletedAt.lt(then.millis()));
        let Some(row) = organization::Entity::find().filter(doomed.clone()).one(&executor).await? else {
            return Ok(false);
        };
        let servers = mcp_server::Entity::find().filter(mcp_server::Column::OrganizationId.eq(id.uuid()));
        let servers = servers.select_only().column(mcp_server::Column::Slug).into_tuple::<String>().all(&executor);
        let mut names = vec![(RetiredName::Organization, row.slug)];
        names.extend(servers.await?.into_iter().map(|slug| (RetiredName::McpServer, slug)));
        for (kind, name) in names {
            let row =
                retired_name::ActiveModel { kind: Set(word(kind)), name: Set(name), retired_at: Set(now.millis()) };
            let known = OnConflict::columns([retired_name::Column::Kind, retired_name::Column::Name])
                .update_column(retired_name::Column::RetiredAt)
                .to_owned();
            retired_name::Entity::insert(row).on_conflict(known).exec_without_returning(&executor).await?;
        }
        Ok(organization::Entity::delete_many().filter(doomed).exec(&executor).await?.rows_affected == 1)
    }

    /// Whether a name is kept reserved.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_retired(self, kind: RetiredName, name: &str) -> Result<bool> {
        let found = retired_name::Entity::find_by_id((word(kind), name.to_owned()));
        Ok(found.count(&self.access.executor()).await? > 0)
    }

    /// Frees names that were retired before `then`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn free_names(self, then: Timestamp) -> Result<u64> {
        let free = retired_name::Entity::delete_many().filter(retired_name::Column::RetiredAt.lt(then.millis()));
        Ok(free.exec(&self.access.executor()).await?.rows_affected)
    }

    /// Forgets sign-ins that ended, or ran out, before `then`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_sessions(self, then: Timestamp) -> Result<u64> {
        let over = Condition::any()
            .add(session::Column::EndedAt.lt(then.millis()))
            .add(session::Column::ExpiresAt.lt(then.millis()));
        Ok(session::Entity::delete_many().filter(over).exec(&self.access.executor()).await?.rows_affected)
    }

    /// Everybody who is signed in somewhere.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn signed_in(self, now: Timestamp) -> Result<Vec<Id<id::User>>> {
        let users = session::Entity::find()
            .filter(session::Column::EndedAt.is_null())
            .filter(session::Column::ExpiresAt.gt(now.millis()))
            .select_only()
            .column(session::Column::UserId)
            .distinct()
            .into_tuple::<Uuid>();
        Ok(users.all(&self.access.executor()).await?.into_iter().map(Id::from_uuid).collect())
    }

    /// Makes every signing key but `signer` one that only verifies.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn retire_signing_keys(self, signer: Id<id::SigningKey>, now: Timestamp) -> Result<()> {
        let retire = signing_key::Entity::update_many()
            .col_expr(signing_key::Column::RetiredAt, Expr::value(now.millis()))
            .filter(signing_key::Column::Id.ne(signer.uuid()))
            .filter(signing_key::Column::RetiredAt.is_null());
        retire.exec(&self.access.executor()).await?;
        Ok(())
    }

    /// Forgets signing keys that were retired before `then`: what they signed is worth nothing any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_signing_keys(self, then: Timestamp) -> Result<u64> {
        let forget = signing_key::Entity::delete_many().filter(signing_key::Column::RetiredAt.lt(then.millis()));
        Ok(forget.exec(&self.access.executor()).await?.rows_affected)
    }
}

fn deleted(row: organization::Model) -> Option<DeletedOrganization> {
    let deleted_at = time(row.deleted_at?);
    Some(DeletedOrganization { id: Id::from_uuid(row.id), deleted_at, is_personal: row.is_personal })
}
