use std::sync::{Mutex, PoisonError};

use guildhall_domain::mail::{Letter, Matter};
use guildhall_services::ports::{Mail, Sending, Undelivered};

/// Where all letters of a test arrive.
#[derive(Debug, Default)]
pub struct Mailbox {
    letters: Mutex<Vec<Letter>>,
    closed: Mutex<bool>,
}

impl Mailbox {
    /// All letters so far.
    #[must_use]
    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Empties it.
    pub fn take(&self) -> Vec<Letter> {
        std::mem::take(&mut *self.letters.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes letters no more, or again: the mail server is away.
    pub fn close(&self, closed: bool) {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = closed;
    }
}

impl Mail for Mailbox {
    fn send<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(async {
            if *self.closed.lock().unwrap_or_else(PoisonError::into_inner) {
                return Err(Undelivered::Later("closed".into()));
            }
            self.letters.lock().unwrap_or_else(PoisonError::into_inner).push(letter.clone());
            Ok(())
        })
    }
}

/// The token that a letter's link carries.
///
/// # Panics
/// Where it carries none.
#[must_use]
pub fn token_in(letter: &Letter) -> String {
    let (Matter::Invitation { link, .. }
    | Matter::PasswordReset { link, .. }
    | Matter::EmailVerification { link, .. }
    | Matter::Membership { link, .. }
    | Matter::AlreadyRegistered { link }
    | Matter::PasswordChanged { link }) = &letter.matter
    else {
        panic!("a letter without a link")
    };
    link.split_once("?token=").expect("a link with a token").1.to_owned()
}

/// The code that a letter carries.
///
/// # Panics
/// Where it carries none.
#[must_use]
pub fn code_in(letter: &Letter) -> String {
    let Matter::SignInCode { code, .. } = &letter.matter else { panic!("a letter without a code") };
    code.clone()
}
