//! What administrators do to organizations that are out of every other sight, and to all accounts at once.
#![expect(clippy::disallowed_methods, reason = "an administrator is of no organization")]

use guildhall_domain::{Id, Timestamp, id, text::Slug};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType, OnConflict, Query},
};
use uuid::Uuid;

use super::System;
use crate::{
    Result,
    columns::{time, word},
    entities::{event, mcp_server, mcp_session, organization, retired_name, session, signing_key, ticket, tool_call},
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

    /// The deleted organization of that slug, held until this transaction ends.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn deleted_organization(self, slug: &Slug) -> Result<Option<DeletedOrganization>> {
        let mut found = organization::Entity::find().filter(organization::Column::Slug.eq(slug.as_str()));
        if self.access.is_postgres() {
            found = found.lock(LockType::NoKeyUpdate); // SQLite has one writer
        }
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

    /// Deletes some of what there may be much of in an organization that was deleted before `then`; answers how many.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn erase_some(self, id: Id<id::Organization>, then: Timestamp, limit: u64) -> Result<u64> {
        let mut doomed = Query::select();
        doomed
            .column(organization::Column::Id)
            .from(organization::Entity)
            .and_where(organization::Column::Id.eq(id.uuid()))
            .and_where(organization::Column::DeletedAt.lt(then.millis()));
        let executor = self.access.executor();
        let mut some = Query::select();
        some.column(tool_call::Column::Id).from(tool_call::Entity).limit(limit);
        some.and_where(tool_call::Column::OrganizationId.in_subquery(doomed.clone()));
        let calls = tool_call::Entity::delete_many().filter(tool_call::Column::Id.in_subquery(some));
        let erased = calls.exec(&executor).await?.rows_affected;
        if erased > 0 {
            return Ok(erased);
        }
        let mut some = Query::select();
        some.column(mcp_session::Column::Id).from(mcp_session::Entity).limit(limit);
        some.and_where(mcp_session::Column::OrganizationId.in_subquery(doomed.clone()));
        let mut detach = ticket::Entity::update_many();
        detach = detach.col_expr(ticket::Column::McpSessionId, Expr::value(None::<Uuid>));
        detach.filter(ticket::Column::McpSessionId.in_subquery(some.clone())).exec(&executor).await?;
        let visits = mcp_session::Entity::delete_many().filter(mcp_session::Column::Id.in_subquery(some));
        let erased = visits.exec(&executor).await?.rows_affected;
        if erased > 0 {
            return Ok(erased);
        }
        let mut some = Query::select();
        some.column(event::Column::Id).from(event::Entity).limit(limit);
        some.and_where(event::Column::OrganizationId.in_subquery(doomed));
        let events = event::Entity::delete_many().filter(event::Column::Id.in_subquery(some));
        Ok(events.exec(&executor).await?.rows_affected)
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
            self.retire(kind, name, id, now).await?;
        }
        Ok(organization::Entity::delete_many().filter(doomed).exec(&executor).await?.rows_affected == 1)
    }

    /// Keeps a name reserved for the organization whose it was.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn retire(
        self,
        kind: RetiredName,
        name: String,
        whose: Id<id::Organization>,
        now: Timestamp,
    ) -> Result<()> {
        let row = retired_name::ActiveModel {
            kind: Set(word(kind)),
            name: Set(name),
            organization_id: Set(whose.uuid()),
            retired_at: Set(now.millis()),
        };
        let again = OnConflict::columns([retired_name::Column::Kind, retired_name::Column::Name])
            .update_columns([retired_name::Column::OrganizationId, retired_name::Column::RetiredAt])
            .to_owned();
        retired_name::Entity::insert(row).on_conflict(again).exec_without_returning(&self.access.executor()).await?;
        Ok(())
    }

    /// Whether a name is kept reserved, for another organization than the one that asks.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_retired(self, kind: RetiredName, name: &str, asking: Option<Id<id::Organization>>) -> Result<bool> {
        let mut found = retired_name::Entity::find_by_id((word(kind), name.to_owned()));
        if let Some(asking) = asking {
            found = found.filter(retired_name::Column::OrganizationId.ne(asking.uuid()));
        }
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

    /// Forgets every signing key but `signer`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_other_signing_keys(self, signer: Id<id::SigningKey>) -> Result<()> {
        let forget = signing_key::Entity::delete_many().filter(signing_key::Column::Id.ne(signer.uuid()));
        forget.exec(&self.access.executor()).await?;
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
