//! A walkthrough in each of the first organizations, which some of their people went through, fewer at each step.

use anyhow::Result;
use serde_json::json;
use uuid::Uuid;

use super::{
    chance::Chance,
    generate::{HOUR, History},
    loader::{Cell, Columns, Loader},
};

const WALKTHROUGHS: Columns = Columns {
    table: "walkthroughs",
    columns: &["id", "organization_id", "title", "type", "status", "tags", "step_count", "created_at", "updated_at"],
};
const STEPS: Columns = Columns {
    table: "walkthrough_steps",
    columns: &[
        "id",
        "organization_id",
        "walkthrough_id",
        "title",
        "display_order",
        "content_fields",
        "created_at",
        "updated_at",
    ],
};
const ASSIGNMENTS: Columns = Columns {
    table: "walkthrough_assignments",
    columns: &["organization_id", "server_id", "walkthrough_id", "display_order", "is_enabled"],
};
const RUNS: Columns = Columns {
    table: "walkthrough_runs",
    columns: &[
        "id",
        "organization_id",
        "mcp_user_id",
        "server_id",
        "walkthrough_id",
        "attempt",
        "started_at",
        "last_activity_at",
    ],
};
const COMPLETIONS: Columns =
    Columns { table: "walkthrough_completions", columns: &["organization_id", "run_id", "step_id", "completed_at"] };
const SEED: u64 = 11;
const AUTHORS: usize = 5;
const STEP_COUNT: usize = 6;
/// Of those who visit a server with a walkthrough, how many begin it; of those who do a step, how many do the next.
const BEGIN: f64 = 0.3;
const GO_ON: f64 = 0.85;
const MIDDLE_STEP: f64 = 120_000.0;

/// Who begins which walkthrough, where and when.
struct Beginning {
    organization: Uuid,
    walkthrough: Uuid,
    steps: [Uuid; STEP_COUNT],
    server: Uuid,
    user: Uuid,
    at: i64,
}

/// Writes all of it; organizations, servers and users are there.
pub(super) async fn write(loader: &mut Loader, history: &History) -> Result<()> {
    let mut chance = Chance::new(SEED);
    let (mut runs, mut completions) = (Vec::new(), Vec::new());
    for (place, (organization, _)) in history.organizations.iter().take(AUTHORS).enumerate() {
        let (walkthrough, steps) = author(loader, history, place, *organization, &mut chance).await?;
        for (server, user, at) in beginnings(history, place, &mut chance) {
            let beginning = Beginning { organization: *organization, walkthrough, steps, server, user, at };
            go_through(&beginning, history.end, &mut chance, (&mut runs, &mut completions));
        }
    }
    loader.insert(RUNS, runs.into_iter()).await?;
    loader.insert(COMPLETIONS, completions.into_iter()).await
}

async fn author(
    loader: &mut Loader,
    history: &History,
    place: usize,
    organization: Uuid,
    chance: &mut Chance,
) -> Result<(Uuid, [Uuid; STEP_COUNT])> {
    let (begin, at) = (history.begin(), Cell::Number(history.begin()));
    let walkthrough = chance.id(begin);
    let steps = std::array::from_fn(|_| chance.id(begin));
    let row = vec![
        Cell::Id(walkthrough),
        Cell::Id(organization),
        Cell::Word("First steps"),
        Cell::Word("course"),
        Cell::Word("published"),
        Cell::Word("[]"),
        Cell::Number(STEP_COUNT as i64),
        at.clone(),
        at.clone(),
    ];
    loader.insert(WALKTHROUGHS, std::iter::once(row)).await?;
    let fields = json!({ "version": "v1", "contentForUser": "Read this, then go on." }).to_string();
    let rows = steps.iter().enumerate().map(|(order, step)| {
        let (title, order) = (Cell::Text(format!("Step {}", order + 1)), Cell::Number(order as i64));
        let ids = [Cell::Id(*step), Cell::Id(organization), Cell::Id(walkthrough)];
        ids.into_iter().chain([title, order, Cell::Text(fields.clone()), at.clone(), at.clone()]).collect()
    });
    loader.insert(STEPS, rows).await?;
    let servers = history.servers_of(place).filter_map(|server| history.servers.get(server));
    let rows = servers.map(|server| {
        let ids = [organization, server.id, walkthrough].map(Cell::Id);
        ids.into_iter().chain([Cell::Number(0), Cell::Flag(true)]).collect()
    });
    loader.insert(ASSIGNMENTS, rows).await?;
    Ok((walkthrough, steps))
}

/// The first visits of those users who begin.
fn beginnings(history: &History, organization: usize, chance: &mut Chance) -> Vec<(Uuid, Uuid, i64)> {
    let mut met = vec![false; history.users.len()];
    let mut found = Vec::new();
    for visit in &history.visits {
        let (Some(server), Some(user)) = (history.servers.get(visit.server), history.users.get(visit.user)) else {
            continue;
        };
        let Some(met) = met.get_mut(visit.user).filter(|_| server.organization == organization) else { continue };
        if !std::mem::replace(met, true) && chance.happens(BEGIN) {
            found.push((server.id, user.id, visit.at));
        }
    }
    found
}

fn go_through(
    beginning: &Beginning,
    end: i64,
    chance: &mut Chance,
    (runs, completions): (&mut Vec<Vec<Cell>>, &mut Vec<Vec<Cell>>),
) {
    let run = chance.id(beginning.at);
    let mut at = beginning.at;
    for step in beginning.steps {
        let done_at = at + chance.log_normal(MIDDLE_STEP, 1.0).min(HOUR as f64) as i64;
        if done_at >= end || !chance.happens(GO_ON) {
            break;
        }
        at = done_at;
        completions.push(vec![Cell::Id(beginning.organization), Cell::Id(run), Cell::Id(step), Cell::Number(at)]);
    }
    let ids = [run, beginning.organization, beginning.user, beginning.server, beginning.walkthrough].map(Cell::Id);
    let rest = [Cell::Number(1), Cell::Number(beginning.at), Cell::Number(at)];
    runs.push(ids.into_iter().chain(rest).collect());
}
