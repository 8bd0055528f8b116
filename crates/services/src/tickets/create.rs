use guildhall_domain::{
    Id, Result,
    access::Permission,
    event::Event,
    id,
    mcp_servers::SupportTicketType,
    text::{Email, Text},
    tickets::{Priority, Ticket},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::filing::{Beginning, file};
use crate::{Cx, InOrganization, Mutation, Outcome, Procedure, mcp_servers};

/// Files a ticket that came another way, such as by phone. With a server, it goes where that server's tickets go.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreateTicket {
    /// One line.
    pub title: Text<1, 200>,
    /// What is wrong.
    pub concise_summary: Text<1, 10_000>,
    /// What else may help.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Text<0, 10_000>>,
    /// Where an answer reaches the person who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
    /// How much it matters.
    #[serde(default)]
    pub priority: Priority,
    /// The server it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<Id<id::McpServer>>,
}

impl Procedure for CreateTicket {
    const NAME: &'static str = "supportTickets.create";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WorkTickets;
    type Output = Ticket;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Ticket>> {
        let method = match self.server_id {
            Some(server) => match mcp_servers::find(cx.tenant(), server).await?.support_ticket_type {
                // What a server does not take from its end users, its people may still write down.
                SupportTicketType::None => SupportTicketType::Dashboard,
                method => method,
            },
            None => SupportTicketType::Dashboard,
        };
        let new = Ticket::new(cx.fresh_id(), self.title.into(), self.concise_summary.into(), cx.now());
        let ticket = Ticket {
            context: self.context.map(String::from),
            email: self.email,
            priority: self.priority,
            server_id: self.server_id,
            method,
            ..new
        };
        let beginning =
            Beginning { content: "Filed by hand.", metadata: json!({ "from": "staff" }), author: Some(cx.user()) };
        let ticket = file(cx, cx.tenant(), ticket, beginning).await?;
        let event = Event::TicketCreated { ticket_id: ticket.id, status: ticket.status };
        // Read again for the server's name.
        let ticket = super::find(cx.tenant(), ticket.id).await?;
        Ok(Outcome::Changed(ticket, event))
    }
}
