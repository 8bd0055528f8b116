//! The official clients of `tests/clients` against nodes started for them. A missing tool is a failure, never a skip.
mod fixture;
pub(crate) mod install;
mod worlds;

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use crate::{
    node,
    process::{self, root},
};
use fixture::Fixture;
use install::Installed;
use worlds::World;

/// The scripts, and how node is told to run each.
const SCRIPTS: [(&str, &[&str]); 8] = [
    ("wire", &["--test", "wire.mjs"]),
    ("bad_input", &["--test", "bad_input.mjs"]),
    ("contract-check", &["--test", "contract-check/check.mjs"]),
    ("pages", &["--test", "pages.mjs"]),
    ("conformance", &["conformance.mjs"]),
    ("sign_in", &["--test", "sign_in.mjs"]),
    ("desk", &["--test", "desk.mjs"]),
    ("story", &["story.mjs"]),
];

#[derive(clap::Args, Default)]
pub(crate) struct Options {
    /// Nodes that run already, instead of starting some; separated by commas. Where their letters are, GUILDHALL_MAIL says.
    #[arg(long, value_delimiter = ',')]
    url: Vec<String>,
    /// Only these ways of running Guildhall.
    #[arg(long, value_delimiter = ',', conflicts_with = "url")]
    world: Vec<World>,
    /// Only these scripts: wire, bad_input, contract-check, pages, conformance, sign_in, desk, story.
    #[arg(long, value_delimiter = ',')]
    script: Vec<String>,
    /// This binary instead of building one.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// This fixture server of the conformance suite instead of building one.
    #[arg(long)]
    fixture: Option<PathBuf>,
}

impl Options {
    fn wants(&self, script: &str) -> bool {
        self.script.is_empty() || self.script.iter().any(|name| name == script)
    }
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let known = |name: &String| SCRIPTS.iter().any(|(script, _)| script == name);
    ensure!(options.script.iter().all(known), "there are {}", SCRIPTS.map(|(name, _)| name).join(", "));
    let installed = install::install()?;
    let walkthroughs = walkthroughs()?;
    if options.wants("conformance") {
        run_fixture(options, &installed)?;
    }
    if !options.url.is_empty() {
        let mail = env::var("GUILDHALL_MAIL").unwrap_or_default();
        return run_scripts(options, &installed, &walkthroughs, &options.url, &mail);
    }
    let binary = options.binary.clone().map_or_else(|| node::build(false), Ok)?;
    let all = [World::Sqlite, World::Postgres, World::TwoNodes];
    for world in if options.world.is_empty() { all.as_slice() } else { &options.world } {
        println!("\n{}", world.describe());
        let running = world.start(&binary)?;
        let urls: Vec<String> = running.nodes.iter().map(|node| node.url.clone()).collect();
        let done = run_scripts(options, &installed, &walkthroughs, &urls, &running.mail);
        done.with_context(|| {
            let words: Vec<String> = running.nodes.iter().map(node::Node::last_words).collect();
            format!("{}; the nodes' logs end\n{}", world.describe(), words.join("\n---\n"))
        })?;
    }
    Ok(())
}

/// The part of the conformance suite that our servers have nothing for. Once: no database is behind it.
fn run_fixture(options: &Options, installed: &Installed) -> Result<()> {
    let began = Instant::now();
    let fixture = Fixture::start(&options.fixture.clone().map_or_else(fixture::build, Ok)?)?;
    println!("\nconformance of the fixture server");
    let mut node = Command::new("node");
    node.current_dir(&installed.scripts).args(["conformance.mjs", "--fixture", &fixture.url]);
    process::run(&mut node).context("the fixture server does not conform")?;
    println!("conformance of the fixture server: fine, {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

fn run_scripts(
    options: &Options,
    installed: &Installed,
    walkthroughs: &str,
    urls: &[String],
    mail: &str,
) -> Result<()> {
    for (name, arguments) in SCRIPTS.iter().filter(|(name, _)| options.wants(name)) {
        let began = Instant::now();
        println!("\n{name}");
        let mut node = Command::new("node");
        node.current_dir(&installed.scripts).args(*arguments).env("GUILDHALL_URLS", urls.join(","));
        node.env("GUILDHALL_URL", urls.first().context("no node to ask")?).env("WALKTHROUGHS", walkthroughs);
        node.env("PYTHON_2026", &installed.python_2026).env("PYTHON_2025", &installed.python_2025);
        node.env("GUILDHALL_MAIL", mail);
        process::run(&mut node).with_context(|| format!("{name} failed against {}", urls.join(" and ")))?;
        println!("{name}: fine, {:.1} s", began.elapsed().as_secs_f64());
    }
    Ok(())
}

/// Real exports where there are some, else documents of our own; always said.
fn walkthroughs() -> Result<String> {
    if let Ok(given) = env::var("WALKTHROUGHS") {
        println!("walkthroughs: {given} (WALKTHROUGHS)");
        return Ok(given);
    }
    let root = root()?;
    let real = json_files(&root.join("../shared/data/walkthroughs"))?;
    let files = if real.is_empty() {
        println!("walkthroughs: our own, for there are no real exports in ../shared/data/walkthroughs");
        json_files(&root.join("xtask/walkthroughs"))?
    } else {
        println!("walkthroughs: the {} real exports in ../shared/data/walkthroughs", real.len());
        real
    };
    ensure!(!files.is_empty(), "no walkthroughs in xtask/walkthroughs: restore them");
    Ok(files.join(","))
}

fn json_files(folder: &Path) -> Result<Vec<String>> {
    let Ok(entries) = folder.read_dir() else { return Ok(Vec::new()) };
    let paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    let json = paths.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "json"));
    let mut names: Vec<String> =
        json.map(|path| Ok(path.canonicalize()?.display().to_string())).collect::<Result<_>>()?;
    names.sort();
    Ok(names)
}
