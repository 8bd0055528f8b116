//! A node of Guildhall: the real binary, as a process of its own.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::process::{self, root};

const PATIENCE: Duration = Duration::from_secs(60);
/// Nobody's test is to fail because it signs up or opens links too often.
const UNLIMITED: [&str; 16] = [
    "--limit-sign-in-account=100000/1m",
    "--limit-sign-in-address=100000/1m",
    "--limit-sign-up-address=100000/1m",
    "--limit-refresh-address=100000/1m",
    "--limit-link-address=100000/1m",
    "--limit-client-address=100000/1m",
    "--limit-client-server=100000/1m",
    "--limit-client-document-address=100000/1m",
    "--limit-code-recipient=100000/1m",
    "--limit-code-address=100000/1m",
    "--limit-mcp-server=4000000000/5m",
    "--limit-mcp-user=4000000000/5m",
    "--limit-mcp-visitor-address=100000000/1m",
    "--max-in-flight=4096",
    "--no-demo",
    "--base-domain=localhost",
];

/// Builds the binary, by cargo, and says where it is.
pub(crate) fn build(release: bool) -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    // xtask is built along: the same features, so that nothing is compiled twice.
    cargo.current_dir(root()?).args(["build", "--quiet", "--locked", "--package", "guildhall", "--package", "xtask"]);
    cargo.args(release.then_some("--release"));
    process::run(&mut cargo)?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root()?.join("target"), PathBuf::from);
    Ok(target.join(if release { "release" } else { "debug" }).join("guildhall"))
}

/// What a node is started with.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The binary.
    pub(crate) binary: PathBuf,
    /// Its data folder, where its log is kept too.
    pub(crate) data: PathBuf,
    /// `postgres://…`, or SQLite.
    pub(crate) database_url: Option<String>,
    /// Where it listens, also when it is started again: access tokens are good for one address only.
    pub(crate) port: u16,
    /// What nodes that work together have in common.
    pub(crate) shared: Option<Shared>,
    /// Flags beyond those that every node gets.
    pub(crate) flags: &'static [&'static str],
}

/// The same on every node of an installation.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    /// Seals what is secret in the database.
    pub(crate) secret: String,
    /// Where people reach all of them.
    pub(crate) public_url: String,
}

/// A running node; killed with this value.
#[derive(Debug)]
pub(crate) struct Node {
    child: Child,
    /// Where it listens, without a trailing slash.
    pub(crate) url: String,
    log: PathBuf,
}

impl Node {
    /// Starts one on a free port, and waits until it listens.
    pub(crate) fn start(place: &Place) -> Result<Self> {
        let mut command = Command::new(&place.binary);
        for (name, _) in std::env::vars_os() {
            // What an operator set for a server of their own is not for these.
            if name == "DATABASE_URL" || name.to_string_lossy().starts_with("GUILDHALL_") {
                command.env_remove(name);
            }
        }
        command.args(UNLIMITED).args(place.flags).arg("--data").arg(&place.data).env("RUST_LOG", "warn");
        command.arg(format!("--listen=127.0.0.1:{}", place.port));
        command.envs(place.database_url.iter().map(|url| ("DATABASE_URL", url)));
        command.envs(place.shared.iter().map(|shared| ("GUILDHALL_SECRET", &shared.secret)));
        command.envs(place.shared.iter().map(|shared| ("GUILDHALL_PUBLIC_URL", &shared.public_url)));
        Self::spawn(command, &place.data, place.port, "Guildhall listens on ")
    }

    /// Whatever `command` starts, with its log in `data`; waits until a line of what it prints begins with `word`.
    pub(crate) fn spawn(mut command: Command, data: &Path, port: u16, word: &'static str) -> Result<Self> {
        fs::create_dir_all(data)?;
        let log = data.join("log");
        let file = File::options().create(true).append(true).open(&log)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(file);
        let name = command.get_program().to_string_lossy().into_owned();
        let child = command.spawn().with_context(|| format!("cannot run {name}"))?;
        let mut node = Self { child, url: format!("http://127.0.0.1:{port}"), log };
        node.listens(word)?;
        Ok(node)
    }

    /// The end of its log.
    pub(crate) fn last_words(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(30)..).unwrap_or_default().join("\n")
    }

    /// The megabytes of memory that it has now, and the most that it had, where the system says so.
    pub(crate) fn memory(&self) -> Option<(u64, u64)> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let of = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<u64>().ok().map(|kilobytes| kilobytes / 1024)
        };
        Some((of("VmRSS:")?, of("VmHWM:")?))
    }

    /// The megabytes of memory that it has now, to the kilobyte, where the system says so.
    pub(crate) fn resident(&self) -> Option<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        line.split_whitespace().next()?.parse::<f64>().ok().map(|kilobytes| kilobytes / 1024.0)
    }

    /// The time that it has had on the cores, where the system says so.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        process::cpu_of_family(self.child.id())
    }

    /// SIGKILL, and nothing of it is left when this returns.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// It says so once it listens; the rest of what it prints is read away.
    fn listens(&mut self, word: &'static str) -> Result<()> {
        let output = self.child.stdout.take().context("a node's output is read")?;
        let (send, said) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if line.starts_with(word) {
                    let _ = send.send(());
                }
            }
        });
        if said.recv_timeout(PATIENCE).is_err() {
            bail!("a node did not start; its log ends\n{}", self.last_words());
        }
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It is killed: these nodes have nothing to say goodbye to. A failure means that it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A folder below target/ that is empty.
pub(crate) fn fresh_folder(name: &str) -> Result<PathBuf> {
    let folder = root()?.join("target").join(Path::new(name));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
