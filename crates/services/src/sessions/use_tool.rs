//! Calling a tool of a hosted server: what it changes and the record of the call are kept together or not at all.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use guildhall_domain::{Error, Result, Timestamp, error::Denied};
use guildhall_repositories::NewCall;
use serde_json::Value;

use super::{FinishedCall, Guest};
use crate::{App, Caller, Tool};

/// What a tool answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What an agent reads.
    pub text: String,
    /// The same for programs; none where the call was refused.
    pub structured: Option<Value>,
    /// Whether it says that something was wrong with the call.
    pub is_error: bool,
}

/// When a call came in.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    at: Timestamp,
    clock: Instant,
}

impl Answer {
    fn of<T: Tool>(output: &T::Output, suffix: &str) -> Result<Self> {
        let structured = serde_json::to_value(output).map_err(Error::internal)?;
        Ok(Self { text: T::text(output, suffix), structured: Some(structured), is_error: T::is_error(output) })
    }

    /// A failure as an agent reads it, so that it can do better; never its cause.
    fn refusal(error: &Error) -> Self {
        let text = match error {
            Error::BadRequest(issues) => {
                issues.iter().fold("the input does not fit".to_owned(), |text, issue| format!("{text}\n{issue}"))
            }
            other => other.to_string(),
        };
        Self { text, structured: None, is_error: true }
    }
}

impl App {
    /// Notes when a call came in.
    #[must_use]
    pub fn begun(&self) -> Begun {
        Begun { at: self.now(), clock: Instant::now() }
    }

    /// Calls a tool for `guest`, with what it was `given`, and returns when the call is durable. Where it changed
    /// something, the record is part of the same transaction; else the recorder keeps it.
    ///
    /// # Errors
    /// Where the call could not be kept; then nothing was changed either.
    pub async fn use_tool<T: Tool>(&self, guest: &Guest, input: T, given: &Value, begun: Begun) -> Result<Answer> {
        if guest.lacks_email() && !T::BEFORE_EMAIL {
            return self.refuse_tool(guest, T::NAME, given, &Error::Forbidden(Denied::EmailNeeded), begun).await;
        }
        let suffix = self.fresh_suffix();
        let told = Mutex::new(None);
        let keep = |output: &T::Output| {
            let answer = Answer::of::<T>(output, &suffix)?;
            let call = self.new_call(guest, finished(T::NAME, given, &answer, begun))?;
            let person = T::person(output).unwrap_or(call.person);
            *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
            Ok((guest.organization(), NewCall { person, ..call }))
        };
        match self.call_keeping(&Caller::guest(guest.clone()), input, &keep).await {
            Ok((output, true)) => match told.into_inner().unwrap_or_else(PoisonError::into_inner) {
                Some(answer) => Ok(answer),
                None => Answer::of::<T>(&output, &suffix),
            },
            Ok((output, false)) => self.kept(guest, T::NAME, given, Answer::of::<T>(&output, &suffix)?, begun).await,
            Err(error) => self.refuse_tool(guest, T::NAME, given, &error, begun).await,
        }
    }

    /// Answers a call that failed or does not fit, and keeps that it was made.
    ///
    /// # Errors
    /// Where the call could not be kept.
    pub async fn refuse_tool(
        &self,
        guest: &Guest,
        name: &str,
        given: &Value,
        error: &Error,
        begun: Begun,
    ) -> Result<Answer> {
        if let Error::Internal(cause) = error {
            tracing::error!(tool = name, cause = cause.as_ref() as &dyn std::error::Error, "tool failed");
        }
        self.kept(guest, name, given, Answer::refusal(error), begun).await
    }

    async fn kept(&self, guest: &Guest, name: &str, given: &Value, answer: Answer, begun: Begun) -> Result<Answer> {
        self.record(guest, finished(name, given, &answer, begun)).await?;
        Ok(answer)
    }
}

fn finished<'a>(tool_name: &'a str, given: &'a Value, answer: &'a Answer, begun: Begun) -> FinishedCall<'a> {
    FinishedCall { tool_name, given, answer, duration: begun.clock.elapsed(), started_at: begun.at }
}

/// What must be kept in the transaction of a call that changed something.
pub(crate) type Keep<'a, T> =
    dyn Fn(&T) -> Result<(guildhall_domain::Id<guildhall_domain::id::Organization>, NewCall)> + Send + Sync + 'a;

#[cfg(test)]
mod tests {
    use guildhall_domain::{Error, Issue};

    use super::Answer;

    #[test]
    fn every_issue_has_its_line_and_a_cause_has_none() {
        let issues = vec![Issue::at(["title".into()], "too long"), Issue::at([], "unknown field `x`")];
        let answer = Answer::refusal(&Error::BadRequest(issues));
        assert_eq!(answer.text, "the input does not fit\ntitle: too long\ninput: unknown field `x`");
        assert!(answer.is_error);
        assert_eq!(Answer::refusal(&Error::internal("SELECT secret")).text, "something broke on our side");
    }
}
