//! The steps of walkthroughs, in an order that is dense and without ties whoever changes it at once: every change of it
//! holds the walkthrough, and a unique index holds the places.

use guildhall_domain::{
    Id, Timestamp, id,
    text::{Json, Text},
    walkthroughs::{ContentFields, Step, Walkthrough},
};
use sea_orm::{
    ColumnTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, ExprTrait},
};

use super::Walkthroughs;
use crate::{
    Result,
    columns::{json, parse, read, time, word},
    entities::{walkthrough, walkthrough_step},
};

impl Walkthroughs<'_> {
    /// The walkthrough's steps, in order.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn steps(self, walkthrough: Id<id::Walkthrough>) -> Result<Vec<Step>> {
        Ok(self.step_rows(walkthrough).await?.into_iter().map(|(step, _)| step).collect())
    }

    /// The step, unless it is missing or somebody else's.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find_step(self, id: Id<id::Step>) -> Result<Option<Step>> {
        let steps = self.0.select::<walkthrough_step::Entity>();
        let row = steps.filter(walkthrough_step::Column::Id.eq(id.uuid())).one(&self.0.executor()).await?;
        row.map(Step::try_from).transpose()
    }

    /// Adds a step at the end of `walkthrough`, which must have been read to be changed.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn append_step(
        self,
        walkthrough: &Walkthrough,
        id: Id<id::Step>,
        title: &Text<1, 200>,
        fields: ContentFields,
        now: Timestamp,
    ) -> Result<Step> {
        let row = walkthrough_step::Model {
            id: id.uuid(),
            organization_id: self.0.organization.uuid(),
            walkthrough_id: walkthrough.id.uuid(),
            title: word(title),
            display_order: i32::try_from(walkthrough.step_count).unwrap_or(i32::MAX),
            content_fields: json(&fields)?,
            metadata: None,
            created_at: now.millis(),
            updated_at: now.millis(),
        };
        self.0.insert::<walkthrough_step::Entity>(vec![row.clone()]).await?;
        self.count_steps(walkthrough, walkthrough.step_count.saturating_add(1), now).await?;
        row.try_into()
    }

    /// Gives `step` another name and other texts.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn rewrite_step(self, step: Step, now: Timestamp) -> Result<Step> {
        let update = self.0.update::<walkthrough_step::Entity>();
        let update = update
            .col_expr(walkthrough_step::Column::Title, Expr::value(word(&step.title)))
            .col_expr(walkthrough_step::Column::ContentFields, Expr::value(json(&step.content_fields)?))
            .col_expr(walkthrough_step::Column::UpdatedAt, Expr::value(now.millis()));
        update.filter(walkthrough_step::Column::Id.eq(step.id.uuid())).exec(&self.0.executor()).await?;
        self.touch(step.walkthrough_id, now).await?;
        Ok(Step { updated_at: now, ..step })
    }

    /// Puts the steps of `walkthrough`, which must have been read to be changed, in the order of `ids`: all of its steps.
    /// Two statements whatever the number: every step first steps aside (below zero), since places are unique at all
    /// times.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn reorder(self, walkthrough: &Walkthrough, ids: &[Id<id::Step>], now: Timestamp) -> Result<()> {
        use walkthrough_step::Column;
        if let Some((first, rest)) = ids.split_first() {
            let aside = |place: usize| -1 - i32::try_from(place).unwrap_or(i32::MAX - 1);
            let mut places = Expr::case(Column::Id.eq(first.uuid()), aside(0));
            for (place, id) in rest.iter().enumerate() {
                places = places.case(Column::Id.eq(id.uuid()), aside(place.saturating_add(1)));
            }
            let of = || Column::WalkthroughId.eq(walkthrough.id.uuid());
            let aside = self.0.update::<walkthrough_step::Entity>().col_expr(Column::DisplayOrder, places.into());
            aside.filter(of()).exec(&self.0.executor()).await?;
            let settled = Expr::value(-1).sub(Expr::col(Column::DisplayOrder));
            let settle = self.0.update::<walkthrough_step::Entity>().col_expr(Column::DisplayOrder, settled);
            settle.col_expr(Column::UpdatedAt, Expr::value(now.millis())).filter(of()).exec(&self.0.executor()).await?;
        }
        self.touch(walkthrough.id, now).await
    }

    /// Takes `step` out of `walkthrough`, which must have been read to be changed; those after it close up. As in
    /// [`Walkthroughs::reorder`] they first step aside, since places are unique at all times.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn delete_step(self, walkthrough: &Walkthrough, step: &Step, now: Timestamp) -> Result<()> {
        use walkthrough_step::Column;
        self.0.delete::<walkthrough_step::Entity>(Column::Id.eq(step.id.uuid())).await?;
        let of = || Column::WalkthroughId.eq(walkthrough.id.uuid());
        let below_zero = Expr::value(0).sub(Expr::col(Column::DisplayOrder));
        let aside = self.0.update::<walkthrough_step::Entity>().col_expr(Column::DisplayOrder, below_zero);
        let aside = aside.filter(of()).filter(Column::DisplayOrder.gt(step.display_order));
        aside.exec(&self.0.executor()).await?;
        let settled = Expr::value(-1).sub(Expr::col(Column::DisplayOrder));
        let settle = self.0.update::<walkthrough_step::Entity>().col_expr(Column::DisplayOrder, settled);
        let settle = settle.col_expr(Column::UpdatedAt, Expr::value(now.millis()));
        settle.filter(of()).filter(Column::DisplayOrder.lt(0)).exec(&self.0.executor()).await?;
        self.count_steps(walkthrough, walkthrough.step_count.saturating_sub(1), now).await
    }

    /// Writes down that `walkthrough` has so many steps now.
    async fn count_steps(self, walkthrough: &Walkthrough, count: i64, now: Timestamp) -> Result<()> {
        let update = self.0.update::<walkthrough::Entity>();
        let update = update.col_expr(walkthrough::Column::StepCount, Expr::value(count));
        let update = update.col_expr(walkthrough::Column::UpdatedAt, Expr::value(now.millis()));
        update.filter(walkthrough::Column::Id.eq(walkthrough.id.uuid())).exec(&self.0.executor()).await?;
        Ok(())
    }

    pub(super) async fn step_rows(self, walkthrough: Id<id::Walkthrough>) -> Result<Vec<(Step, Option<Json>)>> {
        let steps = self.0.select::<walkthrough_step::Entity>();
        let steps = steps.filter(walkthrough_step::Column::WalkthroughId.eq(walkthrough.uuid()));
        let rows = steps.order_by_asc(walkthrough_step::Column::DisplayOrder).all(&self.0.executor()).await?;
        let read = |row: walkthrough_step::Model| {
            let metadata = row.metadata.as_deref().map(parse).transpose()?;
            Ok((row.try_into()?, metadata))
        };
        rows.into_iter().map(read).collect()
    }
}

impl TryFrom<walkthrough_step::Model> for Step {
    type Error = crate::Error;
    fn try_from(row: walkthrough_step::Model) -> Result<Self> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            walkthrough_id: Id::from_uuid(row.walkthrough_id),
            title: read(row.title)?,
            display_order: row.display_order,
            content_fields: parse(&row.content_fields)?,
            created_at: time(row.created_at),
            updated_at: time(row.updated_at),
        })
    }
}
