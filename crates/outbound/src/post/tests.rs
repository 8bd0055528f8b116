use std::{fs, path::Path, time::Duration};

use guildhall_domain::{
    Id, Timestamp,
    access::Role,
    mail::{Letter, Matter},
};
use guildhall_services::ports::{Mail as _, Undelivered};
use mail_parser::{HeaderValue, Message, MessageParser, MimeHeaders as _};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpListener,
    task::JoinHandle,
};

use super::{Letters, Post, Way};

const FROM: &str = "Guildhall <no-reply@guild.example>";
/// The headers that each letter has, sorted.
const HEADERS: [&str; 9] = [
    "Auto-Submitted",
    "Content-Type",
    "Date",
    "From",
    "MIME-Version",
    "Message-ID",
    "Subject",
    "To",
    "X-Auto-Response-Suppress",
];

fn invitation(organization: &str, inviter: &str, message: &str) -> Letter {
    Letter {
        id: Id::from_uuid(uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0001)),
        to: "ann@example.test".parse().unwrap(),
        matter: Matter::Invitation {
            organization: organization.to_owned(),
            inviter: inviter.to_owned(),
            role: Role::Member,
            message: Some(message.to_owned()),
            link: "https://guild.example/join?token=s3cret".to_owned(),
            expires_at: Timestamp::from_millis(1_795_264_200_000),
        },
    }
}

fn letters() -> Letters {
    Letters::open(None).unwrap()
}

/// What a mail server answers to each command.
type Answer = fn(&str) -> &'static str;

/// What a mail server heard in one conversation.
#[derive(Default)]
struct Heard {
    commands: Vec<String>,
    letter: String,
}

/// A mail server for one conversation. It is asked for its greeting with "" and for the answer to a letter with ".";
/// where the answer is empty, it says nothing.
async fn mail_server(answer: Answer) -> (String, JoinHandle<Heard>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = tokio::spawn(async move {
        let (mut reader, mut writer) = listener.accept().await.unwrap().0.into_split();
        let mut lines = BufReader::new(&mut reader).lines();
        let (mut heard, mut reading) = (Heard::default(), false);
        writer.write_all(format!("{}\r\n", answer("")).as_bytes()).await.unwrap();
        while let Ok(Some(line)) = lines.next_line().await {
            if reading && line != "." {
                heard.letter.push_str(line.strip_prefix('.').unwrap_or(&line));
                heard.letter.push_str("\r\n");
                continue;
            }
            let answer = answer(&line);
            reading = answer.starts_with("354");
            heard.commands.push(line);
            if !answer.is_empty() {
                writer.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
            }
        }
        heard
    });
    (format!("127.0.0.1:{port}"), heard)
}

fn polite(command: &str) -> &'static str {
    match command.split(' ').next() {
        Some("") => "220 mail.test",
        Some("EHLO") => "250-mail.test\r\n250 AUTH PLAIN",
        Some("AUTH") => "235 welcome",
        Some("DATA") => "354 go on",
        Some("QUIT") => "221 bye",
        _ => "250 fine",
    }
}

fn headers(message: &Message<'_>) -> Vec<String> {
    let mut names: Vec<_> = message.headers().iter().map(|header| header.name.as_str().to_owned()).collect();
    names.sort();
    names
}

fn only_file(folder: &Path) -> Vec<u8> {
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(files[0].file_name().to_str(), Some(format!("{}.eml", invitation("", "", "").id).as_str()));
    fs::read(files[0].path()).unwrap()
}

#[tokio::test]
async fn a_mail_server_receives_the_letter_whole() {
    let (host, heard) = mail_server(polite).await;
    let post = Post::smtp(&format!("smtp://user:p%40ss@{host}"), FROM, letters()).unwrap();
    let letter = invitation("Ünion 李", "Ann", "Hi,\n.\nbye");

    post.send(&letter).await.unwrap();

    let heard = heard.await.unwrap();
    let said: Vec<_> = heard.commands.iter().map(String::as_str).collect();
    let auth = "AUTH PLAIN AHVzZXIAcEBzcw==";
    let envelope = ["MAIL FROM:<no-reply@guild.example>", "RCPT TO:<ann@example.test>", "DATA", ".", "QUIT"];
    assert_eq!(said, [&["EHLO guild.example", auth], &envelope[..]].concat());
    let message = MessageParser::default().parse(heard.letter.as_bytes()).unwrap();
    assert_eq!(headers(&message), HEADERS);
    assert_eq!(message.subject(), Some("Ann invites you to join Ünion 李"));
    assert_eq!(message.message_id(), Some(format!("{}@guild.example", letter.id).as_str()));
    assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Guildhall"));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("ann@example.test"));
    assert_eq!(message.header("Auto-Submitted").and_then(HeaderValue::as_text), Some("auto-generated"));
    assert_eq!(message.header("X-Auto-Response-Suppress").and_then(HeaderValue::as_text), Some("All"));
    assert!(message.is_content_type("multipart", "alternative"));
    assert_eq!((message.text_body_count(), message.html_body_count(), message.attachment_count()), (1, 1, 0));
    assert!(message.body_text(0).unwrap().contains("> Hi,\r\n> .\r\n> bye\r\n"), "{:?}", message.body_text(0));
    assert!(message.body_html(0).unwrap().contains("<br>\r\n.<br>\r\nbye"));
    assert!(message.body_html(0).unwrap().contains("<strong>Ünion 李</strong>"));
    assert!(heard.letter.is_ascii() && heard.letter.lines().all(|line| line.len() <= 998));
}

