//! `/invitation`: joining an organization, with an account or by making one.

use axum::response::{IntoResponse, Response};
use guildhall_domain::{
    Error,
    accounts::{Tokens, User},
    error::Denied,
    organizations::InvitationStatus,
    text::{Email, Text},
};
use guildhall_pages::{Value, context};
use guildhall_services::{
    Caller,
    auth::{SignIn, SignUp},
    organizations::{AcceptInvitation, DeclineInvitation, GetInvitation, InvitationShown},
};
use http::{StatusCode, Uri};
use serde::Deserialize;

use super::{
    browser::{Browser, Stop},
    form::{self, Button, EMAIL, Field, Form, NAME, NEW_PASSWORD, PASSWORD, Posted, Tried, opened, token_of},
    paper::{self, Message, with_cookie},
    password, words,
};

/// Where letters lead.
pub(super) const PATH: &str = "/invitation";

const TEMPLATE: &str = "invitation.html";

const ANSWER: Form = Form {
    id: "answer",
    action: PATH,
    fields: &[],
    buttons: &[
        Button { answer: Some("accept"), label: "Accept" },
        Button { answer: Some("decline"), label: "Decline" },
    ],
};

const SIGN_IN: Form = Form {
    id: "sign-in",
    action: PATH,
    fields: &[Field { autocomplete: "username", ..EMAIL }, PASSWORD],
    buttons: &[Button { answer: Some("sign-in"), label: "Sign in and accept" }],
};

/// A new account's password is called what an old one's is.
const FIRST_PASSWORD: Field = Field { name: "password", label: "Password", ..NEW_PASSWORD };

const SIGN_UP: Form = Form {
    id: "sign-up",
    action: PATH,
    fields: &[NAME, EMAIL, FIRST_PASSWORD],
    buttons: &[Button { answer: Some("sign-up"), label: "Create an account and accept" }],
};

const VERIFIED: Form = Form {
    id: "verified",
    action: PATH,
    fields: &[],
    buttons: &[Button { answer: Some("accept"), label: "It is verified: accept" }],
};

/// What the forms send.
#[derive(Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Sent {
    /// Whoever is signed in joins.
    Accept { token: String },
    /// Whoever is signed in does not want to.
    Decline { token: String },
    /// Somebody with an account signs in and joins.
    SignIn { token: String, email: String, password: String },
    /// Somebody makes an account and joins.
    SignUp { token: String, name: String, email: String, password: String },
}

/// A pending invitation.
struct Offer {
    token: Text<1, 200>,
    shown: InvitationShown,
}

/// Shows who invites, where to and as what.
pub(crate) async fn show(browser: Browser, uri: Uri) -> Result<Response, Stop> {
    let offer = Offer::find(&browser, token_of(&uri).unwrap_or_default()).await?;
    Ok(offer.page(browser.account().await?.as_ref(), None))
}

/// Answers it.
pub(crate) async fn answer(browser: Browser, Posted(sent): Posted<Sent>) -> Result<Response, Stop> {
    let (Sent::Accept { token } | Sent::Decline { token } | Sent::SignIn { token, .. } | Sent::SignUp { token, .. }) =
        &sent;
    let offer = Offer::find(&browser, token.clone()).await?;
    match sent {
        Sent::Accept { .. } => match browser.account().await? {
            Some(account) => offer.accept(&browser, &browser.caller(), &account).await,
            None => Ok(offer.sign_in_first(&browser)),
        },
        Sent::Decline { .. } => match browser.account().await? {
            Some(account) => offer.decline(&browser, &browser.caller(), &account).await,
            None => Ok(offer.sign_in_first(&browser)),
        },
        Sent::SignIn { email, password, .. } => offer.sign_in(&browser, email, password).await,
        Sent::SignUp { name, email, password, .. } => offer.sign_up(&browser, name, email, password).await,
    }
}

