//! What of a call is kept: all, all but what looks like a secret, or nothing.

use std::{borrow::Cow, sync::LazyLock};

use guildhall_domain::{Error, Result, mcp_servers::PayloadCapture};
use regex::{Captures, Regex};
use serde::{Serialize, Serializer};
use serde_json::{Number, Value, json};

use super::Answer;

/// A payload longer than this is cut, and says so.
const LONGEST: usize = 64 * 1024;
const MASK: &str = "[masked]";

/// JWTs, keys by their makers' prefixes, bearer tokens, PEM blocks, and what follows a name such as `password`.
static SECRETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let kinds = [
        r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",
        r"\b(?:sk|pk|rk)[-_](?:live|test|ant|proj)?[-_A-Za-z0-9]{16,}",
        r"\bgh[a-z]?_[A-Za-z0-9_]{16,}",
        r"\bgithub_pat_[A-Za-z0-9_]{20,}",
        r"\bxox[abprs]-[A-Za-z0-9-]{10,}",
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        r"\bAIza[A-Za-z0-9_-]{30,}",
        r"\bglpat-[A-Za-z0-9_-]{16,}",
        r"(?i)\bbearer\s+[A-Za-z0-9._~+/=-]{16,}",
        r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
        r#"(?i)\b(?:password|passwd|secret|api[_-]?key|access[_-]?token)["']?\s*[:=]\s*["']?[^\s"',;]{6,}"#,
    ];
    Regex::new(&kinds.join("|")).ok()
});

/// Runs of digits that may be a card number, with spaces or hyphens between.
static DIGITS: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\b\d(?:[ -]?\d){12,18}\b").ok());

/// The names of fields whose value is a secret whatever it looks like, in small letters and in one.
const NAMES: [&str; 7] = ["password", "passwd", "secret", "apikey", "accesstoken", "refreshtoken", "authorization"];
/// No name of those has fewer bytes.
const SHORTEST_NAME: usize = 6;
/// No text with fewer bytes has in it what is masked: thirteen digits, or `secret=` and six characters.
const SHORTEST_TEXT: usize = 13;

/// What is kept of what a call was given, as text of JSON.
pub(super) fn given(payload: &Value, capture: PayloadCapture) -> Result<String> {
    kept(capture, payload, Masked(payload))
}

/// What is kept of what a call was answered, as text of JSON.
pub(super) fn answered(answer: &Answer, capture: PayloadCapture) -> Result<String> {
    let (text, structured) = (answer.text.as_str(), answer.structured.as_ref());
    kept(capture, Told { text, structured }, Told { text: MaskedText(text), structured: structured.map(Masked) })
}

#[derive(Serialize)]
struct Told<T, V> {
    text: T,
    structured: Option<V>,
}

fn kept(capture: PayloadCapture, full: impl Serialize, masked: impl Serialize) -> Result<String> {
    let text = match capture {
        PayloadCapture::Metadata => return Ok("null".to_owned()),
        PayloadCapture::Full => serde_json::to_string(&full),
        PayloadCapture::Redacted => serde_json::to_string(&masked),
    };
    let text = text.map_err(Error::internal)?;
    if text.len() <= LONGEST {
        return Ok(text);
    }
    let head: String = text.chars().take(LONGEST / 4).collect();
    Ok(json!({ "truncated": true, "bytes": text.len(), "head": head }).to_string())
}

/// A text, written without its secrets.
struct MaskedText<'a>(&'a str);

impl Serialize for MaskedText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&mask(self.0))
    }
}

/// A value, written without its secrets.
struct Masked<'a>(&'a Value);

impl Serialize for Masked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) => MaskedText(text).serialize(serializer),
            Value::Array(items) => serializer.collect_seq(items.iter().map(Masked)),
            Value::Object(fields) => {
                serializer.collect_map(fields.iter().map(|(name, value)| (mask(name), Field { name, value })))
            }
            Value::Number(number) if is_card_number(number) => serializer.serialize_str(MASK),
            other => other.serialize(serializer),
        }
    }
}

/// A value whose name may say that it is a secret.
struct Field<'a> {
    name: &'a str,
    value: &'a Value,
}