#[tokio::test]
async fn a_refusal_is_for_ever_or_for_now() {
    let cases: [(Answer, bool); 7] = [
        (|said| if said.starts_with("RCPT") { "550 5.1.1 nobody of this name" } else { polite(said) }, true),
        (|said| if said == "." { "554 5.6.0 will not have it" } else { polite(said) }, true),
        (|said| if said.starts_with("RCPT") { "451 4.7.1 come back" } else { polite(said) }, false),
        (|said| if said == "." { "452 4.2.2 full" } else { polite(said) }, false),
        (|said| if said.starts_with("AUTH") { "535 5.7.8 wrong password" } else { polite(said) }, false),
        (|said| if said.is_empty() { "521 no mail here" } else { polite(said) }, false),
        (|said| if said.is_empty() { "what?" } else { polite(said) }, false),
    ];
    for (index, (answer, for_ever)) in cases.into_iter().enumerate() {
        let (host, _heard) = mail_server(answer).await;
        let post = Post::smtp(&format!("smtp://user:pass@{host}"), FROM, letters()).unwrap();
        let refused = post.send(&invitation("Acme", "Ann", "Hi")).await.unwrap_err();
        assert_eq!(matches!(refused, Undelivered::Never(_)), for_ever, "{index}: {refused:?}");
    }
}

#[tokio::test]
async fn nobody_there_is_for_now() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let post = Post::smtp(&format!("smtp://{closed}"), FROM, letters()).unwrap();
    assert!(matches!(post.send(&invitation("Acme", "Ann", "Hi")).await, Err(Undelivered::Later(_))));
}

#[tokio::test]
async fn silence_is_for_now_and_ends() {
    let (host, heard) = mail_server(|said| if said == "." { "" } else { polite(said) }).await;
    let mut post = Post::smtp(&format!("smtp://{host}"), FROM, letters()).unwrap();
    if let Way::Smtp { patience, .. } = &mut post.way {
        *patience = Duration::from_millis(200);
    }

    let refused = post.send(&invitation("Acme", "Ann", "Hi")).await;

    assert!(matches!(refused, Err(Undelivered::Later(_))));
    assert_eq!(heard.await.unwrap().commands.last().unwrap(), ".", "the conversation was closed, not continued");
}

#[tokio::test]
async fn nothing_is_said_in_the_clear_where_tls_is_required() {
    for scheme in ["smtp://user:pass@HOST?tls=required", "smtps://user:pass@HOST"] {
        let (host, heard) = mail_server(polite).await;
        let post = Post::smtp(&scheme.replace("HOST", &host), FROM, letters()).unwrap();
        assert!(matches!(post.send(&invitation("Acme", "Ann", "Hi")).await, Err(Undelivered::Later(_))));
        let heard = heard.await.unwrap();
        assert!(!heard.commands.iter().any(|said| said.starts_with("AUTH") || said.starts_with("MAIL")));
    }
}

#[tokio::test]
async fn an_address_nobody_can_write_to_is_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let post = Post::folder(folder.path(), FROM, letters()).unwrap();
    let letter = Letter { to: "ann..smith@example.test".parse().unwrap(), ..invitation("Acme", "Ann", "Hi") };
    assert!(matches!(post.send(&letter).await, Err(Undelivered::Never(_))));
}

#[tokio::test]
async fn nothing_a_tenant_types_becomes_a_header() {
    let folder = tempfile::tempdir().unwrap();
    let post = Post::folder(folder.path(), FROM, letters()).unwrap();
    for line_break in
        ["\r\n", "\n", "\r", "\u{2028}", "\u{2029}", "\u{85}", "\u{b}", "\u{0}", "%0d%0a", "\r\n\r\n", "ä\r\n"]
    {
        for header in ["Bcc: evil@x.test", "Content-Type: text/html", " folded", "--boundary"] {
            let evil = format!("Acme{line_break}{header}{line_break}<script>");
            post.send(&invitation(&evil, &evil, &evil)).await.unwrap();
            let file = only_file(folder.path());
            let message = MessageParser::default().parse(&file).unwrap();
            assert_eq!(headers(&message), HEADERS, "{evil:?}");
            assert_eq!((message.parts.len(), message.to().unwrap().clone().into_list().len()), (3, 1));
            assert!(!message.subject().unwrap().contains(['\r', '\n']));
            assert!(message.body_text(0).unwrap().contains(header.trim_start()));
            assert!(!message.body_html(0).unwrap().contains("<script>"));
        }
    }
}

