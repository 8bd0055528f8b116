//! What the people of an organization do with its tickets.

use std::time::Duration;

use guildhall_domain::{Error, access::Role, error::Denied};
use guildhall_services::ports::Clock;
use guildhall_tests::{Visiting, World};
use serde_json::{Value, json};

use super::{activities, file};

#[tokio::test]
async fn a_ticket_filed_by_hand_is_one_like_any_other() {
    let world = World::new().await;
    let viewer = world.member(&world.ours, Role::Viewer).await;

    let ticket =
        world.ok("supportTickets.create", json!({ "title": "Called", "conciseSummary": "No dial tone" })).await;
    let about = json!({ "title": "Called", "conciseSummary": "s", "serverId": world.ours.server.id,
        "email": "caller@example.test", "priority": "critical", "context": "c" });
    let about = world.ok("supportTickets.create", about).await;
    let refused = world.call("supportTickets.create", &viewer, json!({ "title": "t", "conciseSummary": "s" })).await;

    assert_eq!(
        (&ticket["number"], &ticket["status"], &ticket["priority"]),
        (&json!(2), &json!("pending"), &json!("medium"))
    );
    assert_eq!(
        (&ticket["method"], &ticket["serverSlug"], &ticket["email"]),
        (&json!("dashboard"), &Value::Null, &Value::Null)
    );
    assert_eq!((&about["number"], &about["priority"], &about["context"]), (&json!(3), &json!("critical"), &json!("c")));
    assert_eq!((&about["serverName"], &about["email"]), (&json!("ours"), &json!("caller@example.test")));
    let detail = world.ok("supportTickets.get", json!({ "ticketId": ticket["id"] })).await;
    assert_eq!((&detail["origin"], &detail["title"]), (&Value::Null, &json!("Called")));
    let history = activities(&world, &json!({ "ticketId": ticket["id"] })).await;
    assert_eq!((&history[0]["activityType"], &history[0]["userName"]), (&json!("system"), &json!("ours")));
    assert!(matches!(refused, Err(Error::Forbidden(Denied::InsufficientRole))));
}

#[tokio::test]
async fn a_correction_says_what_was_and_what_is() {
    let world = World::new().await;
    let ticket = json!({ "ticketId": world.ours.ticket });
    let before = world.ok("supportTickets.get", ticket.clone()).await;
    world.clock.advance(Duration::from_secs(1));

    let input = json!({ "ticketId": world.ours.ticket, "title": "Another", "priority": "high",
        "conciseSummary": before["conciseSummary"] });
    let after = world.ok("supportTickets.updateFields", input.clone()).await;
    let events = world.events().await;
    let again = world.ok("supportTickets.updateFields", input).await;

    assert_eq!((&after["title"], &after["priority"]), (&json!("Another"), &json!("high")));
    assert_eq!(after["updatedAt"], json!(world.clock.now()));
    assert_eq!((&again["updatedAt"], world.events().await), (&after["updatedAt"], events), "nothing changed");
    let history = activities(&world, &ticket).await;
    assert_eq!(history[0]["activityType"], "field_update");
    let changes = json!({ "changes": { "title": { "old": "Help", "new": "Another" },
        "priority": { "old": "medium", "new": "high" } } });
    assert_eq!(history[0]["metadata"], changes);
}

#[tokio::test]
async fn an_address_that_was_missing_lets_a_ticket_go_on() {
    let world = World::new().await;
    let silent = file(&world, "no address", None).await;

    let input = json!({ "ticketId": silent["ticketId"], "email": "Now@example.test" });
    let after = world.ok("supportTickets.updateFields", input).await;

    assert_eq!((&after["email"], &after["status"]), (&json!("now@example.test"), &json!("pending")));
    let status = &activities(&world, &silent).await[0]["metadata"]["changes"]["status"];
    assert_eq!(*status, json!({ "old": "needs_email", "new": "pending" }));
}

