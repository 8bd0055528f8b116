//! The installation's secret: from the settings, or from a file in the data folder that is made on the first start.

use std::{
    fs,
    io::{self, Write},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use guildhall_services::{
    Settings,
    ports::{Random, SystemRandom},
};

const FILE: &str = "secret.key";

/// The secret that `given` or the data folder holds.
pub(crate) fn find(given: Option<&str>, data: &Path) -> Result<[u8; 32]> {
    if let Some(given) = given {
        ensure!(given.chars().count() >= 32, "GUILDHALL_SECRET needs at least 32 characters");
        return Ok(Settings::secret_of(given));
    }
    let path = data.join(FILE);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Settings::secret_of(text.trim())),
        Err(e) if e.kind() == io::ErrorKind::NotFound => make(&path),
        Err(e) => Err(e).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn make(path: &Path) -> Result<[u8; 32]> {
    let mut bytes = [0; 32];
    SystemRandom.fill(&mut bytes);
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    write(path, &text)?;
    Ok(Settings::secret_of(&text))
}

/// Writes a file that only its owner can read.
pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).with_context(|| format!("cannot make {}", path.display()))?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).with_context(|| path.display().to_string())
}
