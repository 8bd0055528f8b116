//! Support tickets.
mod agents;
mod desk;
mod letters;
mod promises;

use std::time::Duration;

use guildhall_domain::access::Role;
use guildhall_services::ports::Clock;
use guildhall_tests::{Visiting, World};
use serde_json::{Value, json};

async fn file(world: &World, title: &str, email: Option<&str>) -> Value {
    // Somebody whose address is not known from before.
    let person = if email.is_some() { "ann" } else { "silent" };
    let visiting = Visiting::tracked(&world.app, "ours-server", person).await;
    let mut input = json!({ "title": title, "problemDescription": "It does not work" });
    if let Some(email) = email {
        input["email"] = json!(email);
    }
    world.clock.advance(Duration::from_millis(1));
    visiting.tool("get_support", input).await.structured
}

async fn status(world: &World, ticket: &Value, status: &str, comment: Option<&str>) -> Value {
    let mut input = json!({ "ticketId": ticket["ticketId"], "status": status });
    if let Some(comment) = comment {
        input["comment"] = json!(comment);
    }
    world.ok("supportTickets.updateStatus", input).await
}

async fn activities(world: &World, ticket: &Value) -> Vec<Value> {
    let input = json!({ "ticketId": ticket["ticketId"] });
    world.ok("supportTickets.getActivities", input).await.as_array().unwrap().clone()
}

#[tokio::test]
async fn tickets_are_numbered_within_their_organization() {
    let world = World::new().await;
    let first = file(&world, "second here", Some("a@example.test")).await;
    let second = file(&world, "third here", None).await;
    assert_eq!((&first["number"], &first["status"]), (&json!(2), &json!("pending")));
    assert_eq!((&second["number"], &second["status"]), (&json!(3), &json!("needs_email")));
    let theirs = json!({ "ticketId": world.theirs.ticket });
    let theirs = world.call("supportTickets.get", &world.theirs.owner, theirs).await.unwrap();
    assert_eq!(theirs["number"], 1);
}

#[tokio::test]
async fn an_email_that_was_typed_is_kept_for_contact_and_finds_nobody() {
    let world = World::new().await;
    let ticket = file(&world, "mine", Some("Claimed@Example.test")).await;
    let with_user = world.ok("supportTickets.getWithMcpUser", json!({ "ticketId": ticket["ticketId"] })).await;
    assert_eq!(with_user["mcpUserTrackingId"], "ann");
    assert_eq!(with_user["mcpUserEmail"], "claimed@example.test");
    assert_eq!(with_user["mcpServerSlug"], "ours-server");
    let other = Visiting::tracked(&world.app, "ours-server", "bob").await;
    let input = json!({ "title": "t", "problemDescription": "d", "email": "claimed@example.test" });
    let other = other.tool("get_support", input).await.structured;
    let other = world.ok("supportTickets.getWithMcpUser", json!({ "ticketId": other["ticketId"] })).await;
    assert_eq!(other["mcpUserTrackingId"], "bob", "the same email is not the same person");
}

#[tokio::test]
async fn settling_sets_the_time_and_reopening_clears_it() {
    let world = World::new().await;
    let ticket = file(&world, "t", Some("a@example.test")).await;
    world.clock.advance(Duration::from_secs(60));
    let resolved = status(&world, &ticket, "resolved", None).await;
    assert_eq!(resolved["resolvedAt"], json!(world.clock.now()));
    world.clock.advance(Duration::from_secs(60));
    let closed = status(&world, &ticket, "closed", None).await;
    assert_eq!(closed["resolvedAt"], resolved["resolvedAt"], "it was settled then");
    let reopened = status(&world, &ticket, "in_progress", None).await;
    assert_eq!(reopened["resolvedAt"], Value::Null);
}

