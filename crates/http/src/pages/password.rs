//! `/reset-password`: asking for a link, and choosing a new password with it.

use axum::response::Response;
use guildhall_domain::Error;
use guildhall_services::auth::{RequestPasswordReset, ResetPassword};
use http::{StatusCode, Uri};
use serde::Deserialize;

use super::{
    browser::{Browser, Stop},
    form::{Button, EMAIL, Field, Form, NEW_PASSWORD, Posted, Tried, opened, token_of},
    paper::{self, Message},
};

/// Where letters lead, and where somebody begins who cannot sign in any more.
pub(super) const PATH: &str = "/reset-password";

const ASK: Form = Form {
    id: "ask",
    action: PATH,
    fields: &[Field { autocomplete: "username", ..EMAIL }],
    buttons: &[Button { answer: Some("ask"), label: "Send me a link" }],
};

const CHOOSE: Form = Form {
    id: "choose",
    action: PATH,
    fields: &[NEW_PASSWORD],
    buttons: &[Button { answer: Some("choose"), label: "Change my password" }],
};

/// What the forms send.
#[derive(Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub(crate) enum Sent {
    /// A link, please.
    Ask { email: String },
    /// This one from now on.
    Choose { token: String, new_password: String },
}

/// Asks for the address, or with a letter's token for the new password.
pub(crate) async fn show(uri: Uri) -> Response {
    token_of(&uri).map_or_else(|| ask_page(None), |token| choose_page(&token, None))
}

/// Has a link mailed, or changes the password.
pub(crate) async fn reset(browser: Browser, Posted(sent): Posted<Sent>) -> Result<Response, Stop> {
    Ok(match sent {
        Sent::Ask { email } => ask(&browser, email).await.unwrap_or_else(|tried| ask_page(Some(&tried))),
        Sent::Choose { token, new_password } => {
            let done = choose(&browser, token.clone(), new_password).await;
            done.unwrap_or_else(|tried| choose_page(&token, Some(&tried)))
        }
    })
}

/// The answer is the same whether there is such an account.
async fn ask(browser: &Browser, email: String) -> Result<Response, Tried> {
    let mut tried = Tried::new(&ASK);
    let Some(email) = tried.read(&EMAIL, email) else { return Err(tried) };
    match browser.app().call(&browser.nobody(), RequestPasswordReset { email }).await {
        Ok(_) => {
            let lines = vec![
                "If there is an account with that address, a letter with a link is on its way to it. The link works once, \
                    for an hour."
                    .to_owned(),
                "Nothing came? Look among the unwanted letters, or ask again with another address.".to_owned(),
            ];
            let link = Some((PATH, "Ask again"));
            Ok(Message { title: "Look into your mail", lines, link, ..Message::default() }.page(StatusCode::OK))
        }
        Err(error) => Err(tried.refused(&error, browser)),
    }
}

async fn choose(browser: &Browser, token: String, new_password: String) -> Result<Response, Tried> {
    let Some(token) = opened(token) else { return Ok(gone()) };
    let mut tried = Tried::new(&CHOOSE);
    let Some(new_password) = tried.read(&NEW_PASSWORD, new_password) else { return Err(tried) };
    match browser.app().call(&browser.nobody(), ResetPassword { token, new_password }).await {
        Ok(_) => {
            let lines = vec![
                "You have been signed out everywhere. Sign in with the new password from now on.".to_owned(),
                "If you were about to join an organization, open the link of its invitation again.".to_owned(),
            ];
            Ok(Message { title: "Your password is changed", lines, ..Message::default() }.done())
        }
        Err(Error::NotFound(_)) => Ok(gone()),
        Err(error) => Err(tried.refused(&error, browser)),
    }
}

fn ask_page(tried: Option<&Tried>) -> Response {
    let line = "Give the address of your account. A letter with a link for choosing a new password will be sent to it.";
    ASK.page("Forgotten your password?", &[line], "", tried)
}

fn choose_page(token: &str, tried: Option<&Tried>) -> Response {
    CHOOSE.page(
        "Choose a new password",
        &["Whoever is signed in to your account anywhere will be signed out."],
        token,
        tried,
    )
}

fn gone() -> Response {
    let lines = vec!["It may have been used, or be older than an hour.".to_owned()];
    paper::dead_link(lines, Some((PATH, "Ask for a new link")))
}
