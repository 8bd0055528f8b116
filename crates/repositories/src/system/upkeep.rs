//! What administrators do to organizations that are out of every other sight, and to all accounts at once.
#![expect(clippy::disallowed_methods, reason = "an administrator is of no organization")]

use guildhall_domain::{Id, Timestamp, id, text::Slug};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, LockType, OnConflict, Query, SelectStatement},
};
use uuid::Uuid;

use super::System;
use crate::{
    Result,
    columns::{time, word},
    entities::{
        self, email_proof, event, knowledge_document, knowledge_gap, knowledge_ingestion, mcp_server, mcp_session,
        mcp_user, oauth_access_token, oauth_client, oauth_grant, oauth_sign_in, organization, retired_name, session,
        signing_key, ticket, tool_call, walkthrough_run,
    },
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
    /// Every organization there is, whether living or deleted.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn organizations(self) -> Result<Vec<Id<id::Organization>>> {
        let all = organization::Entity::find().select_only().column(organization::Column::Id);
        let rows: Vec<Uuid> =
            all.order_by_asc(organization::Column::Id).into_tuple().all(&self.access.executor()).await?;
        Ok(rows.into_iter().map(Id::from_uuid).collect())
    }

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
        // What others point to comes after them.
        use entities::{
            event::Column as E, knowledge_document::Column as K, mcp_session::Column as V, mcp_user::Column as P,
        };
        use entities::{ticket::Column as T, tool_call::Column as C, walkthrough_run::Column as R};
        let mut erased = self.erase::<tool_call::Entity>([C::Id, C::OrganizationId], &doomed, limit).await?;
        if erased == 0 {
            erased = self.erase::<ticket::Entity>([T::Id, T::OrganizationId], &doomed, limit).await?;
        }
        if erased == 0 {
            erased = self.erase::<walkthrough_run::Entity>([R::Id, R::OrganizationId], &doomed, limit).await?;
        }
        if erased == 0 {
            erased = self.erase::<mcp_session::Entity>([V::Id, V::OrganizationId], &doomed, limit).await?;
        }
        if erased == 0 {
            erased = self.erase::<mcp_user::Entity>([P::Id, P::OrganizationId], &doomed, limit).await?;
        }
        if erased == 0 {
            erased = self.erase::<knowledge_document::Entity>([K::Id, K::OrganizationId], &doomed, limit).await?;
        }
        if erased == 0 {
            erased = self.erase::<event::Entity>([E::Id, E::OrganizationId], &doomed, limit).await?;
        }
        Ok(erased)
    }

    /// Deletes `limit` rows of one table.
    async fn erase<E: EntityTrait>(
        self,
        [id, organization]: [E::Column; 2],
        doomed: &SelectStatement,
        limit: u64,
    ) -> Result<u64> {
        let mut some = Query::select();
        some.column(id).from(E::default()).and_where(organization.in_subquery(doomed.clone())).limit(limit);
        let erase = E::delete_many().filter(id.in_subquery(some));
        Ok(erase.exec(&self.access.executor()).await?.rows_affected)
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

impl System<'_> {
    /// Forgets what is left of end users' sign-ins that ended before `then`: none of it opens anything any more.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_end_user_sign_ins(self, then: Timestamp) -> Result<u64> {
        let (executor, then) = (self.access.executor(), then.millis());
        let over =
            Condition::any().add(oauth_grant::Column::EndedAt.lt(then)).add(oauth_grant::Column::ExpiresAt.lt(then));
        let mut gone = oauth_grant::Entity::delete_many().filter(over).exec(&executor).await?.rows_affected;
        let tokens = oauth_access_token::Entity::delete_many().filter(oauth_access_token::Column::ExpiresAt.lt(then));
        gone = gone.saturating_add(tokens.exec(&executor).await?.rows_affected);
        let sign_ins = oauth_sign_in::Entity::delete_many().filter(oauth_sign_in::Column::ExpiresAt.lt(then));
        gone = gone.saturating_add(sign_ins.exec(&executor).await?.rows_affected);
        let claims = email_proof::Entity::delete_many().filter(email_proof::Column::ExpiresAt.lt(then));
        Ok(gone.saturating_add(claims.exec(&executor).await?.rows_affected))
    }

    /// Forgets documents that were handed in and read before `then`, but not what was read.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_ingestions(self, then: Timestamp) -> Result<u64> {
        let over = knowledge_ingestion::Column::FinishedAt.lt(then.millis());
        let forget = knowledge_ingestion::Entity::delete_many().filter(over);
        Ok(forget.exec(&self.access.executor()).await?.rows_affected)
    }

    /// Forgets what nobody has looked for since `then`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_gaps(self, then: Timestamp) -> Result<u64> {
        let old = knowledge_gap::Column::LastSeenAt.lt(then.millis());
        Ok(knowledge_gap::Entity::delete_many().filter(old).exec(&self.access.executor()).await?.rows_affected)
    }

    /// Forgets clients that nobody has used since `then`: no grant of theirs can be left.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_clients(self, then: Timestamp) -> Result<u64> {
        let idle = oauth_client::Entity::delete_many().filter(oauth_client::Column::LastUsedAt.lt(then.millis()));
        Ok(idle.exec(&self.access.executor()).await?.rows_affected)
    }
}

fn deleted(row: organization::Model) -> Option<DeletedOrganization> {
    let deleted_at = time(row.deleted_at?);
    Some(DeletedOrganization { id: Id::from_uuid(row.id), deleted_at, is_personal: row.is_personal })
}
