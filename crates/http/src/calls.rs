//! What RPC, batches and plain JSON share: finding a procedure, and running it.

use std::sync::Arc;

use guildhall_catalogue::{Answer, Catalogue, Entry};
use http::{HeaderMap, Method};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::{caller, failure::Failure, observe::Arrival, router::Site, uploads};

/// The procedure at a path of two names, with or without a slash at the end. Split first and decoded then, so that an
/// encoded slash is part of a name.
pub(crate) fn find<'c>(catalogue: &'c Catalogue, path: &str) -> Result<&'c Entry, Failure> {
    name(path).and_then(|name| catalogue.get(&name)).ok_or_else(Failure::not_found)
}

fn name(path: &str) -> Option<String> {
    let path = path.strip_prefix('/')?;
    let (namespace, verb) = path.strip_suffix('/').unwrap_or(path).split_once('/')?;
    let part = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().ok()?;
        (!text.is_empty() && !text.contains('.')).then(|| text.into_owned())
    };
    // A third segment is in the verb, where it fits no procedure.
    Some(format!("{}.{}", part(namespace)?, part(verb)?)).filter(|_| !verb.contains('/'))
}

/// Whether a procedure may be called with this method: a link must not change anything, and asking about a procedure
/// does not run it.
pub(crate) fn permit(entry: &Entry, method: &Method) -> Result<(), Failure> {
    match *method {
        Method::POST | Method::PUT | Method::PATCH | Method::DELETE => Ok(()),
        Method::GET if entry.effect != "mutation" => Ok(()),
        _ => Err(refused(entry)),
    }
}

/// The largest body that is read for a procedure.
pub(crate) fn most_bytes(site: &Site, entry: &Entry) -> usize {
    entry.most_bytes.unwrap_or_default().max(site.settings.max_body_bytes)
}

/// Says which methods a procedure takes.
pub(crate) fn refused(entry: &Entry) -> Failure {
    Failure::method(if entry.effect != "mutation" { "GET, POST" } else { "POST" })
}

/// Runs a procedure for whoever the headers name. No input is an empty one.
pub(crate) async fn run(
    site: &Arc<Site>,
    entry: &Entry,
    headers: &HeaderMap,
    arrival: &Arrival,
    (input, files): uploads::Input,
) -> Result<Answer, Failure> {
    let input = input.filter(|input| !input.is_null()).unwrap_or_else(|| json!({}));
    let result = match caller::caller(headers, arrival.address, &site.settings) {
        Ok(caller) => entry.call_with(&site.app, &caller, input, files).await,
        Err(error) => Err(error),
    };
    result.map_err(|error| Failure::of(&error, &arrival.request_id))
}

/// An answer to look into.
pub(crate) fn value(answer: &Answer, arrival: &Arrival) -> Result<Value, Failure> {
    answer.value().map_err(|error| Failure::of(&error, &arrival.request_id))
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_path_is_two_names() {
        assert_eq!(name("/toolCalls/getChart").as_deref(), Some("toolCalls.getChart"));
        assert_eq!(name("/toolCalls/getChart/").as_deref(), Some("toolCalls.getChart"));
        assert_eq!(name("/tool%43alls/getChart").as_deref(), Some("toolCalls.getChart"));
        assert_eq!(name("/a%20b/c%2Fd").as_deref(), Some("a b.c/d"), "an encoded slash is part of a name");
        for bad in
            ["", "/", "/a", "/a/", "//a/b", "/a//b", "/a/b//", "/a/b/c", "/a.b", "/a.b/c", "/a/b%2Ec", "/%ff/b", "a/b"]
        {
            assert_eq!(name(bad), None, "{bad}");
        }
    }
}
