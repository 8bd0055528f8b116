use serde::{Deserialize, Serialize};

/// The hash of a verifier that only the client has (RFC 7636, method `S256`): base64url of 32 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Challenge(String);

impl Challenge {
    /// The challenge of that text; none where it is not one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text.len() == 43 && text.bytes().all(is_base64url)).then(|| Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text can be a verifier (RFC 7636 §4.1).
#[must_use]
pub fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len()) && text.bytes().all(|b| is_base64url(b) || b == b'.' || b == b'~')
}

const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

#[cfg(test)]
mod tests {
    use super::{Challenge, is_verifier};

    #[test]
    fn challenges_and_verifiers_have_their_length_and_letters() {
        let (short, right, long) = ("a".repeat(42), "a".repeat(43), "a".repeat(44));
        assert!(Challenge::parse(&right).is_some());
        for bad in [short.as_str(), &long, &format!("{}=", "a".repeat(42)), &format!("{}.", "a".repeat(42))] {
            assert!(Challenge::parse(bad).is_none(), "{bad}");
        }
        assert!(is_verifier(&right) && is_verifier(&"~".repeat(128)));
        assert!(!is_verifier(&short) && !is_verifier(&"a".repeat(129)) && !is_verifier(&"ä".repeat(43)));
    }
}
