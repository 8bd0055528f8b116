//! Random sequences of everything that people can do with organizations, beside a small model of what it means.
//!
//! `MODEL_SEQUENCES=10000` takes as many; a failure says with which `MODEL_SEED` it comes again.

mod endings;
mod reference;
mod state;
mod steps;
mod system;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use guildhall_tests::World;

use self::{
    state::{Model, Names},
    steps::{Dice, draw},
    system::System,
};
use super::rows::kept;

/// Sequences where nobody asks for more.
const USUAL: u64 = 60;
/// Steps of a sequence.
const STEPS: usize = 50;
/// Sequences in one database.
const IN_A_WORLD: u64 = 50;

/// What every answer and every event must have been at least once, or the sequences try too little.
const EVERY: [&str; 34] = [
    "AlreadyExists { resource: Organization, field: \"slug\" }",
    "BadRequest(confirmSlug)",
    "BadRequest(memberId)",
    "BadRequest(password)",
    "Conflict(InvitationClosed)",
    "Conflict(LastOwner)",
    "Conflict(PersonalOrganization)",
    "Forbidden(EmailMismatch)",
    "Forbidden(EmailUnverified)",
    "Forbidden(InsufficientRole)",
    "Forbidden(NotYours)",
    "NobodyToInvite(Invited)",
    "NobodyToInvite(Member)",
    "NotFound(Invitation)",
    "NotFound(Member)",
    "NotFound(Organization)",
    "NotFound(User)",
    "Unauthenticated",
    "nothing",
    "invitation.accepted",
    "invitation.created",
    "invitation.declined",
    "invitation.resent",
    "invitation.revoked",
    "member.added",
    "member.left",
    "member.removed",
    "member.role_changed",
    "organization.created",
    "organization.deleted",
    "organization.ownership_transferred",
    "organization.restored",
    "session.organization_switched",
    "user.deleted",
];

#[tokio::test]
async fn whatever_people_do_comes_to_what_the_rules_say_and_an_organization_keeps_an_owner() {
    let (sequences, seed) = (number("MODEL_SEQUENCES", USUAL), number("MODEL_SEED", 1));
    let (began, mut tally) = (Instant::now(), BTreeMap::new());

    let mut world = World::new().await;
    for n in 0..sequences {
        if n > 0 && n.is_multiple_of(IN_A_WORLD) {
            world = World::new().await;
        }
        live(&world, seed + n, &mut tally).await;
    }

    println!("{sequences} sequences of {STEPS} steps in {:.1} s: {tally:#?}", began.elapsed().as_secs_f64());
    let missing: Vec<&str> = EVERY.into_iter().filter(|outcome| !tally.contains_key(outcome)).collect();
    assert!(missing.is_empty() || sequences < USUAL, "never tried: {missing:?}");
}

/// One sequence, with people and organizations of its own; whatever differs is told with all steps until then.
async fn live(world: &World, seed: u64, tally: &mut BTreeMap<&'static str, u32>) {
    let names = Names(format!("s{seed}"));
    let (mut dice, mut model) = (Dice(seed), Model::new(world.app.now().millis()));
    let (mut system, mut steps) = (System::new(world, &names), Vec::new());
    let (mut events, mut last) = (world.changes().await, "");
    for _ in 0..STEPS {
        let step = draw(&mut dice, &model);
        steps.push(step);
        let answer = system.take(&step, &model).await;
        let expected = model.take(&step);
        // A refusal may leave an event as well.
        if let Some(event) = model.aside.take().or(expected.ok().flatten()) {
            (events, last) = (events + 1, event);
        }
        *tally.entry(expected.map_or_else(|error| error, |event| event.unwrap_or("nothing"))).or_default() += 1;

        let told = || {
            let steps = steps.iter().enumerate().map(|(n, step)| format!("\n{n:>2} {step:?}"));
            format!("MODEL_SEED={seed} MODEL_SEQUENCES=1 after{}", steps.collect::<String>())
        };
        assert_eq!(answer.err().as_deref(), expected.err(), "{}", told());
        let (is, mut should) = (kept(world, &names.0).await, model.lines(&names));
        should.insert(format!("events {events} {last}"));
        let (more, less): (Vec<_>, Vec<_>) = (is.difference(&should).collect(), should.difference(&is).collect());
        assert!(more.is_empty() && less.is_empty(), "{}: there is {more:#?} instead of {less:#?}", told());
        check(&is);
        system.learn(&model).await;
        let one = steps.len() % model.accounts.len();
        for account in
            (0..model.accounts.len()).filter(|it| *it == one || Some(*it) == step.actor() || steps.len() == STEPS)
        {
            system.check_where_it_works(account, &model).await;
        }
    }
}

/// Asserts what holds whatever the model says.
fn check(kept: &BTreeSet<String>) {
    let of_kind = |kind: &'static str| kept.iter().filter_map(move |line| line.strip_prefix(kind));
    for organization in of_kind("organization ").filter(|it| !it.ends_with(" deleted")) {
        let owned = of_kind("place ").any(|it| it.starts_with(&format!("{organization} ")) && it.ends_with(" owner"));
        assert!(owned, "{organization} has no owner: {kept:#?}");
    }
    let unique = |of: Vec<&str>| of.iter().collect::<BTreeSet<_>>().len() == of.len();
    assert!(unique(of_kind("place ").filter_map(|it| Some(it.rsplit_once(' ')?.0)).collect()), "{kept:#?}");
    let pending = of_kind("invitation ").filter(|it| it.contains(" pending "));
    let pending = pending.map(|it| &it[..it.match_indices(' ').nth(1).unwrap().0]);
    assert!(unique(pending.collect()), "asked twice at a time: {kept:#?}");
}

fn number(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).map_or(usual, |text| text.parse().unwrap())
}
