//! Signing up, in and out, and staying signed in.
mod get_session;
mod keys;
mod passwords;
mod refresh;
mod sign_in;
mod sign_out;
mod sign_up;
mod tokens;

pub use get_session::{CurrentMembership, CurrentSession, GetSession};
pub use keys::Keys;
pub use passwords::{Password, Passwords};
pub use refresh::Refresh;
pub use sign_in::{SignIn, SignedInNow};
pub use sign_out::{SignOut, SignedOut};
pub use sign_up::{SignUp, SignedUp};
