//! Procedures over HTTP, end to end: the token is checked and the membership read fresh each time. Beside each, in turns of
//! a second or so, what its SQL alone costs (the floor) and what HTTP alone costs (the ceiling).

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{
    dataset::{
        self,
        plan::{LARGE, SMALL},
    },
    floor::{self, Asked},
    load::{self, Figures, Question, median},
    table::Table,
};
use crate::{
    api::{Api, text},
    node::{Node, Place},
    process,
};

/// Clients at once.
pub(super) const CLIENTS: usize = 16;
/// What is aimed at: so much of the floor's requests per second, and a month of the largest organization for no more than
/// so many times the price of one with 1,000 calls.
const OF_FLOOR: f64 = 0.6;
const OF_SMALL: f64 = 1.5;
const RANGES: [&str; 4] = ["1h", "1d", "1w", "1m"];

/// A procedure with an input, in one organization.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) input: Value,
    /// What of the input a reader of the table wants to know.
    note: &'static str,
    organization: usize,
}

/// A scenario's rounds.
#[derive(Debug)]
struct Measured {
    scenario: Scenario,
    statements: u64,
    bytes: usize,
    rounds: Vec<Round>,
}

/// One turn of each.
#[derive(Clone, Copy, Debug)]
struct Round {
    floor: Figures,
    guildhall: Figures,
    ceiling: Figures,
}

/// Who asks: the owner of all organizations.
#[derive(Clone, Debug)]
pub(super) struct Owner {
    api: Api,
    pub(super) token: String,
}

impl Owner {
    /// Signs in at a node.
    pub(super) async fn at(node: &Node) -> Result<Self> {
        let api = Api::new(&node.url)?;
        let token = api.sign_in(dataset::OWNER).await?;
        Ok(Self { api, token })
    }

    /// The owner in the organization at that place.
    pub(super) fn of(&self, organization: usize) -> Api {
        self.api.signed_in(&self.token, &dataset::slug(organization))
    }

    /// A scenario as it is sent to `url`.
    pub(super) fn question(&self, url: &str, scenario: &Scenario) -> Question {
        let (token, slug) = (&self.token, dataset::slug(scenario.organization));
        Question {
            url: url.to_owned(),
            path: format!("/api/{}", scenario.name.replace('.', "/")),
            headers: format!("authorization: Bearer {token}\r\nx-organization: {slug}\r\n"),
            body: scenario.input.to_string(),
        }
    }
}

/// All scenarios, each in the largest organization and in the one with 1,000 calls.
pub(super) async fn scenarios(owner: &Owner) -> Result<Vec<[Scenario; 2]>> {
    let (large, small) = (inputs(&owner.of(LARGE)).await?, inputs(&owner.of(SMALL)).await?);
    let pair = |((name, note, large), (_, _, small))| {
        [(large, LARGE), (small, SMALL)].map(|(input, organization)| Scenario { name, input, note, organization })
    };
    Ok(large.into_iter().zip(small).map(pair).collect())
}

async fn inputs(api: &Api) -> Result<Vec<(&'static str, &'static str, Value)>> {
    let first = async |list: &str| -> Result<Value> {
        let page = api.call(list, &json!({ "limit": 1 })).await?;
        Ok(page["items"].get(0).with_context(|| format!("{list}: nothing there"))?["id"].clone())
    };
    let (session, ticket) = (first("sessions.list").await?, first("supportTickets.list").await?);
    let walkthrough = first("walkthrough.list").await?;
    let charts = RANGES.map(|range| ("toolCalls.getChart", range, json!({ "timeRange": range })));
    let month = || json!({ "timeRange": "1m" });
    let others = [
        ("analytics.getOverview", "1m", month()),
        ("analytics.getTopTools", "1m", month()),
        ("analytics.getTopUsers", "1m", month()),
        ("analytics.getWalkthroughFunnel", "", json!({ "walkthroughId": walkthrough })),
        ("analytics.getRetention", "8 weeks", json!({})),
        ("toolCalls.list", "50", json!({ "limit": 50 })),
        ("sessions.list", "50", json!({ "limit": 50 })),
        ("sessions.getToolCalls", "", json!({ "sessionId": session })),
        ("supportTickets.list", "50", json!({ "limit": 50 })),
        ("supportTickets.getWithMcpUser", "", json!({ "ticketId": ticket })),
        ("organization.get", "", json!({})),
        ("mcpServers.list", "", json!({})),
    ];
    Ok(charts.into_iter().chain(others).collect())
}

