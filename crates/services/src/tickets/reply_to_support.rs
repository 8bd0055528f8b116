use guildhall_domain::{
    Error, Id, Result,
    error::Reason,
    event::Event,
    id,
    text::{Email, Text},
    tickets::{ActivityType, ContentType, Ticket, TicketStatus},
};
use guildhall_repositories::NewActivity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::letters;
use crate::{AtServer, Cx, Mutation, Outcome, Procedure, Served, Tool};

/// Says something more on one of the user's own support tickets, such as an answer to a question of support. Ask the user
/// before you send anything. A resolved ticket is open again afterwards.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReplyToSupport {
    /// On which ticket.
    pub ticket_id: Id<id::Ticket>,
    /// What to say.
    pub message: Text<1, 10_000>,
    /// Where an answer reaches the user, where the ticket has no address yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
}

/// A reply that was kept.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replied {
    /// On which ticket.
    pub ticket_id: Id<id::Ticket>,
    /// Its number.
    pub number: i64,
    /// How far it has come.
    pub status: TicketStatus,
}

impl Procedure for ReplyToSupport {
    const NAME: &'static str = "reply_to_support";
    type Effect = Mutation;
    type Reach = AtServer;
    const NEEDS: () = ();
    type Output = Replied;

    async fn run(self, cx: &Cx<'_, AtServer>) -> Result<Outcome<Replied>> {
        let tickets = cx.tenant().tickets();
        let (held, is_assigned) = tickets.hold(self.ticket_id).await?.unzip();
        let mut before = super::find_own(cx, held)?;
        if is_assigned == Some(true) {
            before = super::find(cx.tenant(), before.id).await?;
        }
        let from = before.status;
        let email = before.email.clone().or(super::proven_email(cx.guest())?).or(self.email);
        let to = match from {
            TicketStatus::Closed => return Err(Error::Conflict(Reason::TicketClosed)),
            TicketStatus::NeedsEmail if email.is_some() => TicketStatus::Pending,
            TicketStatus::Resolved if before.assignee.is_some() => TicketStatus::InProgress,
            TicketStatus::Resolved => TicketStatus::Pending,
            stays => stays,
        };
        let ticket = Ticket { email, ..before }.moved(to, cx.now());
        tickets.save(&ticket).await?;
        letters::replied(cx, &ticket, self.message.as_str()).await?;
        let activity_id = cx.fresh_id();
        let reply = NewActivity {
            id: activity_id,
            activity_type: ActivityType::Comment,
            content: self.message.into(),
            content_type: ContentType::Text,
            metadata: json!({ "from": "asker", "mcpSessionId": cx.guest().visit(), "oldStatus": from, "newStatus": to }),
            author: None,
            is_public: true,
        };
        tickets.note(ticket.id, reply, cx.now()).await?;
        let replied = Replied { ticket_id: ticket.id, number: ticket.number, status: to };
        Ok(Outcome::Changed(replied, Event::TicketReplied { ticket_id: ticket.id, activity_id, from, to }))
    }
}

impl Tool for ReplyToSupport {
    const TITLE: &'static str = "Reply to support";
    fn offered(server: &Served) -> bool {
        server.takes_tickets
    }
    fn text(output: &Replied, _: &str) -> String {
        let next = match output.status {
            TicketStatus::NeedsEmail => "Nobody can answer by mail: no address is known. Look with check_support.",
            _ => "Somebody will answer; look with check_support.",
        };
        format!("The people behind this server can read it on support ticket #{}. {next}", output.number)
    }
}
