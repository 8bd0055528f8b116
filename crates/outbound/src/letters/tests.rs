use std::fs;

use guildhall_domain::{Id, Timestamp, access::Role, mail::Matter};

use super::{Letters, samples};

const LINK: &str = "https://guild.example/x?token=a&b=c";

fn all(organization: &str, inviter: &str, message: &str) -> [Matter; 7] {
    let (organization, inviter, message) = (organization.to_owned(), inviter.to_owned(), Some(message.to_owned()));
    let (link, expires_at) = (|| LINK.to_owned(), Timestamp::from_millis(1_795_264_200_000));
    [
        Matter::Invitation {
            organization: organization.clone(),
            inviter: inviter.clone(),
            role: Role::Admin,
            message: message.clone(),
            link: link(),
            expires_at,
        },
        Matter::Membership { organization, inviter, role: Role::Viewer, message, link: link() },
        Matter::PasswordReset { link: link(), expires_at },
        Matter::EmailVerification { link: link(), expires_at },
        Matter::AlreadyRegistered { link: link() },
        Matter::PasswordChanged { link: link() },
        Matter::SignInCode {
            server: "Help".to_owned(),
            organization: "Acme & Co".to_owned(),
            site: link(),
            code: "012345".to_owned(),
            expires_at,
        },
    ]
}

#[test]
fn every_letter_says_all_it_has_to_say_in_text_and_in_html() {
    let letters = Letters::open(None).unwrap();
    let people = ["Acme & Co", "Ann O'Neill", "Hi there,"];
    let expected: [&[&str]; 7] = [
        &["Acme & Co", "Ann O'Neill", "admin", "Hi there,", "glad", "21 November 2026, 12:30 UTC"],
        &["Acme & Co", "Ann O'Neill", "viewer", "Hi there,", "glad"],
        &["21 November 2026, 12:30 UTC"],
        &["21 November 2026, 12:30 UTC"],
        &[],
        &[],
        &["Acme & Co", "Help", "012345", "21 November 2026, 12:30 UTC"],
    ];

    for (matter, expected) in all(people[0], people[1], "Hi there,\nglad").iter().zip(expected) {
        let written = letters.write(matter).unwrap();
        // Where there is a code, there is nothing to click on.
        let links: &[&str] = if matches!(matter, Matter::SignInCode { .. }) { &[] } else { &[LINK] };
        for value in expected.iter().chain(links).chain(&["guild.example"]) {
            assert!(written.text.contains(value), "{value} is not in {}", written.text);
            let (own, engines) = (value.replace('&', "&amp;"), value.replace('&', "&amp;").replace('\'', "&#x27;"));
            assert!(written.html.contains(&own) || written.html.contains(&engines), "{value} not in {}", written.html);
        }
        assert_eq!(written.html.matches(&format!("href=\"{}\"", LINK.replace('&', "&amp;"))).count(), 2 * links.len());
        assert!(!written.html.contains("src=") && !written.html.contains("url("), "nothing is loaded from outside");
        assert!(!written.text.contains("\n\n\n"), "{}", written.text);
        assert!(!written.subject.is_empty() && written.html.contains("<title>"));
    }
}

fn answer(typed: &str, settled: bool) -> Matter {
    Matter::TicketAnswer {
        organization: typed.to_owned(),
        server: Some(typed.to_owned()),
        ticket: Id::from_uuid(uuid::Uuid::nil()),
        number: 12,
        title: typed.to_owned(),
        author: Some(typed.to_owned()),
        content: typed.to_owned(),
        settled,
    }
}

#[test]
fn letters_about_a_ticket_have_one_subject_and_say_what_was_said() {
    let letters = Letters::open(None).unwrap();
    let ticket = Id::from_uuid(uuid::Uuid::nil());
    let (organization, title) = (|| "Acme & Co".to_owned(), || "The oven\nis cold".to_owned());
    let assigned = Matter::TicketAssigned {
        organization: organization(),
        ticket,
        number: 12,
        title: title(),
        summary: "No heat.\nNone.".to_owned(),
        by: Some("Ann".to_owned()),
    };
    let content = || "Plug it in.\nThen wait.".to_owned();
    let reply =
        Matter::TicketReply { organization: organization(), ticket, number: 12, title: title(), content: content() };
    let answer = |settled| Matter::TicketAnswer {
        organization: organization(),
        server: None,
        ticket,
        number: 12,
        title: title(),
        author: None,
        content: content(),
        settled,
    };
    for (matter, says) in [
        (answer(false), &["> Plug it in.\n> Then wait.", "Acme & Co of Acme & Co answers", "go on with"][..]),
        (answer(true), &["> Plug it in.", "is settled"]),
        (reply, &["> Plug it in.\n> Then wait.", "says more"]),
        (assigned, &["> No heat.\n> None.", "Ann gave you"]),
    ] {
        let written = letters.write(&matter).unwrap();
        assert_eq!((written.subject.as_str(), matter.thread()), ("[#12] The oven is cold", Some(ticket)));
        for said in says {
            assert!(written.text.contains(said), "{said} is not in {}", written.text);
        }
        assert!(written.html.contains("<br>\n") || written.html.contains("<blockquote"), "{}", written.html);
        assert!(written.html.contains("Acme &amp; Co") && !written.html.contains("href="), "{}", written.html);
        assert!(!written.text.contains("\n\n\n"), "{}", written.text);
    }
}

