//! Where a server's tickets go besides Guildhall.

use guildhall_domain::{
    Id, id,
    ticket_destinations::{DestinationKind, TicketDestination},
};
use sea_orm::{ColumnTrait, Condition, QueryFilter, QueryOrder, QuerySelect, QueryTrait, sea_query::OnConflict};

use crate::{
    Result, Tenant,
    columns::{read, word},
    entities::{ticket, ticket_destination},
};

/// Where a server's tickets go besides Guildhall.
#[derive(Clone, Copy, Debug)]
pub struct TicketDestinations<'a>(pub(crate) Tenant<'a>);

/// A destination as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredDestination {
    /// What is there.
    pub kind: DestinationKind,
    /// What opens it, sealed.
    pub sealed_secret: Vec<u8>,
    /// The team that tickets are for, in Linear.
    pub team_id: Option<String>,
}

impl TicketDestinations<'_> {
    /// All that are known of `server`.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn of(self, server: Id<id::McpServer>) -> Result<Vec<StoredDestination>> {
        let known = self.at(server).order_by_asc(ticket_destination::Column::Kind);
        known.all(&self.0.executor()).await?.into_iter().map(StoredDestination::try_from).collect()
    }

    /// The one of that kind of the server that the ticket came through.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn for_ticket(self, id: Id<id::Ticket>, kind: DestinationKind) -> Result<Option<StoredDestination>> {
        let its_server = self.0.select::<ticket::Entity>().filter(ticket::Column::Id.eq(id.uuid()));
        let its_server = its_server.select_only().column(ticket::Column::ServerId).into_query();
        let select = self.0.select::<ticket_destination::Entity>();
        let select = select.filter(ticket_destination::Column::ServerId.in_subquery(its_server));
        let row = select.filter(ticket_destination::Column::Kind.eq(word(kind))).one(&self.0.executor()).await?;
        row.map(StoredDestination::try_from).transpose()
    }

    /// Keeps `destination` of `server` in the place of the one of its kind.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn keep(self, server: Id<id::McpServer>, destination: StoredDestination) -> Result<()> {
        use ticket_destination::Column;
        let row = ticket_destination::Model {
            organization_id: self.0.organization.uuid(),
            server_id: server.uuid(),
            kind: word(destination.kind),
            sealed_secret: destination.sealed_secret,
            team_id: destination.team_id,
        };
        let anew = OnConflict::columns([Column::OrganizationId, Column::ServerId, Column::Kind])
            .update_columns([Column::SealedSecret, Column::TeamId])
            .to_owned();
        let insert = self.0.inserting::<ticket_destination::Entity>([row]).on_conflict(anew);
        insert.exec_without_returning(&self.0.executor()).await?;
        Ok(())
    }

    /// Forgets all of `server`, which is being deleted.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget(self, server: Id<id::McpServer>) -> Result<()> {
        let its = Condition::all().add(ticket_destination::Column::ServerId.eq(server.uuid()));
        self.0.delete::<ticket_destination::Entity>(its).await?;
        Ok(())
    }

    fn at(self, server: Id<id::McpServer>) -> sea_orm::Select<ticket_destination::Entity> {
        let select = self.0.select::<ticket_destination::Entity>();
        select.filter(ticket_destination::Column::ServerId.eq(server.uuid()))
    }
}

impl From<StoredDestination> for TicketDestination {
    fn from(stored: StoredDestination) -> Self {
        Self { kind: stored.kind, team_id: stored.team_id }
    }
}

impl TryFrom<ticket_destination::Model> for StoredDestination {
    type Error = crate::Error;
    fn try_from(row: ticket_destination::Model) -> Result<Self> {
        Ok(Self { kind: read(row.kind)?, sealed_secret: row.sealed_secret, team_id: row.team_id })
    }
}
