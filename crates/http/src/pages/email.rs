//! `/verify-email`: showing that an address is one's own.

use axum::response::Response;
use guildhall_domain::Error;
use guildhall_services::auth::VerifyEmail;
use http::Uri;
use serde::Deserialize;

use super::{
    browser::{Browser, Stop},
    form::{Button, Form, Posted, Tried, opened, token_of},
    paper::{self, Message},
    password,
};

/// Where letters lead.
pub(super) const PATH: &str = "/verify-email";

const FORM: Form =
    Form { id: "verify", action: PATH, fields: &[], buttons: &[Button { answer: None, label: "Verify my address" }] };

/// What the form sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sent {
    token: String,
}

/// Asks whether it was the reader who made the account: whoever verifies an address for somebody else gives it away.
pub(crate) async fn show(uri: Uri) -> Response {
    token_of(&uri).map_or_else(gone, |token| page(&token, None))
}

/// Verifies it.
pub(crate) async fn verify(browser: Browser, Posted(sent): Posted<Sent>) -> Result<Response, Stop> {
    let Some(token) = opened(sent.token.clone()) else { return Ok(gone()) };
    match browser.app().call(&browser.nobody(), VerifyEmail { token }).await {
        Ok(_) => {
            let lines =
                vec!["If you were about to join an organization, open the link of its invitation again.".to_owned()];
            Ok(Message { title: "Your address is verified", lines, ..Message::default() }.done())
        }
        Err(Error::NotFound(_)) => Ok(gone()),
        Err(error) => Ok(page(&sent.token, Some(&Tried::new(&FORM).refused(&error, &browser)))),
    }
}

fn page(token: &str, tried: Option<&Tried>) -> Response {
    let lines = [
        "Somebody made an account at Guildhall with the address that this link was sent to.",
        "Go on only if that was you. If it was not, close this page: the account then stays without a verified address.",
    ];
    FORM.page("Is this your account?", &lines, token, tried)
}

fn gone() -> Response {
    let lines = vec![
        "It may have been used, or be too old. If your address is verified already, there is nothing more to do."
            .to_owned(),
        "Otherwise choose a new password: the link in that letter verifies your address as well.".to_owned(),
    ];
    paper::dead_link(lines, Some((password::PATH, "Ask for a new link")))
}
