//! What must happen in the world happens once it is written down, whatever fails in between.

use std::{sync::Arc, time::Duration};

use guildhall_domain::{Error, Resource};
use guildhall_repositories::Lane;
use guildhall_services::App;
use guildhall_tests::World;
use serde_json::json;
use tokio::task::JoinSet;

const GUEST: &str = "guest@example.test";
/// Everything that is due.
const LANE: Lane = Lane { slow: "ticket_delivery", takes_slow: true };

async fn invite(world: &World, email: &str) {
    let input = json!({ "email": email });
    world.call("organization.inviteMember", &world.ours.vouched, input).await.unwrap();
}

#[tokio::test]
async fn a_letter_waits_for_a_mail_server_that_is_away() {
    let world = World::new().await;
    world.letters().await;
    world.mail.close(true);
    invite(&world, GUEST).await;
    let before = world.letters().await.len();

    for _ in 0..6 {
        world.clock.advance(Duration::from_mins(30));
        world.letters().await;
    }
    assert_eq!((world.letters().await.len(), world.app.jobs_left().await.unwrap()), (before, 1));
    world.mail.close(false);
    assert_eq!(world.letters().await.len(), before, "not before its time");
    world.clock.advance(Duration::from_hours(4));
    assert_eq!(world.letters().await.len(), before + 1);
    assert_eq!(world.app.jobs_left().await.unwrap(), 0);
}

#[tokio::test]
async fn a_letter_that_nobody_takes_is_given_up_after_days() {
    let world = World::new().await;
    world.letters().await;
    world.mail.close(true);
    invite(&world, GUEST).await;
    let mut hours = 0;
    while world.app.jobs_left().await.unwrap() > 0 {
        world.letters().await;
        world.clock.advance(Duration::from_hours(1));
        hours += 1;
        assert!(hours < 200, "it ends");
    }
    assert!(hours > 36, "a weekend of a mail server's: {hours} hours");
}

#[tokio::test]
async fn a_letter_whose_link_works_no_more_is_not_sent() {
    let world = World::new().await;
    world.letters().await;
    world.mail.close(true);
    world.ok("auth.requestPasswordReset", json!({ "email": world.ours.email })).await;
    let before = world.letters().await.len();
    world.mail.close(false);
    world.clock.advance(Duration::from_hours(2));
    assert_eq!(world.letters().await.len(), before);
    assert_eq!(world.app.jobs_left().await.unwrap(), 0);
}

#[tokio::test]
async fn a_refused_call_writes_no_letter() {
    let world = World::new().await;
    invite(&world, GUEST).await;
    world.letters().await;
    let again = world.call("organization.inviteMember", &world.ours.vouched, json!({ "email": GUEST })).await;
    assert!(again.is_err());
    assert_eq!(world.app.jobs_left().await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_workers_on_two_nodes_send_each_letter_once() {
    let world = World::new().await;
    let node = world.another_node().await;
    world.letters().await;
    let before = world.mail.letters().len();
    for n in 0..40 {
        invite(&world, &format!("guest{n}@example.test")).await;
    }
    let mut workers = JoinSet::new();
    for n in 0..8 {
        let app: App = if n % 2 == 0 { world.app.clone() } else { node.clone() };
        workers.spawn(async move { while app.carry_out_next().await.is_ok_and(|worked| worked) {} });
    }
    workers.join_all().await;
    world.letters().await; // what a worker left because another was at it
    let mut sent: Vec<String> = world.mail.letters()[before..].iter().map(|letter| letter.id.to_string()).collect();
    assert_eq!(sent.len(), 40);
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), 40, "none twice");
}

#[tokio::test]
async fn a_worker_that_died_is_replaced_when_its_lease_is_over() {
    let world = Arc::new(World::new().await);
    world.letters().await;
    let before = world.mail.letters().len();
    invite(&world, GUEST).await;
    let access = world.database.write().await.unwrap();
    let until = world.app.now().plus(Duration::from_secs(90));
    let taken = access.system().take_job(LANE, b"a worker that dies", until, world.app.now()).await.unwrap().unwrap();
    access.commit().await.unwrap();
    assert_eq!(taken.attempts, 1);

    assert_eq!(world.letters().await.len(), before, "somebody is at it");
    world.clock.advance(Duration::from_secs(90));
    assert_eq!(world.letters().await.len(), before + 1);

    let access = world.database.write().await.unwrap();
    assert!(!access.system().finish_job(taken.id, b"a worker that dies").await.unwrap(), "its word counts no more");
}

#[tokio::test]
async fn what_a_letter_opens_cannot_be_read_in_the_database() {
    let world = World::new().await;
    invite(&world, GUEST).await;
    let access = world.database.write().await.unwrap();
    let mut kept = Vec::new();
    while let Some(job) = access
        .system()
        .take_job(LANE, b"l", world.app.now().plus(Duration::from_secs(1)), world.app.now())
        .await
        .unwrap()
    {
        kept.extend(job.sealed_input);
    }
    access.commit().await.unwrap();
    world.clock.advance(Duration::from_secs(1));
    let token = world.token_for(GUEST).await;
    let holds = |text: &str| kept.windows(text.len()).any(|bytes| bytes == text.as_bytes());
    assert!(!kept.is_empty() && !holds(&token) && !holds(GUEST));
    let found = world.call("organization.getInvitation", &world.ours.owner, json!({ "token": token })).await;
    assert!(found.is_ok());
    let hash = json!({ "token": format!("{token}x") });
    let other = world.call("organization.getInvitation", &world.ours.owner, hash).await;
    assert!(matches!(other, Err(Error::NotFound(Resource::Invitation))));
}
