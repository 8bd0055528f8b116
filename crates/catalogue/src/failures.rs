//! What the documents say about failing: the facts that come with each code of the closed set.

use serde_json::{Value, json};

/// The schema of the facts that come with a code; none where there are none.
pub(crate) fn data(code: &str) -> Option<Value> {
    let text = || json!({ "type": "string" });
    let count = || json!({ "type": "integer", "minimum": 0 });
    Some(match code {
        "BAD_REQUEST" => {
            let segment = json!({ "anyOf": [{ "type": "string" }, { "type": "integer", "minimum": 0 }] });
            let path =
                json!({ "type": "array", "items": segment, "description": "Where: keys and indexes from the root." });
            let issue = object(&[("path", path), ("message", text())], &[]);
            object(&[("issues", json!({ "type": "array", "items": issue }))], &[])
        }
        "UNAUTHORIZED" => {
            reason(&["unauthenticated", "insufficient_role", "not_yours", "email_mismatch", "cross_site"])
        }
        "RESOURCE_NOT_FOUND" => {
            let reason = json!({ "type": "string", "enum": ["already_member", "already_invited"] });
            object(&[("resource", text())], &[("reason", reason)])
        }
        "INVALID_SUBDOMAIN" => reason(&["length", "characters", "reserved"]),
        "RESOURCE_ALREADY_EXISTS" => object(&[("resource", text()), ("field", text())], &[]),
        "RESOURCE_IN_USE" => object(&[("resource", text()), ("usedBy", text())], &[]),
        "CONFLICT" | "INVALID_OAUTH_METADATA" | "OAUTH_SERVER_UNREACHABLE" => object(&[("reason", text())], &[]),
        "PLAN_LIMIT_REACHED" | "FEATURE_NOT_AVAILABLE" => {
            let plan = json!({ "type": ["string", "null"] });
            object(&[("feature", text()), ("plan", plan)], &[("used", count()), ("limit", count())])
        }
        "PAYLOAD_TOO_LARGE" => object(&[("limit", count())], &[]),
        "TOO_MANY_REQUESTS" => object(&[("retryAfterMs", count())], &[]),
        "INTERNAL_SERVER_ERROR" => object(&[("requestId", text())], &[]),
        _ => return None,
    })
}

/// Every status a code comes with: one, but for `UNAUTHORIZED`, which also says that signing in will not help.
pub(crate) fn statuses(code: &str, usual: u16) -> impl Iterator<Item = u16> {
    [Some(usual), (code == "UNAUTHORIZED").then_some(403)].into_iter().flatten()
}

fn reason(reasons: &[&str]) -> Value {
    object(&[("reason", json!({ "type": "string", "enum": reasons }))], &[])
}

fn object(always: &[(&str, Value)], sometimes: &[(&str, Value)]) -> Value {
    let fields = always.iter().chain(sometimes).map(|(name, schema)| ((*name).to_owned(), schema.clone()));
    let required: Vec<&str> = always.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "properties": Value::Object(fields.collect()), "required": required })
}

#[cfg(test)]
mod tests {
    use guildhall_domain::{
        Error, Resource,
        error::{Denied, MetadataProblem, Unreachable},
    };
    use serde_json::Value;

    use super::{data, statuses};

    #[test]
    fn the_facts_of_an_error_are_those_that_the_documents_promise() {
        let errors = [
            Error::field("name", "too short"),
            Error::Unauthenticated,
            Error::Forbidden(Denied::NotYours),
            Error::NotFound(Resource::Ticket),
            Error::AlreadyExists { resource: Resource::User, field: "email" },
            Error::InUse { resource: Resource::OauthConfig, used_by: Resource::McpServer },
            Error::InvalidOauthMetadata(MetadataProblem::Missing("issuer")),
            Error::OauthServerUnreachable(Unreachable::Timeout),
            Error::FeatureNotAvailable("export"),
            Error::PayloadTooLarge { limit: 1 },
            Error::TooManyRequests { retry_after_ms: 1 },
            Error::SubdomainAlreadyExists,
            Error::Unavailable,
        ];
        for error in errors {
            let (code, status) = error.code();
            let usual = Error::CODES.iter().find(|(known, _)| *known == code).unwrap().1;
            assert!(statuses(code, usual).any(|known| known == status), "{code} {status}");
            let keys = |value: Option<Value>, key: Option<&str>| {
                let value = value.map(|value| key.map_or(value.clone(), |key| value[key].clone()));
                value.map(|value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>()).unwrap_or_default()
            };
            let promised = keys(data(code), Some("properties"));
            assert!(keys(error.data(), None).iter().all(|key| promised.contains(key)), "{code}");
        }
    }
}
