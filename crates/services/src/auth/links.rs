//! Links that letters carry. The token is 32 random bytes; only its hash is kept, and the hash says what it opens, so that
//! a token for one thing is no token for another.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use guildhall_repositories::Purpose;

use crate::{App, secrets::hash};

/// What a link opens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Opens {
    /// An invitation.
    Invitation,
    /// The choice of a new password.
    PasswordReset,
    /// The proof that an address is one's own.
    EmailVerification,
}

impl Opens {
    /// The page's path.
    const fn path(self) -> &'static str {
        match self {
            Self::Invitation => "/invitation",
            Self::PasswordReset => "/reset-password",
            Self::EmailVerification => "/verify-email",
        }
    }
}

impl From<Purpose> for Opens {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::PasswordReset => Self::PasswordReset,
            Purpose::EmailVerification => Self::EmailVerification,
        }
    }
}

/// A new link, on the address that the operator configured and no caller can change, and the hash of its token.
pub(crate) fn fresh(app: &App, opens: Opens) -> (String, Vec<u8>) {
    let token = BASE64_URL_SAFE_NO_PAD.encode(app.random::<32>());
    let hash = hash_of(opens, &token);
    (format!("{}{}?token={token}", app.settings().public_url, opens.path()), hash)
}

/// What a link's token is known by.
pub(crate) fn hash_of(opens: Opens, token: &str) -> Vec<u8> {
    hash(&[b"link", opens.path().as_bytes(), token.as_bytes()])
}
