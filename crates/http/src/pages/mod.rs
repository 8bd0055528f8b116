//! Pages for people: what the links in letters open, a step as its author previews it, the manual, and where to go from
//! here.
//!
//! **Invariant:** nothing on them runs and nothing comes from elsewhere. They change something only when a form of their
//! own is sent ([`form::Posted`]): programs that look through mail open links too. What they say goes through the same
//! procedures as every other call.
mod browser;
mod documents;
mod email;
mod form;
mod invitation;
mod paper;
mod password;
mod step;
mod words;

use std::sync::Arc;

use axum::{Router, response::Response, routing::get};

use crate::{
    failure::{Failure, Wire},
    router::Site,
};

pub(crate) use documents::Documents;
pub(crate) use paper::trouble;

/// Whether a browser shows people what is answered at this path.
pub(crate) fn is_for_people(path: &str) -> bool {
    [invitation::PATH, password::PATH, email::PATH].contains(&path) || path.starts_with("/walkthroughs/")
}

/// Every page.
pub(crate) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/openapi.json", get(documents::openapi))
        .route("/contract.ts", get(documents::contract))
        .route("/docs", get(documents::manual))
        .route("/", get(documents::index))
        .route(invitation::PATH, get(invitation::show).post(invitation::answer).fallback(other_method))
        .route(password::PATH, get(password::show).post(password::reset).fallback(other_method))
        .route(step::PATH, get(step::show).post(step::sign_in).fallback(other_method))
        .route(email::PATH, get(email::show).post(email::verify).fallback(other_method))
}

async fn other_method() -> Response {
    Failure::method("GET, HEAD, POST").answer(Wire::Page)
}
