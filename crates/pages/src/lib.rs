//! How pages for people are made: templates in which every value is escaped, one look, and the headers that go with them.
//!
//! **Invariant:** nothing on a page comes from elsewhere, and what runs there, if anything, is named in its policy.
use aws_lc_rs::digest::{SHA256, digest};
use axum::response::{Html, IntoResponse, Response};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY},
};
use minijinja::{Environment, UndefinedBehavior};
pub use minijinja::{Error, Value, context};

const COMMON: [(&str, &str); 4] = [
    ("base.html", include_str!("../templates/base.html")),
    ("form.html", include_str!("../templates/form.html")),
    ("problems.html", include_str!("../templates/problems.html")),
    ("style.css", include_str!("../templates/style.css")),
];

/// A link's token or a request is in the page's address, and must not go into the next request's `Referer`; but of
/// `no-referrer` browsers make `Origin: null`, which says nothing about whose form was sent. This one sends the origin in
/// both.
const ORIGIN_ONLY: HeaderValue = HeaderValue::from_static("strict-origin");

/// A script that a page carries: no other one runs there.
#[derive(Debug)]
pub struct Script(&'static str);

impl Script {
    /// A script of ours.
    #[must_use]
    pub const fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// As a template prints it, between its tags and with nothing else there.
    #[must_use]
    pub fn text(&self) -> Value {
        Value::from_safe_string(self.0.to_owned())
    }

    /// As a content security policy names it (CSP 3 §2.3.1).
    #[must_use]
    pub fn source(&self) -> String {
        format!("'sha256-{}'", BASE64_STANDARD.encode(digest(&SHA256, self.0.as_bytes())))
    }
}

/// What prints pages.
#[derive(Debug)]
pub struct Press(Environment<'static>);

impl Press {
    /// A press with the templates that all pages share, and `templates`.
    #[must_use]
    pub fn new(templates: &[(&'static str, &'static str)]) -> Self {
        let mut press = Environment::new();
        // A value that a template misspells is a mistake of ours; the tests print every page.
        press.set_undefined_behavior(UndefinedBehavior::Strict);
        for (name, text) in COMMON.iter().chain(templates) {
            if let Err(error) = press.add_template(name, text) {
                tracing::error!(%error, name, "a template cannot be read");
            }
        }
        Self(press)
    }

    /// What a template makes of `context`.
    ///
    /// # Errors
    /// Where there is no such template, or it wants more than it gets.
    pub fn print(&self, template: &str, context: Value) -> Result<String, Error> {
        self.0.get_template(template)?.render(context)
    }

    /// A page; what its forms lead to is `form_action`, as a content security policy says it.
    pub fn page(&self, status: StatusCode, template: &str, context: Value, form_action: &str) -> Response {
        self.page_with(status, template, context, &format!("style-src 'unsafe-inline'; form-action {form_action}"))
    }

    /// A page with a policy of its own, beyond that nothing is allowed.
    pub fn page_with(&self, status: StatusCode, template: &str, context: Value, policy: &str) -> Response {
        let policy = format!("default-src 'none'; {policy}; base-uri 'none'; frame-ancestors 'none'");
        let policy = HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        let headers = [(CONTENT_SECURITY_POLICY, policy), (REFERRER_POLICY, ORIGIN_ONLY)];
        match self.print(template, context) {
            Ok(text) => (status, headers, Html(text)).into_response(),
            Err(error) => {
                tracing::error!(%error, template, "a page cannot be made");
                (StatusCode::INTERNAL_SERVER_ERROR, headers, "Something broke on our side.").into_response()
            }
        }
    }
}
