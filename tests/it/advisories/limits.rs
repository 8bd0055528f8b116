//! What is counted is counted once, for all nodes, whatever a caller changes about itself.

use std::{net::IpAddr, time::Duration};

use guildhall_domain::Error;
use guildhall_services::{Caller, Limits, Rate};
use guildhall_tests::{World, unlimited};
use serde_json::{Value, json};

const TWICE: Rate = Rate { uses: 2, window: Duration::from_secs(60) };

fn from(caller: &Caller, address: &str) -> Caller {
    caller.clone().from_device(Some(address.parse::<IpAddr>().unwrap()), None)
}

/// Calls on two nodes in turn; which of the calls were one too many.
async fn limited(world: &World, name: &str, calls: Vec<(Caller, Value)>) -> Vec<bool> {
    let nodes = [world.app.clone(), world.another_node().await];
    let mut limited = Vec::new();
    for (n, (caller, input)) in calls.into_iter().enumerate() {
        let answer = world.catalogue.get(name).unwrap().call(&nodes[n % 2], &caller, input).await;
        limited.push(matches!(answer, Err(Error::TooManyRequests { .. })));
    }
    limited
}

/// An input for whoever holds no session; another `n` is another account or token.
fn anonymous(name: &str, n: usize) -> Value {
    match name {
        "auth.signIn" => json!({ "email": format!("{n}@example.test"), "password": "a guess" }),
        "auth.signUp" => json!({ "email": format!("{n}@example.test"), "password": World::PASSWORD }),
        "auth.requestPasswordReset" => json!({ "email": format!("{n}@example.test") }),
        "auth.refresh" => json!({ "refreshToken": format!("ghr_{n}") }),
        "auth.resetPassword" => json!({ "token": format!("{n}"), "newPassword": "quite another phrase" }),
        "auth.verifyEmail" | "organization.getInvitation" => json!({ "token": format!("{n}") }),
        other => panic!("{other} needs a session"),
    }
}

/// Limits of which one is low.
type Lowered = fn() -> Limits;

/// Limits by address, and what they are on.
const BY_ADDRESS: [(&str, Lowered); 7] = [
    ("auth.signIn", || Limits { sign_in_address: TWICE, ..unlimited() }),
    ("auth.signUp", || Limits { sign_up_address: TWICE, ..unlimited() }),
    ("auth.requestPasswordReset", || Limits { reset_address: TWICE, ..unlimited() }),
    ("auth.refresh", || Limits { refresh_address: TWICE, ..unlimited() }),
    ("auth.resetPassword", || Limits { link_address: TWICE, ..unlimited() }),
    ("auth.verifyEmail", || Limits { link_address: TWICE, ..unlimited() }),
    ("organization.getInvitation", || Limits { link_address: TWICE, ..unlimited() }),
];

/// GHSA-p6v2-xcpg-h6xw (CVE-2026-45364): each of the addresses of one network, and each spelling of one, was counted for
/// itself. How they are spelled over HTTP is in `http`.
#[tokio::test]
async fn ghsa_p6v2_xcpg_h6xw_an_address_is_counted_with_its_network() {
    for (name, limits) in BY_ADDRESS {
        let world = World::with_limits(limits()).await;
        let calls = |addresses: [&str; 4]| {
            let calls = addresses.into_iter().enumerate();
            calls.map(|(n, address)| (from(&Caller::nobody(), address), anonymous(name, n))).collect()
        };

        let v4 = calls(["192.0.2.1", "::ffff:192.0.2.1", "::ffff:c000:201", "192.0.2.2"]);
        let v6 = calls(["2001:db8::1", "2001:db8::ffff:2", "2001:db8:0:0:1:2:3:4", "2001:db8:0:1::1"]);

        assert_eq!(limited(&world, name, v4).await, [false, false, true, false], "{name}");
        world.clock.advance(TWICE.window);
        assert_eq!(limited(&world, name, v6).await, [false, false, true, false], "{name}");
    }
}

/// better-auth #9990: whoever's address was not known was not counted.
#[tokio::test]
async fn better_auth_9990_callers_without_an_address_are_counted_as_one() {
    for (name, limits) in BY_ADDRESS {
        let world = World::with_limits(limits()).await;
        world.clock.advance(TWICE.window); // making the world was counted too
        let calls = (0..3).map(|n| (Caller::nobody(), anonymous(name, n))).collect();

        assert_eq!(limited(&world, name, calls).await, [false, false, true], "{name}");
    }
}

