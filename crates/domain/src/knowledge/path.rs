use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::text::checked_text;

/// Where a document stands among those of its namespace: relative, its segments separated by `/`, at most 500
/// characters. It is a name and never a place on a disk; yet what is no relative path of any system is not taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DocumentPath(String);

impl DocumentPath {
    /// The most characters.
    pub const LONGEST: usize = 500;

    /// A title for a document that has none: of its file, or of its folder where the file is only its index.
    pub(super) fn as_title(&self) -> String {
        let mut segments = self.0.rsplit('/').map(|segment| match segment.rsplit_once('.') {
            Some((stem, _)) if !stem.is_empty() => stem,
            _ => segment,
        });
        let file = segments.next().unwrap_or_default();
        let index = matches!(file.to_ascii_lowercase().as_str(), "index" | "readme");
        let name = if index { segments.next().unwrap_or(file) } else { file };
        let words = name.split(['-', '_', ' ']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
        let mut letters = words.chars();
        let title =
            letters.next().map(|first| first.to_uppercase().chain(letters).take(super::LONGEST_TITLE).collect());
        title.unwrap_or_else(|| name.to_owned())
    }
}

impl TryFrom<String> for DocumentPath {
    type Error = String;
    fn try_from(path: String) -> Result<Self, String> {
        let length = path.chars().count();
        if !(1..=Self::LONGEST).contains(&length) {
            return Err(format!("{length} characters, where 1 to {} fit", Self::LONGEST));
        }
        if path.chars().any(|c| c.is_control() || c == '\\') {
            return Err("control characters and backslashes are not allowed".to_owned());
        }
        if path.split('/').any(|segment| matches!(segment.trim(), "" | "." | "..")) {
            return Err("not a relative path: a segment is empty, `.` or `..`".to_owned());
        }
        let mut bytes = path.bytes();
        if bytes.next().is_some_and(|first| first.is_ascii_alphabetic()) && bytes.next() == Some(b':') {
            return Err("not a relative path: it begins with a drive".to_owned());
        }
        Ok(Self(path))
    }
}

checked_text!(
    [] DocumentPath,
    "DocumentPath".into(),
    json_schema!({ "type": "string", "minLength": 1, "maxLength": Self::LONGEST,
        "pattern": r"^[^\u0000-\u001f\u007f-\u009f\\]*$" })
);

#[cfg(test)]
mod tests {
    use super::DocumentPath;

    #[test]
    fn a_path_is_relative_on_every_system() {
        for fine in ["a.md", "guides/install/index.mdx", "über uns/…/日本.html", "a..b/c.", ".hidden", "1:2"] {
            assert!(fine.parse::<DocumentPath>().is_ok(), "{fine}");
        }
        let long = "a/".repeat(250);
        assert!(long.trim_end_matches('/').parse::<DocumentPath>().is_ok());
        for bad in [
            "",
            "/a",
            "a/",
            "a//b",
            ".",
            "..",
            "a/../b",
            "../a",
            "a/./b",
            "a/.. /b",
            "C:\\a",
            "C:/a",
            "c:a",
            "a\\b",
            "..\\a",
            "a\0b",
            "a\nb",
            "a\u{85}b",
            " ",
            "a/ /b",
            &format!("{long}a"),
        ] {
            assert!(bad.parse::<DocumentPath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_file_name_becomes_a_title() {
        for (path, title) in [
            ("installing-embedded_air-gap.mdx", "Installing embedded air gap"),
            ("guides/first-steps/index.md", "First steps"),
            ("README.md", "README"),
            ("a/.md", ".md"),
            ("---", "---"),
            ("ß.txt", "SS"),
        ] {
            assert_eq!(path.parse::<DocumentPath>().unwrap().as_title(), title, "{path}");
        }
    }
}