impl Serialize for Field<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if is_secret(self.name) && !self.value.is_null() {
            serializer.serialize_str(MASK)
        } else {
            Masked(self.value).serialize(serializer)
        }
    }
}

fn is_secret(name: &str) -> bool {
    if name.len() < SHORTEST_NAME {
        return false;
    }
    let name: String = name.chars().filter(|c| !['_', '-'].contains(c)).map(|c| c.to_ascii_lowercase()).collect();
    NAMES.iter().any(|secret| name.contains(secret))
}

fn mask(text: &str) -> Cow<'_, str> {
    if text.len() < SHORTEST_TEXT {
        return Cow::Borrowed(text);
    }
    let (Some(secrets), Some(digits)) = (SECRETS.as_ref(), DIGITS.as_ref()) else { return Cow::Borrowed(MASK) };
    let cards = |found: &Captures<'_>| if is_card(&found[0]) { MASK.to_owned() } else { found[0].to_owned() };
    match secrets.replace_all(text, MASK) {
        Cow::Borrowed(text) => digits.replace_all(text, cards),
        Cow::Owned(text) => Cow::Owned(digits.replace_all(&text, cards).into_owned()),
    }
}

fn is_card_number(number: &Number) -> bool {
    let text = number.to_string();
    (13..=19).contains(&text.len()) && is_card(&text)
}

/// The check digit of ISO/IEC 7812-1.
fn is_card(text: &str) -> bool {
    let digits = text.chars().rev().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::{answered, given};
    use crate::Answer;
    use guildhall_domain::mcp_servers::PayloadCapture::{Full, Metadata, Redacted};
    use serde_json::{Value, json};

    #[test]
    fn secrets_are_masked_and_the_rest_stays() {
        let payload = json!({ "note": "use Bearer abcdefghijklmnop1234 and card 4111 1111 1111 1111, order 1234567890123",
            "apiKey": "x", "list": ["sk-proj-abcdefghijklmnop", "eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "tkt_01jd"], "n": 7,
            "secret=abcdef": 1, "card": [4_111_111_111_111_111_u64], "access_token": null });
        let text = given(&payload, Redacted).unwrap();
        for secret in ["abcdefghijklmnop", "4111", "eyJ", "\"x\"", "abcdef"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        for other in ["1234567890123", "tkt_01jd", "\"n\":7", "\"access_token\":null"] {
            assert!(text.contains(other), "no {other} in {text}");
        }
        assert_eq!(given(&payload, Full).unwrap(), payload.to_string());
        assert_eq!(given(&payload, Metadata).unwrap(), "null");
    }

    #[test]
    fn the_shortest_of_each_kind_is_masked() {
        for secret in ["secret=abcdef", "passwd:123456", "4222222222222", "AKIAABCDEFGHIJKLMNOP", "xoxb-1234567890"] {
            assert_eq!(given(&json!(secret), Redacted).unwrap(), "\"[masked]\"", "{secret}");
        }
        for name in ["passwd", "api_key", "X-Secret"] {
            assert_eq!(given(&json!({ name: "x" }), Redacted).unwrap(), format!("{{\"{name}\":\"[masked]\"}}"));
        }
    }

    #[test]
    fn an_answer_is_kept_as_it_was_told() {
        let structured = Some(json!({ "id": "stp_1", "password": "hunter2" }));
        let mut answer = Answer { text: "Bearer abcdefghijklmnop1234".to_owned(), structured, is_error: false };
        let kept =
            |answer: &Answer, capture| serde_json::from_str::<Value>(&answered(answer, capture).unwrap()).unwrap();
        let masked = json!({ "text": "[masked]", "structured": { "id": "stp_1", "password": "[masked]" } });
        assert_eq!(kept(&answer, Redacted), masked);
        assert_eq!(kept(&answer, Full), json!({ "text": answer.text, "structured": answer.structured }));
        answer.structured = None;
        assert_eq!(kept(&answer, Redacted), json!({ "text": "[masked]", "structured": null }));
    }

    #[test]
    fn a_long_payload_is_cut_and_says_so() {
        let text = given(&json!("ä".repeat(100_000)), Full).unwrap();
        assert!(text.len() < 64 * 1024);
        let cut: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(cut["truncated"], true);
    }
}
