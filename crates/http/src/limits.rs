//! How much is done at once, and for how long: beyond it, "later" is said at once.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    Settings, batch,
    failure::{Failure, Wire},
    observe::Arrival,
    rpc, uploads,
};

/// The places there are.
#[derive(Debug)]
pub(crate) struct Limits {
    places: Arc<Semaphore>,
    settings: Arc<Settings>,
}

/// A file takes longer on its way than anything else: as many times the patience with others.
const TURNS_OF_A_FILE: u32 = 10;

/// A place among the requests that are worked on. A streamed batch keeps it until its last answer.
#[derive(Clone, Debug)]
pub(crate) struct Seat(#[expect(dead_code, reason = "held, not read")] Arc<OwnedSemaphorePermit>);

impl Limits {
    /// As many places as the settings say.
    pub(crate) fn new(settings: Arc<Settings>) -> Self {
        Self { places: Arc::new(Semaphore::new(settings.max_in_flight.min(Semaphore::MAX_PERMITS))), settings }
    }
}

/// Lets a request in while there is a place, and gives up on it when it takes too long.
pub(crate) async fn limits(State(limits): State<Arc<Limits>>, mut request: Request, next: Next) -> Response {
    let arrival = Arrival::of(request.extensions());
    let wire = Wire::of(request.uri().path());
    let Ok(permit) = limits.places.clone().try_acquire_owned() else {
        return Failure::unavailable(&arrival.request_id).answer(wire);
    };
    let seat = Seat(Arc::new(permit));
    // Only RPC: whoever streams for hours (MCP) would keep the seat for hours.
    if request.uri().path().starts_with(rpc::PREFIX) {
        request.extensions_mut().insert(seat.clone());
    }
    // A batch has that long to be read, and then its calls, each for itself, that long to run.
    let turns = if uploads::may_be(request.headers()) {
        TURNS_OF_A_FILE
    } else if request.headers().contains_key(batch::HEADER) {
        2
    } else {
        1
    };
    let patience = limits.settings.request_timeout.saturating_mul(turns);
    let answer = tokio::time::timeout(patience, next.run(request)).await;
    drop(seat);
    answer.unwrap_or_else(|_| Failure::unavailable(&arrival.request_id).answer(wire))
}
