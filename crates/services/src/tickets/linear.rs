//! A ticket as an issue in Linear, by its GraphQL API.
//!
//! **Invariant:** a ticket has one issue in a team: the issue's id is made from the ticket's, so that a second attempt is
//! refused and finds the first one's. What an end user wrote stands in a code block, which nothing in it ends.

use guildhall_domain::{
    Id,
    error::Unreachable,
    id,
    text::WebUrl,
    tickets::{Priority, Ticket},
};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::deliver::unreached;
use crate::{
    jobs::Failed,
    ports::{Body, Question},
    secrets::hash,
};

const CREATE: &str = "mutation CreateIssue($input: IssueCreateInput!) {
  issueCreate(input: $input) { success issue { id identifier url } }
}";
const FIND: &str = "query FindIssue($id: String!) { issue(id: $id) { id identifier url } }";
/// Linear says what is wrong with a request with this status.
const REFUSED: u16 = 400;

/// An issue.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Issue {
    /// As people call it.
    pub(super) identifier: Option<String>,
    /// Where it can be seen.
    pub(super) url: Option<WebUrl>,
}

/// What became of a request to create one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Created {
    Issue(Issue),
    /// Why there is none, or why there is no second one.
    Refused(String),
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    data: Value,
    #[serde(default)]
    errors: Vec<Wrong>,
}

#[derive(Deserialize)]
struct Wrong {
    #[serde(default)]
    extensions: Value,
}

