//! Text that is checked once and valid ever after. The limit is in the type, so a Rust caller and a wire caller meet
//! the same one, and the JSON Schema says it.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything but control characters; tab and line breaks are welcome.
const PRINTABLE: &str = r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$";

fn printable(text: &str) -> Result<(), String> {
    match text.chars().find(|c| c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r')) {
        Some(_) => Err("control characters are not allowed".to_owned()),
        None => Ok(()),
    }
}

/// Implements what every checked string needs: `serde` through `TryFrom<String>`, `as_str`, and a schema.
macro_rules! checked_text {
    ([$($P:ident),*] $Name:ty, $schema_name:expr, $schema:expr) => {
        impl<$(const $P: usize),*> $Name {
            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl<$(const $P: usize),*> From<$Name> for String {
            fn from(text: $Name) -> Self {
                text.0
            }
        }
        impl<$(const $P: usize),*> std::str::FromStr for $Name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Self::try_from(text.to_owned())
            }
        }
        impl<$(const $P: usize),*> fmt::Display for $Name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl<$(const $P: usize),*> JsonSchema for $Name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $schema_name
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}
pub(crate) use checked_text;

/// Text of `MIN` to `MAX` characters, without control characters; not only white space where `MIN` is above 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> TryFrom<String> for Text<MIN, MAX> {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let length = text.chars().count();
        if !(MIN..=MAX).contains(&length) {
            return Err(format!("{length} characters, where {MIN} to {MAX} fit"));
        }
        if MIN > 0 && text.trim().is_empty() {
            return Err("only white space".to_owned());
        }
        printable(&text).map(|()| Self(text))
    }
}

checked_text!(
    [MIN, MAX] Text<MIN, MAX>,
    format!("Text{MIN}To{MAX}").into(),
    json_schema!({ "type": "string", "minLength": MIN, "maxLength": MAX, "pattern": PRINTABLE })
);

impl<const MAX: usize> Default for Text<0, MAX> {
    fn default() -> Self {
        Self(String::new())
    }
}

/// An email address: trimmed, lower-cased (addresses compare case-insensitively), ASCII, at most 254 characters
/// (RFC 5321 §4.5.3.1.3). Only mail can tell whether it exists, so the form is checked loosely.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email(String);

impl TryFrom<String> for Email {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim().to_ascii_lowercase();
        let fits = |part: &str| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_graphic() && !"\"(),:;<>@[\\]".contains(c))
        };
        match text.split_once('@') {
            Some((local, domain)) if text.len() <= 254 && local.len() <= 64 && fits(local) && fits(domain) => {
                Ok(Self(text))
            }
            _ => Err("not an email address".to_owned()),
        }
    }
}

checked_text!(
    [] Email,
    "Email".into(),
    json_schema!({ "type": "string", "maxLength": 320, "pattern": "^\\s*[!-~]+@[!-~]+\\s*$", "description": "an email address" })
);

impl Email {
    /// The address with most of its local part hidden, for people who may only recognize it.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or_default();
        format!("{}…@{domain}", local.chars().take(1).collect::<String>())
    }
}

/// A name in an address: `a-z 0-9 -`, 3 to 50 characters, no hyphen at either end; lower-cased on the way in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

impl TryFrom<String> for Slug {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let text = text.to_ascii_lowercase();
        let legal = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if (3..=50).contains(&text.len()) && legal && !text.starts_with('-') && !text.ends_with('-') {
            Ok(Self(text))
        } else {
            Err("3 to 50 letters, digits and hyphens, with no hyphen at either end".to_owned())
        }
    }
}

checked_text!(
    [] Slug,
    "Slug".into(),
    json_schema!({ "type": "string", "minLength": 3, "maxLength": 50, "pattern": "^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$" })
);

impl Slug {
    /// A slug made from any name: what can be kept is kept, the rest becomes hyphens.
    #[must_use]
    pub fn derived(name: &str) -> Self {
        let mut slug = String::new();
        for c in name.chars().map(|c| c.to_ascii_lowercase()) {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                slug.push(c);
            } else if !slug.is_empty() && !slug.ends_with('-') {
                slug.push('-');
            }
        }
        slug.truncate(40);
        let slug = slug.trim_end_matches('-');
        if slug.len() < 3 {
            Self(format!("home-{slug}").trim_end_matches('-').to_owned())
        } else {
            Self(slug.to_owned())
        }
    }

    /// This slug with something after it that makes it unique.
    #[must_use]
    pub fn with_suffix(&self, suffix: &str) -> Self {
        let base: String = self.0.chars().take(50_usize.saturating_sub(suffix.len() + 1)).collect();
        Self(format!("{}-{suffix}", base.trim_end_matches('-')))
    }
}

/// An absolute `http` or `https` URL of at most 2,000 characters, without credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct WebUrl(String);

