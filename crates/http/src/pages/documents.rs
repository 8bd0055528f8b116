//! The documents made from the catalogue, and two pages to read them by.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use guildhall_catalogue::{Catalogue, openapi, typescript};
use guildhall_pages::{Value as Shown, context};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde_json::Value;

use super::paper;
use crate::router::Site;

/// The documents, made once.
pub(crate) struct Documents {
    openapi: Bytes,
    contract: Bytes,
    manual: Bytes,
    index: Bytes,
}

impl Documents {
    /// The documents of a catalogue.
    pub(crate) fn of(catalogue: &Catalogue, public_url: &str) -> Self {
        let document = openapi::document(catalogue, public_url);
        Self {
            openapi: document.to_string().into(),
            contract: typescript::contract(catalogue).into(),
            manual: printed("manual.html", context! { title => "The manual", chapters => chapters(&document) }),
            index: printed("index.html", context! { title => "Guildhall" }),
        }
    }
}

/// The OpenAPI document.
pub(crate) async fn openapi(State(site): State<Arc<Site>>) -> Response {
    ([(CONTENT_TYPE, "application/json")], site.documents.openapi.clone()).into_response()
}

/// The TypeScript contract.
pub(crate) async fn contract(State(site): State<Arc<Site>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], site.documents.contract.clone()).into_response()
}

/// The manual.
pub(crate) async fn manual(State(site): State<Arc<Site>>) -> Response {
    html(site.documents.manual.clone())
}

/// Where to go from here.
pub(crate) async fn index(State(site): State<Arc<Site>>) -> Response {
    html(site.documents.index.clone())
}

fn html(page: Bytes) -> Response {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)], page).into_response()
}

fn printed(template: &str, context: Shown) -> Bytes {
    let printed = paper::print(template, context);
    printed.inspect_err(|error| tracing::error!(%error, template, "a page cannot be made")).unwrap_or_default().into()
}

/// The manual's chapters, in the order of the document's tags.
fn chapters(document: &Value) -> Vec<Shown> {
    let tags = document["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str());
    let operations: Vec<(&String, &Value)> =
        document["paths"].as_object().into_iter().flatten().map(|(path, item)| (path, &item["post"])).collect();
    let chapter = |tag| {
        let inside = operations.iter().filter(|(_, operation)| operation["tags"][0] == tag);
        let entries: Vec<Shown> = inside.map(|(path, operation)| entry(path, operation)).collect();
        context! { name => tag, entries }
    };
    tags.map(chapter).collect()
}

fn entry(path: &str, operation: &Value) -> Shown {
    let text = |key: &str| operation[key].as_str().unwrap_or_default().to_owned();
    let schema = |holder: &Value| {
        serde_json::to_string_pretty(&holder["content"]["application/json"]["schema"]).unwrap_or_default()
    };
    context! {
        path,
        name => text("operationId"),
        effect => text("x-effect"),
        reach => text("x-reach"),
        permission => text("x-permission"),
        paragraphs => text("description").split("\n\n").collect::<Shown>(),
        input => schema(&operation["requestBody"]),
        output => schema(&operation["responses"]["200"]),
    }
}

#[cfg(test)]
mod tests {
    use guildhall_pages::context;
    use serde_json::json;

    use super::{chapters, paper};

    #[test]
    fn the_manual_has_every_procedure_and_no_markup_but_its_own() {
        let operation = json!({ "operationId": "a.b", "tags": ["a"], "description": "Says <script>alert(1)</script> & \"more\".",
            "x-effect": "query", "x-reach": "org", "x-permission": "read_tickets",
            "requestBody": { "content": { "application/json": { "schema": { "pattern": "</pre><b>" } } } } });
        let document = json!({ "tags": [{ "name": "a" }], "paths": { "/api/a/b": { "post": operation } } });
        let page =
            paper::print("manual.html", context! { title => "The manual", chapters => chapters(&document) }).unwrap();
        assert!(page.contains("<h3 id=\"a.b\">a.b <small>query, org, needs read_tickets</small></h3>"));
        assert!(page.contains("<p>Says &lt;script&gt;alert(1)&lt;&#x2f;script&gt; &amp; &quot;more&quot;.</p>"));
        assert!(!page.contains("<script") && !page.contains("</pre><b>"));
    }
}
