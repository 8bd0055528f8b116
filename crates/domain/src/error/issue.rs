//! What is wrong with an input, and where.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing wrong with the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Issue {
    /// Where: keys and indexes from the root.
    pub path: Vec<Segment>,
    /// What, as a sentence.
    pub message: String,
}

/// One piece of an [`Issue`]'s path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Segment {
    /// An index of an array.
    Index(usize),
    /// A key of an object.
    Key(String),
}

impl From<&str> for Segment {
    fn from(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl From<usize> for Segment {
    fn from(index: usize) -> Self {
        Self::Index(index)
    }
}

impl Issue {
    /// A problem at `path`.
    #[must_use]
    pub fn at(path: impl IntoIterator<Item = Segment>, message: impl Into<String>) -> Self {
        Self { path: path.into_iter().collect(), message: message.into() }
    }
}

/// `steps.0.title: too long`; the whole input is called `input`.
impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str("input")?;
        }
        for (index, segment) in self.path.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            match segment {
                Segment::Index(index) => write!(f, "{index}")?,
                Segment::Key(key) => f.write_str(key)?,
            }
        }
        write!(f, ": {}", self.message)
    }
}

/// All of them in one sentence.
pub(super) fn summary(issues: &[Issue]) -> String {
    let Some(first) = issues.first() else { return "the input does not fit".to_owned() };
    match issues.len() {
        1 => first.to_string(),
        n => format!("{first} (and {} more)", n.saturating_sub(1)),
    }
}
