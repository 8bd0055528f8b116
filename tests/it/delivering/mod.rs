//! Taking tickets where a server sends them: over real sockets, to stand-ins that speak the real protocols.

mod configuring;
mod leaking;

use std::{sync::Arc, time::Duration};

use guildhall_tests::{LinearStandIn, Mood, SlackStandIn, Visiting, World};
use serde_json::{Value, json};

/// A world whose servers can send tickets to stand-ins.
struct Place {
    world: World,
    slack: SlackStandIn,
    linear: LinearStandIn,
}

impl Place {
    /// One where our server sends its tickets to `kind`.
    async fn sending_to(kind: &str) -> Self {
        let (slack, linear) = (SlackStandIn::up().await, LinearStandIn::up().await);
        let place = Self { world: World::on_the_net(&linear.url()).await, slack, linear };
        let given = json!({ "slackWebhookUrl": place.slack.webhook(), "linear": place.team(LinearStandIn::TEAM) });
        place.configure(kind, given).await;
        place.world.letters().await;
        place
    }

    fn team(&self, team: &str) -> Value {
        json!({ "apiKey": LinearStandIn::KEY, "teamId": team })
    }

    async fn configure(&self, kind: &str, given: Value) -> Value {
        self.world.ok("mcpServers.updateConfiguration", configuration(&self.world, kind, given)).await
    }

    fn feel(&self, mood: Mood) {
        self.slack.feels(mood);
        self.linear.feels(mood);
    }

    /// How many tickets there are, here and there.
    fn taken(&self) -> (usize, usize) {
        (self.slack.messages().len(), self.linear.issues().len())
    }

    /// Files a ticket; nothing is carried out yet.
    async fn file(&self, title: &str, problem: &str) -> Value {
        file(&self.world, "ours-server", title, problem).await
    }

    /// Carries out what is due.
    async fn work(&self) {
        self.world.letters().await;
    }

    /// Asks as our owner, whatever the clock says.
    async fn ask(&self, name: &str, input: Value) -> Value {
        self.world.call(name, &self.world.ours.vouched, input).await.unwrap()
    }

    /// The last thing that the ticket's history says.
    async fn last(&self, ticket: &Value) -> Value {
        let input = json!({ "ticketId": ticket });
        let last = self.ask("supportTickets.getActivities", input).await[0].clone();
        assert_eq!((&last["activityType"], &last["userName"]), (&json!("system"), &Value::Null));
        last
    }

    async fn happened(&self, name: &str) -> Vec<String> {
        self.world.lines("select data from events where name = $1", name).await
    }
}

fn configuration(world: &World, kind: &str, given: Value) -> Value {
    let mut input = json!({ "serverId": world.ours.server.id, "authType": "none", "supportTicketType": kind });
    input.as_object_mut().unwrap().extend(given.as_object().unwrap().clone());
    input
}

async fn file(world: &World, slug: &str, title: &str, problem: &str) -> Value {
    let input = json!({ "title": title, "problemDescription": problem, "email": "asker@example.test",
        "problemContext": "Tried twice." });
    let filed = Visiting::tracked(&world.app, slug, "asker").await.tool("get_support", input).await;
    filed.structured["ticketId"].clone()
}

#[tokio::test]
async fn a_ticket_is_posted_to_slack_and_its_history_says_so() {
    let place = Place::sending_to("slack").await;
    let ticket = place.file("The oven is cold", "It does not get warm.").await;
    assert_eq!(place.taken(), (0, 0), "filing waits for nobody");
    place.work().await;

    assert_eq!(place.taken(), (1, 0));
    let message = &place.slack.messages()[0];
    assert_eq!(message["text"], "#2 The oven is cold");
    assert_eq!(message["blocks"][1]["text"]["text"], "It does not get warm.");
    let facts = "Priority: medium · Server: ours · Asked by: asker@example.test";
    assert_eq!(message["blocks"][2]["elements"][0]["text"], facts);
    assert_eq!(place.last(&ticket).await["content"], "Posted to Slack.");
    let told = json!({ "ticketId": ticket, "to": "slack" });
    assert_eq!(place.happened("ticket.delivered").await, [told.to_string()]);
    let shown = place.ask("supportTickets.get", json!({ "ticketId": ticket })).await;
    assert_eq!((&shown["method"], &shown["externalUrl"]), (&json!("slack"), &Value::Null));
    place.work().await;
    assert_eq!((place.taken(), place.world.app.jobs_left().await.unwrap()), ((1, 0), 0));
}

