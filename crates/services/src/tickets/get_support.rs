use guildhall_domain::{
    Error, Id, Result,
    event::Event,
    id,
    text::{Email, Text},
    tickets::{ActivityType, ContentType, TicketStatus},
};
use guildhall_repositories::{NewActivity, NewTicket};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::deliver;
use crate::{AtServer, Cx, Mutation, Outcome, Procedure, Served, Tool};

/// Asks the people behind this server for help: files a support ticket. Ask the user before you send anything, and for an
/// email address where an answer should go.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetSupport {
    /// The problem in one line.
    pub title: Text<1, 200>,
    /// What is wrong.
    pub problem_description: Text<1, 10_000>,
    /// What was tried, error messages, versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem_context: Option<Text<0, 10_000>>,
    /// Where an answer reaches the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
}

/// A ticket that was filed.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Filed {
    /// Its id.
    pub ticket_id: Id<id::Ticket>,
    /// Its number.
    pub number: i64,
    /// How far it has come.
    pub status: TicketStatus,
}

impl Procedure for GetSupport {
    const NAME: &'static str = "get_support";
    type Effect = Mutation;
    type Reach = AtServer;
    const NEEDS: () = ();
    type Output = Filed;

    async fn run(self, cx: &Cx<'_, AtServer>) -> Result<Outcome<Filed>> {
        let guest = cx.guest();
        let proven = guest.email().map(str::parse).transpose().map_err(|e: String| Error::internal(e))?;
        let email = proven.or(self.email);
        let status = if email.is_some() { TicketStatus::Pending } else { TicketStatus::NeedsEmail };
        let ticket = NewTicket {
            id: cx.fresh_id(),
            title: self.title.into(),
            concise_summary: self.problem_description.into(),
            context: self.problem_context.map(String::from),
            status,
            email,
            method: guest.server().support_ticket_type,
            server: guest.server().id,
            person: guest.person(),
            visit: guest.visit(),
        };
        let (ticket_id, method) = (ticket.id, ticket.method);
        let number = cx.tenant().tickets().file(ticket, cx.now()).await?;
        let activity = NewActivity {
            id: cx.fresh_id(),
            activity_type: ActivityType::System,
            content: "Filed by an end user's agent.".to_owned(),
            content_type: ContentType::Text,
            metadata: json!({ "mcpSessionId": guest.visit() }),
            author: None,
        };
        cx.tenant().tickets().note(ticket_id, activity, cx.now()).await?;
        deliver::dispatch(cx, cx.tenant().id(), ticket_id, method).await?;
        let event = Event::TicketCreated { ticket_id, status };
        Ok(Outcome::Changed(Filed { ticket_id, number, status }, event))
    }
}

impl Tool for GetSupport {
    const TITLE: &'static str = "Get support";
    fn offered(server: &Served) -> bool {
        server.takes_tickets
    }
    fn text(output: &Filed, _: &str) -> String {
        let Filed { ticket_id, number, status } = output;
        let next = match status {
            TicketStatus::NeedsEmail => " Nobody can answer yet: no email address is known. Ask the user for one.",
            _ => " Somebody will answer by email.",
        };
        format!("Support ticket #{number} was filed (id {ticket_id}).{next}")
    }
}
