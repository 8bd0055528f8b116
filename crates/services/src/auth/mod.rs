//! Signing up, in and out, staying signed in, and passwords.
mod change_password;
mod get_session;
mod keys;
pub(crate) mod links;
mod list_sessions;
mod passwords;
mod refresh;
mod request_password_reset;
mod reset_password;
mod revoke_session;
mod sign_in;
pub(crate) mod sign_ins;
mod sign_out;
mod sign_up;
mod tokens;
pub(crate) mod verify_email;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use change_password::ChangePassword;
pub use get_session::{CurrentMembership, CurrentSession, GetSession};
pub use keys::Keys;
pub(crate) use keys::Signed;
pub use list_sessions::ListSessions;
pub use passwords::{Password, Passwords};
pub use refresh::Refresh;
pub use request_password_reset::RequestPasswordReset;
pub use reset_password::ResetPassword;
pub use revoke_session::RevokeSession;
pub use sign_in::{SignIn, SignedInNow};
pub use sign_out::SignOut;
pub(crate) use sign_up::make_account;
pub use sign_up::{SignUp, SignedUp};
pub use verify_email::VerifyEmail;

/// It is done.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Done {
    /// Always true; a failure is an error.
    pub success: bool,
}

impl Done {
    pub(crate) const fn new() -> Self {
        Self { success: true }
    }
}
