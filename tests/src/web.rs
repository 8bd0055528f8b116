use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use guildhall_domain::error::Unreachable;
use guildhall_services::ports::{Fetch, Fetching, Question};
use serde_json::json;
use tokio::sync::Notify;

/// All that can be fetched in a test: what it has published.
#[derive(Debug, Default)]
pub struct Web {
    documents: Mutex<HashMap<String, Result<Vec<u8>, Unreachable>>>,
    questions: Mutex<Vec<Question>>,
    slow: Mutex<bool>,
    came: Notify,
    go_on: Notify,
}

impl Web {
    /// Where an authorization server that anybody can use says what it is.
    pub const METADATA_URL: &str = "https://id.example.test/.well-known/openid-configuration";

    /// A web with an authorization server.
    #[must_use]
    pub fn new() -> Self {
        let web = Self::default();
        let metadata = json!({
            "issuer": "https://id.example.test", "authorization_endpoint": "https://id.example.test/authorize",
            "token_endpoint": "https://id.example.test/token", "jwks_uri": "https://id.example.test/jwks",
            "scopes_supported": ["openid"], "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        });
        web.publish(Self::METADATA_URL, Ok(metadata.to_string().into_bytes()));
        web
    }

    /// What is at `url` from now on.
    pub fn publish(&self, url: &str, document: Result<Vec<u8>, Unreachable>) {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner).insert(url.to_owned(), document);
    }

    /// What was asked for so far.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.questions().iter().map(|question| question.url.to_string()).collect()
    }

    /// The same with what was sent along.
    #[must_use]
    pub fn questions(&self) -> Vec<Question> {
        self.questions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Answers nobody any more before [`Web::go_on`].
    pub fn stop(&self) {
        *self.slow.lock().unwrap_or_else(PoisonError::into_inner) = true;
    }

    /// Ends when somebody waits for an answer.
    pub async fn is_asked(&self) {
        self.came.notified().await;
    }

    /// Answers whoever waits.
    pub fn go_on(&self) {
        self.go_on.notify_one();
    }
}

impl Fetch for Web {
    fn send<'a>(&'a self, question: &'a Question) -> Fetching<'a> {
        Box::pin(async {
            let url = &question.url;
            self.questions.lock().unwrap_or_else(PoisonError::into_inner).push(question.clone());
            let slow = *self.slow.lock().unwrap_or_else(PoisonError::into_inner);
            if slow {
                self.came.notify_one();
                self.go_on.notified().await;
            }
            let documents = self.documents.lock().unwrap_or_else(PoisonError::into_inner);
            documents.get(url.as_str()).cloned().unwrap_or(Err(Unreachable::NoPublicAddress))
        })
    }
}
