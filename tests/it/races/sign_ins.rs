//! A sign-in that is ended stays ended, whatever its browser is just doing; a link and a wrong password count once.

use std::{sync::Arc, time::Duration};

use guildhall_domain::{Error, Result};
use guildhall_services::{Caller, Limits, Rate};
use guildhall_tests::{Account, World, unlimited};
use serde_json::{Value, json};
use tokio::sync::Barrier;

use super::arena::{Arena, FEW, Racer, racer, rounds, rounds_in, word};

/// More than anybody gets through before the other call ends it.
const ENOUGH: usize = 1000;

fn bearer(session: &Value) -> Caller {
    Caller::bearer(session["accessToken"].as_str().unwrap().to_owned())
}

/// Calls `name` again and again, each time with what `next` makes of the last answer, while `ends` is called once;
/// answers with all that it got until it was refused, and with the other's answer.
async fn until_refused(
    arena: &Arena,
    name: &'static str,
    caller: Caller,
    first: Value,
    next: fn(&Value, &Value) -> Value,
    ends: Racer,
) -> (Vec<Value>, Result<Value>) {
    let (start, app) = (Arc::new(Barrier::new(2)), arena.nodes[0].clone());
    let entry = arena.world.catalogue.get(name).unwrap();
    let began = start.clone();
    let again = tokio::spawn(async move {
        let (mut answers, mut input) = (Vec::new(), first);
        began.wait().await;
        while answers.len() < ENOUGH {
            match entry.call(&app, &caller, input.clone()).await {
                Ok(answer) => {
                    input = next(&input, &answer);
                    answers.push(answer);
                    // SQLite serves no queue: who asks without a breath leaves the other none.
                    tokio::time::sleep(Duration::from_micros(500)).await;
                }
                Err(refused) => return (answers, Some(refused)),
            }
        }
        (answers, None)
    });
    start.wait().await;
    let ended = arena.on_the_other_node(ends).await;
    let (answers, refused) = again.await.unwrap();
    let right = matches!(refused, Some(Error::Unauthenticated | Error::WrongCredentials));
    arena.expect(right, format_args!("{name} was refused with {refused:?} after {} times", answers.len()));
    (answers, ended)
}

/// Refreshes again and again while something ends the session; then every token that was seen is dead, on both nodes and
/// within the seconds in which a lost answer comes again.
async fn refresh_against(arena: &Arena, account: &Account, first: (Caller, String), ends: Racer) {
    let events = arena.world.changes().await;
    let input = json!({ "refreshToken": first.1 });
    let next = |_: &Value, answer: &Value| json!({ "refreshToken": answer["refreshToken"] });

    let (seen, ended) = until_refused(arena, "auth.refresh", Caller::nobody(), input, next, ends).await;

    arena.check(&[ended], &["1 ok"], events, seen.len() + 1).await;
    let access = seen.iter().map(bearer).chain([first.0]);
    let refresh = seen.iter().map(|tokens| tokens["refreshToken"].as_str().unwrap().to_owned()).chain([first.1]);
    for (access, refresh) in access.zip(refresh) {
        for app in &arena.nodes {
            let call = async |name: &str, caller: &Caller, input| {
                word(&arena.world.catalogue.get(name).unwrap().call(app, caller, input).await)
            };
            let used = call("auth.getSession", &access, json!({})).await;
            let renewed = call("auth.refresh", &Caller::nobody(), json!({ "refreshToken": refresh })).await;
            let dead = (used.as_str(), renewed.as_str()) == ("unauthenticated", "unauthenticated");
            arena.expect(dead, format_args!("a token of {} lives: {used}, {renewed}", account.email));
        }
    }
}

/// Somebody who asked for a new password, and the link's token.
async fn forgetful(arena: &Arena) -> (Account, String) {
    let account = arena.world.account().await;
    let input = json!({ "email": account.email });
    arena.world.call("auth.requestPasswordReset", &Caller::nobody(), input).await.unwrap();
    let token = arena.world.token_for(&account.email).await;
    (account, token)
}

fn reset(token: &str) -> Racer {
    let input = json!({ "token": token, "newPassword": "quite another phrase" });
    racer(&Caller::nobody(), "auth.resetPassword", input)
}

fn change_password(caller: &Caller) -> Racer {
    let input = json!({ "currentPassword": World::PASSWORD, "newPassword": "quite another phrase" });
    racer(caller, "auth.changePassword", input)
}

