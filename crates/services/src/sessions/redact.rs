//! What of a call is kept: all, all but what looks like a secret, or nothing.

use std::sync::LazyLock;

use guildhall_domain::mcp_servers::PayloadCapture;
use regex::Regex;
use serde_json::{Value, json};

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

/// What is kept of `payload`, as text of JSON.
pub(super) fn kept(payload: &Value, capture: PayloadCapture) -> String {
    let kept = match capture {
        PayloadCapture::Metadata => return "null".to_owned(),
        PayloadCapture::Full => payload.clone(),
        PayloadCapture::Redacted => masked(payload),
    };
    let text = kept.to_string();
    if text.len() <= LONGEST {
        return text;
    }
    let head: String = text.chars().take(LONGEST / 4).collect();
    json!({ "truncated": true, "bytes": text.len(), "head": head }).to_string()
}

fn masked(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(mask(text)),
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(name, value)| (mask(name), of_name(name, value))).collect())
        }
        Value::Number(number) if (13..=19).contains(&number.to_string().len()) && is_card(&number.to_string()) => {
            json!(MASK)
        }
        other => other.clone(),
    }
}

/// A field whose name says that it is a secret is one whatever it looks like.
fn of_name(name: &str, value: &Value) -> Value {
    let name = name.to_ascii_lowercase().replace(['_', '-'], "");
    let secret = ["password", "passwd", "secret", "apikey", "accesstoken", "refreshtoken", "authorization"];
    if secret.iter().any(|word| name.contains(word)) && !value.is_null() { json!(MASK) } else { masked(value) }
}

fn mask(text: &str) -> String {
    let text = match SECRETS.as_ref() {
        Some(secrets) => secrets.replace_all(text, MASK).into_owned(),
        None => return MASK.to_owned(),
    };
    match DIGITS.as_ref() {
        Some(digits) => digits
            .replace_all(&text, |found: &regex::Captures<'_>| {
                let run = &found[0];
                if is_card(run) { MASK.to_owned() } else { run.to_owned() }
            })
            .into_owned(),
        None => MASK.to_owned(),
    }
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
    use super::kept;
    use guildhall_domain::mcp_servers::PayloadCapture::{Full, Metadata, Redacted};
    use serde_json::json;

    #[test]
    fn secrets_are_masked_and_the_rest_stays() {
        let payload = json!({ "note": "use Bearer abcdefghijklmnop1234 and card 4111 1111 1111 1111, order 1234567890123",
            "apiKey": "x", "list": ["sk-proj-abcdefghijklmnop", "eyJhbGciOiJI.eyJzdWIiOiIx.c2ln", "tkt_01jd"], "n": 7 });
        let text = kept(&payload, Redacted);
        for secret in ["abcdefghijklmnop", "4111", "eyJ", "\"x\""] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
        assert!(text.contains("1234567890123") && text.contains("tkt_01jd") && text.contains("\"n\":7"));
        assert_eq!(kept(&payload, Full), payload.to_string());
        assert_eq!(kept(&payload, Metadata), "null");
    }

    #[test]
    fn a_long_payload_is_cut_and_says_so() {
        let text = kept(&json!("ä".repeat(100_000)), Full);
        assert!(text.len() < 64 * 1024);
        let cut: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(cut["truncated"], true);
    }
}
