//! Whether an answer tells that somebody has an account: by what it says, or by when it comes.

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use reqwest::header::{DATE, HeaderName};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use super::{
    super::{load::Figures, table::Table},
    crowd::{ACCOUNTS, account, stranger},
};
use crate::{
    api::{Api, PASSWORD, Said, Seeded},
    process,
};

const PAIRS: usize = 300;
/// What one call leaves to be done must not slow the next.
const REST: Duration = Duration::from_millis(15);
/// Calls that are answered after a fixed time are made side by side, each in another part of that time.
const LANES: usize = 4;
const LANE: Duration = Duration::from_millis(130);
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The same call about somebody who is known and about somebody who is not.
#[derive(Clone, Debug)]
struct Pair {
    known: Value,
    unknown: Value,
}

/// A call that is made with both of each pair.
#[derive(Clone, Debug)]
struct Question {
    api: Api,
    procedure: &'static str,
    /// What is measured instead, right after it.
    then: Option<(Api, &'static str, Value)>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Asked {
    /// What was asked.
    pub(super) name: &'static str,
    is_secret: bool,
    known: Answers,
    unknown: Answers,
}

#[derive(Debug, Default)]
struct Answers {
    delays: Vec<Duration>,
    said: BTreeSet<String>,
}

/// What a node tells whose accounts need no verification.
pub(super) async fn at_ease(nobody: &Api, seeded: &Seeded, data: &Path) -> Result<Vec<Asked>> {
    let token = invitation(seeded, data).await?;
    let ask = |procedure| Question { api: nobody.clone(), procedure, then: None };
    let sign_in = |email| json!({ "email": email, "password": "incorrect horse" });
    let sign_ins = pairs(|number| sign_in(account(number)), |number| sign_in(stranger(number)));
    let resets = pairs(|number| json!({ "email": account(number) }), |number| json!({ "email": stranger(number) }));
    let tokens = pairs(|_| json!({ "token": token }), |number| json!({ "token": format!("{number:0>43}") }));
    let reset = ask("auth.requestPasswordReset");
    let write = (seeded.owner.clone(), "walkthrough.create", json!({ "title": "Another", "type": "course" }));
    let after = Question { then: Some(write), ..reset.clone() };
    Ok(vec![
        ask("auth.signIn").about(sign_ins).await?.named("signIn, wrong password"),
        reset.about(resets.clone()).await?.named("requestPasswordReset"),
        after.about(resets).await?.named("a write right after it"),
        Asked {
            is_secret: false,
            ..ask("organization.getInvitation").about(tokens).await?.named("getInvitation (may tell)")
        },
    ])
}

/// What a node tells whose accounts' addresses must be verified.
pub(super) async fn verifying(nobody: &Api) -> Result<Asked> {
    let sign_up = |email| json!({ "email": email, "password": PASSWORD });
    let question = Question { api: nobody.clone(), procedure: "auth.signUp", then: None };
    let mut made = JoinSet::new();
    for number in 0..ACCOUNTS {
        let (nobody, who) = (nobody.clone(), sign_up(account(number)));
        made.spawn(async move { nobody.call("auth.signUp", &who).await });
    }
    while let Some(made) = made.join_next().await {
        made??;
    }
    let mut lanes = JoinSet::new();
    let pairs = pairs(|number| sign_up(account(number)), |number| sign_up(stranger(number)));
    for (lane, pairs) in (0..).zip(pairs.chunks(PAIRS.div_ceil(LANES))) {
        let (question, pairs) = (question.clone(), pairs.to_vec());
        lanes.spawn(async move {
            sleep(LANE * lane).await;
            question.about(pairs).await
        });
    }
    let mut all = Asked::default();
    while let Some(asked) = lanes.join_next().await {
        let Asked { known, unknown, .. } = asked??;
        all.known.add(known);
        all.unknown.add(unknown);
    }
    Ok(all.named("signUp, to be verified"))
}

/// The middle of both, and how often one who is known could be told by the time alone.
pub(super) fn table(questions: &[Asked]) -> Result<Table> {
    let mut table = Table::new(&["asked", "known ms", "unknown ms", "difference", "AUC", "answers"]);
    for Asked { name, known, unknown, .. } in questions {
        let middle = |answers: &Answers| Ok::<f64, anyhow::Error>(Figures::of(answers.delays.clone(), REST)?.p50);
        let (known_middle, unknown_middle) = (middle(known)?, middle(unknown)?);
        let auc = (auc(&known.delays, &unknown.delays) - 0.5).abs() + 0.5;
        let answers = if known.said == unknown.said { "equal" } else { "differ" };
        let difference = known_middle - unknown_middle;
        table.push(vec![
            (*name).into(),
            known_middle.into(),
            unknown_middle.into(),
            difference.into(),
            auc.into(),
            answers.into(),
        ]);
    }
    Ok(table)
}

fn pairs(known: impl Fn(usize) -> Value, unknown: impl Fn(usize) -> Value) -> Vec<Pair> {
    (0..PAIRS).map(|number| Pair { known: known(number), unknown: unknown(number) }).collect()
}

impl Question {
    /// Asks about each pair, in an order that changes, so that neither always comes first.
    async fn about(&self, pairs: Vec<Pair>) -> Result<Asked> {
        let mut asked = Asked::default();
        for (number, Pair { known, unknown }) in pairs.into_iter().enumerate() {
            ensure!(!process::interrupted(), "interrupted");
            let mut both = [(known, &mut asked.known), (unknown, &mut asked.unknown)];
            if number % 2 == 1 {
                both.reverse();
            }
            for (input, answers) in both {
                sleep(REST).await;
                let (delay, said) = self.once(&input).await?;
                answers.delays.push(delay);
                answers.said.insert(without_chance(&said));
            }
        }
        Ok(asked)
    }