/// GHSA-44jh-23m7-hpcf: more came through than were allowed when they came at once, which is in `races`; one after the
/// other, on two nodes, from ever new addresses, no more come through either, until the time is over.
#[tokio::test]
async fn ghsa_44jh_23m7_hpcf_a_mailbox_is_counted_wherever_the_calls_come_from() {
    let by_mailbox: [(&str, Limits); 3] = [
        ("auth.signIn", Limits { sign_in_account: TWICE, ..unlimited() }),
        ("auth.signUp", Limits { sign_up_account: TWICE, ..unlimited() }),
        ("auth.requestPasswordReset", Limits { reset_account: TWICE, ..unlimited() }),
    ];
    for (name, limits) in by_mailbox {
        let world = World::with_limits(limits).await;
        let calls = || {
            let mailboxes = ["1@example.test", " 1@EXAMPLE.test", "1@example.test", "2@example.test"].into_iter();
            let calls = mailboxes.enumerate().map(|(n, mailbox)| {
                let mut input = anonymous(name, 0);
                input["email"] = json!(mailbox);
                (from(&Caller::nobody(), &format!("192.0.2.{n}")), input)
            });
            calls.collect()
        };

        assert_eq!(limited(&world, name, calls()).await, [false, false, true, false], "{name}");
        world.clock.advance(TWICE.window);
        assert_eq!(limited(&world, name, calls()).await, [false, false, true, false], "{name}");
    }
}

#[tokio::test]
async fn invitations_are_counted_by_who_sends_them_and_who_gets_them() {
    let input = |to: usize| json!({ "email": format!("guest{to}@example.test") });
    for (what, limits, same_caller, same_address, same_guest) in [
        ("account", Limits { invite_account: TWICE, ..unlimited() }, true, false, false),
        ("address", Limits { invite_address: TWICE, ..unlimited() }, false, true, false),
        ("recipient", Limits { invite_recipient: TWICE, ..unlimited() }, false, false, true),
        ("organization", Limits { invite_organization: TWICE, ..unlimited() }, true, false, false),
    ] {
        let world = World::with_limits(limits).await;
        let mut calls = Vec::new();
        for n in 0..3 {
            let team = world.team(&[guildhall_domain::access::Role::Owner]).await;
            let caller = if same_caller { &world.ours.vouched } else { &team.people[0].caller };
            let address = if same_address { "192.0.2.1".to_owned() } else { format!("192.0.2.{n}") };
            calls.push((from(caller, &address), input(if same_guest { 0 } else { n })));
        }

        let limited = limited(&world, "organization.inviteMember", calls).await;

        assert_eq!(limited, [false, false, true], "by {what}");
    }
}

#[tokio::test]
async fn an_invitation_is_sent_again_as_often_as_a_person_may_be_asked() {
    let world = World::with_limits(Limits { invite_recipient: TWICE, ..unlimited() }).await;
    let made = world.ok("organization.inviteMember", json!({ "email": "guest@example.test" })).await;
    let resend = json!({ "invitationId": made["invitation"]["id"] });
    let calls = (0..3).map(|_| (world.ours.owner.clone(), resend.clone())).collect();

    assert_eq!(
        limited(&world, "organization.resendInvitation", calls).await,
        [false, true, true],
        "the first letter counts"
    );
}

#[tokio::test]
async fn somebody_elses_device_does_not_guess_the_password_of_its_account() {
    let world = World::with_limits(Limits { password_account: TWICE, ..unlimited() }).await;
    let device = &world.ours.owner;
    let wrong = [
        ("account.delete", json!({ "password": "a guess" })),
        ("auth.changePassword", json!({ "currentPassword": "a guess", "newPassword": "quite another phrase" })),
    ];
    for (name, input) in &wrong {
        let refused = world.call(name, device, input.clone()).await;
        assert!(matches!(refused, Err(Error::BadRequest(_))), "{name}: {refused:?}");
    }
    for (name, input) in wrong {
        let limited = world.call(name, device, input).await;
        assert!(matches!(limited, Err(Error::TooManyRequests { .. })), "{name}: {limited:?}");
    }
}
