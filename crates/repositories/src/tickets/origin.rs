//! Where a ticket came from: what its visit had been through when it was filed. Read from the visit's own rows, so whoever is
//! forgotten is forgotten here too.

use guildhall_domain::{
    Id, id,
    tickets::{FailedCall, Origin, StepOrigin, Ticket},
};
use sea_orm::{
    ColumnTrait, Condition, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, Func, SelectStatement},
};
use serde_json::Value;
use uuid::Uuid;

use super::Tickets;
use crate::{
    Result,
    asked::one_of,
    columns::{parse, same, time},
    entities::{tool_call, walkthrough, walkthrough_completion, walkthrough_run, walkthrough_step},
};

/// The most failed calls that are shown.
const MOST_CALLS: u64 = 5;
/// The most characters of what a call answered.
const MOST_CHARACTERS: usize = 500;

#[derive(FromQueryResult)]
struct StepRow {
    walkthrough_id: Uuid,
    walkthrough_title: String,
    step_id: Uuid,
    step_title: String,
    display_order: i32,
}

impl Tickets<'_> {
    /// What the visit of `ticket` knew when it was filed; none where it came otherwise. Two statements.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn origin(self, ticket: &Ticket) -> Result<Option<Origin>> {
        let Some(mcp_session_id) = ticket.mcp_session_id else { return Ok(None) };
        let failed_calls = self.failed_calls(mcp_session_id, ticket).await?;
        let step = match (ticket.server_id, ticket.mcp_user_id) {
            (Some(server), Some(person)) => self.step(server, person, ticket).await?,
            _ => None,
        };
        Ok(Some(Origin { mcp_session_id, failed_calls, step }))
    }

    async fn failed_calls(self, visit: Id<id::McpSession>, ticket: &Ticket) -> Result<Vec<FailedCall>> {
        use tool_call::Column;
        let calls = self.0.select::<tool_call::Entity>().filter(Column::McpSessionId.eq(visit.uuid()));
        let calls = calls.filter(Column::IsError.eq(true)).filter(Column::CreatedAt.lte(ticket.created_at.millis()));
        let latest = calls.order_by_desc(Column::CreatedAt).order_by_desc(Column::Id).limit(MOST_CALLS);
        let read = |row: tool_call::Model| {
            let output: Value = parse(&row.output)?;
            let message = output["text"].as_str().map(|text| text.chars().take(MOST_CHARACTERS).collect());
            Ok(FailedCall {
                id: Id::from_uuid(row.id),
                tool_name: row.tool_name,
                message,
                created_at: time(row.created_at),
            })
        };
        latest.all(&self.0.executor()).await?.into_iter().map(read).collect()
    }

    /// The first step that the person had not done then, of the walkthrough it was last busy with.
    async fn step(
        self,
        server: Id<id::McpServer>,
        person: Id<id::McpUser>,
        ticket: &Ticket,
    ) -> Result<Option<StepOrigin>> {
        let run = Condition::all()
            .add(same(walkthrough_run::Column::OrganizationId, walkthrough_step::Column::OrganizationId))
            .add(same(walkthrough_run::Column::WalkthroughId, walkthrough_step::Column::WalkthroughId))
            .add(walkthrough_run::Column::Id.in_subquery(self.run(server, person, ticket)));
        let its_walkthrough = Condition::all()
            .add(same(walkthrough::Column::OrganizationId, walkthrough_step::Column::OrganizationId))
            .add(same(walkthrough::Column::Id, walkthrough_step::Column::WalkthroughId));
        let done = Condition::all()
            .add(same(walkthrough_completion::Column::OrganizationId, walkthrough_run::Column::OrganizationId))
            .add(same(walkthrough_completion::Column::RunId, walkthrough_run::Column::Id))
            .add(same(walkthrough_completion::Column::StepId, walkthrough_step::Column::Id))
            .add(walkthrough_completion::Column::CompletedAt.lte(ticket.created_at.millis()));
        let mut select = self.0.select::<walkthrough_step::Entity>().select_only();
        QuerySelect::query(&mut select)
            .inner_join(walkthrough_run::Entity, run)
            .inner_join(walkthrough::Entity, its_walkthrough)
            .left_join(walkthrough_completion::Entity, done)
            .expr_as(Expr::col((walkthrough::Entity, walkthrough::Column::Id)), "walkthrough_id")
            .expr_as(Expr::col((walkthrough::Entity, walkthrough::Column::Title)), "walkthrough_title")
            .expr_as(Expr::col((walkthrough_step::Entity, walkthrough_step::Column::Id)), "step_id")
            .expr_as(Expr::col((walkthrough_step::Entity, walkthrough_step::Column::Title)), "step_title")
            .expr_as(Expr::col((walkthrough_step::Entity, walkthrough_step::Column::DisplayOrder)), "display_order");
        let select = select.filter(walkthrough_completion::Column::StepId.is_null());
        let row = select.order_by_asc(walkthrough_step::Column::DisplayOrder).into_model::<StepRow>();
        let row = row.one(&self.0.executor()).await?;
        Ok(row.map(|row| StepOrigin {
            walkthrough_id: Id::from_uuid(row.walkthrough_id),
            walkthrough_title: row.walkthrough_title,
            step_id: Id::from_uuid(row.step_id),
            step_title: row.step_title,
            display_order: row.display_order,
        }))
    }

    /// The id of the run that the person was last busy with then.
    fn run(self, server: Id<id::McpServer>, person: Id<id::McpUser>, ticket: &Ticket) -> SelectStatement {
        use walkthrough_run::Column;
        let then = ticket.created_at.millis();
        let last_done = self
            .0
            .select::<walkthrough_completion::Entity>()
            .select_only()
            .expr(walkthrough_completion::Column::CompletedAt.max())
            .filter(same(walkthrough_completion::Column::RunId, Column::Id))
            .filter(walkthrough_completion::Column::CompletedAt.lte(then))
            .into_query();
        let last_busy = Func::coalesce([one_of(last_done), Expr::col((walkthrough_run::Entity, Column::StartedAt))]);
        let runs = self.0.select::<walkthrough_run::Entity>().select_only().column(Column::Id);
        let runs = runs.filter(Column::ServerId.eq(server.uuid())).filter(Column::McpUserId.eq(person.uuid()));
        let runs = runs.filter(Column::StartedAt.lte(then)).order_by_desc(Expr::from(last_busy));
        runs.order_by_desc(Column::Id).limit(1).into_query()
    }
}
