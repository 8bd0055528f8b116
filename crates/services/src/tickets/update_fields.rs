use guildhall_domain::{
    Id, Result,
    access::Permission,
    event::Event,
    id,
    text::{Email, Text},
    tickets::{ActivityType, Priority, Ticket, TicketStatus},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::{Cx, InOrganization, Mutation, Outcome, Procedure};

/// Corrects a ticket; what is left out stays. With another priority comes what is promised of it. A ticket that lacked an
/// email only waits for somebody from then on.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateTicketFields {
    /// Which ticket.
    pub ticket_id: Id<id::Ticket>,
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Text<1, 200>>,
    /// What is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concise_summary: Option<Text<1, 10_000>>,
    /// How much it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Where an answer reaches the person who asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Email>,
}

impl Procedure for UpdateTicketFields {
    const NAME: &'static str = "supportTickets.updateFields";
    type Effect = Mutation;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::WorkTickets;
    type Output = Ticket;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Outcome<Ticket>> {
        let tickets = cx.tenant().tickets();
        let before = super::find_to_change(cx.tenant(), self.ticket_id).await?;
        let mut after = Ticket {
            title: self.title.map_or_else(|| before.title.clone(), String::from),
            concise_summary: self.concise_summary.map_or_else(|| before.concise_summary.clone(), String::from),
            priority: self.priority.unwrap_or(before.priority),
            email: self.email.or_else(|| before.email.clone()),
            ..before.clone()
        };
        if after.status == TicketStatus::NeedsEmail && after.email.is_some() {
            after = after.moved(TicketStatus::Pending, cx.now());
        }
        let changes = changes(&before, &after);
        if changes.is_empty() {
            return Ok(Outcome::Unchanged(before));
        }
        if after.priority != before.priority {
            after = after.promised(&tickets.targets().await?, cx.now());
        }
        after.updated_at = cx.now();
        tickets.save(&after).await?;
        let fields: Vec<String> = changes.keys().cloned().collect();
        let metadata = json!({ "changes": changes });
        super::note(cx, after.id, ActivityType::FieldUpdate, String::new(), metadata).await?;
        Ok(Outcome::Changed(after.clone(), Event::TicketUpdated { ticket_id: after.id, fields }))
    }
}

/// Old and new of what is another now, as the wire spells it. Of an address only that it is: whoever is forgotten is forgotten
/// here too.
fn changes(before: &Ticket, after: &Ticket) -> Map<String, Value> {
    let pairs = [
        ("title", json!(before.title), json!(after.title)),
        ("conciseSummary", json!(before.concise_summary), json!(after.concise_summary)),
        ("priority", json!(before.priority), json!(after.priority)),
        ("email", json!(before.email), json!(after.email)),
        ("status", json!(before.status), json!(after.status)),
    ];
    let changed = pairs.into_iter().filter(|(_, old, new)| old != new);
    let said = |(field, old, new)| match field {
        "email" => (field.to_owned(), json!({})),
        _ => (field.to_owned(), json!({ "old": old, "new": new })),
    };
    changed.map(said).collect()
}