    async fn once(&self, input: &Value) -> Result<(Duration, Said)> {
        let mut began = Instant::now();
        let said = self.api.ask(self.procedure, input).await?;
        if let Some((api, procedure, input)) = &self.then {
            began = Instant::now();
            api.call(procedure, input).await?;
        }
        Ok((began.elapsed(), said))
    }
}

impl Default for Asked {
    fn default() -> Self {
        Self { name: "", is_secret: true, known: Answers::default(), unknown: Answers::default() }
    }
}

impl Asked {
    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    /// Whether what is said is told apart, though it must not be.
    pub(super) fn tells(&self) -> bool {
        self.is_secret && self.known.said != self.unknown.said
    }
}

impl Answers {
    fn add(&mut self, mut more: Self) {
        self.delays.append(&mut more.delays);
        self.said.append(&mut more.said);
    }
}

/// All of an answer but what is never the same.
fn without_chance(said: &Said) -> String {
    let mut headers = said.headers.clone();
    headers.remove(DATE);
    headers.remove(REQUEST_ID);
    format!("{} {headers:?} {}", said.status, said.body)
}

/// How likely one of `known` took longer than one of `unknown`: 0.5 where nobody can tell.
fn auc(known: &[Duration], unknown: &[Duration]) -> f64 {
    let half_points = |one: &Duration| unknown.iter().map(|other| f64::from(one.cmp(other) as i8) + 1.0).sum::<f64>();
    let pairs = known.iter().map(|_| unknown.iter().map(|_| 2.0).sum::<f64>()).sum::<f64>();
    known.iter().map(half_points).sum::<f64>() / pairs
}

/// The token of an invitation, from the letter that carries it.
async fn invitation(seeded: &Seeded, data: &Path) -> Result<String> {
    let guest = json!({ "organizationId": seeded.organization, "email": "guest@example.test" });
    seeded.owner.call("organization.inviteMember", &guest).await?;
    for _ in 0..100 {
        sleep(Duration::from_millis(100)).await;
        for letter in fs::read_dir(data.join("mail"))? {
            // As quoted-printable has it.
            let letter = fs::read_to_string(letter?.path())?.replace("=\r\n", "").replace("=3D", "=");
            if let Some((_, rest)) = letter.split_once("/invitation?token=") {
                return rest.get(..43).map(str::to_owned).context("an invitation's token has 43 characters");
            }
        }
    }
    bail!("no letter with an invitation came within 10 s")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::auc;

    #[test]
    fn the_slower_side_shows_and_equal_sides_do_not() {
        let of = |times: &[u64]| times.iter().map(|&time| Duration::from_millis(time)).collect::<Vec<_>>();
        assert_eq!(auc(&of(&[3, 4]), &of(&[1, 2])), 1.0);
        assert_eq!(auc(&of(&[1, 2]), &of(&[3, 4])), 0.0);
        assert_eq!(auc(&of(&[1, 2]), &of(&[1, 2])), 0.5);
        assert_eq!(auc(&of(&[5]), &of(&[5])), 0.5);
    }
}