#[tokio::test]
async fn a_ticket_becomes_an_issue_in_linear_that_it_links() {
    let place = Place::sending_to("linear").await;
    let ticket = place.file("The oven is cold", "It does not get warm.").await;
    place.work().await;

    assert_eq!(place.taken(), (0, 1));
    let issue = &place.linear.issues()[0];
    assert_eq!((&issue.input["title"], &issue.input["priority"]), (&json!("The oven is cold"), &json!(3)));
    let description = issue.input["description"].as_str().unwrap();
    for said in ["It does not get warm.", "Tried twice.", "asker@example.test", "Ticket: #2", "Server: ours"] {
        assert!(description.contains(said), "{said}: {description}");
    }
    let shown = place.ask("supportTickets.get", json!({ "ticketId": ticket })).await;
    assert_eq!((&shown["method"], &shown["externalUrl"]), (&json!("linear"), &json!(issue.url)));
    let last = place.last(&ticket).await;
    assert_eq!(last["content"], "Created in Linear as SUP-1.");
    assert_eq!(last["metadata"], json!({ "to": "linear", "delivered": true, "url": issue.url }));
}

#[tokio::test]
async fn what_fails_for_now_is_tried_again_until_it_is_done() {
    for kind in ["slack", "linear"] {
        let place = Place::sending_to(kind).await;
        for (n, mood) in [Mood::Answers(500), Mood::Answers(429), Mood::Busy, Mood::Down].into_iter().enumerate() {
            place.feel(mood);
            let ticket = place.file("Help", "It does not work").await;
            place.work().await;
            assert_eq!(place.world.app.jobs_left().await.unwrap(), 1, "{kind} {mood:?}");
            assert_eq!(place.last(&ticket).await["content"], "Filed by an end user's agent.");
            place.feel(Mood::Well);
            place.work().await;
            let before = if kind == "slack" { (n, 0) } else { (0, n) };
            assert_eq!(place.taken(), before, "not before its time");

            place.world.clock.advance(Duration::from_secs(16));
            place.work().await;
            let after = if kind == "slack" { (n + 1, 0) } else { (0, n + 1) };
            assert_eq!((place.taken(), place.world.app.jobs_left().await.unwrap()), (after, 0), "{kind} {mood:?}");
        }
        assert_eq!(place.happened("ticket.delivered").await.len(), 4);
        assert_eq!(place.happened("ticket.delivery_failed").await.len(), 0);
    }
}

#[tokio::test]
async fn an_issue_whose_answer_was_lost_is_found_and_not_made_twice() {
    let place = Place::sending_to("linear").await;
    place.linear.feels(Mood::LosesAnswers);
    let ticket = place.file("Help", "It does not work").await;
    for _ in 0..3 {
        place.work().await;
        assert_eq!((place.taken(), place.world.app.jobs_left().await.unwrap()), ((0, 1), 1));
        place.world.clock.advance(Duration::from_mins(5));
    }
    place.linear.feels(Mood::Well);
    place.work().await;

    assert_eq!((place.taken(), place.world.app.jobs_left().await.unwrap()), ((0, 1), 0), "one, however often");
    let shown = place.ask("supportTickets.get", json!({ "ticketId": ticket })).await;
    assert_eq!(shown["externalUrl"], place.linear.issues()[0].url);
    assert_eq!(place.last(&ticket).await["content"], "Created in Linear as SUP-1.");
}

