use guildhall_catalogue::{catalogue, tools};
use guildhall_domain::{Error, access::Role, error::Denied};
use guildhall_services::Caller;
use guildhall_tests::World;
use serde_json::json;

use super::examples::{LAST, required, worlds};

/// What a role alone does not decide.
const OF_THE_CALLER: [&str; 3] =
    ["organization.removeMember", "supportTickets.editComment", "supportTickets.deleteComment"];

#[tokio::test]
async fn nobody_gets_in_without_signing_in() {
    let world = World::furnished().await;
    let bad = ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "ghr_AAAA"];
    let strangers = bad.into_iter().map(|token| Caller::bearer(token.to_owned())).chain([Caller::nobody()]);
    for caller in strangers {
        for entry in world.catalogue.iter().filter(|entry| entry.reach != "public") {
            let answer = world.call(entry.name, &caller, required(entry.name, &world.ours, 0)).await;
            assert!(matches!(answer, Err(Error::Unauthenticated)), "{}: {answer:?}", entry.name);
        }
    }
}

#[tokio::test]
async fn each_role_may_do_what_the_table_says_and_no_more() {
    for (world, names) in worlds().await {
        for (place, role) in Role::ALL.into_iter().enumerate() {
            for &name in &names {
                // Whom it may remove depends on both roles, and whose comment is whose on who wrote it: see people::roles
                // and tickets.
                let Some(permission) = world.catalogue.get(name).unwrap().permission else { continue };
                if OF_THE_CALLER.contains(&name) {
                    continue;
                }
                let caller = world.member(&world.ours, role).await; // of its own: some calls change its place
                let events = world.events().await;
                let answer = world.call(name, &caller, required(name, &world.ours, place + 10)).await;
                if role.may(permission) {
                    assert!(answer.is_ok(), "{role:?} {name}: {answer:?}");
                } else {
                    let refused = matches!(answer, Err(Error::Forbidden(Denied::InsufficientRole)));
                    assert!(refused, "{role:?} {name}: {answer:?}");
                    assert_eq!(world.events().await, events, "{name}: refused, and yet something happened");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_cookie_from_a_foreign_page_can_only_read() {
    let world = World::furnished().await;
    let signed_in = world.ok("auth.signIn", json!({ "email": world.ours.email, "password": World::PASSWORD })).await;
    let token = signed_in["session"]["accessToken"].as_str().unwrap();
    let (cookie, _) = world.app.browser_cookie(token).await.unwrap();
    let (own, foreign) = (Caller::cookie(cookie.clone()), Caller::cookie_from_foreign_page(cookie.clone()));
    for entry in world.catalogue.iter().filter(|entry| entry.reach != "public") {
        let input = required(entry.name, &world.ours, 1);
        let answer = world.call(entry.name, &foreign, input.clone()).await;
        match entry.effect {
            "query" | "feed" => assert!(answer.is_ok(), "{}: {answer:?}", entry.name),
            _ => assert!(matches!(answer, Err(Error::Forbidden(Denied::CrossSite))), "{}: {answer:?}", entry.name),
        }
        // Those that move the session elsewhere, or end it, would be in the way of the rest.
        let moves = ["account.switchOrganization", "organization.create", "organization.acceptInvitation"];
        if !moves.contains(&entry.name) && !LAST.contains(&entry.name) {
            let answer = world.call(entry.name, &own, input).await;
            assert!(answer.is_ok(), "{}: {answer:?}", entry.name);
        }
    }
    let as_bearer = world.call("auth.getSession", &Caller::bearer(cookie), json!({})).await;
    assert!(matches!(as_bearer, Err(Error::Unauthenticated)), "a cookie is no access token");
    let as_cookie = world.call("auth.getSession", &Caller::cookie(token.to_owned()), json!({})).await;
    assert!(matches!(as_cookie, Err(Error::Unauthenticated)), "an access token is no cookie");
}

#[test]
fn the_list_is_in_order_and_no_name_comes_twice() {
    let catalogue = catalogue();
    let names: Vec<_> = catalogue.iter().map(|entry| entry.name).collect();
    let mut unique = names.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), names.len());
    assert!(names.iter().all(|name| name.split('.').count() == 2));
    assert_eq!(
        tools().iter().map(|tool| tool.name).collect::<Vec<_>>(),
        [
            "get_support",
            "check_support",
            "reply_to_support",
            "start_walkthrough",
            "get_next_step",
            "search_documentation",
            "read_document",
            "report_docs_gap",
            "provide_email"
        ]
    );
}