#[tokio::test]
async fn each_change_is_one_activity_and_the_same_status_without_a_comment_is_none() {
    let world = World::new().await;
    let ticket = file(&world, "t", Some("a@example.test")).await;
    status(&world, &ticket, "in_progress", Some("looking")).await;
    let events = world.events().await;
    status(&world, &ticket, "in_progress", None).await;
    assert_eq!(world.events().await, events, "nothing changed");
    status(&world, &ticket, "in_progress", Some("still looking")).await;

    let all = activities(&world, &ticket).await;
    assert_eq!(all.len(), 3, "newest first: two changes and the filing");
    assert_eq!((&all[2]["activityType"], &all[2]["userName"]), (&json!("system"), &Value::Null));
    assert_eq!(all[0]["content"], "still looking");
    let facts = json!({ "oldStatus": "pending", "newStatus": "in_progress", "comment": "looking" });
    assert_eq!((&all[1]["activityType"], &all[1]["metadata"]), (&json!("status_change"), &facts));
    assert_eq!((&all[1]["userName"], &all[1]["userEmail"]), (&json!("ours"), &json!("ours@example.test")));
    let second = json!({ "ticketId": ticket["ticketId"], "limit": 1, "offset": 1 });
    assert_eq!(world.ok("supportTickets.getActivities", second).await[0], all[1]);
}

#[tokio::test]
async fn lists_are_sorted_filtered_searched_and_counted() {
    let world = World::new().await;
    let a = file(&world, "100% broken", Some("a@example.test")).await;
    let b = file(&world, "a snake_case name", None).await;
    let c = file(&world, "Printer on FIRE", Some("a@example.test")).await;
    world.clock.advance(Duration::from_secs(1));
    status(&world, &a, "resolved", None).await;

    let ids = async |input: Value| -> Vec<Value> {
        let page = world.ok("supportTickets.list", input).await;
        page["items"].as_array().unwrap().iter().map(|ticket| ticket["id"].clone()).collect()
    };
    let [a, b, c] = [a, b, c].map(|ticket| ticket["ticketId"].clone());
    let first = json!(world.ours.ticket);
    assert_eq!(ids(json!({})).await, [&c, &b, &a, &first].map(Clone::clone));
    assert_eq!(ids(json!({ "sort": "oldest" })).await, [&first, &a, &b, &c].map(Clone::clone));
    assert_eq!(ids(json!({ "sort": "updated", "limit": 1 })).await, [a.as_str().unwrap()]);
    assert_eq!(ids(json!({ "sort": "priority" })).await.len(), 4);
    assert_eq!(ids(json!({ "status": ["needs_email", "resolved"] })).await, [b.as_str().unwrap(), a.as_str().unwrap()]);
    assert_eq!(ids(json!({ "search": "%" })).await, [a.as_str().unwrap()], "% stands for itself");
    assert_eq!(ids(json!({ "search": "_" })).await, [b.as_str().unwrap()], "_ stands for itself");
    assert_eq!(ids(json!({ "search": "on fire" })).await, [c.as_str().unwrap()]);
    assert_eq!(ids(json!({ "assigneeId": null })).await.len(), 4);
    assert_eq!(ids(json!({ "assigneeId": world.ours.user })).await.len(), 0);
    let counts = world.ok("supportTickets.list", json!({ "limit": 1, "search": "%" })).await["counts"].clone();
    assert_eq!(counts, json!({ "needs_email": 1, "pending": 2, "in_progress": 0, "resolved": 1, "closed": 0 }));
}

#[tokio::test]
async fn pages_of_every_order_have_no_gaps() {
    let world = World::new().await;
    for n in 0..5 {
        file(&world, &format!("t{n}"), None).await;
    }
    for sort in ["newest", "oldest", "priority", "updated", "due"] {
        let all = world.ok("supportTickets.list", json!({ "sort": sort, "limit": 100 })).await["items"].clone();
        let mut paged = Vec::new();
        let mut input = json!({ "sort": sort, "limit": 2 });
        loop {
            let page = world.ok("supportTickets.list", input.clone()).await;
            paged.extend(page["items"].as_array().unwrap().clone());
            if page["nextCursor"].is_null() {
                break;
            }
            input["cursor"] = page["nextCursor"].clone();
        }
        assert_eq!(Value::Array(paged), all, "{sort}");
    }
}

#[tokio::test]
async fn a_viewer_reads_but_does_not_work() {
    let world = World::new().await;
    let viewer = world.member(&world.ours, Role::Viewer).await;
    let ticket = json!({ "ticketId": world.ours.ticket });
    assert!(world.call("supportTickets.get", &viewer, ticket.clone()).await.is_ok());
    let mut change = ticket;
    change["status"] = json!("closed");
    assert_eq!(world.call("supportTickets.updateStatus", &viewer, change).await.unwrap_err().code().1, 403);
}