/// Measures all of them, or `only` those of one procedure, at a node in `place`: so many rounds, each of so long.
pub(super) async fn measure(
    node: &Node,
    place: &Place,
    only: Option<&str>,
    rounds: usize,
    time: Duration,
) -> Result<Outcome> {
    let owner = Owner::at(node).await?;
    let mut pairs = scenarios(&owner).await?;
    pairs.retain(|[one, _]| only.is_none_or(|only| one.name == only));
    ensure!(!pairs.is_empty(), "nothing is measured of {}", only.unwrap_or("any procedure"));
    let questions = pairs.iter().flatten().map(|one| (one.name, dataset::slug(one.organization), one.input.clone()));
    let asked = Asked { token: &owner.token, questions: questions.collect() };
    let floor = floor::start(place, &format!("http://localhost:{}", place.port), &asked)?;
    let described = Api::new(&floor.url)?;
    let mut measured = Vec::new();
    for (number, pair) in pairs.into_iter().enumerate() {
        let owner = Owner::at(node).await?; // a token is good for a quarter of an hour
        let mut beside = Vec::new();
        for (place, scenario) in pair.into_iter().enumerate() {
            let path = format!("/{}", number * 2 + place);
            let told = described.read(&path).await?;
            let (statements, bytes) = (told["statements"].as_u64().unwrap_or(0), text(&told["answer"])?.len());
            beside.push((Measured { scenario, statements, bytes, rounds: Vec::new() }, path));
        }
        // Both sizes in the same rounds: what disturbs one disturbs the other.
        for _ in 0..rounds {
            for (one, path) in &mut beside {
                ensure!(!process::interrupted(), "interrupted");
                let name = one.scenario.name;
                let words = || format!("{name}; the logs end\n{}\n{}", node.last_words(), floor.last_words());
                let guildhall = owner.question(&node.url, &one.scenario);
                one.rounds.push(round(guildhall, &floor.url, path, time).await.with_context(words)?);
            }
        }
        measured.extend(beside.into_iter().map(|(measured, _)| measured));
    }
    Ok(Outcome { measured })
}

/// The floor, which is at `path` there, Guildhall and the ceiling, one after the other.
async fn round(guildhall: Question, floor: &str, path: &str, time: Duration) -> Result<Round> {
    let below = Question { url: floor.to_owned(), path: path.to_owned(), ..guildhall.clone() };
    let above = Question { path: "/".to_owned(), ..below.clone() };
    Ok(Round {
        floor: load::measure(&below, CLIENTS, time).await?,
        guildhall: load::measure(&guildhall, CLIENTS, time).await?,
        ceiling: load::measure(&above, CLIENTS, time).await?,
    })
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    measured: Vec<Measured>,
}

impl Measured {
    fn middle(&self, of: impl Fn(&Round) -> f64) -> f64 {
        median(self.rounds.iter().map(of).collect()).unwrap_or(f64::NAN)
    }

    /// Requests per second beside the floor's, of the same rounds.
    fn of_floor(&self) -> f64 {
        self.middle(|round| round.guildhall.per_second / round.floor.per_second)
    }

    /// What a request costs beside one of the other, of the same rounds.
    fn beside(&self, other: &Self) -> f64 {
        let rounds = self.rounds.iter().zip(&other.rounds);
        let ratios = rounds.map(|(own, its)| its.guildhall.per_second / own.guildhall.per_second);
        median(ratios.collect()).unwrap_or(f64::NAN)
    }

    fn row(&self) -> Vec<Value> {
        let whole = |figure: f64| Value::from(figure.round() as u64);
        vec![
            self.scenario.name.into(),
            self.scenario.note.into(),
            if self.scenario.organization == LARGE { "largest" } else { "1,000 calls" }.into(),
            self.statements.into(),
            self.bytes.into(),
            whole(self.middle(|round| round.guildhall.per_second)),
            self.middle(|round| round.guildhall.p50).into(),
            self.middle(|round| round.guildhall.p99).into(),
            whole(self.middle(|round| round.floor.per_second)),
            whole(self.middle(|round| round.ceiling.per_second)),
            self.of_floor().into(),
            self.middle(|round| round.guildhall.per_second / round.ceiling.per_second).into(),
            met(self.of_floor() >= OF_FLOOR).into(),
        ]
    }
}

impl Outcome {
    /// Each scenario beside its floor and its ceiling.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new(&[
            "procedure",
            "input",
            "organization",
            "statements",
            "bytes",
            "per s",
            "p50 ms",
            "p99 ms",
            "floor per s",
            "ceiling per s",
            "of floor",
            "of ceiling",
            "aim",
        ]);
        self.measured.iter().for_each(|one| table.push(one.row()));
        table
    }

    /// What the largest organization costs beside the one with 1,000 calls.
    pub(super) fn sizes(&self) -> Table {
        let mut table = Table::new(&["procedure", "input", "largest / 1,000 calls", "aim"]);
        for pair in self.measured.chunks_exact(2) {
            let [large, small] = pair else { continue };
            let (Scenario { name, note, .. }, ratio) = (&large.scenario, large.beside(small));
            // Only of a month's chart it is promised.
            let aim = (*name == "toolCalls.getChart" && *note == "1m").then(|| met(ratio <= OF_SMALL));
            table.push(vec![(*name).into(), (*note).into(), ratio.into(), aim.into()]);
        }
        table
    }
}

/// Whether an aim was met, in a table.
pub(super) const fn met(is: bool) -> &'static str {
    if is { "met" } else { "missed" }
}
