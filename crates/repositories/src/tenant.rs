//! One organization's rows. The only place that starts a statement on a tenant table, and it adds the organization.

use guildhall_domain::{Id, id};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait as _, EntityTrait, Insert, InsertMany, IntoActiveModel, QueryFilter,
    Select, Statement, UpdateMany, Value,
};
use serde::Serialize;

use crate::{
    Result,
    analytics::Counters,
    columns,
    database::Access,
    error::of_somebody,
    events::Events,
    executor::Executor,
    invitations::Invitations,
    knowledge::{Documents, Gaps, Ingestions, Namespaces, Searches},
    mcp_servers::McpServers,
    mcp_users::McpUsers,
    oauth::{OauthClients, OauthGrants, OauthSignIns},
    oauth_configs::OauthConfigs,
    organizations::{Members, Profile},
    recording::Recording,
    sessions::Visits,
    ticket_destinations::TicketDestinations,
    tickets::Tickets,
    tool_calls::ToolCalls,
    walkthroughs::{Assignments, Runs, Walkthroughs},
    words::Words,
};

/// A table whose every row belongs to one organization.
pub(crate) trait TenantTable: EntityTrait {
    const ORGANIZATION: Self::Column;
}

/// One organization's rows.
#[derive(Clone, Copy, Debug)]
pub struct Tenant<'a> {
    pub(crate) access: &'a Access,
    pub(crate) organization: Id<id::Organization>,
}

/// What a tenant has, each as its own small door.
macro_rules! doors {
    ($($(#[$doc:meta])* $name:ident -> $Door:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub const fn $name(self) -> $Door<'a> {
            $Door(self)
        }
    )*};
}

impl<'a> Tenant<'a> {
    /// Which organization.
    #[must_use]
    pub const fn id(self) -> Id<id::Organization> {
        self.organization
    }

    doors! {
        /// What it is.
        profile -> Profile;
        /// Who belongs to it.
        members -> Members;
        /// Whom it has asked to join.
        invitations -> Invitations;
        /// What happened in it.
        events -> Events;
        /// The MCP servers it publishes.
        mcp_servers -> McpServers;
        /// How their end users sign in somewhere else.
        oauth_configs -> OauthConfigs;
        /// Clients that registered at them.
        oauth_clients -> OauthClients;
        /// End users on their way to signing in.
        oauth_sign_ins -> OauthSignIns;
        /// What end users allowed clients.
        oauth_grants -> OauthGrants;
        /// Its end users.
        mcp_users -> McpUsers;
        /// Their visits.
        visits -> Visits;
        /// What its end users called.
        tool_calls -> ToolCalls;
        /// What the recorder writes.
        recording -> Recording;
        /// What was counted.
        counters -> Counters;
        /// Its walkthroughs and their steps.
        walkthroughs -> Walkthroughs;
        /// Which walkthroughs its servers offer.
        assignments -> Assignments;
        /// How far its end users are.
        runs -> Runs;
        /// Its collections of documents.
        namespaces -> Namespaces;
        /// Its documents.
        documents -> Documents;
        /// Documents that were handed in.
        ingestions -> Ingestions;
        /// What can be found in its documents.
        searches -> Searches;
        /// What was looked for and not found.
        gaps -> Gaps;
        /// Its support tickets.
        tickets -> Tickets;
        /// Where its servers' tickets go besides.
        ticket_destinations -> TicketDestinations;
    }

    pub(crate) const fn executor(self) -> Executor<'a> {
        self.access.executor()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the place that adds the organization")]
impl Tenant<'_> {
    pub(crate) fn select<E: TenantTable>(self) -> Select<E> {
        E::find().filter(E::ORGANIZATION.eq(self.organization.uuid()))
    }

    pub(crate) fn update<E: TenantTable>(self) -> UpdateMany<E> {
        E::update_many().filter(E::ORGANIZATION.eq(self.organization.uuid()))
    }

    /// Deletes rows; [`crate::Error::Contended`] where somebody has just written a row that needs one of them.
    pub(crate) async fn delete<E: TenantTable>(self, which: impl Into<sea_orm::Condition>) -> Result<u64> {
        let delete = E::delete_many().filter(E::ORGANIZATION.eq(self.organization.uuid())).filter(which.into());
        Ok(delete.exec(&self.executor()).await.map_err(of_somebody)?.rows_affected)
    }

    /// An insert of `rows`, all of this organization.
    pub(crate) fn inserting<E>(self, rows: impl IntoIterator<Item = E::Model>) -> InsertMany<E::ActiveModel>
    where
        E: TenantTable,
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        Insert::many(rows.into_iter().map(|row| {
            let mut row = row.into_active_model().reset_all();
            row.set(E::ORGANIZATION, self.organization.uuid().into());
            row
        }))
    }

    pub(crate) async fn insert<E>(self, rows: Vec<E::Model>) -> Result<()>
    where
        E: TenantTable,
        E::Model: IntoActiveModel<E::ActiveModel>,
    {
        if !rows.is_empty() {
            self.inserting::<E>(rows).exec_without_returning(&self.executor()).await?;
        }
        Ok(())
    }

    /// Writes `rows` as `words` say.
    pub(crate) async fn pour(self, words: &Words, rows: &[impl Serialize]) -> Result<()> {
        if !rows.is_empty() {
            let statement = self.statement(words, [columns::json(rows)?.into()]);
            self.executor().execute_raw(statement).await?;
        }
        Ok(())
    }

    /// A statement whose `$1` is this organization.
    pub(crate) fn statement(self, words: &Words, more: impl IntoIterator<Item = Value>) -> Statement {
        let values = std::iter::once(self.organization.uuid().into()).chain(more);
        let backend = self.access.backend();
        Statement::from_sql_and_values(backend, words.of(backend), values)
    }
}