impl Offer {
    /// The invitation of a link, where it can still be answered.
    async fn find(browser: &Browser, token: String) -> Result<Self, Stop> {
        let Some(token) = opened(token) else { return Err(unknown().into()) };
        match browser.app().call(&browser.nobody(), GetInvitation { token: token.clone() }).await {
            Ok(shown) if shown.status == InvitationStatus::Pending => Ok(Self { token, shown }),
            Ok(shown) => Err(closed(shown.status).into()),
            Err(Error::NotFound(_)) => Err(unknown().into()),
            Err(error) => Err(browser.stop(&error)),
        }
    }

    async fn accept(&self, browser: &Browser, caller: &Caller, account: &User) -> Result<Response, Stop> {
        let input = AcceptInvitation { token: Some(self.token.clone()), invitation_id: None };
        match browser.app().call(caller, input).await {
            Ok(joined) => {
                let (role, _) = words::role(joined.member.role);
                let line = format!("Your role: {role}. You are signed in as {}.", account.email);
                Ok(self.told("You are now a member of", vec![line]).done())
            }
            Err(error) => self.refused(browser, &error, account).await,
        }
    }

    async fn decline(&self, browser: &Browser, caller: &Caller, account: &User) -> Result<Response, Stop> {
        let input = DeclineInvitation { token: Some(self.token.clone()), invitation_id: None };
        match browser.app().call(caller, input).await {
            Ok(_) => {
                let line = "The invitation has ended, and nothing else has changed.".to_owned();
                Ok(self.told("You have declined to join", vec![line]).done())
            }
            Err(error) => self.refused(browser, &error, account).await,
        }
    }

    async fn sign_in(&self, browser: &Browser, email: String, password: String) -> Result<Response, Stop> {
        let mut tried = Tried::new(&SIGN_IN);
        let (email, password) = (tried.read::<Email>(&EMAIL, email), tried.read(&PASSWORD, password));
        let (Some(email), Some(password)) = (email, password) else { return Ok(self.page(None, Some(&tried))) };
        match browser.app().call(&browser.nobody(), SignIn { email: email.clone(), password }).await {
            Ok(now) => Ok(self.enter(browser, &now.session, &now.user).await),
            Err(Error::Forbidden(Denied::EmailUnverified)) => {
                Ok(self.verify_first(email.as_str()).page(StatusCode::FORBIDDEN))
            }
            Err(error) => Ok(self.page(None, Some(&tried.refused(&error, browser)))),
        }
    }

    async fn sign_up(
        &self,
        browser: &Browser,
        name: String,
        email: String,
        password: String,
    ) -> Result<Response, Stop> {
        let mut tried = Tried::new(&SIGN_UP);
        let (name, email) = (tried.read(&NAME, name), tried.read::<Email>(&EMAIL, email));
        let password = tried.read(&FIRST_PASSWORD, password);
        let (Some(_), Some(email), Some(password)) = (&name, email, password) else {
            return Ok(self.page(None, Some(&tried)));
        };
        match browser.app().call(&browser.nobody(), SignUp { email: email.clone(), password, name }).await {
            Ok(made) => match (made.session, made.user) {
                (Some(session), Some(user)) => Ok(self.enter(browser, &session, &user).await),
                // Whether there was an account already is not said.
                _ => Ok(self.verify_first(email.as_str()).page(StatusCode::OK)),
            },
            Err(error) => Ok(self.page(None, Some(&tried.refused(&error, browser)))),
        }
    }

    /// Goes on with whoever has just signed in, who stays so whatever becomes of the invitation.
    async fn enter(&self, browser: &Browser, session: &Tokens, account: &User) -> Response {
        let cookie = browser.cookie(&session.access_token).await;
        let page = self.accept(browser, &browser.bearer(&session.access_token), account).await;
        with_cookie(page.unwrap_or_else(IntoResponse::into_response), cookie)
    }

    /// The page for an answer of somebody who is not signed in, or not any more.
    fn sign_in_first(&self, browser: &Browser) -> Response {
        self.page(None, Some(&Tried::new(&ANSWER).refused(&Error::Unauthenticated, browser)))
    }

