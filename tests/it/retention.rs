//! How long calls are kept, and that what was counted of them stays.

use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use guildhall_domain::{Id, Timestamp};
use guildhall_migrations::Migrator;
use guildhall_repositories::{Error as RowError, NewCall};
use guildhall_services::{Answer, App, FinishedCall, Guest, ports::Clock};
use guildhall_tests::{Visiting, World, is_postgres};
use sea_orm_migration::MigratorTrait;
use serde_json::{Value, json};
use uuid::Uuid;

const DAY: Duration = Duration::from_hours(24);
/// The first of July 2026; the tests' clock begins in June.
const JULY: Timestamp = Timestamp::from_millis(1_782_864_000_000);
const CALLS: &str = "select count(*) from tool_calls";
const SINCE: &str = "select calls_since from retained";
const OTHERS: &str = "select count(*) from tool_calls_others";
/// How many migrations come before the one that gives each month a table.
const MONTHS: u32 = 15;
/// Everything that is counted of calls.
const COUNTED: [&str; 4] = [
    "select tool_name || ' ' || width || ' ' || starts_at || ' ' || calls || ' ' || errors from tool_counts
        where tool_name <> $1 order by 1",
    "select '' || width || ' ' || starts_at || ' ' || duration_ms || ' ' || calls from duration_counts
        where $1 = '' order by 1",
    "select '' || starts_at || ' ' || visits || ' ' || calls || ' ' || errors from person_days where $1 = '' order by 1",
    "select identity || ' ' || connected_at || ' ' || tool_call_count from mcp_sessions where identity <> $1 order by 1",
];

async fn guest(world: &World, name: &str) -> Guest {
    Visiting::tracked(&world.app, "ours-server", name).await.guest
}

async fn call(app: &App, guest: &Guest, at: Timestamp) -> guildhall_domain::Result<()> {
    let (given, answer) = (json!({}), Answer { text: String::new(), structured: None, is_error: false });
    let (tool_name, duration) = ("get_next_step", Duration::from_millis(7));
    app.record(guest, FinishedCall { tool_name, given: &given, answer: &answer, duration, started_at: at }).await
}

/// A call of our own reader's, as the recorder keeps it.
fn new_call(world: &World) -> NewCall {
    NewCall {
        id: Id::from_uuid(Uuid::from_u128(7)),
        server: world.ours.server.id,
        person: world.ours.person,
        visit: world.ours.session,
        tool_name: "get_next_step".to_owned(),
        input: "{}".to_owned(),
        output: "{}".to_owned(),
        is_error: false,
        duration_ms: 7,
        at: world.clock.now(),
    }
}

async fn counted(world: &World) -> Vec<String> {
    let mut lines = Vec::new();
    for sql in COUNTED {
        lines.append(&mut world.lines(sql, "").await);
    }
    lines
}

async fn nothing_differs(world: &World) {
    for side in [&world.ours, &world.theirs] {
        assert_eq!(world.app.recount(side.organization.id).await.unwrap(), Vec::<String>::new());
    }
}

async fn months(world: &World) -> Vec<String> {
    let parts = "select c.relname::text from pg_inherits i join pg_class c on c.oid = i.inhrelid
        where i.inhparent = $1::regclass order by 1";
    world.lines(parts, "tool_calls").await
}

#[tokio::test]
async fn old_calls_go_and_what_was_counted_of_them_stays() {
    let world = World::new().await;
    let began = world.clock.now();
    for (days, name) in [(0, "ann"), (0, "bob"), (31, "ann"), (31, "bob"), (62, "ann"), (110, "ann"), (110, "bob")] {
        world.clock.set(began.plus(DAY * days));
        let guest = guest(&world, name).await;
        for minutes in 0..3 {
            call(&world.app, &guest, world.clock.now().plus(Duration::from_mins(minutes))).await.unwrap();
        }
    }
    world.clock.set(began.plus(DAY * 117)); // the tenth of October: a call is kept since the twelfth of July
    let chart = async || {
        let input = json!({ "timeRange": "1m" });
        world.call("toolCalls.getChart", &world.ours.vouched, input).await.unwrap()
    };
    let (all, before, drawn) = (world.count(CALLS).await, counted(&world).await, chart().await);
    let in_june = world.count("select count(*) from tool_calls where created_at < 1782864000000").await;
    assert!(in_june > 6, "{in_june}");

    world.app.sweep().await.unwrap();

    let since = if is_postgres() { JULY } else { JULY.plus(DAY * 11) };
    assert_eq!(world.count(SINCE).await, since.millis());
    assert_eq!(world.count("select count(*) from tool_calls where created_at < 1782864000000").await, 0);
    assert_eq!(world.count(CALLS).await, all - in_june, "and no other");
    assert_eq!((counted(&world).await, chart().await), (before.clone(), drawn));
    nothing_differs(&world).await;
    world.app.sweep().await.unwrap();
    assert_eq!((world.count(CALLS).await, counted(&world).await), (all - in_june, before));

    let people = world.call("mcpServers.listUsers", &world.ours.vouched, json!({ "search": "ann" })).await.unwrap();
    let ann: Value = json!({ "userIds": [people["items"][0]["id"]] });
    let old = "select cast(sum(calls) as bigint) from tool_counts where starts_at < 1782864000000 and width = 86400000
        and server_id is null";
    let counted_in_june = world.count(old).await;
    world.call("mcpServers.deleteUsers", &world.ours.vouched, ann).await.unwrap();
    nothing_differs(&world).await;
    assert_eq!(
        world.count(old).await,
        counted_in_june,
        "what is not kept any more stays counted, whoever is forgotten"
    );
    assert_eq!(world.count(CALLS).await, all - in_june - 9);
}

