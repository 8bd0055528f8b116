//! Other programs, run so that an interrupt still lets us tidy up.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// The workspace's folder.
pub(crate) fn root() -> Result<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    Ok(here.parent().context("xtask does not lie in a workspace")?.to_owned())
}

/// From now on Ctrl-C and SIGTERM end what is waited for here, not us, so that guards are dropped.
pub(crate) fn mind_interrupts() {
    tokio::spawn(async {
        let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
        let Ok(mut terminate) = terminate else { return };
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
        INTERRUPTED.store(true, Ordering::SeqCst);
    });
}

/// Whether somebody asked us to stop.
pub(crate) fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Waits for `child`; ends it when we are asked to stop.
pub(crate) fn wait(child: &mut Child) -> Result<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if interrupted() {
            // Ours is the same process group, so the child was asked too; it gets a moment to obey.
            thread::sleep(Duration::from_millis(500));
            if child.try_wait()?.is_none() {
                child.kill()?;
                child.wait()?;
            }
            bail!("interrupted");
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// The time that a process has had on the cores, with all its threads and the children that it has seen end, and whose
/// child it is; none where the system does not say so in the way of Linux.
pub(crate) fn cpu(process: u32) -> Option<(Duration, u32)> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Behind the name, which may have spaces: state, parent, …; utime, stime, cutime and cstime in hundredths of a second.
    let (_, fields) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = fields.split(' ').collect();
    let ticks = fields.get(11..15)?.iter().map(|field| field.parse::<u64>().ok()).sum::<Option<u64>>()?;
    Some((Duration::from_millis(ticks.saturating_mul(10)), fields.get(1)?.parse().ok()?))
}

/// The time that a process and its children have had on the cores.
pub(crate) fn cpu_of_family(parent: u32) -> Option<Duration> {
    let processes = fs::read_dir("/proc").ok()?.flatten();
    let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let children = ids.filter_map(cpu).filter(|(_, its_parent)| *its_parent == parent).map(|(time, _)| time);
    Some(cpu(parent)?.0.saturating_add(children.sum()))
}

/// Runs `command` to its end, its output being ours; an error where it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().with_context(|| format!("cannot run {name}"))?;
    let status = wait(&mut child)?;
    ensure!(status.success(), "{name} ended with {status}");
    Ok(())
}

/// Prints what was asked for; a reader who has seen enough (`| head`) is no failure.
pub(crate) fn say(text: &str) -> Result<()> {
    match writeln!(io::stdout().lock(), "{}", text.trim_end()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        said => Ok(said?),
    }
}

/// The first place on `PATH`, then in `more`, that has `program`.
pub(crate) fn find(program: &str, more: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = std::env::split_paths(&path).chain(more.iter().cloned()).collect();
    folders.iter().map(|folder| folder.join(program)).find(|file| file.is_file())
}