#[tokio::test]
async fn a_ticket_is_given_to_who_works_here_and_to_nobody_else() {
    let world = World::new().await;
    let (_, member, _) = world.member_of(&world.ours, Role::Member).await;
    let (_, viewer, _) = world.member_of(&world.ours, Role::Viewer).await;
    let give = async |to: Value| {
        let input = json!({ "ticketId": world.ours.ticket, "assigneeId": to });
        world.call("supportTickets.assign", &world.ours.owner, input).await
    };

    let given = give(json!(member)).await.unwrap();
    let events = world.events().await;
    let again = give(json!(member)).await.unwrap();
    assert_eq!((&given["assignee"]["id"], &again["assignee"]), (&json!(member), &given["assignee"]));
    assert_eq!(world.events().await, events, "nothing changed");

    let Err(Error::BadRequest(issues)) = give(json!(viewer)).await else { panic!("a viewer works") };
    assert_eq!(issues[0].path, ["assigneeId".into()]);
    assert_eq!(give(json!(world.theirs.user)).await.unwrap_err().code().0, "RESOURCE_NOT_FOUND");
    let left_out = json!({ "ticketId": world.ours.ticket });
    let left_out = world.call("supportTickets.assign", &world.ours.owner, left_out).await;
    assert!(matches!(left_out, Err(Error::BadRequest(_))), "{left_out:?}");
    let mine = world.ok("supportTickets.list", json!({ "assigneeId": member })).await;
    assert_eq!(mine["items"].as_array().unwrap().len(), 1);

    let taken = give(Value::Null).await.unwrap();
    assert_eq!(taken["assignee"], Value::Null);
    let history = activities(&world, &json!({ "ticketId": world.ours.ticket })).await;
    assert_eq!(history[0]["metadata"], json!({ "oldAssigneeId": member, "newAssigneeId": null }));
    assert_eq!(history.iter().filter(|entry| entry["activityType"] == "assignment").count(), 2);
}

#[tokio::test]
async fn only_a_public_comment_answers_and_only_the_first_one_counts() {
    let world = World::new().await;
    let say = async |content: &str, is_public: bool, status: Option<&str>| {
        world.clock.advance(Duration::from_secs(1));
        let mut input = json!({ "ticketId": world.ours.ticket, "content": content, "isPublic": is_public });
        if let Some(status) = status {
            input["status"] = json!(status);
        }
        world.ok("supportTickets.addComment", input).await
    };

    let inside = say("look at the *log*", false, None).await;
    let first = say("Try again", true, Some("in_progress")).await;
    let answered_at = json!(world.clock.now());
    let second = say("Done", true, Some("resolved")).await;

    assert_eq!(inside["ticket"]["firstResponseAt"], Value::Null);
    assert_eq!(
        (&inside["activity"]["contentType"], &inside["activity"]["isPublic"]),
        (&json!("markdown"), &json!(false))
    );
    assert_eq!((&first["activity"]["userName"], &first["ticket"]["status"]), (&json!("ours"), &json!("in_progress")));
    assert_eq!(
        (&first["ticket"]["firstResponseAt"], &second["ticket"]["firstResponseAt"]),
        (&answered_at, &answered_at)
    );
    assert_eq!(second["ticket"]["resolvedAt"], json!(world.clock.now()));
    let kinds: Vec<Value> = activities(&world, &json!({ "ticketId": world.ours.ticket })).await;
    let kinds: Vec<&str> = kinds.iter().map(|entry| entry["activityType"].as_str().unwrap()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "comment").count(), 3);
    assert_eq!(kinds.iter().filter(|kind| **kind == "status_change").count(), 2);
}

#[tokio::test]
async fn a_comment_is_its_authors_and_an_admin_may_delete_any() {
    let world = World::new().await;
    let author = world.member(&world.ours, Role::Member).await;
    let other = world.member(&world.ours, Role::Member).await;
    let admin = world.member(&world.ours, Role::Admin).await;
    let say = async |content: &str| {
        let input = json!({ "ticketId": world.ours.ticket, "content": content });
        world.call("supportTickets.addComment", &author, input).await.unwrap()["activity"]["id"].clone()
    };
    let (kept, gone) = (say("first").await, say("second").await);
    world.clock.advance(Duration::from_secs(1));
    let edit = |id: &Value, content: &str| json!({ "activityId": id, "content": content });
    let this = |id: &Value| json!({ "activityId": id });

    let edited = world.call("supportTickets.editComment", &author, edit(&kept, "better")).await.unwrap();
    assert_eq!((&edited["content"], &edited["editedAt"]), (&json!("better"), &json!(world.clock.now())));
    let events = world.events().await;
    world.call("supportTickets.editComment", &author, edit(&kept, "better")).await.unwrap();
    assert_eq!(world.events().await, events, "nothing changed");
    for stranger in [&other, &admin] {
        let refused = world.call("supportTickets.editComment", stranger, edit(&kept, "worse")).await;
        assert!(matches!(refused, Err(Error::Forbidden(Denied::NotAuthor))), "{refused:?}");
    }

    let refused = world.call("supportTickets.deleteComment", &other, this(&kept)).await;
    assert!(matches!(refused, Err(Error::Forbidden(Denied::NotAuthor))), "{refused:?}");
    world.call("supportTickets.deleteComment", &author, this(&gone)).await.unwrap();
    world.call("supportTickets.deleteComment", &admin, this(&kept)).await.unwrap();
    let again = world.call("supportTickets.deleteComment", &admin, this(&kept)).await;
    assert_eq!(again.unwrap_err().data(), Some(json!({ "resource": "activity" })));
    let history = activities(&world, &json!({ "ticketId": world.ours.ticket })).await;
    assert_eq!(history.len(), 1, "what is left is the filing: {history:?}");
}

