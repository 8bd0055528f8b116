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

/// Runs `command` to its end, its output being ours; an error where it fails.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command.spawn().with_context(|| format!("cannot run {name}"))?;
    let status = wait(&mut child)?;
    ensure!(status.success(), "{name} ended with {status}");
    Ok(())
}

/// How much of the cores' time the process of that id, or `self`, has had, where the system says so.
pub(crate) fn processor_time(id: &str) -> Option<Duration> {
    let all = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // Its name stands in brackets and may be anything; after it the 12th and 13th field count hundredths of a second.
    let (_, fields) = all.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    let (own, of_the_system) = (fields.next()?.ok()?, fields.next()?.ok()?);
    Some(Duration::from_millis(own.saturating_add(of_the_system).saturating_mul(10)))
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