#[tokio::test]
async fn a_decoy_of_an_encoded_word_stays_as_it_was_typed() {
    let folder = tempfile::tempdir().unwrap();
    let post = Post::folder(folder.path(), FROM, letters()).unwrap();
    post.send(&invitation("=?utf-8?q?=0D=0ABcc:_x?=", "Ann", "Hi")).await.unwrap();
    let file = only_file(folder.path());
    let message = MessageParser::default().parse(&file).unwrap();
    assert_eq!(message.subject(), Some("Ann invites you to join = ?utf-8?q?=0D=0ABcc:_x?="));
}

#[tokio::test]
async fn a_folder_has_one_private_file_for_a_letter_however_often_it_is_sent() {
    let parent = tempfile::tempdir().unwrap();
    let folder = parent.path().join("a").join("outbox");
    let post = Post::folder(&folder, FROM, letters()).unwrap();

    for organization in ["First", "Second"] {
        post.send(&invitation(organization, "Ann", "Hi")).await.unwrap();
    }

    let file = only_file(&folder);
    let message = MessageParser::default().parse(&file).unwrap();
    assert_eq!(message.subject(), Some("Ann invites you to join Second"));
    assert!(message.body_text(0).unwrap().contains("https://guild.example/join?token=s3cret"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let name = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        assert_eq!((mode(&folder), mode(&name)), (0o700, 0o600));
    }
    fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(post.send(&invitation("Acme", "Ann", "Hi")).await, Err(Undelivered::Later(_))));
}

#[tokio::test]
async fn all_letters_about_a_ticket_are_one_thread() {
    let ticket = Id::from_uuid(uuid::Uuid::from_u128(0x0192_0000_0000_7000_8000_0000_0000_0002));
    let (organization, title) = (|| "Acme".to_owned(), || "Help\r\nBcc: evil@x.test".to_owned());
    let content = || "Like this.".to_owned();
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
    let reply =
        Matter::TicketReply { organization: organization(), ticket, number: 12, title: title(), content: content() };
    let folder = tempfile::tempdir().unwrap();
    let post = Post::folder(folder.path(), FROM, letters()).unwrap();
    let root = format!("{ticket}@guild.example");
    assert!(root.starts_with("tkt_"));
    for (n, matter) in [answer(false), reply, answer(true)].into_iter().enumerate() {
        let id = Id::from_uuid(uuid::Uuid::from_u128(n as u128));
        post.send(&Letter { id, matter, ..invitation("", "", "") }).await.unwrap();
        let file = fs::read(folder.path().join(format!("{id}.eml"))).unwrap();
        let message = MessageParser::default().parse(&file).unwrap();
        assert_eq!(message.subject(), Some("[#12] Help Bcc: evil@x.test"));
        assert_eq!(message.in_reply_to().as_text(), Some(root.as_str()));
        assert_eq!(message.references().as_text(), Some(root.as_str()));
        assert_eq!(message.message_id(), Some(format!("{id}@guild.example").as_str()), "each is one of its own");
        let mut expected = HEADERS.map(str::to_owned).to_vec();
        expected.extend(["In-Reply-To".to_owned(), "References".to_owned()]);
        expected.sort();
        assert_eq!(headers(&message), expected);
    }
}

#[test]
fn settings_that_cannot_work_are_refused_and_none_shows_the_password() {
    for url in [
        "http://mail.test",
        "mail.test",
        "smtp://",
        "smtp://u:s3cret@h?tls=maybe",
        "smtp://u:s3/cret@h",
        "smtp://u:%ff@h",
    ] {
        let refused = Post::smtp(url, FROM, letters()).unwrap_err().to_string();
        assert!(refused.starts_with("the mail server's URL: ") && !refused.contains("s3"), "{refused}");
    }
    for from in ["", "Guildhall", "a@b@c", "Guildhall <a@b>\r\nBcc: x@y.test"] {
        assert!(
            Post::smtp("smtp://mail.test", from, letters()).unwrap_err().to_string().contains("no sender"),
            "{from}"
        );
    }
    let post = Post::smtp("smtps://user:s3cret@mail.test", FROM, letters()).unwrap();
    let shown = format!("{post:?}");
    assert!(
        shown.contains("no-reply@guild.example") && !shown.contains("s3cret") && !shown.contains("user"),
        "{shown}"
    );
}
