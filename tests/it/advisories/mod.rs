//! Holes that were published of other software for accounts and organizations, each as the test that it is not open here.
//! A test bears the id of the advisory; those whose hole is a race are in `races`. Ids of GitHub's advisory database; a
//! `better_auth_` is an issue or a change of that project without an advisory.
mod accounts;
mod enumeration;
mod http;
mod http_browsers;
mod input;
mod invitations;
mod limits;
mod sessions;
mod tenants;

use guildhall_domain::Result;
use guildhall_services::Caller;
use serde_json::{Value, json};

/// What a caller can tell of an answer.
fn seen(answer: &Result<Value>) -> Value {
    match answer {
        Ok(output) => json!({ "output": output }),
        Err(error) => json!({ "code": error.code(), "message": error.to_string(), "data": error.data() }),
    }
}

/// Whoever has the access token of an answer to `auth.signIn`, `auth.signUp` or `auth.refresh`.
fn bearer(answer: &Value) -> Caller {
    let tokens = answer.get("session").unwrap_or(answer);
    Caller::bearer(tokens["accessToken"].as_str().unwrap().to_owned())
}

/// The input of `auth.refresh` that goes on with such an answer.
fn refresh(answer: &Value) -> Value {
    json!({ "refreshToken": answer.get("session").unwrap_or(answer)["refreshToken"] })
}
