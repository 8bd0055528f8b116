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
    rounds: Vec<[Figures; 3]>,
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

/// All scenarios that the node knows; the names of those that it does not know yet.
pub(super) async fn scenarios(owner: &Owner) -> Result<(Vec<Scenario>, Vec<&'static str>)> {
    let mut all = Vec::new();
    for (organization, note) in [(LARGE, RANGES), (SMALL, RANGES)].into_iter().flat_map(|(o, r)| r.map(|r| (o, r))) {
        all.push(Scenario { name: "toolCalls.getChart", input: json!({ "timeRange": note }), note, organization });
    }
    for organization in [LARGE, SMALL] {
        let api = owner.of(organization);
        let first = async |list: &str| -> Result<Value> {
            let page = api.call(list, &json!({ "limit": 1 })).await?;
            Ok(page["items"].get(0).with_context(|| format!("{list}: nothing there"))?["id"].clone())
        };
        let (session, ticket) = (first("sessions.list").await?, first("supportTickets.list").await?);
        let walkthrough = first("walkthrough.list").await?;
        let month = || json!({ "timeRange": "1m" });
        let scenarios = [
            ("analytics.getOverview", month(), "1m"),
            ("analytics.getTopTools", month(), "1m"),
            ("analytics.getTopUsers", month(), "1m"),
            ("analytics.getWalkthroughFunnel", json!({ "walkthroughId": walkthrough }), ""),
            ("analytics.getRetention", json!({}), "8 weeks"),
            ("toolCalls.list", json!({ "limit": 50 }), "50"),
            ("sessions.list", json!({ "limit": 50 }), "50"),
            ("sessions.getToolCalls", json!({ "sessionId": session }), ""),
            ("supportTickets.list", json!({ "limit": 50 }), "50"),
            ("supportTickets.getWithMcpUser", json!({ "ticketId": ticket }), ""),
            ("organization.get", json!({}), ""),
            ("mcpServers.list", json!({}), ""),
        ];
        all.extend(scenarios.map(|(name, input, note)| Scenario { name, input, note, organization }));
    }
    let known = guildhall_catalogue::catalogue();
    let (there, missing): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| known.get(one.name).is_some());
    let mut missing: Vec<&str> = missing.into_iter().map(|one| one.name).collect();
    missing.sort_unstable();
    missing.dedup();
    Ok((there, missing))
}

/// Measures all of them at a node in `place`: so many rounds, each of so long.
pub(super) async fn measure(node: &Node, place: &Place, rounds: usize, time: Duration) -> Result<Outcome> {
    let owner = Owner::at(node).await?;
    let (scenarios, missing) = scenarios(&owner).await?;
    let questions = scenarios.iter().map(|one| (one.name, dataset::slug(one.organization), one.input.clone()));
    let asked = Asked { token: &owner.token, questions: questions.collect() };
    let floor = floor::start(place, &format!("http://localhost:{}", place.port), &asked)?;
    let api = Api::new(&floor.url)?;
    let mut measured = Vec::new();
    for (number, scenario) in scenarios.into_iter().enumerate() {
        let owner = Owner::at(node).await?; // a token is good for a quarter of an hour
        let told = api.read(&format!("/{number}")).await?;
        let (statements, bytes) = (told["statements"].as_u64().unwrap_or(0), text(&told["answer"])?.len());
        let guildhall = owner.question(&node.url, &scenario);
        let below = Question { url: floor.url.clone(), path: format!("/{number}"), ..guildhall.clone() };
        let above = Question { path: "/".to_owned(), ..below.clone() };
        let mut figures = Vec::new();
        for _ in 0..rounds {
            ensure!(!process::interrupted(), "interrupted");
            let words = || format!("{}; the logs end\n{}\n{}", scenario.name, node.last_words(), floor.last_words());
            let mut round = Vec::new();
            for question in [&below, &guildhall, &above] {
                round.push(load::measure(question, CLIENTS, time).await.with_context(words)?);
            }
            figures.extend(<[Figures; 3]>::try_from(round).ok());
        }
        eprintln!("{} {}: done", scenario.name, scenario.note);
        measured.push(Measured { scenario, statements, bytes, rounds: figures });
    }
    Ok(Outcome { measured, missing })
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Outcome {
    measured: Vec<Measured>,
    /// Procedures that are not there yet.
    pub(super) missing: Vec<&'static str>,
}

impl Measured {
    fn middle(&self, of: impl Fn(&[Figures; 3]) -> f64) -> f64 {
        median(self.rounds.iter().map(of).collect()).unwrap_or(f64::NAN)
    }

    /// Requests per second beside the floor's, of the same rounds.
    fn of_floor(&self) -> f64 {
        self.middle(|[floor, guildhall, _]| guildhall.per_second / floor.per_second)
    }

    fn per_second(&self) -> f64 {
        self.middle(|[_, guildhall, _]| guildhall.per_second)
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
        for one in &self.measured {
            table.push(vec![
                one.scenario.name.into(),
                one.scenario.note.into(),
                if one.scenario.organization == LARGE { "largest" } else { "1,000 calls" }.into(),
                one.statements.into(),
                one.bytes.into(),
                (one.per_second().round() as u64).into(),
                one.middle(|[_, guildhall, _]| guildhall.p50).into(),
                one.middle(|[_, guildhall, _]| guildhall.p99).into(),
                (one.middle(|[floor, ..]| floor.per_second).round() as u64).into(),
                (one.middle(|[.., ceiling]| ceiling.per_second).round() as u64).into(),
                one.of_floor().into(),
                one.middle(|[_, guildhall, ceiling]| guildhall.per_second / ceiling.per_second).into(),
                met(one.of_floor() >= OF_FLOOR).into(),
            ]);
        }
        table
    }

    /// What the largest organization costs beside the one with 1,000 calls.
    pub(super) fn sizes(&self) -> Table {
        let mut table = Table::new(&["procedure", "input", "largest / 1,000 calls", "aim"]);
        for large in self.measured.iter().filter(|one| one.scenario.organization == LARGE) {
            let Scenario { name, note, .. } = large.scenario;
            let same = |one: &&Measured| one.scenario.name == name && one.scenario.note == note;
            let small = self.measured.iter().filter(same).find(|one| one.scenario.organization == SMALL);
            let Some(small) = small else { continue };
            let ratio = small.per_second() / large.per_second();
            // Only of a chart it is promised.
            let aim = (name == "toolCalls.getChart").then(|| met(ratio <= OF_SMALL));
            table.push(vec![name.into(), note.into(), ratio.into(), aim.into()]);
        }
        table
    }
}

pub(super) const fn met(is: bool) -> &'static str {
    if is { "met" } else { "missed" }
}
