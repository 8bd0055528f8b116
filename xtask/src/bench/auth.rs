//! Signing in: how often a second, what others notice of it, and whether answers tell who has an account.
mod crowd;
mod enumeration;
mod others;

use std::{thread, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::json;

use super::{Ground, Options, load::Figures, table::Table};
use crate::{
    api::{Api, PASSWORD},
    process,
};
use crowd::{Attempt, Crowd};

const CLIENTS: [usize; 4] = [1, 2, 8, 64];
/// What no node of these has to count, besides what no node of ours counts.
const FLAGS: [&str; 3] =
    ["--limit-reset-account=100000/1m", "--limit-reset-address=100000/1m", "--limit-sign-up-account=100000/1m"];
const VERIFYING_FLAGS: [&str; 2] = ["--verify-email", "--limit-sign-up-account=100000/1m"];

pub(super) async fn run(options: &Options, ground: &Ground) -> Result<()> {
    let time = Duration::from_secs(options.seconds());
    let (node, data) = ground.start("bench", &FLAGS)?;
    let nobody = Api::new(&node.url)?;
    let seeded = nobody.clone().seed(1).await?;
    for number in 0..crowd::ACCOUNTS {
        nobody.call("auth.signUp", &json!({ "email": crowd::account(number), "password": PASSWORD })).await?;
    }
    let words = || format!("the log ends\n{}", node.last_words());

    let rates = rates(&nobody, time).await.with_context(words)?;
    let before = node.memory();
    let others = others::measure(&nobody, &seeded.owner, time).await.with_context(words)?;
    let after = node.memory();
    let mut questions = enumeration::at_ease(&nobody, &seeded, &data).await.with_context(words)?;
    node.kill()?;

    let (verifying, _) = ground.start("bench_verify", &VERIFYING_FLAGS)?;
    let asked = enumeration::verifying(&Api::new(&verifying.url)?).await;
    questions.push(asked.with_context(|| format!("the log ends\n{}", verifying.last_words()))?);

    let (others, answers) = (others.table()?, enumeration::table(&questions)?);
    let cores = thread::available_parallelism()?.get();
    if options.json {
        println!(
            "{:#}",
            json!({ "database": options.database(), "cores": cores, "seconds": options.seconds(), "rates": rates.json(),
                "others": others.json(), "answers": answers.json(), "memoryBefore": before.map(|(now, _)| now),
                "memoryAfter": after.map(|(now, _)| now), "memoryMost": after.map(|(_, most)| most) })
        );
    } else {
        println!("{}, {cores} cores shared with the client, {} s each\n", options.database(), options.seconds());
        println!("{}\n{}", rates.text(), others.text());
        if let (Some((before, _)), Some((after, most))) = (before, after) {
            println!("memory: {before} MB before, {after} MB after, {most} MB at the most\n");
        }
        println!("{}", answers.text());
    }
    let telling: Vec<&str> = questions.iter().filter(|asked| asked.tells()).map(|asked| asked.name).collect();
    ensure!(telling.is_empty(), "the answers tell who has an account: {}", telling.join(", "));
    Ok(())
}

async fn rates(nobody: &Api, time: Duration) -> Result<Table> {
    let mut table = Table::new(&["signing in", "clients", "per s", "p50 ms", "p99 ms", "turned away"]);
    for attempt in [Attempt::Right, Attempt::Wrong, Attempt::Unknown] {
        for clients in CLIENTS {
            ensure!(!process::interrupted(), "interrupted");
            let seen = Crowd { api: nobody.clone(), attempt, clients }.again_and_again(time).await?;
            let what = attempt.describe();
            let Figures { per_second, p50, p99, .. } = Figures::of(seen.delays, time).context(what)?;
            table.push(vec![what.into(), clients.into(), per_second.into(), p50.into(), p99.into(), seen.away.into()]);
        }
    }
    Ok(table)
}
