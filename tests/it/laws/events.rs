//! A mutation leaves exactly one event, a query none, a failure nothing.

use guildhall_tests::World;

use super::examples::{required, worlds};

#[tokio::test]
async fn a_mutation_leaves_one_event_and_a_query_none() {
    for (world, names) in worlds().await {
        let organization = world.ours.organization.id.to_string();
        for name in names {
            let before = world.events().await;
            // organization.create moves the session to the new organization.
            let caller = world.ours.owner.clone().in_organization(organization.clone());
            let answer = world.call(name, &caller, required(name, &world.ours, 2)).await;
            assert!(answer.is_ok(), "{name}: {answer:?}");
            // Whether there is such an account is found out later, and so is whose history it belongs to. Asking somebody
            // else's server changes nothing here.
            let silent = ["auth.requestPasswordReset", "oauthConfigs.validate"].contains(&name);
            let mutation = world.catalogue.get(name).unwrap().effect == "mutation";
            let expected = match name {
                "account.delete" => 3, // the account's history, its home's, and that of the organization it leaves
                _ => u64::from(mutation && !silent),
            };
            assert_eq!(world.events().await - before, expected, "{name}");
        }
    }
}

#[tokio::test]
async fn listeners_are_woken_after_the_commit_with_the_event_that_was_written() {
    let world = World::furnished().await;
    let mut happenings = world.app.happenings();
    world.ok("walkthrough.create", required("walkthrough.create", &world.ours, 1)).await;
    let happened = happenings.try_recv().unwrap();
    assert!(happened.event.subject().starts_with("wkt_"));
    assert!(happenings.try_recv().is_err(), "one event wakes once");
    world.ok("walkthrough.list", required("walkthrough.list", &world.ours, 1)).await;
    assert!(happenings.try_recv().is_err());
}