#[tokio::test]
async fn what_fails_for_good_is_given_up_at_once_and_the_history_says_why() {
    let place = Place::sending_to("slack").await;
    for (mood, why) in [
        (Mood::Answers(404), "the webhook is not there any more, or its channel is archived (404)"),
        (Mood::Answers(410), "the webhook is not there any more, or its channel is archived (410)"),
        (Mood::Answers(400), "the webhook answered 400"),
        (Mood::Answers(302), "the webhook answered 302"),
    ] {
        place.slack.feels(mood);
        let ticket = place.file("Help", "It does not work").await;
        place.work().await;
        assert_eq!(place.world.app.jobs_left().await.unwrap(), 0);
        assert_eq!(place.last(&ticket).await["content"], format!("Could not be taken to Slack: {why}."));
        let shown = place.ask("supportTickets.get", json!({ "ticketId": ticket })).await;
        assert_eq!(shown["status"], "pending", "the ticket is here all the same");
    }
    assert_eq!(place.happened("ticket.delivery_failed").await.len(), 4);

    for (linear, why) in [
        (json!({ "apiKey": "another", "teamId": LinearStandIn::TEAM }), "Linear does not take the API key"),
        (
            place.team("nobody's"),
            "Linear refused the issue: is the team's id right, and may the key create issues there?",
        ),
    ] {
        place.configure("linear", json!({ "linear": linear })).await;
        let ticket = place.file("Help", "It does not work").await;
        place.work().await;
        assert_eq!(place.last(&ticket).await["content"], format!("Could not be taken to Linear: {why}."));
    }
    assert_eq!((place.taken(), place.happened("ticket.delivered").await.len()), ((0, 0), 0));
}

#[tokio::test]
async fn after_two_days_it_is_given_up_and_the_history_says_so() {
    let place = Place::sending_to("slack").await;
    place.slack.feels(Mood::Answers(503));
    let ticket = place.file("Help", "It does not work").await;
    let mut hours = 0;
    while place.world.app.jobs_left().await.unwrap() > 0 {
        place.work().await;
        place.world.clock.advance(Duration::from_hours(1));
        hours += 1;
        assert!(hours < 200, "it ends");
    }
    assert!(hours > 36, "{hours} hours");
    assert_eq!(place.last(&ticket).await["content"], "Could not be taken to Slack: the webhook answered 503.");
    let told = json!({ "ticketId": ticket, "to": "slack" });
    assert_eq!(place.happened("ticket.delivery_failed").await, [told.to_string()]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_while_slack_thinks() {
    let place = Arc::new(Place::sending_to("slack").await);
    place.feel(Mood::Waits);
    let ticket = place.file("Help", "It does not work").await;
    let working = place.clone();
    let worker = tokio::spawn(async move { working.work().await });
    while place.slack.heard() == 0 {
        tokio::task::yield_now().await;
    }
    // SQLite has one writer: an open transaction would keep this waiting.
    let change = json!({ "ticketId": ticket, "status": "in_progress" });
    place.world.ok("supportTickets.updateStatus", change).await;
    assert!(!worker.is_finished());
    place.feel(Mood::Well);
    worker.await.unwrap();
    assert_eq!(place.taken(), (1, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_destination_holds_one_worker_and_no_letter() {
    let place = Arc::new(Place::sending_to("slack").await);
    place.feel(Mood::Waits);
    place.file("First", "It does not work").await;
    place.file("Second", "It does not work").await;
    let working = place.clone();
    let worker = tokio::spawn(async move { working.world.app.carry_out_next().await });
    while place.slack.heard() == 0 {
        tokio::task::yield_now().await;
    }
    let app = &place.world.app;
    assert!(!app.carry_out_next().await.unwrap(), "an organization has one delivery under way");
    place.world.ok("organization.inviteMember", json!({ "email": "guest@example.test" })).await;
    assert!(app.carry_out_next_of_ours().await.unwrap(), "the letter");
    assert_eq!(place.world.mail.letters().last().unwrap().to.as_str(), "guest@example.test");
    assert!(!app.carry_out_next_of_ours().await.unwrap(), "deliveries are left to the others");

    place.feel(Mood::Well);
    assert!(worker.await.unwrap().unwrap());
    assert_eq!(place.taken(), (1, 0));
    assert!(app.carry_out_next().await.unwrap(), "its turn");
    assert_eq!(place.taken(), (2, 0));
}