/// The id of the issue of `ticket` in `team`: always the same, in the form of a UUID of version 4, as Linear wants it.
pub(super) fn issue_id(ticket: Id<id::Ticket>, team: &str) -> Uuid {
    let hash = hash(&[b"linear issue", ticket.uuid().as_bytes(), team.as_bytes()]);
    let bytes = hash.first_chunk().copied().unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// Asks for an issue about `ticket`.
pub(super) fn create(url: &WebUrl, key: &str, team: &str, id: Uuid, ticket: &Ticket) -> Question {
    let priority = match ticket.priority {
        Priority::Critical => 1,
        Priority::High => 2,
        Priority::Medium => 3,
        Priority::Low => 4,
    };
    let input = json!({ "id": id, "teamId": team, "title": ticket.title.trim(), "description": description(ticket),
        "priority": priority });
    question(url, key, CREATE, json!({ "input": input }))
}

/// Asks for the issue of that id.
pub(super) fn find(url: &WebUrl, key: &str, id: Uuid) -> Question {
    question(url, key, FIND, json!({ "id": id }))
}

/// What [`create`] was answered with.
pub(super) fn created(said: Result<Vec<u8>, Unreachable>) -> Result<Created, Failed> {
    let said = read(said)?;
    let created = &said.data["issueCreate"];
    Ok(match issue(&created["issue"]) {
        Some(issue) if created["success"] == true => Created::Issue(issue),
        _ => Created::Refused(
            "Linear refused the issue: is the team's id right, and may the key create issues there?".to_owned(),
        ),
    })
}

/// What [`find`] was answered with; none where there is no such issue.
pub(super) fn found(said: Result<Vec<u8>, Unreachable>) -> Result<Option<Issue>, Failed> {
    Ok(issue(&read(said)?.data["issue"]))
}

fn question(url: &WebUrl, key: &str, query: &str, variables: Value) -> Question {
    let body = Body::Json(json!({ "query": query, "variables": variables }));
    // A personal key stands without `Bearer`.
    Question { authorization: Some(key.to_owned()), also: Some(REFUSED), ..Question::post(url.clone(), body) }
}

/// Errors but those that are about the request itself end here.
fn read(said: Result<Vec<u8>, Unreachable>) -> Result<Said, Failed> {
    let key_refused = || Failed::ForGood("Linear does not take the API key".to_owned());
    let said = said.map_err(|why| match why {
        Unreachable::Status(401 | 403) => key_refused(),
        why => unreached("Linear", why),
    })?;
    let said: Said =
        serde_json::from_slice(&said).map_err(|_| Failed::For("Linear's answer cannot be read".to_owned()))?;
    for wrong in &said.errors {
        match wrong.extensions["code"].as_str() {
            Some("RATELIMITED") => return Err(Failed::For("Linear has had enough requests for now".to_owned())),
            Some("INTERNAL_SERVER_ERROR") => return Err(Failed::For("something broke at Linear".to_owned())),
            Some("AUTHENTICATION_ERROR") => return Err(key_refused()),
            _ => {}
        }
    }
    Ok(said)
}

fn issue(said: &Value) -> Option<Issue> {
    said["id"].as_str()?;
    let short = |text: &&str| text.len() <= 50 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let url = said["url"].as_str().and_then(|url| url.parse().ok());
    Some(Issue { identifier: said["identifier"].as_str().filter(short).map(str::to_owned), url })
}

/// All of a ticket in a code block, so that nothing in it is a link, a mention, a picture or a heading.
fn description(ticket: &Ticket) -> String {
    let mut text = String::new();
    for (name, value) in super::facts(ticket) {
        text.push_str(&format!("{name}: {value}\n"));
    }
    text.push_str(&format!("Ticket: #{}\n\n{}\n", ticket.number, ticket.concise_summary));
    if let Some(context) = &ticket.context {
        text.push_str(&format!("\n{context}\n"));
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or_default();
    let fence = "`".repeat(longest.saturating_add(1).max(3));
    format!("{fence}text\n{}\n{fence}", text.trim_end())
}

#[cfg(test)]
mod tests {
    use guildhall_domain::error::Unreachable;
    use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};
    use serde_json::{Value, json};

    use super::{Created, create, created, description, find, found, issue_id};
    use crate::{jobs::Failed, ports::Body, tickets::example::ticket};

    fn said(value: &Value) -> Result<Vec<u8>, Unreachable> {
        Ok(value.to_string().into_bytes())
    }

    fn errors(code: &str) -> Value {
        json!({ "data": null, "errors": [{ "message": "no", "extensions": { "code": code } }] })
    }

    #[test]
    fn an_issue_has_one_id_of_version_four_in_each_team() {
        let ticket = ticket("t", "s");
        let id = issue_id(ticket.id, "one");
        assert_eq!((id, id.get_version_num()), (issue_id(ticket.id, "one"), 4));
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_ne!(id, issue_id(ticket.id, "two"));
    }

    #[test]
    fn a_request_is_graphql_with_the_key_alone() {
        let (url, ticket) = ("https://api.linear.app/graphql".parse().unwrap(), ticket("t", "s"));
        let id = issue_id(ticket.id, "team");
        let question = create(&url, "lin_api_1", "team", id, &ticket);
        let Body::Json(body) = question.body else { panic!("JSON") };
        assert_eq!(question.authorization.as_deref(), Some("lin_api_1"));
        let input = &body["variables"]["input"];
        assert_eq!((&input["id"], &input["teamId"], &input["priority"]), (&json!(id), &json!("team"), &json!(2)));
        assert!(body["query"].as_str().unwrap().starts_with("mutation"));
        let Body::Json(body) = find(&url, "lin_api_1", id).body else { panic!("JSON") };
        assert_eq!(body["variables"], json!({ "id": id }));
    }

    #[test]
    fn nothing_that_somebody_wrote_ends_the_code_block() {
        for evil in ["```\n[a](https://evil.test) ![](https://evil.test/p.png) @ann", "````````\n# x", "~~~\n<b>", "`"]
        {
            let ticket = ticket(evil, evil);
            let description = description(&ticket);
            let mut inside = String::new();
            let mut events = Parser::new(&description);
            assert!(matches!(events.next(), Some(Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))))));
            for event in events {
                match event {
                    Event::Text(text) => inside.push_str(&text),
                    Event::End(_) => {}
                    other => panic!("{evil:?}: {other:?}"),
                }
            }
            assert!(inside.contains(evil) && inside.contains("Asked by: a@example.test"), "{inside}");
        }
    }

    #[test]
    fn an_answer_is_an_issue_a_refusal_a_delay_or_an_end() {
        let issue = json!({ "id": "1", "identifier": "ENG-1", "url": "https://linear.app/a/issue/ENG-1" });
        let Ok(Created::Issue(made)) =
            created(said(&json!({ "data": { "issueCreate": { "success": true, "issue": issue } } })))
        else {
            panic!("an issue");
        };
        assert_eq!(made.identifier.as_deref(), Some("ENG-1"));
        assert_eq!(found(said(&json!({ "data": { "issue": issue } }))).ok(), Some(Some(made)));
        assert_eq!(found(said(&errors("INPUT_ERROR"))).ok(), Some(None));
        for refusal in [errors("INPUT_ERROR"), json!({ "data": { "issueCreate": { "success": false } } }), json!({})] {
            assert!(matches!(created(said(&refusal)), Ok(Created::Refused(_))), "{refusal}");
        }
        for later in [said(&errors("RATELIMITED")), Ok(b"<html>".to_vec()), Err(Unreachable::Status(502))] {
            assert!(matches!(created(later.clone()), Err(Failed::For(_))), "{later:?}");
            assert!(matches!(found(later), Err(Failed::For(_))));
        }
        for never in [said(&errors("AUTHENTICATION_ERROR")), Err(Unreachable::Status(401))] {
            assert!(matches!(created(never), Err(Failed::ForGood(_))));
        }
    }

    #[test]
    fn what_linear_calls_an_issue_is_not_believed_blindly() {
        let odd = json!({ "id": "1", "identifier": "<b>".repeat(50), "url": "javascript:alert(1)" });
        let found = found(said(&json!({ "data": { "issue": odd } }))).ok().flatten().unwrap();
        assert_eq!((found.identifier, found.url), (None, None));
    }
}
