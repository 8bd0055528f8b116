//! A mutation leaves exactly one event, a query none, a failure nothing.

use guildhall_tests::World;

use super::examples::required;

#[tokio::test]
async fn a_mutation_leaves_one_event_and_a_query_none() {
    let world = World::new().await;
    let last = |name: &str| name == "auth.signOut"; // it ends what the others need
    let (first, rest): (Vec<_>, Vec<_>) = world.catalogue.iter().partition(|entry| !last(entry.name));
    let organization = world.ours.organization.id.to_string();
    for entry in first.into_iter().chain(rest) {
        let before = world.events().await;
        // organization.create moves the session to the new organization.
        let caller = world.ours.owner.clone().in_organization(organization.clone());
        let answer = world.call(entry.name, &caller, required(entry.name, &world.ours, 2)).await;
        assert!(answer.is_ok(), "{}: {answer:?}", entry.name);
        let expected = u64::from(entry.effect == "mutation");
        assert_eq!(world.events().await - before, expected, "{}", entry.name);
    }
}

#[tokio::test]
async fn listeners_are_woken_after_the_commit_with_the_event_that_was_written() {
    let world = World::new().await;
    let mut happenings = world.app.happenings();
    world.ok("walkthrough.create", required("walkthrough.create", &world.ours, 1)).await;
    let happened = happenings.try_recv().unwrap();
    assert!(happened.event.subject().starts_with("wkt_"));
    assert!(happenings.try_recv().is_err(), "one event wakes once");
    world.ok("walkthrough.list", required("walkthrough.list", &world.ours, 1)).await;
    assert!(happenings.try_recv().is_err());
}