#[test]
fn of_two_refreshes_with_one_token_both_get_its_one_successor() {
    rounds("refresh x refresh", FEW, async |arena| {
        let account = arena.world.account().await;
        let (_, token) = arena.world.sign_in(&account).await;
        let events = arena.world.changes().await;
        let refresh = || racer(&Caller::nobody(), "auth.refresh", json!({ "refreshToken": token }));
        let answers = arena.overlap(vec![refresh(), refresh()]).await;
        arena.check(&answers, &["ok, ok"], events, 1).await;
        let successors: Vec<&Value> = answers.iter().flatten().map(|tokens| &tokens["refreshToken"]).collect();
        arena.expect(successors.windows(2).all(|two| two[0] == two[1]), format_args!("{successors:?}"));
    });
}

#[test]
fn a_session_that_signs_out_is_not_refreshed() {
    rounds("refresh x signOut", FEW, async |arena| {
        let account = arena.world.account().await;
        let first = arena.world.sign_in(&account).await;
        let sign_out = racer(&first.0, "auth.signOut", json!({}));
        refresh_against(arena, &account, first, sign_out).await;
    });
}

#[test]
fn a_session_that_is_revoked_is_not_refreshed() {
    rounds("refresh x revokeSession", FEW, async |arena| {
        let account = arena.world.account().await;
        let first = arena.world.sign_in(&account).await;
        let session = arena.world.call("auth.getSession", &first.0, json!({})).await.unwrap();
        let revoke = json!({ "sessionId": session["session"]["id"] });
        let (other, _) = arena.world.sign_in(&account).await;
        refresh_against(arena, &account, first, racer(&other, "auth.revokeSession", revoke)).await;
    });
}

#[test]
fn a_session_is_not_refreshed_once_another_one_changes_the_password() {
    rounds("refresh x changePassword", FEW, async |arena| {
        let account = arena.world.account().await;
        let first = arena.world.sign_in(&account).await;
        let (other, _) = arena.world.sign_in(&account).await;
        refresh_against(arena, &account, first, change_password(&other)).await;
        let kept = arena.world.call("auth.getSession", &other, json!({})).await;
        arena.expect(kept.is_ok(), format_args!("who changed the password: {kept:?}"));
    });
}

#[test]
fn a_session_is_not_refreshed_once_the_password_is_reset() {
    rounds("refresh x resetPassword", FEW, async |arena| {
        let (account, token) = forgetful(arena).await;
        let first = arena.world.sign_in(&account).await;
        refresh_against(arena, &account, first, reset(&token)).await;
    });
}

#[test]
fn a_session_is_not_refreshed_once_the_account_is_deleted() {
    rounds("refresh x account.delete", FEW, async |arena| {
        let account = arena.world.account().await;
        let first = arena.world.sign_in(&account).await;
        let (other, _) = arena.world.sign_in(&account).await;
        let delete = racer(&other, "account.delete", json!({ "password": World::PASSWORD }));
        refresh_against(arena, &account, first, delete).await;
    });
}

/// Signs in again and again while something ends the password; then no session is left that it made.
async fn sign_in_against(arena: &Arena, account: &Account, ends: Racer) {
    let events = arena.world.changes().await;
    let input = json!({ "email": account.email, "password": World::PASSWORD });
    let same = |input: &Value, _: &Value| input.clone();

    let (seen, ended) = until_refused(arena, "auth.signIn", Caller::nobody(), input, same, ends).await;

    arena.check(&[ended], &["1 ok"], events, seen.len() + 1).await;
    let mut alive = 0;
    for signed_in in &seen {
        let used = arena.world.call("auth.getSession", &bearer(&signed_in["session"]), json!({})).await;
        alive += usize::from(used.is_ok());
    }
    arena.expect(alive == 0, format_args!("{alive} of {} sessions outlive their password", seen.len()));
}

#[test]
fn no_session_outlives_the_password_that_it_began_with_when_that_is_changed() {
    rounds("signIn x changePassword", FEW, async |arena| {
        let account = arena.world.account().await;
        let (other, _) = arena.world.sign_in(&account).await;
        sign_in_against(arena, &account, change_password(&other)).await;
    });
}

#[test]
fn no_session_outlives_the_password_that_it_began_with_when_that_is_reset() {
    rounds("signIn x resetPassword", FEW, async |arena| {
        let (account, token) = forgetful(arena).await;
        sign_in_against(arena, &account, reset(&token)).await;
    });
}

