use guildhall_domain::{
    Error, Id, Resource, Result, Timestamp,
    access::Permission,
    id,
    page::{Cursor, Limit, PageLimit, PageRequest},
    text::Text,
    tickets::{Activity, Origin, Priority, Target, Ticket, TicketStatus, TicketWithMcpUser},
};
use guildhall_repositories::{TicketFilter, TicketSort};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Cx, InOrganization, Procedure, Query, mcp_servers};

/// In which order tickets come.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// The newest first.
    #[default]
    Newest,
    /// The oldest first.
    Oldest,
    /// The most urgent first, of those the newest.
    Priority,
    /// The last changed first.
    Updated,
    /// What is due soonest first; of which nothing is promised, last.
    Due,
}

/// Support tickets, with how many of all the organization's tickets have each status.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ListTickets {
    /// How many.
    #[serde(default)]
    pub limit: PageLimit,
    /// After which; of a list in the same order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<Cursor>,
    /// In one of these only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 5))]
    pub status: Vec<TicketStatus>,
    /// Of this priority only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// Of this user only; null: of nobody.
    #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Id<id::User>>", extend("x-nullable" = true))]
    pub assignee_id: Option<Option<Id<id::User>>>,
    /// Through this server only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_id: Option<Id<id::McpServer>>,
    /// Due before then only: with the time that it is, those that are overdue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_before: Option<Timestamp>,
    /// With these words in the title or the summary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Text<1, 10_000>>,
    /// In which order.
    #[serde(default)]
    pub sort: Sort,
}

/// Tells null, which means nobody, from left out, which means anybody.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Option<Id<id::User>>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A page of tickets.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketPage {
    /// The tickets.
    pub items: Vec<Ticket>,
    /// What to send as `cursor` for the next page; null on the last.
    pub next_cursor: Option<Cursor>,
    /// How many of all the organization's tickets have each status.
    pub counts: StatusCounts,
}

/// How many tickets have each status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(missing_docs, reason = "each is the status of that name")]
pub struct StatusCounts {
    pub needs_email: i64,
    pub pending: i64,
    pub in_progress: i64,
    pub resolved: i64,
    pub closed: i64,
}

impl Procedure for ListTickets {
    const NAME: &'static str = "supportTickets.list";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadTickets;
    type Output = TicketPage;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<TicketPage> {
        if let Some(server) = self.server_id {
            mcp_servers::find(cx.tenant(), server).await?;
        }
        if let Some(Some(user)) = self.assignee_id
            && !cx.tenant().members().has(user).await?
        {
            return Err(Error::NotFound(Resource::Member));
        }
        let filter = TicketFilter {
            status: self.status,
            priority: self.priority,
            assignee: self.assignee_id,
            server: self.server_id,
            due_before: self.due_before,
            search: self.search.map(String::from),
        };
        let sort = match self.sort {
            Sort::Newest => TicketSort::Newest,
            Sort::Oldest => TicketSort::Oldest,
            Sort::Priority => TicketSort::Priority,
            Sort::Updated => TicketSort::Updated,
            Sort::Due => TicketSort::Due,
        };
        let tickets = cx.tenant().tickets();
        let page = tickets.list(&filter, sort, PageRequest::new(self.limit, self.cursor)).await?;
        let mut counts = StatusCounts::default();
        for (status, total) in tickets.by_status().await? {
            match status {
                TicketStatus::NeedsEmail => counts.needs_email = total,
                TicketStatus::Pending => counts.pending = total,
                TicketStatus::InProgress => counts.in_progress = total,
                TicketStatus::Resolved => counts.resolved = total,
                TicketStatus::Closed => counts.closed = total,
            }
        }
        Ok(TicketPage { items: page.items, next_cursor: page.next_cursor, counts })
    }
}

/// One ticket, with what its visit knew when it was filed.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetTicket {
    /// Which ticket.
    pub ticket_id: Id<id::Ticket>,
}

/// A ticket, and where it came from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketDetail {
    /// The ticket.
    #[serde(flatten)]
    pub ticket: Ticket,
    /// What its visit knew when it was filed; null where it came otherwise.
    pub origin: Option<Origin>,
}

impl Procedure for GetTicket {
    const NAME: &'static str = "supportTickets.get";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadTickets;
    type Output = TicketDetail;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<TicketDetail> {
        let ticket = super::find(cx.tenant(), self.ticket_id).await?;
        let origin = cx.tenant().tickets().origin(&ticket).await?;
        Ok(TicketDetail { ticket, origin })
    }
}

/// A ticket's history, the newest entry first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetActivities {
    /// Of which ticket.
    pub ticket_id: Id<id::Ticket>,
    /// How many.
    #[serde(default)]
    pub limit: Limit<100, 50>,
    /// After how many.
    #[serde(default)]
    #[schemars(range(min = 0, max = 1_000_000))]
    pub offset: u32,
}

impl Procedure for GetActivities {
    const NAME: &'static str = "supportTickets.getActivities";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadTickets;
    type Output = Vec<Activity>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<Activity>> {
        let ticket = super::find(cx.tenant(), self.ticket_id).await?;
        Ok(cx.tenant().tickets().activities(&ticket, self.limit.get(), self.offset.into()).await?)
    }
}

/// A ticket with the person who asked and the server it came through.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GetWithMcpUser {
    /// Which ticket.
    pub ticket_id: Id<id::Ticket>,
}

impl Procedure for GetWithMcpUser {
    const NAME: &'static str = "supportTickets.getWithMcpUser";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadTickets;
    type Output = TicketWithMcpUser;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<TicketWithMcpUser> {
        let found = cx.tenant().tickets().with_mcp_user(self.ticket_id).await?;
        found.ok_or(Error::NotFound(Resource::Ticket))
    }
}

/// How soon tickets of each priority are to be answered and settled, the most urgent first.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTargets {}

impl Procedure for GetTargets {
    const NAME: &'static str = "supportTickets.getTargets";
    type Effect = Query;
    type Reach = InOrganization;
    const NEEDS: Permission = Permission::ReadTickets;
    type Output = Vec<Target>;

    async fn run(self, cx: &Cx<'_, InOrganization>) -> Result<Vec<Target>> {
        Ok(cx.tenant().tickets().targets().await?)
    }
}
