//! cargo-deny over `deny.toml`.

use std::{
    env,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Result, bail};

use crate::process::{self, find, root};

/// The one that is known to read our `deny.toml`; `.ci/run` installs it.
const VERSION: &str = "0.20.2";

pub(crate) fn run() -> Result<()> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let more: Vec<PathBuf> = home.into_iter().map(|home| home.join("bin")).collect();
    let Some(program) = find("cargo-deny", &more) else {
        bail!("no cargo-deny; install it: cargo install cargo-deny --version ={VERSION} --locked --debug");
    };
    let deny = |what: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(root()?).args(["check", "--hide-inclusion-graph", "--allow", "unused-wrapper"]).args(what);
        anyhow::Ok(command)
    };
    process::run(&mut deny(&["bans", "licenses", "sources"])?)?;
    let fetched = Command::new(&program)
        .current_dir(root()?)
        .args(["fetch", "db"])
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .output()?;
    if !fetched.status.success() {
        let said = String::from_utf8_lossy(&fetched.stderr);
        let why = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or("no reason given");
        println!("advisories NOT CHECKED: their database cannot be fetched here ({why})");
        return Ok(());
    }
    process::run(&mut deny(&["--disable-fetch", "advisories"])?)
}