impl TryFrom<String> for WebUrl {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).unwrap_or_default();
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let graphic = text.chars().all(|c| c.is_ascii_graphic() && !"<>\"`{}|\\^".contains(c));
        if graphic && text.len() <= 2000 && !authority.is_empty() && !authority.contains('@') {
            Ok(Self(text))
        } else {
            Err("not an http or https URL".to_owned())
        }
    }
}

checked_text!(
    [] WebUrl,
    "WebUrl".into(),
    json_schema!({ "type": "string", "format": "uri", "maxLength": 2000, "pattern": "^https?://[^\\s/?#@]+" })
);

impl WebUrl {
    /// Whether nobody on the way can read along: it is `https`, or of this very machine.
    #[must_use]
    pub fn is_confidential(&self) -> bool {
        let Some(rest) = self.0.strip_prefix("http://") else { return true };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host =
            authority.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')).map_or(authority, |(host, _)| host);
        matches!(host, "localhost" | "127.0.0.1" | "[::1]")
    }
}

/// Any JSON of at most 64 KiB and 32 levels.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub struct Json(Value);

impl Json {
    /// The most bytes it may have when written.
    pub const MAX_BYTES: usize = 64 * 1024;
    const MAX_DEPTH: usize = 32;

    /// A number.
    #[must_use]
    pub fn number(number: usize) -> Self {
        Self(number.into())
    }

    /// The value itself.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.0
    }
}

impl TryFrom<Value> for Json {
    type Error = String;
    fn try_from(value: Value) -> Result<Self, String> {
        if depth(&value) > Self::MAX_DEPTH {
            return Err(format!("nested deeper than {} levels", Self::MAX_DEPTH));
        }
        if value.to_string().len() > Self::MAX_BYTES {
            return Err("more than 64 KiB".to_owned());
        }
        Ok(Self(value))
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        json.0
    }
}

impl JsonSchema for Json {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "Json".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "description": "any JSON of at most 64 KiB and 32 levels" })
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{Email, Json, Slug, Text, WebUrl};

    #[test]
    fn limits_count_characters_not_bytes() {
        assert!("äöü".parse::<Text<1, 3>>().is_ok());
        assert_eq!("äöüß".parse::<Text<1, 3>>().unwrap_err(), "4 characters, where 1 to 3 fit");
        assert!(" \n ".parse::<Text<1, 3>>().is_err());
        assert!("a\0b".parse::<Text<1, 3>>().is_err());
    }

    #[test]
    fn emails_are_trimmed_lowered_and_ascii() {
        assert_eq!(" Ann@Example.TEST ".parse::<Email>().unwrap().as_str(), "ann@example.test");
        for bad in ["", "@", "a@", "@b", "a b@c", "a@b@c", "ann＠example.test", "a\r\nbcc:x@y"] {
            assert!(bad.parse::<Email>().is_err(), "{bad:?}");
        }
        assert_eq!("ann@example.test".parse::<Email>().unwrap().masked(), "a…@example.test");
    }

    #[test]
    fn slugs_are_derived_from_any_name() {
        assert_eq!(Slug::derived("Ann's  Büro!").as_str(), "ann-s-b-ro");
        assert_eq!(Slug::derived("李").as_str(), "home");
        for name in ["Ann", "x", "", "---", "a".repeat(99).as_str()] {
            let slug = Slug::derived(name);
            assert_eq!(slug.as_str().parse::<Slug>().as_ref(), Ok(&slug));
            let suffixed = slug.with_suffix("0a1b2c");
            assert_eq!(suffixed.as_str().parse::<Slug>().as_ref(), Ok(&suffixed));
        }
    }

    #[test]
    fn urls_are_of_the_web_and_carry_no_credentials() {
        assert!("https://example.test/a?b#c".parse::<WebUrl>().is_ok());
        for bad in ["javascript:alert(1)", "https://", "https://a@b/", "//x", "https://a b", "data:text/html,x"] {
            assert!(bad.parse::<WebUrl>().is_err(), "{bad:?}");
        }
        let confidential = |url: &str| url.parse::<WebUrl>().unwrap().is_confidential();
        for url in ["https://a.test", "http://localhost", "http://127.0.0.1:80/a", "http://[::1]:9?b", "http://[::1]"] {
            assert!(confidential(url), "{url}");
        }
        for url in ["http://a.test", "http://localhost.a.test/", "http://127.0.0.1.a.test:1", "http://[::2]:1"] {
            assert!(!confidential(url), "{url}");
        }
    }

    #[test]
    fn json_has_a_size_and_a_depth() {
        let mut deep = serde_json::json!(1);
        for _ in 0..32 {
            deep = serde_json::json!([deep]);
        }
        assert!(Json::try_from(deep.clone()).is_ok());
        assert!(Json::try_from(serde_json::json!([deep])).is_err());
        assert!(Json::try_from(serde_json::json!("x".repeat(64 * 1024))).is_err());
    }
}
