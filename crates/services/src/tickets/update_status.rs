use guildhall_domain::{
    Id, Result,
    access::Permission,
    event::Event,
    id,
    text::Text,
    tickets::{ActivityType, Ticket, TicketStatus},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Moves a ticket to another status, perhaps with a comment. The same status without a comment changes nothing.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateTicketStatus {
    /// Which ticket.
    pub ticket_id: Id<id::Ticket>,
    /// Its new status.
    pub status: TicketStatus,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<Text<1, 10_000>>,
}

impl Procedure for UpdateTicketStatus {
    const NAME: &'static str = "supportTickets.updateStatus";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WorkTickets;
    type Output = Ticket;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Ticket>> {
        let ticket = super::find_to_change(cx.tenant(), self.ticket_id).await?;
        if ticket.status == self.status && self.comment.is_none() {
            return Ok(Outcome::Unchanged(ticket));
        }
        let (from, to) = (ticket.status, self.status);
        let ticket = ticket.moved(to, cx.now());
        cx.tenant().tickets().save(&ticket).await?;
        let comment = self.comment.map(String::from);
        let metadata = json!({ "oldStatus": from, "newStatus": to, "comment": comment });
        super::note(cx, ticket.id, ActivityType::StatusChange, comment.unwrap_or_default(), metadata).await?;
        let event = Event::TicketStatusChanged { ticket_id: ticket.id, from, to };
        Ok(Outcome::Changed(ticket, event))
    }
}
