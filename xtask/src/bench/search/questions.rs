//! What a customer asks of the documentation in `--docs`, and the page that answers it.

use anyhow::{Context, Result};

/// A line each: of what kind, the question, the page, and another one where that answers it too.
const QUESTIONS: &str = include_str!("questions.tsv");

/// A question, as somebody types it who does not know the documentation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Question {
    /// `words`, a whole `question`, one with a `typo`, with words in another `form`, or cut off after a `prefix`.
    pub(super) kind: &'static str,
    pub(super) text: &'static str,
    first: &'static str,
    second: Option<&'static str>,
}

impl Question {
    /// Whether that file answers it.
    pub(super) fn is_answered_by(&self, path: &str) -> bool {
        let file = path.rsplit('/').next().unwrap_or(path);
        file == self.first || self.second == Some(file)
    }

    /// The file that answers it.
    pub(super) const fn page(&self) -> &'static str {
        self.first
    }
}

/// All of them.
pub(super) fn all() -> Result<Vec<Question>> {
    let question = |line: &'static str| {
        let mut fields = line.split('\t');
        let mut next = || fields.next().with_context(|| format!("a field is missing: {line}"));
        let (kind, text, first) = (next()?, next()?, next()?);
        Ok(Question { kind, text, first, second: fields.next() })
    };
    QUESTIONS.lines().map(question).collect()
}