    /// The page for an answer that was not taken.
    async fn refused(&self, browser: &Browser, error: &Error, account: &User) -> Result<Response, Stop> {
        Ok(match error {
            Error::Forbidden(Denied::EmailMismatch) => {
                let facts = context! { elsewhere => true, problems => (), ..self.facts(Some(account), None) };
                paper::page(StatusCode::FORBIDDEN, TEMPLATE, facts)
            }
            Error::Forbidden(Denied::EmailUnverified) => {
                self.verify_first(account.email.as_str()).page(StatusCode::FORBIDDEN)
            }
            Error::NobodyToInvite(_) => self.told("You are a member already of", Vec::new()).page(StatusCode::CONFLICT),
            // Answered or taken back this moment; or it still stands, but whoever sent it may not invite any more.
            Error::Conflict(_) | Error::NotFound(_) => {
                Self::find(browser, self.token.to_string()).await?;
                closed(InvitationStatus::Revoked)
            }
            other => return Err(browser.stop(other)),
        })
    }

    /// A message that ends with the organization's name.
    fn told<'a>(&'a self, title: &'a str, lines: Vec<String>) -> Message<'a> {
        Message { title, name: Some(&self.shown.organization_name), lines, ..Message::default() }
    }

    fn page(&self, account: Option<&User>, tried: Option<&Tried>) -> Response {
        form::page(TEMPLATE, self.facts(account, tried), tried)
    }

    fn facts(&self, account: Option<&User>, tried: Option<&Tried>) -> Value {
        let (shown, token) = (&self.shown, self.token.as_str());
        let (role, does) = words::role(shown.role);
        let person = |account: &User| context! { name => account.name.as_deref(), email => account.email.as_str() };
        context! {
            organization => shown.organization_name.as_str(),
            inviter => shown.inviter_name.as_deref(),
            role => format!("{role}: {does}"),
            email => shown.email.as_str(),
            until => shown.expires_at.in_words(),
            account => account.map(person),
            elsewhere => account.is_some_and(|account| self.is_elsewhere(account)),
            answer => ANSWER.shown(token, None),
            sign_in => SIGN_IN.shown(token, tried),
            sign_up => SIGN_UP.shown(token, tried),
        }
    }

    /// Whether it was plainly sent to somebody else. Two addresses may look alike as far as it is shown here; what is
    /// the same, only the procedure knows.
    fn is_elsewhere(&self, account: &User) -> bool {
        account.email.masked() != self.shown.email
    }

    /// What to do first for somebody with this address, which is the same for every address.
    fn verify_first(&self, email: &str) -> Message<'static> {
        let lines = vec![
            format!("A letter with a link was mailed to {email}. Open that link, then come back and accept."),
            "No letter? Choose a new password: the link in that letter verifies your address as well.".to_owned(),
        ];
        let form = Some(VERIFIED.shown(self.token.as_str(), None));
        let link = Some((password::PATH, "Choose a new password"));
        Message { title: "First verify your address", lines, form, link, ..Message::default() }
    }
}

fn unknown() -> Response {
    let lines = vec![
        "No invitation belongs to it. If you were sent a newer letter, use the link in that one; otherwise ask whoever \
            invited you for another."
            .to_owned(),
    ];
    paper::dead_link(lines, None)
}

fn closed(status: InvitationStatus) -> Response {
    let line = match status {
        InvitationStatus::Accepted => "It has been accepted.",
        InvitationStatus::Declined => "It has been declined.",
        InvitationStatus::Expired => "It was not answered in time. Ask whoever invited you for another.",
        InvitationStatus::Pending | InvitationStatus::Revoked => {
            "It has been taken back. If you think that is a mistake, ask whoever invited you."
        }
    };
    let lines = vec![line.to_owned()];
    Message { title: "This invitation does not stand any more", lines, ..Message::default() }.page(StatusCode::GONE)
}
