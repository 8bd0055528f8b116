//! The pages of Guildhall's own host.

use std::sync::LazyLock;

use axum::response::Response;
use guildhall_pages::{Error, Press, Value, context};
use http::{HeaderValue, StatusCode, header::SET_COOKIE};

use super::words;
use crate::failure::Failure;

const TEMPLATES: [(&str, &str); 6] = [
    ("index.html", include_str!("../../templates/index.html")),
    ("invitation.html", include_str!("../../templates/invitation.html")),
    ("manual.html", include_str!("../../templates/manual.html")),
    ("message.html", include_str!("../../templates/message.html")),
    ("step.html", include_str!("../../templates/step.html")),
    ("task.html", include_str!("../../templates/task.html")),
];

static PRESS: LazyLock<Press> = LazyLock::new(|| Press::new(&TEMPLATES));

/// What a template makes of `context`.
pub(super) fn print(template: &str, context: Value) -> Result<String, Error> {
    PRESS.print(template, context)
}

/// A page with forms, or that follows on one.
pub(super) fn page(status: StatusCode, template: &str, context: Value) -> Response {
    PRESS.page(status, template, context, "'self'")
}

/// A page with a policy of its own, beyond that nothing is allowed.
pub(super) fn page_with(status: StatusCode, template: &str, context: Value, policy: &str) -> Response {
    PRESS.page_with(status, template, context, policy)
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
    use guildhall_pages::{Value, context};

    use super::{TEMPLATES, print};

    #[test]
    fn every_template_can_be_read() {
        for (name, _) in TEMPLATES {
            // What is not there is another mistake than what lacks its values.
            let made = print(name, context! {});
            assert!(!made.is_err_and(|error| error.to_string().contains("template not found")), "{name}");
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
