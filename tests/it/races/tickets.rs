//! A ticket that several people work on at once.

use guildhall_domain::access::Role::{Member, Owner};
use serde_json::{Value, json};

use super::arena::{FEW, racer, rounds};

async fn filed(arena: &super::arena::Arena, caller: &guildhall_services::Caller) -> Value {
    let input = json!({ "title": "t", "conciseSummary": "s" });
    arena.world.call("supportTickets.create", caller, input).await.unwrap()["id"].clone()
}

#[test]
fn a_ticket_is_never_left_to_somebody_who_is_gone() {
    rounds("assign x remove", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Member]).await;
        let [a, b] = &team.people[..] else { unreachable!() };
        let ticket = filed(arena, &a.caller).await;
        let assign = json!({ "ticketId": ticket, "assigneeId": b.account.user });
        let assign = racer(&a.caller, "supportTickets.assign", assign);
        let remove = racer(&a.caller, "organization.removeMember", json!({ "memberId": b.place }));

        arena.at_once([assign, remove], &["ok, ok", "no member, ok"]).await;

        let now = arena.world.call("supportTickets.get", &a.caller, json!({ "ticketId": ticket })).await.unwrap();
        assert_eq!(now["assignee"], Value::Null);
    });
}

#[test]
fn of_two_changes_of_a_ticket_neither_is_lost() {
    rounds("updateStatus x updateFields", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Member]).await;
        let [a, b] = &team.people[..] else { unreachable!() };
        let ticket = filed(arena, &a.caller).await;
        let moved = json!({ "ticketId": ticket, "status": "resolved" });
        let renamed = json!({ "ticketId": ticket, "title": "another" });
        let moved = racer(&a.caller, "supportTickets.updateStatus", moved);
        let renamed = racer(&b.caller, "supportTickets.updateFields", renamed);

        arena.at_once([moved, renamed], &["ok, ok"]).await;

        let now = arena.world.call("supportTickets.get", &a.caller, json!({ "ticketId": ticket })).await.unwrap();
        assert_eq!((&now["status"], &now["title"]), (&json!("resolved"), &json!("another")));
        assert_ne!(now["resolvedAt"], Value::Null);
    });
}

#[test]
fn of_two_who_assign_a_ticket_to_the_same_person_one_does() {
    rounds("assign x assign", FEW, async |arena| {
        let team = arena.world.team(&[Owner, Member]).await;
        let [a, b] = &team.people[..] else { unreachable!() };
        let ticket = filed(arena, &a.caller).await;
        let assign = json!({ "ticketId": ticket, "assigneeId": b.account.user });
        let racers = [&a.caller, &b.caller].map(|caller| racer(caller, "supportTickets.assign", assign.clone()));
        let before = arena.world.changes().await;

        let answers = arena.overlap(racers.into()).await;

        arena.check(&answers, &["ok, ok"], before, 1).await;
        for answer in answers {
            assert_eq!(answer.unwrap()["assignee"]["id"], json!(b.account.user), "as it is then");
        }
    });
}
