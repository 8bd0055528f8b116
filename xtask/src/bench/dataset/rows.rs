//! A history as rows of tables.

use anyhow::Result;
use serde_json::json;
use uuid::Uuid;

use super::{
    chance::Chance,
    generate::{HOUR, History, TOOLS},
    loader::{Cell, Columns, Loader},
};

const ORGANIZATIONS: Columns = Columns {
    table: "organizations",
    columns: &["id", "name", "slug", "is_personal", "plan", "created_at", "updated_at"],
};
const MEMBERS: Columns =
    Columns { table: "members", columns: &["id", "organization_id", "user_id", "role", "created_at"] };
const SERVERS: Columns = Columns {
    table: "mcp_servers",
    columns: &[
        "id",
        "organization_id",
        "name",
        "slug",
        "auth_type",
        "support_ticket_type",
        "walkthrough_tools_enabled",
        "knowledge_tools_enabled",
        "payload_capture",
        "created_at",
        "updated_at",
    ],
};
const USERS: Columns = Columns {
    table: "mcp_users",
    columns: &[
        "id",
        "organization_id",
        "tracking_id",
        "email",
        "display_name",
        "first_seen_at",
        "last_seen_at",
        "session_count",
    ],
};
const VISITS: Columns = Columns {
    table: "mcp_sessions",
    columns: &[
        "id",
        "organization_id",
        "server_id",
        "mcp_user_id",
        "client_name",
        "client_version",
        "protocol_version",
        "identity",
        "connected_at",
        "last_seen_at",
        "tool_call_count",
    ],
};
const CALLS: Columns = Columns {
    table: "tool_calls",
    columns: &[
        "id",
        "organization_id",
        "server_id",
        "mcp_user_id",
        "mcp_session_id",
        "tool_name",
        "input",
        "output",
        "is_error",
        "duration_ms",
        "created_at",
    ],
};
const TICKET_NUMBERS: Columns = Columns { table: "ticket_numbers", columns: &["organization_id", "last_number"] };
const TICKETS: Columns = Columns {
    table: "tickets",
    columns: &[
        "id",
        "organization_id",
        "number",
        "title",
        "concise_summary",
        "status",
        "priority",
        "method",
        "server_id",
        "mcp_user_id",
        "mcp_session_id",
        "created_at",
        "updated_at",
        "resolved_at",
    ],
};
const SEED: u64 = 5;
const WORDS: [&str; 12] = [
    "invoice", "refund", "password", "export", "import", "webhook", "report", "limit", "address", "theme", "backup",
    "search",
];
const STATUSES: [&str; 5] = ["pending", "in_progress", "resolved", "closed", "needs_email"];

/// Writes all of it but walkthroughs; `owner` is an account that owns every organization.
pub(super) async fn write(loader: &mut Loader, history: &History, owner: Uuid) -> Result<()> {
    let mut chance = Chance::new(SEED);
    organizations(loader, history, owner, &mut chance).await?;
    people(loader, history).await?;
    loader.insert(CALLS, history.calls.iter().filter_map(|call| {
        let visit = history.visits.get(call.visit as usize)?;
        let (server, user) = (history.servers.get(visit.server)?, history.users.get(visit.user)?);
        let (asked, found) = (words(&mut chance), words(&mut chance));
        let output = if call.is_error {
            json!({ "error": { "code": "NOT_FOUND", "message": format!("nothing about {found}") } })
        } else {
            json!({ "text": format!("About {found}: open the settings, choose it and confirm."), "next": found })
        };
        Some(vec![
            Cell::Id(chance.id(call.at)),
            Cell::Id(history.organizations.get(server.organization)?.0),
            Cell::Id(server.id),
            Cell::Id(user.id),
            Cell::Id(visit.id),
            Cell::Word(TOOLS.get(usize::from(call.tool))?),
            Cell::Text(json!({ "query": asked }).to_string()),
            Cell::Text(output.to_string()),
            Cell::Flag(call.is_error),
            Cell::Number(i64::from(call.duration)),
            Cell::Number(call.at),
        ])
    }))
    .await?;
    tickets(loader, history, &mut chance).await
}

/// The slug of the organization at that place.
pub(crate) fn slug(organization: usize) -> String {
    format!("organization-{organization:03}")
}

/// The subdomain of the server at that place.
fn subdomain(server: usize) -> String {
    format!("server-{server:05}")
}

/// The trackingId of the end user at that place.
fn tracking_id(user: usize) -> String {
    format!("reader-{user:07}")
}

