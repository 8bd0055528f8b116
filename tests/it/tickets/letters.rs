//! Who is written to about a ticket.

use guildhall_domain::{
    Error,
    access::Role,
    mail::{Letter, Matter},
};
use guildhall_services::{Limits, Rate};
use guildhall_tests::{Visiting, World, unlimited};
use serde_json::json;

use super::file;

async fn comment(world: &World, ticket: &serde_json::Value, content: &str, is_public: bool) {
    let input = json!({ "ticketId": ticket, "content": content, "isPublic": is_public });
    world.ok("supportTickets.addComment", input).await;
}

/// The letters that came since they were last looked at.
async fn new_letters(world: &World) -> Vec<Letter> {
    world.letters().await;
    world.mail.take()
}

#[tokio::test]
async fn a_public_comment_is_mailed_to_whoever_asked_and_no_other() {
    let world = World::new().await;
    let ticket = file(&world, "broken", Some("ann@example.test")).await;
    let silent = file(&world, "no address", None).await;
    new_letters(&world).await;

    comment(&world, &ticket["ticketId"], "between us", false).await;
    comment(&world, &silent["ticketId"], "hello?", true).await;
    assert!(new_letters(&world).await.is_empty());
    comment(&world, &ticket["ticketId"], "Which **version**?", true).await;

    let letters = new_letters(&world).await;
    let [letter] = &letters[..] else { panic!("{letters:?}") };
    let Matter::TicketAnswer { organization, server, number, title, author, content, settled, .. } = &letter.matter
    else {
        panic!("another letter")
    };
    assert_eq!(letter.to.as_str(), "ann@example.test");
    assert_eq!((organization.as_str(), server.as_deref(), author.as_deref()), ("ours", Some("ours"), Some("ours")));
    assert_eq!(
        (json!(number), title.as_str(), content.as_str()),
        (ticket["number"].clone(), "broken", "Which **version**?")
    );
    assert!(!settled);
}

#[tokio::test]
async fn whoever_is_given_a_ticket_is_told_and_so_of_each_reply() {
    let world = World::new().await;
    let (_, member, _) = world.member_of(&world.ours, Role::Member).await;
    let ticket = file(&world, "broken", Some("ann@example.test")).await;
    new_letters(&world).await;
    let give = async |to: String| {
        let input = json!({ "ticketId": ticket["ticketId"], "assigneeId": to });
        world.ok("supportTickets.assign", input).await["assignee"]["email"].clone()
    };

    give(world.ours.user.to_string()).await;
    assert!(new_letters(&world).await.is_empty(), "who takes a ticket knows");
    let address = give(member.to_string()).await;
    let told = new_letters(&world).await;
    let ann = Visiting::tracked(&world.app, "ours-server", "ann").await;
    ann.tool("reply_to_support", json!({ "ticketId": ticket["ticketId"], "message": "since today" })).await;
    let replied = new_letters(&world).await;

    assert!(matches!(&told[..], [Letter { matter: Matter::TicketAssigned { by: Some(by), .. }, .. }] if by == "ours"));
    assert!(
        matches!(&replied[..], [Letter { matter: Matter::TicketReply { content, .. }, .. }] if content == "since today")
    );
    assert!(told.iter().chain(&replied).all(|letter| json!(letter.to) == address));
    let threads = told.iter().chain(&replied).map(|letter| letter.matter.thread().map(|id| id.to_string()));
    assert!(threads.into_iter().all(|thread| thread.as_deref() == ticket["ticketId"].as_str()), "one thread");
}

#[tokio::test]
async fn a_mailbox_gets_so_many_letters_and_no_more() {
    let few = Rate { uses: 2, window: std::time::Duration::from_secs(3600) };
    let limits = Limits { ticket_recipient: few, ticket_reply: few, ..unlimited() };
    let world = World::with_limits(limits).await;
    let ticket = json!({ "title": "t", "conciseSummary": "s", "email": "somebody@example.test" });
    let ticket = world.ok("supportTickets.create", ticket).await["id"].clone();
    new_letters(&world).await;
    comment(&world, &ticket, "one", true).await;
    comment(&world, &ticket, "two", true).await;

    let (_, member, _) = world.member_of(&world.ours, Role::Member).await;
    let theirs = file(&world, "broken", Some("ann@example.test")).await["ticketId"].clone();
    world.ok("supportTickets.assign", json!({ "ticketId": theirs, "assigneeId": member })).await;
    let ann = Visiting::tracked(&world.app, "ours-server", "ann").await;
    for n in 0..4 {
        let reply = json!({ "ticketId": theirs, "message": format!("and {n}") });
        assert!(!ann.tool("reply_to_support", reply).await.is_error, "what is not mailed is kept all the same");
    }
    let events = world.events().await;
    let input = json!({ "ticketId": ticket, "content": "three", "isPublic": true });
    let refused = world.call("supportTickets.addComment", &world.ours.owner, input).await;
    comment(&world, &ticket, "inside", false).await;

    assert!(matches!(refused, Err(Error::TooManyRequests { .. })), "{refused:?}");
    assert_eq!(new_letters(&world).await.len(), 5, "two answers, one ticket given, two replies on it");
    assert_eq!(world.events().await, events + 1, "what was refused left nothing");
}
