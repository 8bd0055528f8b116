use std::time::{Duration, Instant};

use guildhall_domain::Error;
use guildhall_services::{App, Caller, tickets::LiveTickets};
use guildhall_tests::{Side, World, is_postgres};
use serde_json::json;
use tokio::{task::JoinSet, time::timeout};

use super::{LONG, flood, follow, log, next, touch};

/// How many events the test of two nodes has: `LIVE_EVENTS=10000` for many.
fn wanted() -> usize {
    std::env::var("LIVE_EVENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(300)
}

/// What a reader gets from the beginning up to event `last`, who loses its connection ten times on the way and comes back to
/// one node and the other in turn.
async fn read(nodes: [App; 2], caller: Caller, ticket: String, last: usize) -> Vec<i64> {
    let mut seen: Vec<i64> = Vec::new();
    let mut connections = 0;
    while seen.len() < last {
        let since = seen.last().copied().unwrap_or(0);
        let mut following = follow(&nodes[connections % 2], &caller, Some(since)).await;
        connections += 1;
        let until = if connections <= 10 { seen.len() + (last / 11).max(1) } else { last };
        while seen.len() < until.min(last) {
            let news = next(&mut following).await.unwrap();
            assert_eq!(news.item["ticket"]["id"], json!(ticket), "another organization's, or another ticket");
            seen.push(news.id);
        }
    }
    assert_eq!(connections, 11, "it lost its connection ten times");
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reader_gets_each_event_of_its_organization_once_and_in_order_on_two_nodes() {
    let world = World::new().await;
    let nodes = [world.app.clone(), world.another_node().await];
    let each = wanted() / 4; // two organizations, two nodes
    let last = 2 * each + 1; // and the filing of the world's ticket
    let mut readers = JoinSet::new();
    for side in [&world.ours, &world.theirs] {
        for start in 0..4 {
            let nodes = if start % 2 == 0 { nodes.clone() } else { [nodes[1].clone(), nodes[0].clone()] };
            let (caller, ticket, of) = (side.vouched.clone(), side.ticket.to_string(), side.organization.id);
            readers.spawn(async move { (of, read(nodes, caller, ticket, last).await) });
        }
    }

    let write = async |app: &App, side: &Side| {
        for n in 0..each {
            touch(&world, app, side, n).await;
        }
    };
    tokio::join!(
        write(&nodes[0], &world.ours),
        write(&nodes[1], &world.ours),
        write(&nodes[0], &world.theirs),
        write(&nodes[1], &world.theirs),
    );

    let numbers: Vec<i64> = (1..=i64::try_from(last).unwrap()).collect();
    while let Some(read) = timeout(LONG * 10, readers.join_next()).await.unwrap() {
        let (of, seen) = read.unwrap();
        assert_eq!(seen, numbers, "each once, in order");
        assert_eq!(log(&world, of).await, numbers, "and that is all there was");
    }
}

#[tokio::test]
async fn whoever_says_nothing_hears_from_now_on_and_what_is_said_is_the_ticket_as_it_is() {
    let world = World::new().await;
    let mut following = follow(&world.app, &world.ours.owner, None).await;
    touch(&world, &world.app, &world.theirs, 1).await;

    touch(&world, &world.app, &world.ours, 1).await;
    let news = next(&mut following).await.unwrap();

    assert_eq!(news.id, 2, "the filing was before");
    let listed = world.ok("supportTickets.list", json!({})).await;
    assert_eq!(news.item, json!({ "type": "ticket.status_changed", "ticket": listed["items"][0] }));
    let entry = world.catalogue.get("supportTickets.live").unwrap();
    assert!(jsonschema::draft202012::new(&entry.output).unwrap().is_valid(&news.item), "{}", news.item);
    assert!(following.at_hand().unwrap().is_none(), "and nothing of the others");
}

#[tokio::test]
async fn what_happens_on_another_node_is_told_at_once_where_the_database_gives_notice_and_soon_elsewhere() {
    let world = World::new().await;
    let other = world.another_node().await;
    let mut following = follow(&world.app, &world.ours.owner, None).await;
    touch(&world, &other, &world.ours, 0).await;
    next(&mut following).await.unwrap(); // the connection for notices is made
    let began = Instant::now();

    for n in 1..=4 {
        touch(&world, &other, &world.ours, n).await;
        next(&mut following).await.unwrap();
    }

    // Looking alone takes a second and a half for each.
    let most = if is_postgres() { 4 } else { 10 };
    assert!(began.elapsed() < Duration::from_secs(most), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_was_missed_is_read_in_pages_and_what_never_was_is_from_now_on() {
    let world = World::new().await;
    flood(&world, &world.ours, 700).await;
    let mut behind = follow(&world.app, &world.ours.owner, Some(1)).await;
    let mut ahead = follow(&world.app, &world.ours.owner, Some(1_000_000)).await;
    let mut seen = Vec::new();
    for _ in 0..700 {
        seen.push(next(&mut behind).await.unwrap().id);
    }
    assert_eq!(seen, (2..=701).collect::<Vec<i64>>());

    touch(&world, &world.app, &world.ours, 1).await;

    assert_eq!(next(&mut behind).await.unwrap().id, 702);
    assert_eq!(next(&mut ahead).await.unwrap().id, 702);
}

#[tokio::test]
async fn who_does_not_keep_up_is_cut_off_and_nobody_else_minds() {
    let world = World::new().await;
    let (mut slow, mut quick) =
        (follow(&world.app, &world.ours.owner, None).await, follow(&world.app, &world.ours.owner, None).await);
    for following in [&mut slow, &mut quick] {
        touch(&world, &world.app, &world.ours, 1).await;
        next(following).await.unwrap(); // both have read the log and hear the news
    }
    let last = next(&mut slow).await.unwrap().id;

    flood(&world, &world.ours, 1500).await;
    let mut seen = Vec::new();
    while seen.len() < 1501 {
        seen.push(next(&mut quick).await.unwrap().id);
    }

    assert_eq!(*seen.last().unwrap(), last + 1500);
    assert!(seen.is_sorted_by(|a, b| a < b));
    assert!(matches!(next(&mut slow).await, Err(Error::Unavailable)));
    assert!(matches!(next(&mut slow).await, Err(Error::Unavailable)), "and it stays so");
    let mut again = follow(&world.app, &world.ours.owner, Some(last)).await;
    assert_eq!(next(&mut again).await.unwrap().id, last + 1, "it goes on from where it was");
}

#[tokio::test]
async fn a_ticket_that_is_gone_is_passed_over() {
    let world = World::new().await;
    flood(&world, &world.ours, 3).await;
    let mut other = world.ours.clone();
    other.ticket = world.theirs.ticket; // as good as gone: nobody here can see it
    let unseen = guildhall_repositories::NewEvent {
        id: guildhall_domain::Id::from_uuid(uuid::Uuid::from_u128(99)),
        actor: guildhall_domain::event::Actor::System,
        audience: guildhall_domain::event::Audience::Organization(world.ours.organization.id),
        event: guildhall_domain::event::Event::TicketUpdated { ticket_id: other.ticket, fields: Vec::new() },
        at: guildhall_domain::Timestamp::from_millis(0),
    };
    let access = world.database.write().await.unwrap();
    access.system().record(&[unseen]).await.unwrap();
    access.commit().await.unwrap();
    touch(&world, &world.app, &world.ours, 1).await;

    let mut following = follow(&world.app, &world.ours.owner, Some(3)).await;

    assert_eq!(next(&mut following).await.unwrap().id, 4);
    assert_eq!(next(&mut following).await.unwrap().id, 6, "5 is about no ticket of ours");
}

#[tokio::test]
async fn nothing_is_asked_of_the_database_while_nobody_follows() {
    let world = World::new().await;
    let following = world.app.follow(&world.ours.owner, LiveTickets {}, None).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(following);
    tokio::time::sleep(Duration::from_millis(2000)).await;

    let (_, statements) = world.statements(tokio::time::sleep(Duration::from_secs(4))).await;

    assert_eq!(statements, 0);
}
