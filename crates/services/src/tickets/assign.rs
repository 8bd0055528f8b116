use guildhall_domain::{
    Error, Id, Issue, Patch, Resource, Result,
    access::{Permission, Role},
    event::Event,
    id,
    tickets::{ActivityType, Ticket},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::letters;
use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Gives a ticket to somebody who works here, or to nobody. Who gets it from somebody else is told by mail.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssignTicket {
    /// Which ticket.
    pub ticket_id: Id<id::Ticket>,
    /// To which user; null: to nobody.
    #[serde(default, skip_serializing_if = "Patch::is_keep")]
    pub assignee_id: Patch<Id<id::User>>,
}

impl Procedure for AssignTicket {
    const NAME: &'static str = "supportTickets.assign";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WorkTickets;
    type Output = Ticket;

    fn check(&self) -> Vec<Issue> {
        // Left out by mistake, it must not take the ticket from whoever is on it.
        let missing = || Issue::at(["assigneeId".into()], "is missing");
        self.assignee_id.is_keep().then(missing).into_iter().collect()
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Ticket>> {
        let ticket = super::find_to_change(cx.tenant(), self.ticket_id).await?;
        let to = self.assignee_id.apply(None);
        let member = match to {
            Some(user) => Some(cx.tenant().members().of(user).await?.ok_or(Error::NotFound(Resource::Member))?),
            None => None,
        };
        if member.as_ref().is_some_and(|member| member.role == Role::Viewer) {
            return Err(Error::field("assigneeId", "a viewer does not work on tickets"));
        }
        let from = ticket.assignee.as_ref().map(|assignee| assignee.id);
        if from == to {
            return Ok(Outcome::Unchanged(ticket));
        }
        let ticket = cx.tenant().tickets().assign(ticket, member.as_ref(), cx.now()).await?;
        let metadata = json!({ "oldAssigneeId": from, "newAssigneeId": to });
        super::note(cx, ticket.id, ActivityType::Assignment, String::new(), metadata).await?;
        if let Some(member) = &member {
            letters::assigned(cx, &ticket, member).await?;
        }
        let event = Event::TicketAssigned { ticket_id: ticket.id, from, to };
        Ok(Outcome::Changed(ticket, event))
    }
}