#[test]
fn a_session_that_switches_is_ended_by_another_one_without_delay() {
    rounds("switchOrganization x changePassword", FEW, async |arena| {
        let team = arena.world.team(&[guildhall_domain::access::Role::Owner]).await;
        let account = &team.people[0].account;
        let (switching, _) = arena.world.sign_in(account).await;
        let (other, _) = arena.world.sign_in(account).await;
        let next = |input: &Value, answer: &Value| match input.get("organizationId") {
            Some(_) => json!({}),
            None => json!({ "organizationId": answer["organizationId"] }),
        };
        let ends = change_password(&other);
        let first = json!({ "organizationId": team.id });
        let (_, ended) = until_refused(arena, "account.switchOrganization", switching, first, next, ends).await;
        arena.expect(ended.is_ok(), format_args!("{ended:?}"));
    });
}

#[test]
fn of_ten_new_passwords_for_one_link_one_is_the_accounts() {
    rounds("resetPassword, 10 at once", 1, async |arena| {
        let (account, token) = forgetful(arena).await;
        let events = arena.world.changes().await;
        let password = |n: usize| format!("quite another phrase {n}");
        let reset = |n: usize| {
            let input = json!({ "token": token, "newPassword": password(n) });
            racer(&Caller::nobody(), "auth.resetPassword", input)
        };
        let answers = arena.overlap((0..10).map(reset).collect()).await;
        arena.check(&answers, &["1 ok, 9 no token"], events, 1).await;
        for (n, answer) in answers.iter().enumerate() {
            let input = json!({ "email": account.email, "password": password(n) });
            let signed_in = arena.world.call("auth.signIn", &Caller::nobody(), input).await;
            arena.expect(signed_in.is_ok() == answer.is_ok(), format_args!("{answer:?}, and then {signed_in:?}"));
        }
    });
}

#[test]
fn an_address_is_verified_once() {
    rounds_in(World::verifying(), "verifyEmail, 10 at once", FEW, async |arena| {
        let account = arena.world.unverified().await;
        let input = json!({ "email": account.email, "password": World::PASSWORD });
        let refused = arena.world.call("auth.signIn", &Caller::nobody(), input).await;
        let token = arena.world.token_for(&account.email).await;
        arena.expect(word(&refused) == "email_unverified", format_args!("{refused:?}"));
        let events = arena.world.changes().await;
        let verify = |_| racer(&Caller::nobody(), "auth.verifyEmail", json!({ "token": token }));
        let answers = arena.overlap((0..10).map(verify).collect()).await;
        arena.check(&answers, &["1 ok, 9 no token"], events, 1).await;
    });
}

#[test]
fn a_link_is_renewed_or_used() {
    rounds_in(World::verifying(), "signIn x verifyEmail", FEW, async |arena| {
        let account = arena.world.unverified().await;
        let input = json!({ "email": account.email, "password": World::PASSWORD });
        let sign_in = || racer(&Caller::nobody(), "auth.signIn", input.clone());
        arena.on_the_other_node(sign_in()).await.unwrap_err();
        let token = arena.world.token_for(&account.email).await;
        arena.world.clock.advance(Duration::from_mins(5)); // now another one is due
        let events = arena.world.changes().await;
        let verify = racer(&Caller::nobody(), "auth.verifyEmail", json!({ "token": token }));
        let answers = arena.overlap(vec![sign_in(), verify]).await;
        let changed = if answers[1].is_ok() { 2 } else { 1 }; // another link is an event too
        arena.check(&answers, &["ok, ok", "email_unverified, no token"], events, changed).await;
    });
}

#[test]
fn guesses_are_counted_one_by_one_on_all_nodes_and_again_when_the_time_is_over() {
    let five = Rate { uses: 5, window: Duration::from_secs(60) };
    let world = World::with_limits(Limits { sign_in_account: five, ..unlimited() });
    rounds_in(world, "wrong signIn, 50 at once", 1, async |arena| {
        let account = arena.world.account().await;
        let wrong = |_| {
            let input = json!({ "email": account.email, "password": "a guess" });
            racer(&Caller::nobody(), "auth.signIn", input)
        };
        for _ in 0..2 {
            let events = arena.world.changes().await;
            let answers = arena.overlap((0..50).map(wrong).collect()).await;
            arena.check(&answers, &["5 wrong, 45 too_many_requests"], events, 0).await;
            arena.world.clock.advance(five.window);
        }
    });
}
