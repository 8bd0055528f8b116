//! What is wrong with the settings of mail.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Why letters can be neither written nor posted with these settings; for whoever set them.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// A template that cannot be read as one, or cannot write a letter it is for.
    #[error("{file}:{line}: {problem}")]
    Template {
        /// The file, or only its name where it is the built-in one.
        file: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A file or folder that cannot be used.
    #[error("{}: {cause}", path.display())]
    Path {
        /// Which.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// The sender is not `Name <name@example.com>` or `name@example.com`.
    #[error("{0:?} is no sender; write it like: Guildhall <no-reply@example.com>")]
    Sender(String),
    /// The mail server's URL; it may hold a password, so only what is wrong is said.
    #[error("the mail server's URL: {0}")]
    Server(String),
}

impl Unusable {
    /// That `path` cannot be used, for a reason that is still to come.
    pub(crate) fn path(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |cause| Self::Path { path: path.to_owned(), cause }
    }
}
