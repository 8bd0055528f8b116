//! Calls kept per second, in process: through the recorder, which commits many callers' calls at once, and with a
//! transaction for each call. The same rows, the same counters, the same database and the same promise: it is durable.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use guildhall::Guildhall;
use guildhall_domain::{Id, id};
use guildhall_repositories::{Database, Error as RowError, Location, NewCall};
use guildhall_services::{Answer, App, Client, FinishedCall, Guest, Visit};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    dataset::{self, chance::Chance},
    load::median,
    scenarios::met,
    table::Table,
};
use crate::{api::text, node::Place, process};

const CALLERS: [usize; 2] = [64, 512];
/// Organizations whose end users call, and end users of each.
const ORGANIZATIONS: usize = 8;
const GUESTS: usize = 8;
const TOOL: &str = "search_documentation";
/// What is aimed at: the recorder keeps so many times as much.
const SQLITE_AIM: f64 = 10.0;
const POSTGRES_AIM: f64 = 4.0;

/// An end user in a visit, as the repositories know it.
#[derive(Clone, Copy, Debug)]
struct Row {
    organization: Id<id::Organization>,
    server: Id<id::McpServer>,
    person: Id<id::McpUser>,
    visit: Id<id::McpSession>,
}

/// Where calls are kept.
#[derive(Clone)]
enum Keeper {
    Recorder(App, Arc<Vec<Guest>>),
    OneByOne(Database, App, Arc<Vec<Row>>),
}

/// Measures both, in turns. No node runs in that place.
pub(super) async fn measure(place: &Place, rounds: usize, time: Duration) -> Result<Table> {
    let url = place.database_url.as_deref();
    let settings = dataset::settings(&place.data, url, &unlimited())?;
    let guildhall = Guildhall::open(&settings).await?;
    let location = match url {
        Some(url) => Location::Postgres(url.to_owned()),
        None => Location::Sqlite(place.data.join("guildhall.sqlite")),
    };
    let database = Database::open(&location, None).await?;
    let (guests, rows): (Vec<_>, Vec<_>) = people(&guildhall).await?.into_iter().unzip();
    let recorder = Keeper::Recorder(guildhall.app.clone(), Arc::new(guests));
    let one_by_one = Keeper::OneByOne(database.clone(), guildhall.app.clone(), Arc::new(rows));
    let aim = if url.is_some() { POSTGRES_AIM } else { SQLITE_AIM };
    let mut table =
        Table::new(&["calls kept", "callers", "recorder per s", "one by one per s", "times as many", "aim"]);
    for callers in CALLERS {
        let mut figures = Vec::new();
        for _ in 0..rounds {
            ensure!(!process::interrupted(), "interrupted");
            let batched = keep(&recorder, callers, time).await?;
            figures.push([batched, keep(&one_by_one, callers, time).await?]);
        }
        let middle = |of: fn(&[f64; 2]) -> f64| median(figures.iter().map(of).collect()).unwrap_or(f64::NAN);
        let ratio = middle(|[recorder, one]| recorder / one);
        let per_second = [middle(|[recorder, _]| *recorder), middle(|[_, one]| *one)];
        let per_second = per_second.map(|figure| Value::from(figure.round() as u64));
        let [recorder, one] = per_second;
        table.push(vec![TOOL.into(), callers.into(), recorder, one, ratio.into(), met(ratio >= aim).into()]);
    }
    database.close().await;
    Ok(table)
}

fn unlimited() -> Vec<String> {
    let limits = ["mcp-server=4000000000/5m", "mcp-user=4000000000/5m", "mcp-visitor-address=100000000/1m"];
    limits.iter().map(|limit| format!("--limit-{limit}")).collect()
}

