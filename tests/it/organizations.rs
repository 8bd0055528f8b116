//! Organizations and their members.

use std::time::Duration;

use guildhall_domain::{Error, Resource, access::Role, error::Denied};
use guildhall_services::{Limits, Rate};
use guildhall_tests::{World, unlimited};
use serde_json::{Value, json};

fn create(slug: &str) -> Value {
    json!({ "name": "New", "slug": slug })
}

#[tokio::test]
async fn the_founder_owns_it_and_works_in_it_from_now_on() {
    let world = World::new().await;
    let made = world.ok("organization.create", create("BRAND-new")).await;
    let session = world.ok("auth.getSession", json!({})).await;

    assert_eq!(
        (&made["slug"], &made["isPersonal"], &made["plan"]),
        (&json!("brand-new"), &json!(false), &json!("free"))
    );
    assert_eq!(session["session"]["activeOrganizationId"], made["id"]);
    assert_eq!(session["membership"], json!({ "organizationId": made["id"], "role": "owner" }));
    let taken = world.call("organization.create", &world.theirs.owner, create("brand-NEW")).await;
    assert!(matches!(taken, Err(Error::AlreadyExists { resource: Resource::Organization, field: "slug" })));
}

#[tokio::test]
async fn members_come_by_rank_then_by_joining_and_pickers_by_name() {
    let world = World::new().await;
    for role in [Role::Viewer, Role::Member, Role::Admin, Role::Member] {
        world.member(&world.ours, role).await;
    }
    let page = world.ok("organization.listMembers", json!({ "pageSize": 3 })).await;
    let last = world.ok("organization.listMembers", json!({ "pageSize": 3, "page": 2 })).await;
    let detail = world.ok("organization.get", json!({ "slug": "OURS-org", "includeMembers": true })).await;
    let names = world.ok("organization.getMembers", json!({})).await;

    let roles = |members: &Value| -> Vec<String> {
        members.as_array().unwrap().iter().map(|member| member["role"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(roles(&page["members"]), ["owner", "admin", "member"]);
    assert_eq!(roles(&last["members"]), ["member", "viewer"]);
    assert_eq!((&page["totalCount"], &page["totalPages"]), (&json!(5), &json!(2)));
    assert_eq!(roles(&detail["members"]), ["owner", "admin", "member", "member", "viewer"]);
    assert_eq!((&detail["memberCount"], &detail["owner"]["name"]), (&json!(5), &json!("ours")));
    assert!(page["members"][0]["createdAt"].as_str().unwrap().ends_with('Z'), "a Date on the wire");
    let names: Vec<&str> = names.as_array().unwrap().iter().map(|person| person["name"].as_str().unwrap()).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    assert_eq!(names, sorted);
}

#[tokio::test]
async fn neither_id_nor_slug_means_the_active_one_and_both_are_refused() {
    let world = World::new().await;
    let active = world.ok("organization.get", json!({})).await;
    assert_eq!(active["id"], json!(world.ours.organization.id));
    assert!(active.get("members").is_none());
    let both = json!({ "organizationId": active["id"], "slug": active["slug"] });
    assert!(matches!(world.call("organization.get", &world.ours.owner, both).await, Err(Error::BadRequest(_))));
}

#[tokio::test]
async fn switching_goes_to_ones_own_organizations_only() {
    let world = World::new().await;
    let switched = world.ok("account.switchOrganization", json!({})).await;
    let personal = world.ok("organization.get", json!({})).await;
    assert_eq!((&personal["isPersonal"], &personal["id"]), (&json!(true), &switched["organizationId"]));

    let events = world.events().await;
    world.ok("account.switchOrganization", json!({})).await;
    assert_eq!(world.events().await, events, "it already was so");

    let theirs = json!({ "organizationId": world.theirs.organization.id });
    let refused = world.call("account.switchOrganization", &world.ours.owner, theirs).await;
    assert!(matches!(refused, Err(Error::Forbidden(Denied::NotYours))));

    world.ok("account.switchOrganization", json!({ "organizationId": world.ours.organization.id })).await;
    let next = world.ok("auth.signIn", json!({ "email": world.ours.email, "password": World::PASSWORD })).await;
    let caller = guildhall_services::Caller::bearer(next["session"]["accessToken"].as_str().unwrap().to_owned());
    let session = world.call("auth.getSession", &caller, json!({})).await.unwrap();
    assert_eq!(session["session"]["activeOrganizationId"], json!(world.ours.organization.id), "the next sign-in too");
}

#[tokio::test]
async fn my_organizations_come_as_owner_first_with_what_the_role_grants() {
    let world = World::new().await;
    let caller = world.member(&world.theirs, Role::Viewer).await;
    world.call("organization.create", &caller, create("their-own")).await.unwrap();
    let mine = world.call("account.listOrganizations", &caller, json!({})).await.unwrap();
    let roles: Vec<&Value> = mine.as_array().unwrap().iter().map(|one| &one["membership"]["role"]).collect();
    assert_eq!(roles, ["owner", "owner", "viewer"], "its own, the one it founded, and the one it was invited to");
    let granted = |one: usize| mine[one]["membership"]["permissions"].as_array().unwrap().len();
    assert!(granted(0) > granted(2) && mine[2]["membership"]["permissions"].to_string().contains("read_tickets"));
}

#[tokio::test]
async fn a_slug_that_was_renamed_stays_reserved_for_whose_it_was() {
    let world = World::new().await;
    let old = world.ours.organization.slug.to_string();
    world.ok("organization.update", json!({ "slug": "quite-new" })).await;
    let theirs = &world.theirs.vouched;
    for (name, input) in [("organization.update", json!({ "slug": old })), ("organization.create", create(&old))] {
        let refused = world.call(name, theirs, input).await;
        assert!(matches!(refused, Err(Error::AlreadyExists { .. })), "{name}: {refused:?}");
    }
    let back = world.call("organization.update", &world.ours.vouched, json!({ "slug": old })).await.unwrap();
    assert_eq!(back["slug"], json!(old));
}

#[tokio::test]
async fn a_session_tells_of_its_own_organization_whatever_the_call_names() {
    let world = World::new().await;
    let theirs = world.theirs.organization.id.to_string();
    let home = world.call("account.switchOrganization", &world.ours.owner, json!({})).await.unwrap();
    for named in [world.ours.organization.slug.to_string(), theirs] {
        let caller = world.ours.owner.clone().in_organization(named);
        let session = world.call("auth.getSession", &caller, json!({})).await.unwrap();
        assert_eq!(session["session"]["activeOrganizationId"], home["organizationId"]);
        assert_eq!(session["membership"]["organizationId"], home["organizationId"]);
    }
}

#[tokio::test]
async fn founding_and_renaming_have_a_limit_that_they_share() {
    let twice = Rate { uses: 2, window: Duration::from_hours(1) };
    let world = World::with_limits(Limits { organization_account: twice, ..unlimited() }).await; // one is founded already
    world.ok("organization.update", json!({ "slug": "quite-new" })).await;
    world.ok("organization.update", json!({ "name": "Another" })).await;
    let founded = world.call("organization.create", &world.ours.vouched, create("newer")).await;
    assert!(matches!(founded, Err(Error::TooManyRequests { .. })), "{founded:?}");
    let renamed = world.call("organization.update", &world.ours.vouched, json!({ "slug": "newest" })).await;
    assert!(matches!(renamed, Err(Error::TooManyRequests { .. })), "{renamed:?}");
}

#[tokio::test]
async fn a_call_can_name_its_organization() {
    let world = World::new().await;
    world.ok("account.switchOrganization", json!({})).await;
    for named in [world.ours.organization.id.to_string(), "OURS-ORG".to_owned()] {
        let caller = world.ours.owner.clone().in_organization(named);
        let found = world.call("mcpServers.list", &caller, json!({})).await.unwrap();
        assert_eq!(found.as_array().unwrap().len(), 1);
    }
    assert_eq!(world.ok("mcpServers.list", json!({})).await, json!([]), "the personal one has none");
}
