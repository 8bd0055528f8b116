//! Linear, as far as issues are concerned (linear.app/developers: "GraphQL", "Rate limiting").

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Heard, Mood, Said, Standing,
    schema::{Operation, operation_of},
};

/// Linear, with one key and one team.
#[derive(Debug)]
pub struct LinearStandIn {
    standing: Standing,
    issues: Arc<Mutex<BTreeMap<String, LinearIssue>>>,
}

/// An issue, as it was asked for.
#[derive(Clone, Debug)]
pub struct LinearIssue {
    /// What it was made from.
    pub input: Value,
    /// As people call it.
    pub identifier: String,
    /// Where it can be seen.
    pub url: String,
}

type Issues = BTreeMap<String, LinearIssue>;

impl LinearStandIn {
    /// A personal key, known here.
    pub const KEY: &str = "lin_api_hush_hush_linear";
    /// The one team.
    pub const TEAM: &str = "9cfb482a-81e3-4154-b5b9-2c805e70a02d";

    /// One that feels well.
    pub async fn up() -> Self {
        let issues = Arc::new(Mutex::new(Issues::new()));
        let kept = issues.clone();
        let answer = move |heard: &Heard| {
            let mut issues = kept.lock().unwrap_or_else(PoisonError::into_inner);
            answer(heard, &mut issues).unwrap_or_else(|refused| refused)
        };
        Self { standing: Standing::up(answer, refused(400, "RATELIMITED", "Rate limit exceeded")).await, issues }
    }

    /// Where its API is.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/graphql", self.standing.address)
    }

    /// All issues.
    #[must_use]
    pub fn issues(&self) -> Vec<LinearIssue> {
        self.issues.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// How often somebody asked for anything.
    #[must_use]
    pub fn heard(&self) -> usize {
        self.standing.heard()
    }

    /// Feels so from now on.
    pub fn feels(&self, mood: Mood) {
        self.standing.feels(mood);
    }
}

fn said(status: u16, body: &Value) -> Said {
    (status, "application/json; charset=utf-8", body.to_string())
}

fn refused(status: u16, code: &str, why: &str) -> Said {
    let error = json!({ "message": why, "extensions": { "code": code, "userError": true,
        "userPresentableMessage": why } });
    said(status, &json!({ "errors": [error], "data": null }))
}

fn invalid(why: &str) -> Said {
    refused(400, "INPUT_ERROR", why)
}

fn answer(heard: &Heard, issues: &mut Issues) -> Result<Said, Said> {
    if (heard.method.as_str(), heard.path.as_str()) != ("POST", "/graphql") {
        return Err(refused(404, "NOT_FOUND", "Not found"));
    }
    if heard.headers.get("content-type").map(String::as_str) != Some("application/json") {
        return Err(refused(400, "BAD_REQUEST", "This operation has been blocked as a potential CSRF"));
    }
    // A personal key stands alone; with `Bearer` it would be taken for an OAuth token.
    if heard.headers.get("authorization").map(String::as_str) != Some(LinearStandIn::KEY) {
        return Err(refused(401, "AUTHENTICATION_ERROR", "Authentication required, not authenticated"));
    }
    let request: Value = serde_json::from_str(&heard.body).map_err(|_| invalid("the body is no JSON"))?;
    let query = request["query"].as_str().ok_or_else(|| invalid("there is no query"))?;
    let operation =
        operation_of(query, &request["variables"]).map_err(|why| refused(400, "GRAPHQL_VALIDATION_FAILED", &why))?;
    let data = match operation.field.as_str() {
        "issueCreate" => create(&operation, issues)?,
        _ => find(&operation, issues)?,
    };
    Ok(said(200, &json!({ "data": { operation.field: data } })))
}

fn create(operation: &Operation, issues: &mut Issues) -> Result<Value, Said> {
    let input = &operation.arguments["input"];
    let text = |key: &str| input[key].as_str().unwrap_or_default().to_owned();
    let id: Uuid = text("id").parse().map_err(|_| invalid("id must be a UUID"))?;
    if id.get_version_num() != 4 {
        return Err(invalid("id must be a UUID of version 4"));
    }
    if text("teamId") != LinearStandIn::TEAM {
        return Err(invalid("Entity not found: Team"));
    }
    if text("title").is_empty() || !(0..=4).contains(&input["priority"].as_i64().unwrap_or(0)) {
        return Err(invalid("Argument Validation Error"));
    }
    if issues.contains_key(&id.to_string()) {
        return Err(invalid("conflict on insert of Issue: Entity Issue with that id already exists"));
    }
    let number = issues.len() + 1;
    let identifier = format!("SUP-{number}");
    let url = format!("https://linear.app/acme/issue/{identifier}/a-title");
    issues.insert(id.to_string(), LinearIssue { input: input.clone(), identifier, url });
    let whole = json!({ "success": true, "issue": shown(&id.to_string(), issues) });
    Ok(operation.selected(&whole))
}

fn find(operation: &Operation, issues: &Issues) -> Result<Value, Said> {
    let id = operation.arguments["id"].as_str().unwrap_or_default();
    match shown(id, issues) {
        Value::Null => Err(invalid("Entity not found: Issue")),
        issue => Ok(operation.selected(&issue)),
    }
}

fn shown(id: &str, issues: &Issues) -> Value {
    let issue = issues.get(id);
    issue.map_or(Value::Null, |it| json!({ "id": id, "identifier": it.identifier, "url": it.url }))
}
