//! What a procedure is compared with, in a process of its own: a handler that does nothing but run the procedure's own SQL
//! statements, on the same database through the same kind of pool, and answer the same bytes; and one that does nothing.
//!
//! The statements are not written down here: the procedure is called once in this process, and what it runs is repeated.
mod statements;

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::{Context, Result, anyhow};
use axum::{
    Router,
    body::Bytes,
    extract::{Path, State},
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
    routing::{any, post},
    serve::ListenerExt as _,
};
use guildhall::Guildhall;
use guildhall_services::Caller;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::dataset;
use crate::node::{Node, Place, free_port};
use statements::{Pool, Recording, Statement};

/// How a process says that it listens.
const WORD: &str = "The floor listens";
const QUESTIONS: &str = "questions.json";
const JSON: &str = "application/json";

#[derive(clap::Args)]
pub(crate) struct Options {
    #[arg(long)]
    data: PathBuf,
    #[arg(long)]
    database: Option<String>,
    /// Where the node is reached that issued the access token.
    #[arg(long)]
    public_url: String,
    #[arg(long)]
    listen: SocketAddr,
}

/// Procedures, each with the slug of its organization and its input, asked by whoever has that access token.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    pub(super) token: &'a str,
    pub(super) questions: Vec<(&'a str, String, Value)>,
}

/// Starts the process beside the node in `place`.
pub(super) fn start(place: &Place, public_url: &str, asked: &Asked<'_>) -> Result<Node> {
    let data = place.data.join("floor");
    fs::create_dir_all(&data)?;
    fs::write(data.join(QUESTIONS), json!({ "token": asked.token, "questions": asked.questions }).to_string())?;
    let port = free_port()?;
    let mut command = std::process::Command::new(std::env::current_exe()?);
    command.arg("floor").arg("--data").arg(&place.data).args(["--public-url", public_url]);
    command.args(place.database_url.iter().map(|url| format!("--database={url}")));
    command.arg(format!("--listen=127.0.0.1:{port}"));
    Node::spawn(command, &data, port, WORD)
}

/// What is repeated for one procedure.
struct Floor {
    statements: Vec<Statement>,
    answer: Bytes,
}

struct Floors {
    pool: Pool,
    floors: Vec<Floor>,
}

pub(crate) async fn run(options: Options) -> Result<()> {
    let floors = record(&options).await?;
    let pool = Pool::open(&options.data, options.database.as_deref()).await?;
    let floors = Arc::new(Floors { pool, floors });
    let router =
        Router::new().route("/{place}", post(answer).get(describe)).route("/", any(nothing)).with_state(floors);
    let listener = TcpListener::bind(options.listen).await?;
    println!("{WORD} on {}", options.listen);
    let listener = listener.tap_io(|stream| {
        // It is slower without, which is no reason not to answer.
        let _ = stream.set_nodelay(true);
    });
    Ok(axum::serve(listener, router).await?)
}

/// Calls each procedure and keeps what it ran and answered.
async fn record(options: &Options) -> Result<Vec<Floor>> {
    let recording = Recording::default();
    let more = [format!("--public-url={}", options.public_url)];
    let settings = dataset::settings(&options.data, options.database.as_deref(), &more)?;
    let guildhall = Guildhall::open_at(&settings, settings.listen, Some(recording.observer())).await?;
    let asked: Value = serde_json::from_str(&fs::read_to_string(options.data.join("floor").join(QUESTIONS))?)?;
    let token = asked["token"].as_str().context("no token")?;
    let mut floors = Vec::new();
    for question in asked["questions"].as_array().context("no questions")? {
        let name = question[0].as_str().context("a question without a name")?;
        let organization = question[1].as_str().context("a question without an organization")?;
        let caller = Caller::bearer(token.to_owned()).in_organization(organization.to_owned());
        let entry = guildhall.catalogue.get(name).with_context(|| format!("no procedure {name}"))?;
        let mut fewest: Option<Floor> = None;
        // What happens beside, such as a look at the signing keys, does not happen each time.
        for _ in 0..5 {
            recording.begin();
            let answer = entry.call(&guildhall.app, &caller, question[2].clone()).await;
            let statements = recording.end()?;
            let answer = serde_json::to_vec(&answer.map_err(|error| anyhow!("{name}: {error}"))?)?;
            if fewest.as_ref().is_none_or(|fewest| statements.len() < fewest.statements.len()) {
                fewest = Some(Floor { statements, answer: answer.into() });
            }
        }
        floors.extend(fewest);
    }
    Ok(floors)
}

/// Reads the question, runs the statements one after the other and answers what was answered before.
async fn answer(State(floors): State<Arc<Floors>>, Path(place): Path<usize>, _: Bytes) -> Response {
    let Some(floor) = floors.floors.get(place) else { return StatusCode::NOT_FOUND.into_response() };
    for statement in &floor.statements {
        if let Err(error) = floors.pool.run(statement).await {
            return (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response();
        }
    }
    ([(CONTENT_TYPE, JSON)], floor.answer.clone()).into_response()
}

/// How many statements it is, and the answer.
async fn describe(State(floors): State<Arc<Floors>>, Path(place): Path<usize>) -> Response {
    let Some(floor) = floors.floors.get(place) else { return StatusCode::NOT_FOUND.into_response() };
    let said = json!({ "statements": floor.statements.len(), "answer": String::from_utf8_lossy(&floor.answer) });
    ([(CONTENT_TYPE, JSON)], said.to_string()).into_response()
}

async fn nothing(_: Bytes) -> Response {
    ([(CONTENT_TYPE, JSON)], "{}").into_response()
}
