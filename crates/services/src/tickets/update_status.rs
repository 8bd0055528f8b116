use guildhall_domain::{
    Error, Id, Resource, Result,
    access::Permission,
    event::Event,
    id,
    text::Text,
    tickets::{ActivityType, ContentType, Ticket, TicketStatus},
};
use guildhall_repositories::NewActivity;
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
        let tickets = cx.tenant().tickets();
        let found = tickets.find_to_change(self.ticket_id).await?;
        let ticket = found.ok_or(Error::NotFound(Resource::Ticket))?;
        if ticket.status == self.status && self.comment.is_none() {
            return Ok(Outcome::Unchanged(ticket));
        }
        let (from, to) = (ticket.status, self.status);
        let ticket = tickets.set_status(ticket, to, cx.now()).await?;
        let comment = self.comment.map(String::from);
        let activity = NewActivity {
            id: cx.fresh_id(),
            activity_type: ActivityType::StatusChange,
            content: comment.clone().unwrap_or_default(),
            content_type: ContentType::Text,
            metadata: json!({ "oldStatus": from, "newStatus": to, "comment": comment }),
            author: Some(cx.user()),
        };
        tickets.note(ticket.id, activity, cx.now()).await?;
        let event = Event::TicketStatusChanged { ticket_id: ticket.id, from, to };
        Ok(Outcome::Changed(ticket, event))
    }
}
