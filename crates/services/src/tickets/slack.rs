//! A ticket as a message to a Slack incoming webhook.
//!
//! **Invariant:** what an end user wrote stays text: it mentions nobody, links nothing and marks nothing up. Blocks are
//! `plain_text`, `mrkdwn` is off, and `&`, `<` and `>`, which Slack reads commands in, are escaped everywhere.

use guildhall_domain::{error::Unreachable, text::WebUrl, tickets::Ticket};
use serde_json::{Value, json};

use super::deliver::unreached;
use crate::{
    jobs::Failed,
    ports::{Body, Question},
};

/// What Slack takes of each kind of text, in characters.
const LONGEST_HEADER: usize = 150;
const LONGEST_SECTION: usize = 3000;

/// The message about `ticket`.
pub(super) fn message(url: WebUrl, ticket: &Ticket) -> Question {
    let title = format!("#{} {}", ticket.number, one_line(&ticket.title));
    let facts: Vec<String> = super::facts(ticket).map(|(name, value)| format!("{name}: {value}")).collect();
    let body = json!({
        "text": written(&title, LONGEST_SECTION), // for notifications
        "mrkdwn": false,
        "unfurl_links": false,
        "unfurl_media": false,
        "blocks": [
            { "type": "header", "text": plain(&title, LONGEST_HEADER) },
            { "type": "section", "text": plain(&ticket.concise_summary, LONGEST_SECTION) },
            { "type": "context", "elements": [plain(&facts.join(" · "), LONGEST_SECTION)] },
        ],
    });
    Question::post(url, Body::Json(body))
}

/// Whether it was taken. Any 200 will do: what speaks Slack's protocol elsewhere does not always say `ok`.
pub(super) fn taken(said: Result<Vec<u8>, Unreachable>) -> Result<(), Failed> {
    match said {
        Ok(_) | Err(Unreachable::TooLarge) => Ok(()), // both answered 200
        Err(Unreachable::Status(code @ (403 | 404 | 410))) => {
            Err(Failed::ForGood(format!("the webhook is not there any more, or its channel is archived ({code})")))
        }
        Err(why) => Err(unreached("the webhook", why)),
    }
}

fn plain(text: &str, longest: usize) -> Value {
    json!({ "type": "plain_text", "emoji": false, "text": written(text, longest) })
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` as Slack wants it, cut where it would be too long, but never within an escape.
fn written(text: &str, longest: usize) -> String {
    let escaped = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        c => c.to_string(),
    };
    let whole: String = text.chars().map(escaped).collect();
    if whole.encode_utf16().count() <= longest {
        return whole;
    }
    let mut room = longest.saturating_sub(1);
    let mut cut = String::new();
    for piece in text.chars().map(escaped) {
        let Some(rest) = room.checked_sub(piece.encode_utf16().count()) else { break };
        room = rest;
        cut.push_str(&piece);
    }
    cut + "…"
}

#[cfg(test)]
mod tests {
    use guildhall_domain::error::Unreachable;

    use super::{LONGEST_HEADER, LONGEST_SECTION, message, taken, written};
    use crate::{jobs::Failed, ports::Body, tickets::example::ticket};

    #[test]
    fn what_somebody_wrote_stays_text() {
        let evil = "<!channel> <@U123> <https://evil.test|bank> *b* `c` :x: & \n> q";
        let Body::Json(body) = message("https://hooks.test/x".parse().unwrap(), &ticket(evil, evil)).body else {
            panic!("a message is JSON");
        };
        let text = body.to_string();
        assert!(!text.contains('<') && !text.contains("mrkdwn\","), "{text}");
        assert_eq!(body["mrkdwn"], false);
        for block in body["blocks"].as_array().unwrap() {
            let text = if block["text"].is_object() { &block["text"] } else { &block["elements"][0] };
            assert_eq!((&text["type"], &text["emoji"]), (&"plain_text".into(), &false.into()));
        }
        assert_eq!(
            body["blocks"][0]["text"]["text"],
            "#7 &lt;!channel&gt; &lt;@U123&gt; &lt;https://evil.test|bank&gt; *b* `c` :x: &amp; &gt; q"
        );
        assert_eq!(
            body["blocks"][2]["elements"][0]["text"],
            "Priority: high · Server: Help · Asked by: a@example.test"
        );
    }

    #[test]
    fn what_is_too_long_is_cut_between_two_characters() {
        assert_eq!(written("a<b", 6), "a&lt;b");
        assert_eq!(written("a<b", 5), "a…");
        assert_eq!(written("ab", 2), "ab");
        assert_eq!(written("😀😀", 3), "😀…");
        for (text, longest) in [("&".repeat(200), LONGEST_HEADER), ("&".repeat(10_000), LONGEST_SECTION)] {
            assert!(written(&text, longest).chars().count() <= longest);
        }
    }

    #[test]
    fn an_answer_is_a_success_a_delay_or_an_end() {
        assert!(taken(Ok(b"ok".to_vec())).is_ok());
        for code in [429, 500, 503, 408] {
            assert!(matches!(taken(Err(Unreachable::Status(code))), Err(Failed::For(_))), "{code}");
        }
        for code in [400, 403, 404, 410, 302] {
            assert!(matches!(taken(Err(Unreachable::Status(code))), Err(Failed::ForGood(_))), "{code}");
        }
        for why in [Unreachable::Timeout, Unreachable::NoConnection, Unreachable::Tls, Unreachable::NoPublicAddress] {
            assert!(matches!(taken(Err(why)), Err(Failed::For(_))), "{why}");
        }
        assert!(matches!(taken(Err(Unreachable::NotCalled)), Err(Failed::ForGood(_))));
    }
}