/// End users of the first organizations, each in a visit that has just begun.
async fn people(guildhall: &Guildhall) -> Result<Vec<(Guest, Row)>> {
    let mut people = Vec::new();
    for organization in 0..ORGANIZATIONS {
        let slug = dataset::slug(organization);
        let ask = async |name: &str, input: Value| {
            guildhall::call(guildhall, name, &input.to_string(), Some(dataset::OWNER), Some(slug.clone())).await
        };
        let organization = serde_json::from_value(ask("organization.get", json!({})).await?["id"].take())?;
        let servers = ask("mcpServers.list", json!({})).await?;
        let servers = servers.as_array().filter(|servers| !servers.is_empty()).context("no servers")?;
        for (number, server) in (0..GUESTS).zip(servers.iter().cycle()) {
            let tracking_id = format!("ingest-{number}").try_into().map_err(|problem: String| anyhow!(problem))?;
            let (slug, tracking_id) = (text(&server["slug"])?, Some(tracking_id));
            let visit = Visit { slug, tracking_id, session_key: None, token: None };
            let visitor = guildhall.app.greet(&visit).await?;
            let guest = guildhall.app.settle(&visitor, &Client::default(), None).await?;
            let mut latest = ask("sessions.list", json!({ "serverId": server["id"], "limit": 1 })).await?;
            let visit = latest["items"].get_mut(0).context("no visit")?;
            let person = serde_json::from_value(visit["mcpUserId"].take())?;
            let (server, visit) =
                (serde_json::from_value(server["id"].clone())?, serde_json::from_value(visit["id"].take())?);
            people.push((guest, Row { organization, server, person, visit }));
        }
    }
    Ok(people)
}

/// Calls kept per second by so many callers, each of whom waits until its last one is.
async fn keep(keeper: &Keeper, callers: usize, time: Duration) -> Result<f64> {
    let (kept, next) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let warm = Instant::now() + time.mul_f64(0.15);
    let end = warm + time;
    let mut running = JoinSet::new();
    for caller in 0..callers {
        let (keeper, kept, next) = (keeper.clone(), Arc::clone(&kept), Arc::clone(&next));
        running.spawn(async move {
            let mut chance = Chance::new(caller as u64);
            while Instant::now() < end {
                let is_kept = keeper.keep_one(next.fetch_add(1, Ordering::Relaxed), &mut chance).await?;
                let now = Instant::now();
                if is_kept && now >= warm && now <= end {
                    kept.fetch_add(1, Ordering::Relaxed);
                }
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(kept.load(Ordering::Relaxed) as f64 / time.as_secs_f64())
}

impl Keeper {
    /// Keeps a call; false where so many wait for a connection, or for each other, that this one was turned away.
    async fn keep_one(&self, number: usize, chance: &mut Chance) -> Result<bool> {
        match self {
            Self::Recorder(app, guests) => {
                let guest = guests.get(number % guests.len()).context("nobody calls")?;
                let call = FinishedCall {
                    tool_name: TOOL,
                    given: &input(),
                    answer: &answer(),
                    duration: Duration::from_millis(120),
                    started_at: app.now(),
                };
                app.record(guest, call).await?;
                Ok(true)
            }
            Self::OneByOne(database, app, rows) => {
                let row = rows.get(number % rows.len()).context("nobody calls")?;
                let now = app.now();
                let call = NewCall {
                    id: Id::from_uuid(chance.id(now.millis())),
                    server: row.server,
                    person: row.person,
                    visit: row.visit,
                    tool_name: TOOL.to_owned(),
                    input: input().to_string(),
                    output: kept(&answer()),
                    is_error: false,
                    duration_ms: 120,
                    at: now,
                };
                let done = async {
                    let access = database.write().await?;
                    access.tenant(row.organization).tool_calls().record(&[call]).await?;
                    access.commit().await
                };
                match done.await {
                    Err(RowError::Away(_) | RowError::Contended(_)) => Ok(false),
                    done => Ok(done.map(|()| true)?),
                }
            }
        }
    }
}

fn input() -> Value {
    json!({ "query": "export invoice report" })
}

fn answer() -> Answer {
    let text = "About export: open the settings, choose it and confirm.".to_owned();
    Answer { text, structured: Some(json!({ "next": "invoice" })), is_error: false }
}

/// An answer as the recorder keeps it.
fn kept(answer: &Answer) -> String {
    json!({ "text": answer.text, "structured": answer.structured }).to_string()
}
