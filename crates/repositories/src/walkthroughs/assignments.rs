//! Which walkthroughs a server offers.

use guildhall_domain::{Id, id, walkthroughs::Assignment};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, JoinType, QueryFilter, QueryOrder, QuerySelect, RelationDef, sea_query::Expr,
};

use crate::{
    Error, Result, Tenant,
    entities::{walkthrough, walkthrough_assignment},
    error::of_somebody,
    mcp_servers::StoredServer,
};

/// Which walkthroughs an organization's servers offer.
#[derive(Clone, Copy, Debug)]
pub struct Assignments<'a>(pub(crate) Tenant<'a>);

impl Assignments<'_> {
    /// What `server` offers, in its order.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn of(self, server: &StoredServer) -> Result<Vec<Assignment>> {
        use walkthrough_assignment::Column;
        let rows = self.0.select::<walkthrough_assignment::Entity>().filter(Column::ServerId.eq(server.id.uuid()));
        let rows = rows.join(JoinType::InnerJoin, its_walkthrough()).select_also(walkthrough::Entity);
        let rows = rows.order_by_asc(Column::DisplayOrder).all(&self.0.executor()).await?;
        let read = |(assignment, walkthrough): (walkthrough_assignment::Model, Option<walkthrough::Model>)| {
            let walkthrough = walkthrough.ok_or_else(|| Error::Unreadable("an assignment of nothing".to_owned()))?;
            Ok(Assignment {
                walkthrough: walkthrough.try_into()?,
                display_order: assignment.display_order,
                is_enabled: assignment.is_enabled,
            })
        };
        rows.into_iter().map(read).collect()
    }

    /// Makes `walkthroughs`, each with its place and its switch, all that `server` offers; `server` must have been read
    /// to be changed.
    ///
    /// # Errors
    /// [`Error::Contended`] where one of them was deleted a moment ago.
    pub async fn replace(self, server: &StoredServer, walkthroughs: &[(Id<id::Walkthrough>, i32, bool)]) -> Result<()> {
        self.0
            .delete::<walkthrough_assignment::Entity>(walkthrough_assignment::Column::ServerId.eq(server.id.uuid()))
            .await?;
        let row = |(walkthrough, place, is_enabled): &(Id<id::Walkthrough>, i32, bool)| walkthrough_assignment::Model {
            organization_id: self.0.organization.uuid(),
            server_id: server.id.uuid(),
            walkthrough_id: walkthrough.uuid(),
            display_order: *place,
            is_enabled: *is_enabled,
        };
        if walkthroughs.is_empty() {
            return Ok(());
        }
        let insert = self.0.inserting::<walkthrough_assignment::Entity>(walkthroughs.iter().map(row));
        insert.exec_without_returning(&self.0.executor()).await.map_err(of_somebody)?;
        Ok(())
    }

    /// Gives one walkthrough of `server`, which must have been read to be changed, a free place and its switch.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn update(self, server: &StoredServer, assignment: &Assignment) -> Result<()> {
        use walkthrough_assignment::Column;
        let update = self.0.update::<walkthrough_assignment::Entity>();
        let update = update
            .col_expr(Column::DisplayOrder, Expr::value(assignment.display_order))
            .col_expr(Column::IsEnabled, Expr::value(assignment.is_enabled))
            .filter(Column::ServerId.eq(server.id.uuid()))
            .filter(Column::WalkthroughId.eq(assignment.walkthrough.id.uuid()));
        update.exec(&self.0.executor()).await?;
        Ok(())
    }

    /// Takes `walkthrough` out of what `server` offers; false where it was not there.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn remove(self, server: &StoredServer, walkthrough: Id<id::Walkthrough>) -> Result<bool> {
        use walkthrough_assignment::Column;
        let which = Condition::all()
            .add(Column::ServerId.eq(server.id.uuid()))
            .add(Column::WalkthroughId.eq(walkthrough.uuid()));
        Ok(self.0.delete::<walkthrough_assignment::Entity>(which).await? == 1)
    }
}

fn its_walkthrough() -> RelationDef {
    use walkthrough::Column as Walkthrough;
    use walkthrough_assignment::Column as Assignment;
    let relation = walkthrough_assignment::Entity::belongs_to(walkthrough::Entity);
    let relation = relation.from((Assignment::OrganizationId, Assignment::WalkthroughId));
    relation.to((Walkthrough::OrganizationId, Walkthrough::Id)).into()
}
