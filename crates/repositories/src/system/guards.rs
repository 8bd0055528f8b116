//! What guards the door: signing keys, rate limits, idempotency keys.
#![expect(clippy::disallowed_methods, reason = "before admission there is no organization and no user to start from")]

use guildhall_domain::{Id, Timestamp, id};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::Set,
    ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use super::System;
use crate::{
    Result,
    columns::time,
    entities::{idempotency_key, rate_limit, signing_key},
};

/// A signing key as it is kept.
#[derive(Clone, Debug)]
pub struct StoredKey {
    /// Its id: the `kid`.
    pub id: Id<id::SigningKey>,
    /// The public half.
    pub public_key: Vec<u8>,
    /// The private half, sealed.
    pub sealed_private_key: Vec<u8>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it only verifies.
    pub retired_at: Option<Timestamp>,
}

impl System<'_> {
    /// Every signing key, the newest first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn signing_keys(self) -> Result<Vec<StoredKey>> {
        let keys = signing_key::Entity::find();
        let rows = keys.order_by_desc(signing_key::Column::Id).all(&self.access.executor()).await?;
        let read = |row: signing_key::Model| StoredKey {
            id: Id::from_uuid(row.id),
            public_key: row.public_key,
            sealed_private_key: row.sealed_private_key,
            created_at: time(row.created_at),
            retired_at: row.retired_at.map(time),
        };
        Ok(rows.into_iter().map(read).collect())
    }

    /// Keeps a new signing key.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add_signing_key(self, key: StoredKey) -> Result<()> {
        let row = signing_key::Model {
            id: key.id.uuid(),
            public_key: key.public_key,
            sealed_private_key: key.sealed_private_key,
            created_at: key.created_at.millis(),
            retired_at: key.retired_at.map(Timestamp::millis),
        };
        let insert = signing_key::Entity::insert(row.into_active_model().reset_all());
        insert.exec_without_returning(&self.access.executor()).await?;
        Ok(())
    }

    /// Uses one of `limit` in the window of that length; answers how many were used in it, this one included, and when
    /// the window began. One statement, so that no two callers share a use.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn use_limit(self, key: &[u8], window: i64, now: Timestamp) -> Result<(i64, Timestamp)> {
        let over =
            Expr::col((rate_limit::Entity, rate_limit::Column::WindowStart)).lte(now.millis().saturating_sub(window));
        let fresh = |yes: i64, no: Expr| Expr::case(over.clone(), yes).finally(no);
        let old_start = Expr::col((rate_limit::Entity, rate_limit::Column::WindowStart));
        let old_uses = Expr::col((rate_limit::Entity, rate_limit::Column::Uses)).add(1);
        let renew = OnConflict::column(rate_limit::Column::Key)
            .value(rate_limit::Column::WindowStart, fresh(now.millis(), old_start))
            .value(rate_limit::Column::Uses, fresh(1, old_uses))
            .to_owned();
        let row = rate_limit::ActiveModel { key: Set(key.to_vec()), window_start: Set(now.millis()), uses: Set(1) };
        let insert = rate_limit::Entity::insert(row).on_conflict(renew);
        let row = insert.exec_with_returning(&self.access.executor()).await?;
        Ok((row.uses, time(row.window_start)))
    }

    /// Forgets the uses of one limit.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_limit(self, key: &[u8]) -> Result<()> {
        rate_limit::Entity::delete_by_id(key.to_vec()).exec(&self.access.executor()).await?;
        Ok(())
    }

    /// Takes an idempotency key; none where it is fresh or was taken before `forgotten`, else the hash of the input it
    /// came with and its sealed answer. Waits for a transaction that has just taken it.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn take_idempotency_key(
        self,
        id: &[u8],
        input_hash: &[u8],
        now: Timestamp,
        forgotten: Timestamp,
    ) -> Result<Option<(Vec<u8>, Option<Vec<u8>>)>> {
        let row = idempotency_key::ActiveModel {
            id: Set(id.to_vec()),
            input_hash: Set(input_hash.to_vec()),
            sealed_output: Set(None),
            created_at: Set(now.millis()),
        };
        let insert = idempotency_key::Entity::insert(row);
        let taken_at = Expr::col((idempotency_key::Entity, idempotency_key::Column::CreatedAt));
        let again = OnConflict::column(idempotency_key::Column::Id)
            .update_columns([
                idempotency_key::Column::InputHash,
                idempotency_key::Column::SealedOutput,
                idempotency_key::Column::CreatedAt,
            ])
            .action_and_where(taken_at.lt(forgotten.millis()))
            .to_owned();
        let insert = insert.on_conflict(again);
        if insert.exec_without_returning(&self.access.executor()).await? == 1 {
            return Ok(None);
        }
        let row = idempotency_key::Entity::find_by_id(id.to_vec()).one(&self.access.executor()).await?;
        Ok(row.map(|row| (row.input_hash, row.sealed_output)))
    }

    /// The hash of the input that an idempotency key came with since `forgotten`, and its sealed answer.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn idempotency_key(self, id: &[u8], forgotten: Timestamp) -> Result<Option<(Vec<u8>, Option<Vec<u8>>)>> {
        let taken = idempotency_key::Entity::find_by_id(id.to_vec())
            .filter(idempotency_key::Column::CreatedAt.gte(forgotten.millis()));
        Ok(taken.one(&self.access.executor()).await?.map(|row| (row.input_hash, row.sealed_output)))
    }

    /// Keeps the sealed answer of a taken idempotency key.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn keep_answer(self, id: &[u8], sealed: Vec<u8>) -> Result<()> {
        let keep = idempotency_key::Entity::update_many()
            .col_expr(idempotency_key::Column::SealedOutput, Expr::value(sealed))
            .filter(idempotency_key::Column::Id.eq(id.to_vec()));
        keep.exec(&self.access.executor()).await?;
        Ok(())
    }

    /// Makes a taken idempotency key fresh again.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn give_back_idempotency_key(self, id: &[u8]) -> Result<()> {
        let forget = idempotency_key::Entity::delete_by_id(id.to_vec());
        forget.exec(&self.access.executor()).await?;
        Ok(())
    }

    /// Forgets rate limits whose window began before `then`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_rate_limits(self, then: Timestamp) -> Result<u64> {
        let forget = rate_limit::Entity::delete_many().filter(rate_limit::Column::WindowStart.lt(then.millis()));
        Ok(forget.exec(&self.access.executor()).await?.rows_affected)
    }

    /// Forgets idempotency keys taken before `then`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget_idempotency_keys(self, then: Timestamp) -> Result<u64> {
        let forget =
            idempotency_key::Entity::delete_many().filter(idempotency_key::Column::CreatedAt.lt(then.millis()));
        Ok(forget.exec(&self.access.executor()).await?.rows_affected)
    }
}