#[tokio::test]
async fn for_ever_is_for_ever_and_what_went_does_not_count_as_kept_again() {
    let world = World::that_keeps_calls_for("0").await;
    let began = world.clock.now();
    call(&world.app, &guest(&world, "ann").await, began).await.unwrap();
    let all = world.count(CALLS).await;
    world.clock.advance(DAY * 4000);
    world.app.sweep().await.unwrap();
    assert_eq!((world.count(CALLS).await, world.count(SINCE).await), (all, 0));

    let world = World::that_keeps_calls_for("32").await;
    world.clock.advance(DAY * 365);
    world.app.sweep().await.unwrap();
    let since = world.count(SINCE).await;
    assert!(since > JULY.millis());
    assert_eq!(world.count(CALLS).await, 0);
    world.clock.set(began);
    world.app.sweep().await.unwrap();
    assert_eq!(world.count(SINCE).await, since, "a clock that was wrong changes nothing");
    nothing_differs(&world).await;
}

#[tokio::test]
async fn a_call_that_comes_while_old_ones_go_is_kept() {
    let world = World::new().await;
    let (ann, other) = (guest(&world, "ann").await, world.another_node().await);
    let now = world.clock.now().plus(DAY * 200);
    let old = (0..2500).map(|n| call(&world.app, &ann, now.minus(DAY * (100 + n % 95))));
    try_join_all(old).await.unwrap();
    world.clock.set(now);
    let ann = guest(&world, "ann").await;
    let before = counted(&world).await;
    assert!(!before.is_empty());

    let calls = async |app: &App| {
        for _ in 0..10 {
            let some = join_all((0..20).map(|_| call(app, &ann, now))).await;
            assert!(some.iter().all(Result::is_ok), "{some:?}");
        }
    };
    let swept = async { tokio::join!(world.app.sweep(), other.sweep()) };
    let ((), (), swept) = tokio::join!(calls(&world.app), calls(&other), swept);

    assert!(swept.0.is_ok() && swept.1.is_ok(), "{swept:?}");
    world.app.sweep().await.unwrap(); // whoever met too many writers leaves it to the next
    let since = world.count(SINCE).await;
    let recent = format!("select count(*) from tool_calls where created_at >= {}", now.millis()).leak();
    assert_eq!(world.count(recent).await, 400);
    let old = format!("select count(*) from tool_calls where created_at < {since}").leak();
    assert_eq!(world.count(old).await, 0);
    nothing_differs(&world).await;
}

#[tokio::test]
async fn what_is_forgotten_does_not_move_while_calls_are_counted_again() {
    let world = World::new().await;
    let ann = guest(&world, "ann").await;
    for days in [0, 95, 100] {
        call(&world.app, &ann, world.clock.now().plus(DAY * days)).await.unwrap();
    }
    world.clock.advance(DAY * 117);
    let before = counted(&world).await;
    let access = world.database.write().await.unwrap();
    access.system().hold_calls_since().await.unwrap();
    let app = world.app.clone();

    let sweeping = tokio::spawn(async move { app.sweep().await });
    tokio::time::sleep(Duration::from_millis(500)).await;
    if is_postgres() {
        assert_eq!(world.count(SINCE).await, 0);
    }
    access.tenant(world.ours.organization.id).counters().rebuild().await.unwrap();
    access.commit().await.unwrap();
    sweeping.await.unwrap().unwrap();

    assert!(world.count(SINCE).await > 0);
    assert_eq!(counted(&world).await, before);
    nothing_differs(&world).await;
}