#[tokio::test]
async fn what_a_history_says_besides_comments_cannot_be_edited() {
    let world = World::new().await;
    let filing = activities(&world, &json!({ "ticketId": world.ours.ticket })).await[0]["id"].clone();
    for (name, input) in [
        ("supportTickets.editComment", json!({ "activityId": filing, "content": "c" })),
        ("supportTickets.deleteComment", json!({ "activityId": filing })),
    ] {
        let refused = world.call(name, &world.ours.owner, input).await.unwrap_err();
        assert_eq!(refused.data(), Some(json!({ "resource": "activity" })), "{name}");
    }
}

#[tokio::test]
async fn a_comment_that_says_it_is_json_is_json() {
    let world = World::new().await;
    let say = async |content: &str| {
        let input = json!({ "ticketId": world.ours.ticket, "content": content, "contentType": "json" });
        world.call("supportTickets.addComment", &world.ours.owner, input).await
    };
    assert_eq!(say("{\"a\":[1]}").await.unwrap()["activity"]["contentType"], "json");
    let Err(Error::BadRequest(issues)) = say("{a: 1}").await else { panic!("taken") };
    assert_eq!(issues[0].path, ["content".into()]);
}

#[tokio::test]
async fn a_ticket_shows_what_its_visit_had_been_through() {
    let world = World::new().await;
    let visiting = Visiting::tracked(&world.app, "ours-server", "stuck").await;
    visiting.tool("start_walkthrough", json!({})).await;
    world.clock.advance(Duration::from_secs(1));
    let [first, second, _] = &world.ours.steps[..] else { unreachable!() };
    visiting.tool("get_next_step", json!({ "currentStepId": first.id })).await;
    visiting.tool("start_walkthrough", json!({ "name": "no such walkthrough" })).await;
    world.clock.advance(Duration::from_secs(1));
    let asked = json!({ "title": "Stuck", "problemDescription": "d" });
    let ticket = visiting.tool("get_support", asked).await.structured["ticketId"].clone();
    world.clock.advance(Duration::from_secs(1));
    visiting.tool("get_next_step", json!({ "currentStepId": second.id })).await;
    visiting.tool("start_walkthrough", json!({ "name": "neither is this" })).await;

    let detail = world.ok("supportTickets.get", json!({ "ticketId": ticket })).await;

    let origin = &detail["origin"];
    assert_eq!(origin["mcpSessionId"], detail["mcpSessionId"]);
    let calls = origin["failedCalls"].as_array().unwrap();
    assert_eq!((calls.len(), &calls[0]["toolName"]), (1, &json!("start_walkthrough")), "those before it only");
    assert!(calls[0]["message"].as_str().unwrap().contains("ours walkthrough"), "{calls:?}");
    let step = json!({ "walkthroughId": world.ours.walkthrough.id, "walkthroughTitle": "ours walkthrough",
        "stepId": second.id, "stepTitle": "second", "displayOrder": 1 });
    assert_eq!(origin["step"], step, "where the person was then, not now");

    world.ok("mcpServers.deleteUsers", json!({ "userIds": [detail["mcpUserId"]] })).await;
    let forgotten = world.ok("supportTickets.get", json!({ "ticketId": ticket })).await;
    assert_eq!((&forgotten["origin"], &forgotten["mcpUserId"]), (&Value::Null, &Value::Null));
}
