//! Forms: what they ask, how they are read, and what is said where something does not fit.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, Request},
    response::Response,
};
use guildhall_domain::{Error, text::Text};
use guildhall_pages::{Value, context};
use http::{HeaderValue, StatusCode, Uri, header::RETRY_AFTER};
use serde::de::DeserializeOwned;

use super::{
    browser::{Browser, Stop},
    paper::{self, Message},
    words,
};
use crate::{
    body,
    caller::{self, Page},
    failure::Failure,
    observe::Arrival,
    router::Site,
};

/// A form.
#[derive(Debug)]
pub(super) struct Form {
    /// Tells it from the others of its page.
    pub(super) id: &'static str,
    /// Where it is sent.
    pub(super) action: &'static str,
    /// What it asks.
    pub(super) fields: &'static [Field],
    /// How it is sent; the first is what the Enter key does.
    pub(super) buttons: &'static [Button],
}

/// One question of a form.
#[derive(Debug)]
pub(super) struct Field {
    /// As the procedure calls it.
    pub(super) name: &'static str,
    /// As people read it.
    pub(super) label: &'static str,
    /// What the browser takes it for.
    pub(super) kind: &'static str,
    /// What the browser may fill in.
    pub(super) autocomplete: &'static str,
    /// What to know before typing.
    pub(super) hint: &'static str,
    /// What is said where it does not fit.
    pub(super) wrong: &'static str,
}

/// A way to send a form.
#[derive(Debug)]
pub(super) struct Button {
    /// What it sends as `answer`.
    pub(super) answer: Option<&'static str>,
    /// What is on it.
    pub(super) label: &'static str,
}

pub(super) const EMAIL: Field = Field {
    name: "email",
    label: "Email address",
    kind: "email",
    autocomplete: "email",
    hint: "",
    wrong: "This is not an email address; one looks like ann@example.org.",
};

pub(super) const NAME: Field = Field {
    name: "name",
    label: "Name",
    kind: "text",
    autocomplete: "name",
    hint: "What others see.",
    wrong: "A name has 1 to 100 characters.",
};

pub(super) const PASSWORD: Field = Field {
    name: "password",
    label: "Password",
    kind: "password",
    autocomplete: "current-password",
    hint: "",
    wrong: "Give the password.",
};

pub(super) const NEW_PASSWORD: Field = Field {
    name: "newPassword",
    label: "New password",
    kind: "password",
    autocomplete: "new-password",
    hint: "12 characters or more; a few words in a row are easy to remember.",
    wrong: "A password has 12 to 128 characters.",
};

/// A form that was sent and did not pass: what was typed, but for passwords, and what is wrong.
#[derive(Debug)]
pub(super) struct Tried {
    form: &'static Form,
    typed: Vec<(&'static str, String)>,
    problems: Vec<(Option<String>, String)>,
    failure: Option<Failure>,
}

/// A page with forms; as `tried` left it where one of them was sent before.
pub(super) fn page(template: &str, context: Value, tried: Option<&Tried>) -> Response {
    let context = context! { problems => tried.map(Tried::problems), ..context };
    let Some(tried) = tried else { return paper::page(StatusCode::OK, template, context) };
    let failure = tried.failure.as_ref();
    let status = failure.and_then(|failure| StatusCode::from_u16(failure.status()).ok());
    let mut page = paper::page(status.unwrap_or(StatusCode::BAD_REQUEST), template, context);
    let wait = failure.and_then(Failure::retry_after_seconds);
    page.headers_mut().extend(wait.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds))));
    page
}

impl Form {
    /// A page for this form alone.
    pub(super) fn page(&self, title: &str, lines: &[&str], token: &str, tried: Option<&Tried>) -> Response {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        page("task.html", context! { title, lines, form => self.shown(token, tried) }, tried)
    }

    /// The form as templates know it, for the link with that token.
    pub(super) fn shown(&self, token: &str, tried: Option<&Tried>) -> Value {
        let tried = tried.filter(|tried| tried.form.id == self.id);
        let fields: Vec<Value> = self.fields.iter().map(|field| self.asked(field, tried)).collect();
        let button = |button: &Button| context! { answer => button.answer, label => button.label };
        let buttons: Vec<Value> = self.buttons.iter().map(button).collect();
        context! { action => self.action, token, fields, buttons }
    }

    fn asked(&self, field: &Field, tried: Option<&Tried>) -> Value {
        let id = self.element(field.name);
        let problem = tried.and_then(|tried| tried.problem(field.name));
        let hint = (!field.hint.is_empty()).then(|| format!("{id}-hint"));
        let described_by: Vec<String> = hint.into_iter().chain(problem.map(|_| format!("{id}-problem"))).collect();
        context! {
            id,
            problem,
            name => field.name,
            label => field.label,
            kind => field.kind,
            hint => field.hint,
            autocomplete => field.autocomplete,
            described_by => described_by.join(" "),
            typed => tried.map_or("", |tried| tried.typed(field.name)),
        }
    }

    /// The name of a field's element in the page.
    fn element(&self, field: &str) -> String {
        format!("{}-{field}", self.id)
    }
}

