//! Codes of six digits that letters carry: whoever reads a mailbox is its owner.

use std::time::Duration;

use crate::{
    App,
    secrets::{derive, is_derived},
};

/// How long a code works.
pub(crate) const LIFE: Duration = Duration::from_mins(10);
/// How often somebody may mistype.
pub(crate) const MOST_TRIES: i32 = 5;

impl App {
    /// A fresh code for whoever `of` names, and what it is kept as: six digits are soon guessed by whoever can try in
    /// peace, but not without our key.
    pub(crate) fn mailed_code(&self, of: &[u8]) -> (String, Vec<u8>) {
        let number = u64::from_be_bytes(self.random());
        let code = format!("{:06}", number % 1_000_000);
        let proof = derive(&self.settings().secret, &message(of, &code));
        (code, proof)
    }

    /// Whether that is the code, with spaces wherever somebody typed them.
    pub(crate) fn is_mailed_code(&self, of: &[u8], typed: &str, proof: &[u8]) -> bool {
        let digits: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        is_derived(&self.settings().secret, &message(of, &digits), proof)
    }
}

fn message(of: &[u8], code: &str) -> Vec<u8> {
    [b"mailed code ", of, code.as_bytes()].concat()
}
