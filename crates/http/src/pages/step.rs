//! `/walkthroughs/{walkthroughId}/steps/{stepId}`: a step as its author previews it.
//!
//! What is on it comes from the organization that the browser's session works in. Of another one there is nothing here,
//! as anywhere. Pictures are not loaded: who looks at a preview is nobody else's business.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use guildhall_domain::{Error, Id, error::Denied, id, text::Email, walkthroughs::Step};
use guildhall_pages::{Value, context};
use guildhall_services::{
    auth::SignIn,
    walkthroughs::{GetWalkthrough, WalkthroughWithSteps},
};
use http::StatusCode;
use serde::Deserialize;

use super::{
    browser::{Browser, Stop},
    form::{self, Button, EMAIL, Field, Form, PASSWORD, Posted, Tried},
    paper::{self, Message, with_cookie},
};

/// Where authors look.
pub(super) const PATH: &str = "/walkthroughs/{walkthrough_id}/steps/{step_id}";

/// Sent to the address of the page that it is on.
const SIGN_IN: Form = Form {
    id: "sign-in",
    action: "",
    fields: &[Field { autocomplete: "username", ..EMAIL }, PASSWORD],
    buttons: &[Button { answer: None, label: "Sign in" }],
};

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    email: String,
    password: String,
}

/// Which step an address names; none where it cannot be one.
struct Place {
    walkthrough: Id<id::Walkthrough>,
    step: Id<id::Step>,
}

impl Place {
    fn read(Path((walkthrough, step)): Path<(String, String)>) -> Option<Self> {
        Some(Self { walkthrough: walkthrough.parse().ok()?, step: step.parse().ok()? })
    }

    fn address(&self) -> String {
        format!("/walkthroughs/{}/steps/{}", self.walkthrough, self.step)
    }
}

/// Shows the step, or asks who is there.
pub(crate) async fn show(browser: Browser, named: Path<(String, String)>) -> Result<Response, Stop> {
    let Some(place) = Place::read(named) else { return Ok(nothing()) };
    let input = GetWalkthrough { walkthrough_id: place.walkthrough };
    let found = match browser.app().call(&browser.caller(), input).await {
        Ok(found) => found,
        Err(Error::Unauthenticated) => return Ok(ask(&place, None)),
        Err(Error::NotFound(_)) => return Ok(nothing()),
        Err(error) => return Err(browser.stop(&error)),
    };
    let Some(facts) = facts(&found, place.step) else { return Ok(nothing()) };
    let preview = found.preview(place.step).await.map_err(|error| browser.stop(&error))?;
    let has_pictures = preview.contains("<img "); // no text does: its brackets are escaped
    let preview = Value::from_safe_string(preview);
    let policy = "style-src 'unsafe-inline'; form-action 'none'";
    Ok(paper::page_with(StatusCode::OK, "step.html", context! { preview, has_pictures, ..facts }, policy))
}

/// Signs in, and shows the step.
pub(crate) async fn sign_in(
    browser: Browser,
    named: Path<(String, String)>,
    Posted(sent): Posted<Sent>,
) -> Result<Response, Stop> {
    let Some(place) = Place::read(named) else { return Ok(nothing()) };
    let mut tried = Tried::new(&SIGN_IN);
    let (email, password) = (tried.read::<Email>(&EMAIL, sent.email), tried.read(&PASSWORD, sent.password));
    let (Some(email), Some(password)) = (email, password) else { return Ok(ask(&place, Some(&tried))) };
    match browser.app().call(&browser.nobody(), SignIn { email, password }).await {
        Ok(now) => {
            let cookie = browser.cookie(&now.session.access_token).await;
            Ok(with_cookie(Redirect::to(&place.address()).into_response(), cookie))
        }
        Err(Error::Forbidden(Denied::EmailUnverified)) => Ok(verify_first()),
        Err(error) => Ok(ask(&place, Some(&tried.refused(&error, &browser)))),
    }
}

/// What stands around the step; none where the walkthrough has no such step.
fn facts(found: &WalkthroughWithSteps, step: Id<id::Step>) -> Option<Value> {
    let WalkthroughWithSteps { walkthrough, steps } = found;
    let place = steps.iter().position(|one| one.id == step)?;
    let link = |step: &Step| {
        let href = Place { walkthrough: walkthrough.id, step: step.id }.address();
        context! { href, title => step.title.as_str() }
    };
    let before = place.checked_sub(1).and_then(|place| steps.get(place)).map(link);
    let after = place.checked_add(1).and_then(|place| steps.get(place)).map(link);
    let title = steps.get(place)?.title.as_str();
    Some(context! { title, walkthrough => walkthrough.title.as_str(), before, after })
}

fn ask(place: &Place, tried: Option<&Tried>) -> Response {
    let lines = ["This is the preview of a walkthrough's step, for those who write it."];
    let form = context! { action => place.address(), ..SIGN_IN.shown("", tried) };
    let mut page = form::page("task.html", context! { title => "Sign in to see this step", lines, form }, tried);
    if tried.is_none() {
        *page.status_mut() = StatusCode::UNAUTHORIZED;
    }
    page
}

fn nothing() -> Response {
    let lines = vec![
        "It may have been deleted, or belong to another organization than the one you work in now. If it is one of \
            yours, switch to that first."
            .to_owned(),
    ];
    Message { title: "There is no such step", lines, ..Message::default() }.page(StatusCode::NOT_FOUND)
}

fn verify_first() -> Response {
    let lines = vec!["Open the link in the letter that came when you signed up, then come back.".to_owned()];
    let link = Some((super::password::PATH, "No letter? Choose a new password"));
    Message { title: "First verify your address", lines, link, ..Message::default() }.page(StatusCode::FORBIDDEN)
}
