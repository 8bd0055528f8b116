//! What a template is given: the values of a matter, made harmless for the place they will stand in.

use std::collections::BTreeMap;

use guildhall_domain::{access::Role, mail::Matter};
use minijinja::Value;

/// The most characters of a name in a subject: mailboxes show little more.
const LONGEST_IN_SUBJECT: usize = 60;

/// Where in a letter a value is to stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Subject,
    Text,
    Html,
}

pub(crate) type Values = BTreeMap<&'static str, Value>;

/// What the templates of `matter` may use at `place`.
pub(crate) fn values(matter: &Matter, place: Place) -> Values {
    let mut values = Values::new();
    match matter {
        Matter::Invitation { organization, inviter, role, message, link, expires_at } => {
            values.extend(people(organization, inviter, *role, message.as_deref(), place));
            values.extend(way(link, place));
            values.insert("expires", expires_at.in_words().into());
        }
        Matter::Membership { organization, inviter, role, message, link } => {
            values.extend(people(organization, inviter, *role, message.as_deref(), place));
            values.extend(way(link, place));
        }
        Matter::PasswordReset { link, expires_at } | Matter::EmailVerification { link, expires_at } => {
            values.extend(way(link, place));
            values.insert("expires", expires_at.in_words().into());
        }
        Matter::SignInCode { server, organization, site: address, code, expires_at } => {
            values.extend([("server", name(server, place)), ("organization", name(organization, place))]);
            values.extend([("site", site(address).into()), ("code", code.as_str().into())]);
            values.insert("expires", expires_at.in_words().into());
        }
        Matter::AlreadyRegistered { link } | Matter::PasswordChanged { link } => values.extend(way(link, place)),
        Matter::TicketAnswer { organization, server, number, title, author, content, settled, .. } => {
            values.extend(about(organization, *number, title, place));
            values
                .extend([("server", perhaps(server.as_deref(), place)), ("author", perhaps(author.as_deref(), place))]);
            values.extend([("content", quoted(content, place)), ("settled", (*settled).into())]);
        }
        Matter::TicketAssigned { organization, number, title, summary, by, .. } => {
            values.extend(about(organization, *number, title, place));
            values.extend([("summary", quoted(summary, place)), ("by", perhaps(by.as_deref(), place))]);
        }
        Matter::TicketReply { organization, number, title, content, .. } => {
            values.extend(about(organization, *number, title, place));
            values.insert("content", quoted(content, place));
        }
    }
    values
}

fn people(organization: &str, inviter: &str, role: Role, said: Option<&str>, place: Place) -> Values {
    let role = match role {
        Role::Viewer => "viewer",
        Role::Member => "member",
        Role::Admin => "admin",
        Role::Owner => "owner",
    };
    let message = said.filter(|said| !said.trim().is_empty()).map(|said| quoted(said, place));
    let message = message.unwrap_or_else(|| Value::from(()));
    Values::from([
        ("organization", name(organization, place)),
        ("inviter", name(inviter, place)),
        ("role", role.into()),
        ("message", message),
    ])
}

/// Which ticket; `site` is for the foot that all pages share: there is no link that would tell.
fn about(organization: &str, number: i64, title: &str, place: Place) -> Values {
    let organization = name(organization, place);
    let title = name(title, place);
    Values::from([
        ("site", organization.clone()),
        ("organization", organization),
        ("number", number.into()),
        ("title", title),
    ])
}

/// A name that may be missing, or say nothing.
fn perhaps(typed: Option<&str>, place: Place) -> Value {
    typed.filter(|typed| !one_line(typed).is_empty()).map_or_else(|| Value::from(()), |typed| name(typed, place))
}

/// What somebody calls something, on one line.
fn name(typed: &str, place: Place) -> Value {
    match place {
        Place::Subject => short(&one_line(typed)).into(),
        Place::Text | Place::Html => one_line(typed).into(),
    }
}

fn way(link: &str, place: Place) -> Values {
    let there = match place {
        Place::Subject | Place::Text => link.into(),
        // Escaped here, because the template engine would write `/` as `&#x2f;`, which looks as if it hid something.
        Place::Html => Value::from_safe_string(escaped(link)),
    };
    Values::from([("link", there), ("site", site(link).into())])
}

/// The host that `link` leads to; without port, which says nothing to a reader.
fn site(link: &str) -> &str {
    let authority = link.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    match authority.map(|authority| authority.rsplit_once(':').map_or(authority, |(host, _)| host)) {
        None | Some("") => "Guildhall",
        Some(host) => host,
    }
}

/// `typed` as part of one line, whatever is in it.
fn one_line(typed: &str) -> String {
    typed.split(|c: char| c.is_whitespace() || unseen(c)).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Whether `c` is nothing to read: a control character, or one that turns the direction of what follows it.
fn unseen(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn short(name: &str) -> String {
    // A reader's program would decode it, though it is only text.
    let name = name.replace("=?", "= ?");
    match name.char_indices().nth(LONGEST_IN_SUBJECT) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or_default().trim_end()),
        None => name,
    }
}

/// What somebody said, so that each of its lines is seen to be theirs.
fn quoted(said: &str, place: Place) -> Value {
    let said = said.trim().replace("\r\n", "\n");
    let breaks = ['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
    let lines = said.split(breaks).map(|line| line.replace(unseen, " "));
    match place {
        Place::Subject | Place::Text => lines
            .map(|line| format!("> {}", line.trim_end()).trim_end().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
            .into(),
        Place::Html => {
            Value::from_safe_string(lines.map(|line| escaped(line.trim_end())).collect::<Vec<_>>().join("<br>\n"))
        }
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('"', "&quot;").replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_IN_SUBJECT, Place, one_line, quoted, short, site};

    #[test]
    fn a_name_is_one_line_whatever_is_in_it() {
        assert_eq!(one_line(" Ann\r\nBcc: x\u{2028}\u{85}\t\u{0}y\u{202e}z "), "Ann Bcc: x y z");
        assert_eq!(one_line("\r\n"), "");
        assert_eq!(one_line("李 👩‍🔧"), "李 👩‍🔧", "what joins characters stays");
        assert_eq!(short("=?utf-8?q?=0D=0A?="), "= ?utf-8?q?=0D=0A?=");
        assert_eq!(short(&"ä".repeat(LONGEST_IN_SUBJECT)), "ä".repeat(LONGEST_IN_SUBJECT));
        assert_eq!(short(&"ä".repeat(LONGEST_IN_SUBJECT + 1)), format!("{}…", "ä".repeat(LONGEST_IN_SUBJECT)));
    }

    #[test]
    fn each_line_of_a_message_is_quoted() {
        let said = "Hi <b>\r\n\r\n-- \nyours\u{2029}\u{202e}A & \"B\"\u{7}\n";
        assert_eq!(quoted(said, Place::Text).to_string(), "> Hi <b>\n>\n> --\n> yours\n>  A & \"B\"");
        let html = quoted(said, Place::Html).to_string();
        assert_eq!(html, "Hi &lt;b&gt;<br>\n<br>\n--<br>\nyours<br>\n A &amp; &quot;B&quot;");
    }

    #[test]
    fn a_site_is_the_host_of_the_link() {
        for (link, host) in [
            ("https://guild.example/a?b#c", "guild.example"),
            ("http://localhost:3000/reset?token=a:b", "localhost"),
            ("http://127.0.0.1:3000", "127.0.0.1"),
            ("http://[::1]:3000/a", "[::1]"),
            ("/reset", "Guildhall"),
            ("https:///x", "Guildhall"),
        ] {
            assert_eq!(site(link), host, "{link}");
        }
    }
}