#[tokio::test]
async fn a_month_that_somebody_writes_beside_goes_the_next_time() {
    if !is_postgres() {
        return;
    }
    let world = World::new().await;
    world.app.sweep().await.unwrap();
    world.clock.advance(DAY * 117);
    let (organization, call) = (world.ours.organization.id, new_call(&world));
    let writing = world.database.write().await.unwrap();
    writing.tenant(organization).tool_calls().record(&[call]).await.unwrap();
    let is_there = async || months(&world).await.contains(&"tool_calls_2026_06".to_owned());

    let began = Instant::now();
    world.app.sweep().await.unwrap();

    assert!(
        is_there().await && began.elapsed() < Duration::from_secs(4),
        "nobody is waited for: {:?}",
        began.elapsed()
    );
    writing.commit().await.unwrap();
    world.app.sweep().await.unwrap();
    assert!(!is_there().await);
    nothing_differs(&world).await;
}

#[tokio::test]
async fn a_call_is_kept_once() {
    let world = World::new().await;
    let new = new_call(&world);
    world.app.sweep().await.unwrap();
    let keep = async || {
        let access = world.database.write().await?;
        access.tenant(world.ours.organization.id).tool_calls().record(std::slice::from_ref(&new)).await?;
        access.commit().await
    };

    keep().await.unwrap();
    let again = keep().await;

    assert!(matches!(again, Err(RowError::Taken(_))), "{again:?}");
    nothing_differs(&world).await;
}

#[tokio::test]
async fn each_month_has_a_table_and_what_is_of_none_lies_with_the_others() {
    if !is_postgres() {
        return;
    }
    let world = World::new().await;
    let ann = guest(&world, "ann").await;
    let first = world.count(OTHERS).await;
    assert!(first > 0, "June is not there yet");

    world.app.sweep().await.unwrap();

    let there = months(&world).await;
    for month in ["tool_calls_2026_06", "tool_calls_2026_07", "tool_calls_2026_08", "tool_calls_others"] {
        assert!(there.iter().any(|name| name == month), "{month} in {there:?}");
    }
    assert_eq!(world.count("select count(*) from tool_calls_2026_06").await, first, "moved to where they belong");
    assert_eq!(world.count(OTHERS).await, 0);
    let now = world.clock.now();
    for (at, lies) in
        [(JULY, 0), (JULY.minus(Duration::from_millis(1)), 0), (now.plus(DAY * 5000), 1), (now.minus(DAY * 9000), 2)]
    {
        call(&world.app, &ann, at).await.unwrap();
        assert_eq!(world.count(OTHERS).await, lies, "{}", at.rfc3339());
    }
    assert_eq!(world.count("select count(*) from tool_calls_2026_07").await, 1);
    nothing_differs(&world).await;

    world.app.sweep().await.unwrap();
    assert_eq!(world.count(OTHERS).await, 1, "the one of long ago is gone");
    assert_eq!(months(&world).await, there);
    world.clock.advance(DAY * 31);
    world.app.sweep().await.unwrap();
    assert!(months(&world).await.contains(&"tool_calls_2026_09".to_owned()), "a month is made long before it begins");
    world.clock.advance(DAY * 150);
    world.app.sweep().await.unwrap();
    let there = months(&world).await;
    assert!(!there.iter().any(|month| month.as_str() < "tool_calls_2026_09"), "{there:?}");
    nothing_differs(&world).await;
}

#[tokio::test]
async fn the_tables_of_months_become_one_again_and_back() {
    let world = World::new().await;
    let ann = guest(&world, "ann").await;
    for days in [0, 40, 80] {
        call(&world.app, &ann, world.clock.now().plus(DAY * days)).await.unwrap();
    }
    let (all, before) = (world.count(CALLS).await, counted(&world).await);
    let later = u32::try_from(Migrator::migrations().len()).unwrap() - MONTHS;
    let tables = async || if is_postgres() { months(&world).await.len() } else { 0 };

    Migrator::down(world.database.writer(), Some(later)).await.unwrap();
    assert_eq!((world.count(CALLS).await, tables().await), (all, 0));
    call(&world.app, &ann, world.clock.now()).await.unwrap();
    nothing_differs(&world).await;
    guildhall_migrations::migrate(world.database.writer()).await.unwrap();

    assert_eq!(world.count(CALLS).await, all + 1);
    if is_postgres() {
        let there = months(&world).await;
        let of = ["tool_calls_2026_06", "tool_calls_2026_07", "tool_calls_2026_09", "tool_calls_others"];
        assert!(of.iter().all(|month| there.iter().any(|name| name == month)), "{there:?}");
        assert_eq!(world.count(OTHERS).await, 0);
    }
    assert_ne!(counted(&world).await, before, "what is called meanwhile is counted");
    call(&world.app, &ann, world.clock.now()).await.unwrap();
    nothing_differs(&world).await;
}