#[test]
fn what_somebody_wrote_in_a_ticket_stays_text() {
    let letters = Letters::open(None).unwrap();
    let written = letters.write(&answer("<script>x</script>\n\nSubject: y", true)).unwrap();
    assert_eq!(written.subject, "[#12] <script>x</script> Subject: y");
    assert!(!written.html.contains("<script"), "{}", written.html);
    assert!(written.text.lines().all(|line| !line.starts_with("Subject")), "{}", written.text);
}

#[test]
fn without_a_message_nobody_is_said_to_write() {
    let letters = Letters::open(None).unwrap();
    for matter in samples().into_iter().filter(|matter| matter.thread().is_none()) {
        let written = letters.write(&matter).unwrap();
        let said = written.text.contains("We look forward to you.");
        assert_eq!(written.text.contains("writes:"), said);
        assert_eq!(written.html.contains("<blockquote"), said);
    }
}

#[test]
fn html_of_a_tenant_stays_text() {
    let letters = Letters::open(None).unwrap();
    let evil = "<script>alert('x')</script>\"><img src=x>";
    for matter in &all(evil, evil, evil)[..2] {
        let written = letters.write(matter).unwrap();
        assert!(!written.html.contains("<script") && !written.html.contains("<img"), "{}", written.html);
        assert!(written.html.contains("&lt;script&gt;alert("));
        assert!(written.text.contains("<script>alert('x')</script>"), "text is text");
    }
}

#[test]
fn a_tenant_adds_no_paragraph_and_no_subject_without_end() {
    let letters = Letters::open(None).unwrap();
    for line_break in ["\n\n", "\r\n\r\n", "\r", "\u{85}", "\u{2028}", "\u{2029}", "\u{b}", "\u{c}"] {
        let evil = format!("Acme{line_break}Your account is closed.{line_break}Subject: x");
        for matter in &all(&evil, &evil, &evil)[..2] {
            let written = letters.write(matter).unwrap();
            assert!(written.text.contains("Acme Your account is closed. Subject: x"), "{}", written.text);
            let bare = written.text.split(|c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
            assert!(bare.clone().all(|line| !line.starts_with("Your account") && !line.starts_with("Subject")));
            assert!(bare.clone().any(|line| line == "> Your account is closed."), "{}", written.text);
            assert!(!written.subject.contains(line_break));
        }
    }
    let long = "x".repeat(10_000);
    assert!(letters.write(&all(&long, &long, "")[0]).unwrap().subject.chars().count() < 160);
}

#[test]
fn a_folder_takes_the_place_of_what_it_has() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("password-changed.txt"), "Subject: Neu \r\n\r\nHallo,\r\n{{ link }}\r\n").unwrap();
    fs::write(folder.path().join("letter.html"), "<b>{{ site }}</b>{% block before %}{% endblock %}").unwrap();
    fs::write(folder.path().join("notes.md"), "{{ whatever").unwrap();

    let letters = Letters::open(Some(folder.path())).unwrap();

    let written = letters.write(&all("", "", "")[5]).unwrap();
    assert_eq!((written.subject.as_str(), written.text), ("Neu", format!("Hallo,\n{LINK}")));
    assert!(written.html.starts_with("<b>guild.example</b><p>Hello,</p>"), "{}", written.html);
}

#[test]
fn a_broken_folder_is_refused_with_file_and_line() {
    for (name, source, line, problem) in [
        ("invitation.txt", "Subject: a\n\nb\n{{ organisation }}\n", 4, "undefined"),
        ("invitation.txt", "Subject: a\n\nb{% if message %}\n{{ expires_at }}{% endif %}", 4, "undefined"),
        (
            "membership.html",
            "{% extends 'letter.html' %}\n{% block before %}\n{{ nobody }}{% endblock %}",
            3,
            "undefined",
        ),
        ("letter.html", "\n{% block before %}", 2, "syntax"),
        ("letter.html", "{{ expires }}", 1, "undefined"),
        ("password-reset.html", "{% extends 'base.html' %}", 1, "template not found"),
        ("password-reset.txt", "Hello\n\n{{ link }}", 1, "Subject"),
        ("password-reset.txt", "Subject: a\n{{ link }}", 1, "Subject"),
        ("password-reset.txt", "Subject:\n\n{{ link }}", 1, "Subject"),
        ("password-reset.txt", "Subject: a\n\n", 1, "Subject"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        fs::write(&file, source).unwrap();
        let refused = Letters::open(Some(folder.path())).unwrap_err().to_string();
        assert!(refused.starts_with(&format!("{}:{line}: ", file.display())), "{source}: {refused}");
        assert!(refused.contains(problem), "{refused}");
    }
}

#[test]
fn a_folder_that_nobody_would_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = Letters::open(Some(&folder.path().join("none"))).unwrap_err().to_string();
    assert!(missing.contains("none: "), "{missing}");
    fs::write(folder.path().join("invitaton.txt"), "Subject: a\n\nb").unwrap();
    let misnamed = Letters::open(Some(folder.path())).unwrap_err().to_string();
    assert!(misnamed.contains("invitaton.txt") && misnamed.contains("invitation.txt"), "{misnamed}");
}
