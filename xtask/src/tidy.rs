//! What the compiler cannot see: files too long to read, procedures nobody listed, exceptions that multiply.
mod rules;

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};

use crate::process::root;

/// Where our own Rust is.
const FOLDERS: [&str; 4] = ["crates", "migrations", "tests", "xtask"];
const NOT_OURS: [&str; 3] = ["node_modules", "target", ".git"];

/// A file of ours.
#[derive(Debug)]
pub(crate) struct Source {
    /// From the workspace's folder on, with slashes.
    path: String,
    text: String,
}

pub(crate) fn run() -> Result<()> {
    let root = root()?;
    let mut files = Vec::new();
    for folder in FOLDERS {
        collect(&root, &root.join(folder), &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    let problems = rules::problems(&files);
    for problem in &problems {
        eprintln!("{problem}");
    }
    ensure!(problems.is_empty(), "{} things to tidy up", problems.len());
    println!("{} files are tidy", files.len());
    Ok(())
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<Source>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| folder.display().to_string())?;
    let paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    for path in paths {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let ours = !NOT_OURS.contains(&name) && !name.starts_with(".venv");
        if path.is_dir() && ours {
            collect(root, &path, files)?;
        } else if name == "Cargo.toml" || path.extension().is_some_and(|kind| kind == "rs") {
            let inside = path.strip_prefix(root)?.to_string_lossy().replace('\\', "/");
            let text = fs::read_to_string(&path).with_context(|| inside.clone())?;
            files.push(Source { path: inside, text });
        }
    }
    Ok(())
}
