//! Who sits in front of a page.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    response::{IntoResponse, Response},
};
use guildhall_domain::{Error, accounts::User};
use guildhall_services::{App, Caller, accounts::GetProfile};
use http::{HeaderMap, HeaderValue, request::Parts};

use crate::{
    caller, cookies,
    failure::{Failure, Wire},
    observe::Arrival,
    router::Site,
};

/// The browser that asks for a page or sends a form.
pub(crate) struct Browser {
    site: Arc<Site>,
    headers: HeaderMap,
    arrival: Arrival,
}

/// Another page than the one that was asked for, and the end of it.
#[derive(Debug)]
pub(crate) struct Stop(Box<Response>);

impl Browser {
    /// The procedures.
    pub(super) fn app(&self) -> &App {
        &self.site.app
    }

    /// Whoever the cookie stands for. Other proofs are not for pages: what is in front of the server may want its own.
    pub(super) fn caller(&self) -> Caller {
        self.here(caller::by_cookie(&self.headers, &self.site.settings))
    }

    /// Nobody yet.
    pub(super) fn nobody(&self) -> Caller {
        self.here(Caller::nobody())
    }

    /// Whoever has just signed in.
    pub(super) fn bearer(&self, access_token: &str) -> Caller {
        self.here(Caller::bearer(access_token.to_owned()))
    }

    /// The account that is signed in, where there is one.
    pub(super) async fn account(&self) -> Result<Option<User>, Stop> {
        match self.app().call(&self.caller(), GetProfile {}).await {
            Ok(account) => Ok(Some(account)),
            Err(Error::Unauthenticated) => Ok(None),
            Err(error) => Err(self.stop(&error)),
        }
    }

    /// The cookie that keeps the browser signed in.
    pub(super) async fn cookie(&self, access_token: &str) -> Option<HeaderValue> {
        cookies::begun(&self.site, access_token, &self.headers).await
    }

    /// What an error means, said in the log where it is ours.
    pub(super) fn failure(&self, error: &Error) -> Failure {
        Failure::of(error, &self.arrival.request_id)
    }

    /// The page for an error that the page asked for has no words for.
    pub(super) fn stop(&self, error: &Error) -> Stop {
        self.failure(error).into()
    }

    fn here(&self, caller: Caller) -> Caller {
        caller.from_device(self.arrival.address, caller::program(&self.headers))
    }
}

impl FromRequestParts<Arc<Site>> for Browser {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, site: &Arc<Site>) -> Result<Self, Infallible> {
        let arrival = Arrival::of(&parts.extensions);
        Ok(Self { site: site.clone(), headers: parts.headers.clone(), arrival })
    }
}

impl From<Response> for Stop {
    fn from(page: Response) -> Self {
        Self(Box::new(page))
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        failure.answer(Wire::Page).into()
    }
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        *self.0
    }
}