impl Tried {
    /// A form that is being read.
    pub(super) const fn new(form: &'static Form) -> Self {
        Self { form, typed: Vec::new(), problems: Vec::new(), failure: None }
    }

    /// What was typed into `field`, where it fits.
    pub(super) fn read<T: TryFrom<String>>(&mut self, field: &Field, typed: String) -> Option<T> {
        if field.kind != "password" {
            self.typed.push((field.name, typed.clone()));
        }
        let read = T::try_from(typed).ok();
        if read.is_none() {
            self.problems.push((Some(field.name.to_owned()), field.wrong.to_owned()));
        }
        read
    }

    /// The same form, after a procedure refused it.
    pub(super) fn refused(mut self, error: &Error, browser: &Browser) -> Self {
        let failure = browser.failure(error);
        self.problems = words::problems(error);
        self.problems.extend(failure.request_id().map(|id| (None, words::number(id))));
        self.failure = Some(failure);
        self
    }

    /// Everything that is wrong, as templates know it: with the element to mend where there is one.
    pub(super) fn problems(&self) -> Value {
        let has = |name: &&str| self.form.fields.iter().any(|field| field.name == *name);
        let listed = self.problems.iter().map(|(field, words)| {
            let at = field.as_deref().filter(has).map(|name| self.form.element(name));
            context! { at, words }
        });
        listed.collect()
    }

    fn typed(&self, name: &str) -> &str {
        self.typed.iter().find(|(field, _)| *field == name).map_or("", |(_, typed)| typed)
    }

    fn problem(&self, name: &str) -> Option<&str> {
        self.problems.iter().find(|(field, _)| field.as_deref() == Some(name)).map(|(_, words)| words.as_str())
    }
}

/// What a form of ours sent. A page of another site could send the same, and sign somebody in as somebody else with it,
/// so the browser must say that the page was ours.
pub(crate) struct Posted<T>(pub(crate) T);

impl<T: DeserializeOwned> FromRequest<Arc<Site>> for Posted<T> {
    type Rejection = Stop;

    async fn from_request(request: Request, site: &Arc<Site>) -> Result<Self, Stop> {
        let (parts, body) = request.into_parts();
        if caller::page(&parts.headers, &site.settings) != Page::Ours {
            let lines = vec![
                "This form came from another site, so nothing was done. If it was you who sent it, open your link again \
                    and use the form on its page."
                    .to_owned(),
            ];
            let refused = Message { title: "That did not work", lines, ..Message::default() };
            return Err(refused.page(StatusCode::FORBIDDEN).into());
        }
        let arrival = Arrival::of(&parts.extensions);
        Ok(Self(body::form(&parts.headers, body, &arrival).await?))
    }
}

/// The token that a link carries; none where there is not exactly one.
pub(super) fn token_of(uri: &Uri) -> Option<String> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(uri.query()?).ok()?;
    let mut tokens = pairs.into_iter().filter(|(name, value)| name == "token" && !value.is_empty());
    let (token, None) = (tokens.next()?.1, tokens.next()) else { return None };
    Some(token)
}

/// A token as procedures take it; none where it cannot be one.
pub(super) fn opened(token: String) -> Option<Text<1, 200>> {
    Text::try_from(token).ok()
}

#[cfg(test)]
mod tests {
    use guildhall_domain::text::{Email, Text};
    use guildhall_pages::context;
    use http::{StatusCode, Uri};

    use super::{EMAIL, Form, NEW_PASSWORD, Tried, paper, token_of};

    #[test]
    fn a_form_that_did_not_pass_keeps_what_was_typed_but_for_passwords() {
        const FORM: Form = Form { id: "one", action: "/here", fields: &[EMAIL, NEW_PASSWORD], buttons: &[] };
        let mut tried = Tried::new(&FORM);

        assert_eq!(tried.read::<Email>(&EMAIL, "no <b>address".to_owned()), None);
        assert_eq!(tried.read::<Text<12, 128>>(&NEW_PASSWORD, "hunter2".to_owned()), None);

        let shown = context! { form => FORM.shown("tok", Some(&tried)) };
        let page = paper::print("form.html", shown).unwrap();
        assert!(
            page.contains("value=\"no &lt;b&gt;address\" required aria-describedby=\"one-email-problem\""),
            "{page}"
        );
        assert!(
            page.contains("aria-describedby=\"one-newPassword-hint one-newPassword-problem\" aria-invalid=\"true\"")
        );
        assert!(!page.contains("hunter2"));
        assert_eq!(FORM.page("", &[], "tok", Some(&tried)).status(), StatusCode::BAD_REQUEST);
        assert_eq!(FORM.page("", &[], "tok", None).status(), StatusCode::OK);
    }

    #[test]
    fn a_link_has_one_token_whatever_else_was_added_to_it() {
        let of = |target: &'static str| token_of(&Uri::from_static(target));
        assert_eq!(of("/invitation?token=a-b_c&utm_source=mail").as_deref(), Some("a-b_c"));
        for none in
            ["/invitation", "/invitation?", "/invitation?token=", "/invitation?token=a&token=b", "/invitation?t=a"]
        {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