fn words(chance: &mut Chance) -> String {
    let three = [chance.one_of(&WORDS), chance.one_of(&WORDS), chance.one_of(&WORDS)];
    three.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

async fn organizations(loader: &mut Loader, history: &History, owner: Uuid, chance: &mut Chance) -> Result<()> {
    let at = Cell::Number(history.begin());
    let rows = history.organizations.iter().enumerate().map(|(place, (id, _))| {
        let name = Cell::Text(format!("Organization {place}"));
        let flags = [Cell::Flag(false), Cell::Word("free"), at.clone(), at.clone()];
        [Cell::Id(*id), name, Cell::Text(slug(place))].into_iter().chain(flags).collect()
    });
    loader.insert(ORGANIZATIONS, rows).await?;
    let members = history.organizations.iter().map(|(id, _)| {
        vec![Cell::Id(chance.id(history.begin())), Cell::Id(*id), Cell::Id(owner), Cell::Word("owner"), at.clone()]
    });
    loader.insert(MEMBERS, members).await?;
    let servers = history.servers.iter().enumerate().filter_map(|(place, server)| {
        let (organization, _) = history.organizations.get(server.organization)?;
        Some(vec![
            Cell::Id(server.id),
            Cell::Id(*organization),
            Cell::Text(format!("Server {place}")),
            Cell::Text(subdomain(place)),
            Cell::Word("none"),
            Cell::Word("dashboard"),
            Cell::Flag(true),
            Cell::Flag(true),
            Cell::Word("redacted"),
            at.clone(),
            at.clone(),
        ])
    });
    loader.insert(SERVERS, servers).await
}

/// End users and their visits, each with what triggers would have noted there.
async fn people(loader: &mut Loader, history: &History) -> Result<()> {
    let mut visits: Vec<(i64, i64)> = history.visits.iter().map(|visit| (visit.at, 0)).collect();
    for call in &history.calls {
        if let Some((last, calls)) = visits.get_mut(call.visit as usize) {
            (*last, *calls) = (call.at.max(*last), *calls + 1);
        }
    }
    let mut users: Vec<(i64, i64)> = history.users.iter().map(|user| (user.first_seen_at, 0)).collect();
    for (visit, (last, _)) in history.visits.iter().zip(&visits) {
        if let Some((seen, count)) = users.get_mut(visit.user) {
            (*seen, *count) = ((*last).max(*seen), *count + 1);
        }
    }
    let email = |place: usize| place.is_multiple_of(3).then(|| format!("{}@example.test", tracking_id(place)));
    let rows = history.users.iter().zip(users).enumerate().filter_map(|(place, (user, (last, count)))| {
        let (organization, _) = history.organizations.get(user.organization)?;
        Some(vec![
            Cell::Id(user.id),
            Cell::Id(*organization),
            Cell::Text(tracking_id(place)),
            email(place).map_or(Cell::Null, Cell::Text),
            Cell::Text(format!("Reader {place}")),
            Cell::Number(user.first_seen_at),
            Cell::Number(last),
            Cell::Number(count),
        ])
    });
    loader.insert(USERS, rows).await?;
    let rows = history.visits.iter().zip(visits).filter_map(|(visit, (last, calls))| {
        let (server, user) = (history.servers.get(visit.server)?, history.users.get(visit.user)?);
        let tracked = || format!("tracking:{}", tracking_id(visit.user));
        let identity = email(visit.user).map_or_else(tracked, |email| format!("email:{email}"));
        Some(vec![
            Cell::Id(visit.id),
            Cell::Id(history.organizations.get(server.organization)?.0),
            Cell::Id(server.id),
            Cell::Id(user.id),
            Cell::Word("claude-code"),
            Cell::Word("2.1.0"),
            Cell::Word("2026-07-28"),
            Cell::Text(identity),
            Cell::Number(visit.at),
            Cell::Number(last),
            Cell::Number(calls),
        ])
    });
    loader.insert(VISITS, rows).await
}

async fn tickets(loader: &mut Loader, history: &History, chance: &mut Chance) -> Result<()> {
    let numbers =
        history.organizations.iter().map(|(id, share)| vec![Cell::Id(*id), Cell::Number(share.tickets as i64)]);
    loader.insert(TICKET_NUMBERS, numbers).await?;
    let mut visits: Vec<Vec<usize>> = vec![Vec::new(); history.organizations.len()];
    for (place, visit) in history.visits.iter().enumerate() {
        let organization = history.servers.get(visit.server).and_then(|server| visits.get_mut(server.organization));
        organization.into_iter().for_each(|visits| visits.push(place));
    }
    let mut rows = Vec::new();
    for ((id, share), visits) in history.organizations.iter().zip(&visits) {
        for number in 1..=share.tickets {
            let visit = chance.one_of(visits).and_then(|place| history.visits.get(place));
            rows.extend(visit.and_then(|visit| ticket(history, *id, number, visit, chance)));
        }
    }
    loader.insert(TICKETS, rows.into_iter()).await
}

fn ticket(
    history: &History,
    organization: Uuid,
    number: usize,
    visit: &super::generate::Visit,
    chance: &mut Chance,
) -> Option<Vec<Cell>> {
    let status = chance.one_of(&STATUSES)?;
    let settled = matches!(status, "resolved" | "closed");
    let (at, changed) = (visit.at, (visit.at + HOUR).min(history.end - 1));
    Some(vec![
        Cell::Id(chance.id(at)),
        Cell::Id(organization),
        Cell::Number(number as i64),
        Cell::Text(format!("Trouble with {}", words(chance))),
        Cell::Text(format!("The {} does not work as the documentation says.", words(chance))),
        Cell::Word(status),
        Cell::Number(chance.below(4) as i64),
        Cell::Word("dashboard"),
        Cell::Id(history.servers.get(visit.server)?.id),
        Cell::Id(history.users.get(visit.user)?.id),
        Cell::Id(visit.id),
        Cell::Number(at),
        Cell::Number(changed),
        if settled { Cell::Number(changed) } else { Cell::Null },
    ])
}
