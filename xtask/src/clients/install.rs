//! The clients themselves, below target/clients: a copy of the scripts with its node packages, and two Python venvs.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};

use crate::process::{self, root};

const PACKAGES: &str = "node_modules";
const STAMP: &str = ".installed";
const LEFT_BEHIND: [&str; 3] = [PACKAGES, "results", "__pycache__"];

/// Where things are.
#[derive(Debug)]
pub(crate) struct Installed {
    /// The copy of tests/clients to run.
    pub(crate) scripts: PathBuf,
    /// The interpreter of the venv that speaks 2026-07-28.
    pub(crate) python_2026: PathBuf,
    /// The interpreter of the venv that speaks 2025-11-25.
    pub(crate) python_2025: PathBuf,
}

/// Installs what is not there yet; what is there and unchanged is kept.
pub(crate) fn install() -> Result<Installed> {
    let chromium = env::var("CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    needed(&chromium, &["--version"], "chromium")?;
    let source = root()?.join("tests/clients");
    let scripts = packages(&source, "clients/scripts")?;
    let python = |era: &str| venv(&source.join(format!("requirements-{era}.txt")), &format!("clients/venv-{era}"));
    Ok(Installed { scripts, python_2026: python("2026")?, python_2025: python("2025")? })
}

/// The interpreter of a venv in that folder below target, with the Python packages that the file names.
pub(crate) fn venv(wanted: &Path, folder: &str) -> Result<PathBuf> {
    needed("python3", &["-c", "import ensurepip, venv"], "python3-venv")?;
    let venv = root()?.join("target").join(folder);
    once(&venv, &fs::read_to_string(wanted)?, || {
        process::run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv))?;
        let mut pip = Command::new(venv.join("bin/python"));
        pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"]).arg(wanted);
        process::run(&mut pip)
    })?;
    Ok(venv.join("bin/python"))
}

/// A copy of `source` in that folder below target, with its node packages.
pub(crate) fn packages(source: &Path, folder: &str) -> Result<PathBuf> {
    needed(
        "node",
        &["-e", "process.exit(Number(process.versions.node.split('.')[0]) < 20 ? 1 : 0)"],
        "nodejs (20 or newer)",
    )?;
    needed("npm", &["--version"], "npm")?;
    let scripts = root()?.join("target").join(folder);
    fs::create_dir_all(&scripts)?;
    refresh(source, &scripts)?;
    let wanted = fs::read_to_string(source.join("package-lock.json"))?;
    once(&scripts.join(PACKAGES), &wanted, || {
        let mut npm = Command::new("npm");
        npm.current_dir(&scripts).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]);
        process::run(&mut npm)
    })?;
    Ok(scripts)
}

fn needed(program: &str, arguments: &[&str], package: &str) -> Result<()> {
    let tried = Command::new(program).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    ensure!(tried.is_ok_and(|status| status.success()), "this needs {package}; install it, or run .ci/run, which does");
    Ok(())
}

/// Runs `make` unless it was run to its end before for the same text.
fn once(folder: &Path, wanted: &str, make: impl Fn() -> Result<()>) -> Result<()> {
    let stamp = folder.join(STAMP);
    if fs::read_to_string(&stamp).is_ok_and(|made_for| made_for == wanted) {
        return Ok(());
    }
    println!("installing {}", folder.display());
    make().with_context(|| format!("cannot install {}", folder.display()))?;
    Ok(fs::write(stamp, wanted)?)
}

/// Makes `target` what `source` is, but for what is installed there.
fn refresh(source: &Path, target: &Path) -> Result<()> {
    for entry in fs::read_dir(target)? {
        let entry = entry?;
        if entry.file_name() != PACKAGES {
            let path = entry.path();
            if path.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
    }
    copy(source, target)
}

fn copy(source: &Path, target: &Path) -> Result<()> {
    fs::create_dir_all(target)?;
    for entry in fs::read_dir(source)? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        let text = name.to_string_lossy();
        if LEFT_BEHIND.contains(&text.as_ref()) || text.starts_with(".venv") {
            continue;
        }
        if path.is_dir() {
            copy(&path, &target.join(&name))?;
        } else {
            fs::copy(&path, target.join(&name))?;
        }
    }
    Ok(())
}
