//! What procedures answer, in words for people.

use guildhall_domain::{Error, access::Role, error::Segment};

/// A role, and what somebody with it does.
pub(super) const fn role(role: Role) -> (&'static str, &'static str) {
    match role {
        Role::Viewer => ("viewer", "sees everything, changes nothing"),
        Role::Member => ("member", "does the daily work"),
        Role::Admin => ("admin", "runs the organization and invites people"),
        Role::Owner => ("owner", "may do everything"),
    }
}

/// When it is worth trying again.
pub(super) fn try_again(seconds: u64) -> String {
    match seconds.div_ceil(60) {
        0 | 1 => "Try again in a minute.".to_owned(),
        minutes => format!("Try again in {minutes} minutes."),
    }
}

/// What helps to find a failure in the log.
pub(super) fn number(request_id: &str) -> String {
    format!("Whoever looks into it needs this number: {request_id}")
}

/// A message of a procedure as a sentence; those about a field begin with what it is.
pub(super) fn sentence(message: &str) -> String {
    let message = if message.starts_with("is ") { format!("this {message}") } else { message.to_owned() };
    let mut letters = message.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if message.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// Everything that is wrong, each with the name of its field where it has one.
pub(super) fn problems(error: &Error) -> Vec<(Option<String>, String)> {
    match error {
        Error::BadRequest(issues) => {
            let of = |path: &[Segment]| match path.first() {
                Some(Segment::Key(key)) => Some(key.clone()),
                _ => None,
            };
            issues.iter().map(|issue| (of(&issue.path), sentence(&issue.message))).collect()
        }
        Error::AlreadyExists { field: "email", .. } => {
            vec![(
                Some("email".to_owned()),
                "There is an account with this address already: sign in with it.".to_owned(),
            )]
        }
        Error::TooManyRequests { retry_after_ms } => {
            vec![(None, format!("That was tried too often. {}", try_again(retry_after_ms.div_ceil(1000))))]
        }
        other => vec![(None, sentence(&other.to_string()))],
    }
}

#[cfg(test)]
mod tests {
    use guildhall_domain::{Error, Issue, Resource};

    use super::{problems, sentence, try_again};

    #[test]
    fn messages_become_sentences() {
        assert_eq!(sentence("email or password is wrong"), "Email or password is wrong.");
        assert_eq!(
            sentence("is among the first that anybody would try"),
            "This is among the first that anybody would try."
        );
        assert_eq!(sentence("Open the link."), "Open the link.");
        assert_eq!(sentence(""), ".");
    }

    #[test]
    fn times_are_for_people() {
        assert_eq!(try_again(1), "Try again in a minute.");
        assert_eq!(try_again(61), "Try again in 2 minutes.");
        assert_eq!(try_again(900), "Try again in 15 minutes.");
    }

    #[test]
    fn problems_are_said_at_their_fields() {
        let two = vec![Issue::at(["newPassword".into()], "is too plain"), Issue::at([], "no")];
        let said = problems(&Error::BadRequest(two));
        assert_eq!(said, [(Some("newPassword".to_owned()), "This is too plain.".to_owned()), (None, "No.".to_owned())]);
        let taken = Error::AlreadyExists { resource: Resource::User, field: "email" };
        assert_eq!(problems(&taken)[0].0.as_deref(), Some("email"));
        let often = problems(&Error::TooManyRequests { retry_after_ms: 600_001 });
        assert_eq!(often, [(None, "That was tried too often. Try again in 11 minutes.".to_owned())]);
    }
}
