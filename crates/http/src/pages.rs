//! The documents made from the catalogue, and two pages to read them by. Nothing on them comes from elsewhere, and
//! nothing runs.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use guildhall_catalogue::{Catalogue, openapi, typescript};
use http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde_json::Value;

use crate::router::Site;

/// The documents, made once.
pub(crate) struct Pages {
    openapi: Bytes,
    contract: Bytes,
    docs: Bytes,
}

impl Pages {
    /// The documents of a catalogue.
    pub(crate) fn of(catalogue: &Catalogue, public_url: &str) -> Self {
        let document = openapi::document(catalogue, public_url);
        Self {
            openapi: document.to_string().into(),
            contract: typescript::contract(catalogue).into(),
            docs: docs(&document).into(),
        }
    }
}

/// The OpenAPI document.
pub(crate) async fn openapi(State(site): State<Arc<Site>>) -> Response {
    ([(CONTENT_TYPE, "application/json")], site.pages.openapi.clone()).into_response()
}

/// The TypeScript contract.
pub(crate) async fn contract(State(site): State<Arc<Site>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; charset=utf-8")], site.pages.contract.clone()).into_response()
}

/// The manual.
pub(crate) async fn manual(State(site): State<Arc<Site>>) -> Response {
    html(site.pages.docs.clone())
}

/// Where to go from here.
pub(crate) async fn index() -> Response {
    const INDEX: &str = "<h1>Guildhall</h1>\n<ul>\n\
        <li><a href=\"/docs\">The manual</a>: everything Guildhall can do</li>\n\
        <li><a href=\"/openapi.json\">OpenAPI 3.1</a>, for plain JSON at <code>/api</code></li>\n\
        <li><a href=\"/contract.ts\">TypeScript contract</a>, for <code>@orpc/client</code> at <code>/rpc</code></li>\n\
        <li><a href=\"/.well-known/jwks.json\">The keys that sign access tokens</a></li>\n\
        <li>For those who watch: <a href=\"/healthz\">alive</a>, <a href=\"/readyz\">ready</a>, \
        <a href=\"/metrics\">figures</a></li>\n</ul>\n";
    html(framed("Guildhall", INDEX).into())
}

fn html(page: Bytes) -> Response {
    let policy =
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    ([(CONTENT_TYPE, "text/html; charset=utf-8"), (CONTENT_SECURITY_POLICY, policy)], page).into_response()
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;\
background:#fff}code,pre{font:13px/1.5 ui-monospace,monospace}pre{background:#f4f4f4;padding:.75rem;overflow:auto}\
h3{margin:2rem 0 .25rem}small{color:#666;font-weight:400}nav a{margin-right:1rem}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#242424}a{color:#8ab4f8}small{color:#999}}";

fn framed(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width\">\n<title>{}</title>\n<style>{STYLE}</style>\n{body}</html>\n",
        escaped(title)
    )
}

fn docs(document: &Value) -> String {
    let tags = document["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str());
    let operations: Vec<(&String, &Value)> =
        document["paths"].as_object().into_iter().flatten().map(|(path, item)| (path, &item["post"])).collect();
    let (mut links, mut chapters) = (String::new(), String::new());
    for tag in tags {
        let name = escaped(tag);
        push(&mut links, format_args!("<a href=\"#{name}\">{name}</a>\n"));
        push(&mut chapters, format_args!("<h2 id=\"{name}\">{name}</h2>\n"));
        for (path, operation) in operations.iter().filter(|(_, operation)| operation["tags"][0] == tag) {
            chapters.push_str(&section(path, operation));
        }
    }
    let body = format!(
        "<h1>Guildhall</h1>\n<p>Everything Guildhall can do. Made from the same list as <a href=\"/openapi.json\">OpenAPI</a> \
        and <a href=\"/contract.ts\">contract.ts</a>.</p>\n<nav>\n{links}</nav>\n{chapters}"
    );
    framed("Guildhall: the manual", &body)
}

fn section(path: &str, operation: &Value) -> String {
    let text = |key: &str| escaped(operation[key].as_str().unwrap_or_default());
    let schema = |holder: &Value| {
        let schema = &holder["content"]["application/json"]["schema"];
        escaped(&serde_json::to_string_pretty(schema).unwrap_or_default())
    };
    let permission = operation["x-permission"].as_str().map(|name| format!(", needs {}", escaped(name)));
    format!(
        "<h3 id=\"{name}\">{name} <small>{effect}, {reach}{permission}</small></h3>\n<p>{description}</p>\n\
        <p><code>POST {path}</code></p>\n<details><summary>Input</summary><pre>{input}</pre></details>\n\
        <details><summary>Output</summary><pre>{output}</pre></details>\n",
        name = text("operationId"),
        effect = text("x-effect"),
        reach = text("x-reach"),
        permission = permission.unwrap_or_default(),
        description = text("description").replace("\n\n", "</p>\n<p>"),
        path = escaped(path),
        input = schema(&operation["requestBody"]),
        output = schema(&operation["responses"]["200"]),
    )
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

fn push(text: &mut String, more: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(more);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::docs;

    #[test]
    fn the_manual_has_every_procedure_and_no_markup_but_its_own() {
        let operation = json!({ "operationId": "a.b", "tags": ["a"], "description": "Says <script>alert(1)</script> & \"more\".",
            "x-effect": "query", "x-reach": "org", "x-permission": "read_tickets",
            "requestBody": { "content": { "application/json": { "schema": { "pattern": "</pre><b>" } } } } });
        let page = docs(&json!({ "tags": [{ "name": "a" }], "paths": { "/api/a/b": { "post": operation } } }));
        assert!(page.contains("<h3 id=\"a.b\">a.b <small>query, org, needs read_tickets</small></h3>"));
        assert!(page.contains("Says &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;more&quot;."));
        assert!(!page.contains("<script") && !page.contains("</pre><b>"));
    }
}
