//! A PostgreSQL of one's own for as long as a command runs.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;

use crate::{node::free_port, process};

/// The user who runs it where we are root, which PostgreSQL refuses to be.
const USER: &str = "postgres";
const LOG: &str = "log";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// The command, which finds the cluster in TEST_DATABASE.
    #[arg(last = true, required = true)]
    command: Vec<String>,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let (program, arguments) = options.command.split_first().context("no command")?;
    let cluster = Cluster::start()?;
    process::run(Command::new(program).args(arguments).env("TEST_DATABASE", cluster.url("postgres")))
}

/// A running PostgreSQL; stopped with this value, and removed unless it is to be kept.
#[derive(Debug)]
pub(crate) struct Cluster {
    folder: Folder,
    binaries: PathBuf,
    port: u16,
    as_root: bool,
}

/// Where a cluster lies.
#[derive(Debug)]
enum Folder {
    /// Until it is stopped.
    Temporary(TempDir),
    /// For good.
    Kept(PathBuf),
}

impl Folder {
    fn path(&self) -> &Path {
        match self {
            Self::Temporary(folder) => folder.path(),
            Self::Kept(folder) => folder,
        }
    }
}

impl Cluster {
    /// Makes and starts one, reachable from this machine only and by anybody on it.
    pub(crate) fn start() -> Result<Self> {
        Self::start_in(Folder::Temporary(tempfile::Builder::new().prefix("guildhall-postgres-").tempdir()?))
    }

    /// Starts the one in `folder`, which is made where there is none and stays when it is stopped. On the way to the
    /// folder everybody must be let through, since PostgreSQL does not run as root.
    pub(crate) fn kept(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder)?;
        Self::start_in(Folder::Kept(folder.to_owned()))
    }

    fn start_in(folder: Folder) -> Result<Self> {
        let port = free_port()?;
        let cluster = Self { folder, binaries: binaries()?, port, as_root: is_root()? };
        if cluster.as_root {
            let mut give = Command::new("chown");
            process::run(give.arg(USER).arg(cluster.folder.path())).context("is there a user postgres?")?;
        }
        if cluster.data().join("postmaster.pid").exists() {
            // Whoever started it was killed. It may have ended since.
            let _ = cluster.carry_out("pg_ctl", &["stop", "-m", "fast", "-w"]);
        }
        if !cluster.data().exists() {
            cluster.carry_out("initdb", &["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"])?;
        }
        // Durable as in production: the server refuses to work with fsync off.
        let options =
            format!("-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=400");
        let log = cluster.data().with_file_name(LOG);
        let started = cluster.carry_out("pg_ctl", &["start", "-w", "-l", &log.to_string_lossy(), "-o", &options]);
        started.with_context(|| fs::read_to_string(&log).unwrap_or_default())?;
        Ok(cluster)
    }

    /// Where `database` is reached.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes a database of that name; its address.
    pub(crate) fn database(&self, name: &str) -> Result<String> {
        let mut make = Command::new(self.binaries.join("createdb"));
        make.args(["-h", "127.0.0.1", "-U", USER, "-p", &self.port.to_string(), name]);
        process::run(&mut make)?;
        Ok(self.url(name))
    }

    /// Does away with the database of that name, where there is one.
    pub(crate) fn drop_database(&self, name: &str) -> Result<()> {
        let mut drop = Command::new(self.binaries.join("dropdb"));
        drop.args(["-h", "127.0.0.1", "-U", USER, "-p", &self.port.to_string(), "--if-exists", "--force", name]);
        let said = drop.output()?;
        ensure!(said.status.success(), "dropdb {name}: {}", String::from_utf8_lossy(&said.stderr));
        Ok(())
    }

    /// Makes a database that is what the one of that name is, which nobody may use any more; its address.
    pub(crate) fn copy(&self, of: &str, name: &str) -> Result<String> {
        let mut tries = 0_u8;
        loop {
            let mut make = Command::new(self.binaries.join("createdb"));
            make.args(["-h", "127.0.0.1", "-U", USER, "-p", &self.port.to_string(), "-T", of, name]);
            let said = make.output()?;
            if said.status.success() {
                return Ok(self.url(name));
            }
            // The connections of somebody who was killed end a moment later.
            tries = tries.saturating_add(1);
            ensure!(tries < 50, "createdb -T {of} {name}: {}", String::from_utf8_lossy(&said.stderr));
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// The bytes of the database of that name.
    pub(crate) fn size(&self, name: &str) -> Result<u64> {
        let mut ask = Command::new(self.binaries.join("psql"));
        ask.args(["-h", "127.0.0.1", "-U", USER, "-p", &self.port.to_string(), "-At", "-d", name]);
        let said =
            ask.args(["-c", "SELECT pg_database_size(current_database())"]).output().context("cannot run psql")?;
        ensure!(said.status.success(), "psql: {}", String::from_utf8_lossy(&said.stderr));
        Ok(String::from_utf8(said.stdout)?.trim().parse()?)
    }

    /// The time that its processes have had on the cores, where the system says so.
    pub(crate) fn cpu(&self) -> Option<Duration> {
        let pid = fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        process::cpu_of_family(pid.lines().next()?.parse().ok()?)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Runs one of PostgreSQL's programs on the cluster's folder, as the user it insists on.
    fn carry_out(&self, program: &str, arguments: &[&str]) -> Result<()> {
        let program = self.binaries.join(program);
        let mut command = if self.as_root {
            let mut runuser = Command::new("runuser");
            runuser.args(["-u", USER, "--"]).arg(&program);
            runuser
        } else {
            Command::new(&program)
        };
        // A file, not a pipe: the server that pg_ctl leaves behind would keep a pipe open.
        let said = tempfile::NamedTempFile::new()?;
        command.args(["-D".as_ref(), self.data().as_os_str()]).args(arguments).current_dir(self.folder.path());
        command.stdin(Stdio::null()).stdout(said.reopen()?).stderr(said.reopen()?);
        let status = command.status().with_context(|| format!("cannot run {}", program.display()))?;
        ensure!(status.success(), "{}: {}", program.display(), fs::read_to_string(said.path())?);
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !self.data().join("postmaster.pid").exists() {
            return;
        }
        let mode = if matches!(self.folder, Folder::Kept(_)) { "fast" } else { "immediate" };
        if let Err(error) = self.carry_out("pg_ctl", &["stop", "-m", mode, "-w"]) {
            eprintln!("the PostgreSQL in {} still runs: {error:#}", self.folder.path().display());
        }
    }
}

/// The folder with initdb and pg_ctl: on `PATH`, or where Debian keeps it, the newest first.
fn binaries() -> Result<PathBuf> {
    let mut versions: Vec<PathBuf> = match fs::read_dir("/usr/lib/postgresql") {
        Ok(entries) => entries.flatten().map(|entry| entry.path().join("bin")).collect(),
        Err(_) => Vec::new(),
    };
    versions.sort_by_key(|path| {
        let version = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
        std::cmp::Reverse(version.and_then(|version| version.parse::<u32>().ok()))
    });
    let Some(initdb) = process::find("initdb", &versions) else {
        bail!("no initdb on PATH or in /usr/lib/postgresql/*/bin; install it: apt-get install postgresql");
    };
    // What is on PATH may be a link to it alone.
    let initdb = initdb.canonicalize()?;
    Ok(initdb.parent().context("a file lies in a folder")?.to_owned())
}

fn is_root() -> Result<bool> {
    let said = Command::new("id").arg("-u").output().context("cannot run id")?;
    Ok(said.stdout.trim_ascii() == b"0")
}
