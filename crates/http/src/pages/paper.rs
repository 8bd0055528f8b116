//! How pages are made: templates of our own, in which every value is escaped, and the headers that go with them.

use std::sync::LazyLock;

use axum::response::{Html, IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{CONTENT_SECURITY_POLICY, REFERRER_POLICY, SET_COOKIE},
};
use minijinja::{Environment, UndefinedBehavior, Value, context};

use super::words;
use crate::failure::Failure;

const TEMPLATES: [(&str, &str); 9] = [
    ("base.html", include_str!("../../templates/base.html")),
    ("form.html", include_str!("../../templates/form.html")),
    ("index.html", include_str!("../../templates/index.html")),
    ("invitation.html", include_str!("../../templates/invitation.html")),
    ("manual.html", include_str!("../../templates/manual.html")),
    ("message.html", include_str!("../../templates/message.html")),
    ("problems.html", include_str!("../../templates/problems.html")),
    ("style.css", include_str!("../../templates/style.css")),
    ("task.html", include_str!("../../templates/task.html")),
];

static PRESS: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut press = Environment::new();
    // A value that a template misspells is a mistake of ours; the tests print every page.
    press.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, text) in TEMPLATES {
        if let Err(error) = press.add_template(name, text) {
            tracing::error!(%error, name, "a template cannot be read");
        }
    }
    press
});

const FORMS: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
);
/// A link's token is in the page's address, and must not go into the next request's `Referer`; but of `no-referrer`
/// browsers make `Origin: null`, which says nothing about whose form was sent. This one sends the origin in both.
const ORIGIN_ONLY: HeaderValue = HeaderValue::from_static("strict-origin");

/// What a template makes of `context`.
pub(super) fn print(template: &str, context: Value) -> Result<String, minijinja::Error> {
    PRESS.get_template(template)?.render(context)
}

/// A page with forms, or that follows on one.
pub(super) fn page(status: StatusCode, template: &str, context: Value) -> Response {
    let headers = [(CONTENT_SECURITY_POLICY, FORMS), (REFERRER_POLICY, ORIGIN_ONLY)];
    match print(template, context) {
        Ok(text) => (status, headers, Html(text)).into_response(),
        Err(error) => {
            tracing::error!(%error, template, "a page cannot be made");
            (StatusCode::INTERNAL_SERVER_ERROR, headers, "Something broke on our side.").into_response()
        }
    }
}

/// A page that says something.
#[derive(Clone, Debug, Default)]
pub(super) struct Message<'a> {
    /// In a few words.
    pub(super) title: &'a str,
    /// What somebody else called the thing that the title ends with.
    pub(super) name: Option<&'a str>,
    /// Paragraphs.
    pub(super) lines: Vec<String>,
    /// A form to go on with.
    pub(super) form: Option<Value>,
    /// Where to go from here: address and words.
    pub(super) link: Option<(&'a str, &'a str)>,
}

impl Message<'_> {
    /// The page, with a status of its own.
    pub(super) fn page(self, status: StatusCode) -> Response {
        page(status, "message.html", context! { done => false, ..self.context() })
    }

    /// The page for what somebody came for and has got.
    pub(super) fn done(self) -> Response {
        page(StatusCode::OK, "message.html", context! { done => true, ..self.context() })
    }

    fn context(self) -> Value {
        let Self { title, name, lines, form, link } = self;
        let link = link.map(|(href, words)| context! { href, words });
        context! { title, name, lines, form, link }
    }
}

/// The page for a link that opens nothing any more.
pub(super) fn dead_link(lines: Vec<String>, link: Option<(&str, &str)>) -> Response {
    Message { title: "This link does not work any more", lines, link, ..Message::default() }.page(StatusCode::NOT_FOUND)
}

/// What went wrong, where a browser shows it to a person.
pub(crate) fn trouble(failure: &Failure) -> Response {
    let status = StatusCode::from_u16(failure.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut lines = vec![words::sentence(failure.message())];
    lines.extend(failure.retry_after_seconds().map(words::try_again));
    lines.extend(failure.request_id().map(words::number));
    Message { title: "That did not work", lines, ..Message::default() }.page(status)
}

/// The same answer, with a cookie.
pub(super) fn with_cookie(mut answer: Response, cookie: Option<HeaderValue>) -> Response {
    answer.headers_mut().extend(cookie.map(|cookie| (SET_COOKIE, cookie)));
    answer
}

#[cfg(test)]
mod tests {
    use minijinja::{Value, context};

    use super::{PRESS, TEMPLATES, print};

    #[test]
    fn every_template_can_be_read() {
        for (name, _) in TEMPLATES {
            assert!(PRESS.get_template(name).is_ok(), "{name}");
        }
        print("index.html", context! { title => "Guildhall" }).unwrap();
    }

    #[test]
    fn what_somebody_wrote_is_text_and_never_markup() {
        let hostile = "<script>alert(1)</script>\" onload='x' & {{ 7 * 7 }}";
        let page = |hostile: &str| {
            let link = context! { href => hostile, words => hostile };
            let message = context! { title => hostile, name => hostile, lines => vec![hostile.to_owned()], form => Value::from(()), link,
            done => false };
            print("message.html", message).unwrap()
        };
        let printed = page(hostile);
        assert!(
            printed.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;&quot; onload=&#x27;x&#x27; &amp; {{ 7 * 7 }}")
        );
        for mark in ['<', '>', '"', '\''] {
            assert_eq!(printed.matches(mark).count(), page("plain").matches(mark).count(), "{mark}");
        }
    }
}
