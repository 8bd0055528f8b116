//! What people cost who are there and do nothing: each is known by a tracking id, has called a tool and keeps the
//! connection.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{
    Contender,
    reader::{Course, Reader},
};
use crate::{bench::table::Table, node::Node, process};

const AT_ONCE: usize = 32;
const WARM_UP: usize = 50;
/// Until what is freed has been given back.
const PAUSE: Duration = Duration::from_secs(2);

/// How people come.
#[derive(Clone, Copy, Debug)]
enum Era {
    Stateless,
    Sessions,
}

impl Era {
    const fn describe(self) -> &'static str {
        match self {
            Self::Stateless => "2026-07-28, stateless",
            Self::Sessions => "2025-11-25, sessions",
        }
    }
}

/// Each contender with so many users of each era, in a process that has served others before.
pub(super) async fn measure(contenders: &[Contender], users: usize) -> Result<Table> {
    let mut table =
        Table::new(&["memory, MB", "server", "users", "before", "connected", "per 10,000", "after they hung up"]);
    for era in [Era::Stateless, Era::Sessions] {
        for contender in contenders {
            ensure!(!process::interrupted(), "interrupted");
            let node = contender.start()?;
            let what = || format!("{}, {}; the log ends\n{}", contender.name, era.describe(), node.last_words());
            let row = people(&node, era, &contender.course, users).await.with_context(what)?;
            table.push([json!(era.describe()), json!(contender.name), json!(users)].into_iter().chain(row).collect());
        }
    }
    Ok(table)
}

async fn people(node: &Node, era: Era, course: &Arc<Course>, users: usize) -> Result<[Value; 4]> {
    let come = async |name, users, calls| connect(node, era, course, (name, users), calls).await;
    introduce(node, course, era, ("earlier", AT_ONCE)).await?;
    drop(come("earlier", AT_ONCE, WARM_UP).await?);
    let before = rest(node).await?;
    introduce(node, course, era, ("reader", users)).await?;
    let readers = come("reader", users, 1).await?;
    let connected = rest(node).await?;
    let left = readers.iter().filter(|reader| !reader.is_open()).count();
    ensure!(left == 0, "{left} connections were closed before all were there");
    drop(readers);
    let after = rest(node).await?;
    let per_ten_thousand = (connected - before) * 10_000.0 / f64::from(u32::try_from(users)?);
    Ok([before, connected, per_ten_thousand, after].map(Value::from))
}

/// Makes so many people of that name known, who leave again: it takes so long that a server would hang up on the first.
async fn introduce(node: &Node, course: &Arc<Course>, era: Era, (name, users): (&str, usize)) -> Result<()> {
    let mut coming = JoinSet::new();
    for first in 0..AT_ONCE {
        let (url, name, course) = (node.url.clone(), format!("{name}-{era:?}"), Arc::clone(course));
        coming.spawn(async move {
            for number in (first..users).step_by(AT_ONCE) {
                Reader::stateless(&course, &url, format!("{name}-{number}")).await?.start().await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = coming.join_next().await {
        done??;
    }
    Ok(())
}

/// So many people of that name, who are known and call so often; all are still there in the end.
async fn connect(
    node: &Node,
    era: Era,
    course: &Arc<Course>,
    (name, users): (&str, usize),
    calls: usize,
) -> Result<Vec<Reader>> {
    let mut coming = JoinSet::new();
    for first in 0..AT_ONCE {
        let (url, name, course) = (node.url.clone(), format!("{name}-{era:?}"), Arc::clone(course));
        coming.spawn(async move {
            let mut readers: Vec<Reader> = Vec::new();
            for number in (first..users).step_by(AT_ONCE) {
                let name = format!("{name}-{number}");
                let mut reader = match era {
                    Era::Stateless => Reader::stateless(&course, &url, name).await?,
                    Era::Sessions => Reader::in_session(&course, &url, name).await?,
                };
                for _ in 0..calls {
                    reader.ask_again().await?;
                }
                readers.push(reader);
            }
            anyhow::Ok(readers)
        });
    }
    let mut readers = Vec::new();
    while let Some(done) = coming.join_next().await {
        readers.append(&mut done??);
    }
    Ok(readers)
}

/// The megabytes that it has once it rests.
async fn rest(node: &Node) -> Result<f64> {
    tokio::time::sleep(PAUSE).await;
    let (now, _) = node.memory().context("the system does not say how much memory a process has")?;
    Ok(f64::from(u32::try_from(now)?))
}
