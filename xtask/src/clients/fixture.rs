//! The fixture server of the conformance suite (`crates/mcp/examples/conformance`): it has what our servers do not.

use std::{
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};

use crate::process::{self, root};

const LISTENS: &str = "The fixture server listens on ";

/// A running one; killed with this value.
#[derive(Debug)]
pub(crate) struct Fixture {
    child: Child,
    /// Where it listens, without a trailing slash.
    pub(crate) url: String,
}

/// Builds it, by cargo, and says where it is.
pub(crate) fn build() -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.current_dir(root()?).args(["build", "--quiet", "--locked", "--example", "conformance"]);
    // The others are named for their features, as where a node is built, so that nothing is compiled twice.
    cargo.args(["--package", "guildhall-mcp", "--package", "guildhall", "--package", "xtask"]);
    process::run(&mut cargo)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root()?.join("target"), PathBuf::from);
    Ok(target.join("debug/examples/conformance"))
}

impl Fixture {
    /// Starts it on a port of its own choice, and waits until it listens.
    pub(crate) fn start(binary: &Path) -> Result<Self> {
        let mut command = Command::new(binary);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let child = command.spawn().with_context(|| format!("cannot run {}", binary.display()))?;
        let mut fixture = Self { child, url: String::new() };
        let mut said = String::new();
        let output = fixture.child.stdout.take().context("the fixture server's output is read")?;
        BufReader::new(output).read_line(&mut said)?;
        let url = said.trim().strip_prefix(LISTENS).context("the fixture server did not start")?;
        url.clone_into(&mut fixture.url);
        Ok(fixture)
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // A failure means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
