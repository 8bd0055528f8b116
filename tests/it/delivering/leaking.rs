//! What does not get where it does not belong: secrets, other organizations' tickets, and commands in what somebody wrote.

use std::{
    io,
    sync::{Arc, Mutex},
};

use guildhall_tests::{Mood, SlackStandIn};
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use super::{Place, file};

#[tokio::test]
async fn each_organization_hears_of_its_own_tickets_only() {
    let place = Place::sending_to("slack").await;
    let (world, other) = (&place.world, SlackStandIn::up().await);
    let theirs = json!({ "serverId": world.theirs.server.id, "authType": "none", "supportTicketType": "slack",
        "slackWebhookUrl": other.webhook() });
    world.call("mcpServers.updateConfiguration", &world.theirs.owner, theirs).await.unwrap();
    for n in 0..5 {
        file(world, "ours-server", &format!("ours {n}"), "p").await;
        file(world, "theirs-server", &format!("theirs {n}"), "p").await;
    }
    place.work().await;
    let titles = |messages: Vec<Value>| messages.iter().map(|it| it["text"].to_string()).collect::<Vec<_>>();
    let (ours, theirs) = (titles(place.slack.messages()), titles(other.messages()));
    assert!(ours.len() == 5 && ours.iter().all(|title| title.contains("ours")), "{ours:?}");
    assert!(theirs.len() == 5 && theirs.iter().all(|title| title.contains("theirs")), "{theirs:?}");
}

#[tokio::test]
async fn what_an_end_user_wrote_mentions_nobody_and_marks_nothing_up() {
    let evil = "<!channel> <@U1> <https://evil.test|your bank> *b*\n```\n# h ![](https://evil.test/p) @ann";
    for kind in ["slack", "linear"] {
        let place = Place::sending_to(kind).await;
        place.file(evil, evil).await;
        place.work().await;
        if let Some(message) = place.slack.messages().first() {
            let text = message.to_string();
            assert!(!text.contains('<') && !text.contains('>') && text.contains("&lt;!channel&gt;"), "{text}");
            assert_eq!(message["mrkdwn"], false);
            assert!(!text.contains("\"type\":\"mrkdwn\""), "{text}");
        }
        if let Some(issue) = place.linear.issues().first() {
            let description = issue.input["description"].as_str().unwrap();
            assert!(description.starts_with("````text\n") && description.ends_with("\n````"), "{description}");
            assert_eq!(description.matches("````").count(), 2, "nothing in it ends it");
        }
        assert_eq!(place.taken().0 + place.taken().1, 1);
    }
}

/// All that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;
    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn what_opens_a_destination_is_in_no_answer_no_event_no_row_and_no_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(log.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let place = Place::sending_to("slack").await;
    let world = &place.world;
    let mut said = Vec::new();
    for kind in ["slack", "linear"] {
        let given = json!({ "slackWebhookUrl": place.slack.webhook(), "linear": place.team("another") });
        said.push(place.configure(kind, given).await);
        for mood in [Mood::Answers(404), Mood::Down, Mood::Well] {
            place.feel(mood);
            let ticket = place.file("Help", "It does not work").await;
            place.work().await;
            said.push(world.ok("supportTickets.getActivities", json!({ "ticketId": ticket })).await);
        }
        said.push(world.ok("mcpServers.get", json!({ "serverId": world.ours.server.id })).await);
        said.push(world.ok("mcpServers.list", json!({})).await);
    }
    let hex = if guildhall_tests::is_postgres() {
        "select encode(sealed_secret, 'hex') || kind from ticket_destinations where kind <> $1"
    } else {
        "select lower(hex(sealed_secret)) || kind from ticket_destinations where kind <> $1"
    };
    let mut lines: Vec<String> = said.iter().map(Value::to_string).collect();
    let sealed = world.lines(hex, "").await;
    assert_eq!(sealed.len(), 2, "one of each kind");
    lines.extend(sealed);
    lines.extend(world.lines("select data from events where name <> $1", "").await);
    lines.extend(world.lines("select last_error from jobs where last_error <> $1", "").await);
    lines.extend(world.lines("select content || metadata from ticket_activities where content <> $1", "").await);
    lines.push(String::from_utf8(log.0.lock().unwrap().clone()).unwrap());
    assert!(lines.last().unwrap().contains("a job is given up"), "it is logged at all");
    let written: String = b"hush".iter().map(|byte| format!("{byte:02x}")).collect();
    for line in lines {
        assert!(!line.contains("hush") && !line.contains(&written), "{line}");
    }
}
