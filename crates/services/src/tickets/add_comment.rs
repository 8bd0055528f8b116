use guildhall_domain::{
    Error, Id, Issue, Resource, Result,
    access::Permission,
    event::Event,
    id,
    text::Text,
    tickets::{Activity, ActivityType, ContentType, Ticket, TicketStatus},
};
use guildhall_repositories::NewActivity;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::letters;
use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Says something on a ticket, and perhaps moves it. What is public is mailed to whoever asked, and their agent can read
/// it; the first such answer keeps the promise of one.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddComment {
    /// On which ticket.
    pub ticket_id: Id<id::Ticket>,
    /// What it says.
    pub content: Text<1, 10_000>,
    /// How that is written.
    #[serde(default = "markdown")]
    pub content_type: ContentType,
    /// Whether the person who asked may read it.
    #[serde(default)]
    pub is_public: bool,
    /// The ticket's status from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<TicketStatus>,
}

const fn markdown() -> ContentType {
    ContentType::Markdown
}

/// What was said, and the ticket as it is now.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Commented {
    /// The entry of the ticket's history.
    pub activity: Activity,
    /// The ticket.
    pub ticket: Ticket,
}

impl Procedure for AddComment {
    const NAME: &'static str = "supportTickets.addComment";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WorkTickets;
    type Output = Commented;

    fn check(&self) -> Vec<Issue> {
        super::unfit(&self.content, self.content_type)
    }

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Commented>> {
        let tickets = cx.tenant().tickets();
        let before = super::find_to_change(cx.tenant(), self.ticket_id).await?;
        let (from, to) = (before.status, self.status.unwrap_or(before.status));
        let mut ticket = Ticket { updated_at: cx.now(), ..before };
        if self.is_public {
            ticket = ticket.answered(cx.now());
        }
        if to != from {
            ticket = ticket.moved(to, cx.now());
            let metadata = json!({ "oldStatus": from, "newStatus": to, "comment": null });
            super::note(cx, ticket.id, ActivityType::StatusChange, String::new(), metadata).await?;
        }
        tickets.save(&ticket).await?;
        let activity_id = cx.fresh_id();
        let comment = NewActivity {
            id: activity_id,
            activity_type: ActivityType::Comment,
            content: self.content.into(),
            content_type: self.content_type,
            metadata: json!({}),
            author: Some(cx.user()),
            is_public: self.is_public,
        };
        tickets.note(ticket.id, comment, cx.now()).await?;
        let stored = tickets.activity(activity_id).await?.ok_or(Error::NotFound(Resource::Activity))?;
        if self.is_public {
            letters::answer(cx, &ticket, &stored.activity).await?;
        }
        let event = Event::TicketCommented { ticket_id: ticket.id, activity_id, is_public: self.is_public, from, to };
        Ok(Outcome::Changed(Commented { activity: stored.activity, ticket }, event))
    }
}
