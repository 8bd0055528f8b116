//! Asking for an email address in the middle of a call, where the client can put questions to its user: the call comes
//! back with the answer (revision 2026-07-28, multi round-trip requests). Where it cannot, the agent calls
//! `provide_email`; both are the same procedure and are kept as its calls.
use std::collections::BTreeMap;

use guildhall_services::{Answer, Guest};
use rmcp::{
    ErrorData, RoleServer,
    model::{ElicitRequest, ElicitRequestParams, ElicitationSchema, InputRequest, InputRequests, InputRequiredResult},
    service::RequestContext,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::hosted::Hosted;

const EMAIL: &str = "email";
const CODE: &str = "code";
const TOOL: &str = "provide_email";

/// What was asked before, and what came of it.
#[derive(Default)]
pub(crate) struct Asked {
    state: State,
    answers: BTreeMap<String, Value>,
}

/// What a client carries from one round to the next. It could write that itself: nothing in it is believed that a code
/// does not prove.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    handle: Option<String>,
    email: Option<String>,
}

/// What came of asking.
pub(crate) enum Told {
    /// The address is known now.
    Proven,
    /// There is more to ask.
    Ask(InputRequiredResult),
    /// The user does not want to.
    Declined,
}

/// What somebody answered.
enum Reply {
    Nothing,
    Text(String),
    No,
}

/// Whether the client can put a form before its user. Said with every request; without a word of modes it is forms.
pub(crate) fn can_be_asked(context: &RequestContext<RoleServer>) -> bool {
    let asks = context.client_capabilities().and_then(|can| can.elicitation);
    asks.is_some_and(|asks| asks.form.is_some() || asks.url.is_none())
}

impl Asked {
    /// Reads what came back.
    pub(crate) fn before(state: Option<&str>, answers: Option<BTreeMap<String, Value>>) -> Result<Self, ErrorData> {
        let state = state.map(serde_json::from_str).transpose();
        let state = state.map_err(|_| ErrorData::invalid_params("requestState is not what this server sent", None))?;
        Ok(Self { state: state.unwrap_or_default(), answers: answers.unwrap_or_default() })
    }

    /// Who the caller was in the round before, where nothing else says so.
    pub(crate) fn handle(&self) -> Option<&str> {
        self.state.handle.as_deref()
    }

    fn reply(&self, question: &str) -> Reply {
        let Some(answer) = self.answers.get(question) else { return Reply::Nothing };
        match (answer["action"].as_str(), answer["content"][question].as_str()) {
            (Some("accept"), Some(text)) => Reply::Text(text.to_owned()),
            (Some("accept"), None) => Reply::Nothing,
            _ => Reply::No,
        }
    }
}

impl Hosted {
    /// Goes one round further.
    pub(crate) async fn ask_for_email(&self, guest: &Guest, asked: Asked) -> Result<Told, ErrorData> {
        let handle = guest.handle().map(str::to_owned);
        match (asked.state.email.clone(), asked.reply(CODE), asked.reply(EMAIL)) {
            (_, Reply::No, _) | (_, _, Reply::No) => Ok(Told::Declined),
            (Some(email), Reply::Text(code), _) => {
                let answer = self.provide(guest, json!({ "email": email, "code": code })).await?;
                if !answer.is_error {
                    return Ok(Told::Proven);
                }
                for_code(&sentence(&answer), email, handle)
            }
            (_, _, Reply::Text(email)) => {
                let answer = self.provide(guest, json!({ "email": email })).await?;
                if answer.is_error {
                    let ask = format!("{}Which email address is yours?", sentence(&answer));
                    return question(EMAIL, &ask, State { handle, email: None });
                }
                for_code("", email, handle)
            }
            (Some(email), Reply::Nothing, Reply::Nothing) => for_code("", email, handle),
            (None, ..) => {
                let name = &self.visitor.server().name;
                let ask = format!(
                    "{name} needs your email address before it answers. A code is mailed to it. Which one is yours?"
                );
                question(EMAIL, &ask, State { handle, email: None })
            }
        }
    }

    async fn provide(&self, guest: &Guest, input: Value) -> Result<Answer, ErrorData> {
        let entry = self.shelf.find(TOOL, self.visitor.server());
        let entry = entry.ok_or_else(|| ErrorData::invalid_params("unknown tool", None))?;
        self.call(entry, guest, input).await
    }
}

/// What went wrong, as the beginning of a question.
fn sentence(answer: &Answer) -> String {
    format!("That did not work: {}. ", answer.text.replace('\n', "; "))
}

/// Asks for the code from the letter; `before` says what went wrong, if anything did.
fn for_code(before: &str, email: String, handle: Option<String>) -> Result<Told, ErrorData> {
    let ask = format!("{before}Which code is in the letter to {email}?");
    question(CODE, &ask, State { handle, email: Some(email) })
}

fn question(name: &str, message: &str, state: State) -> Result<Told, ErrorData> {
    let form = if name == EMAIL {
        ElicitationSchema::builder().required_email(EMAIL)
    } else {
        ElicitationSchema::builder().required_string(CODE)
    };
    let form = form.build().map_err(|_| ErrorData::internal_error("a question cannot be asked", None))?;
    let form =
        ElicitRequestParams::FormElicitationParams { meta: None, message: message.to_owned(), requested_schema: form };
    let questions = InputRequests::from([(name.to_owned(), InputRequest::Elicitation(ElicitRequest::new(form)))]);
    let state =
        serde_json::to_string(&state).map_err(|_| ErrorData::internal_error("a question cannot be asked", None))?;
    Ok(Told::Ask(InputRequiredResult::new(Some(questions), Some(state))))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::{Asked, CODE, EMAIL, Reply};

    #[test]
    fn what_comes_back_is_read_or_refused() {
        let asked = Asked::before(Some(r#"{"handle":"vis_1","email":null}"#), None).unwrap();
        assert_eq!(asked.handle(), Some("vis_1"));
        assert!(Asked::before(Some("else"), None).is_err());
        assert!(Asked::before(Some(r#"{"person":"mus_1"}"#), None).is_err());
        let answers = BTreeMap::from([
            (EMAIL.to_owned(), json!({ "action": "accept", "content": { "email": "a@b.test" } })),
            (CODE.to_owned(), json!({ "action": "decline" })),
        ]);
        let asked = Asked::before(None, Some(answers)).unwrap();
        assert!(matches!(asked.reply(EMAIL), Reply::Text(email) if email == "a@b.test"));
        assert!(matches!(asked.reply(CODE), Reply::No));
        assert!(matches!(Asked::default().reply(CODE), Reply::Nothing));
    }
}
