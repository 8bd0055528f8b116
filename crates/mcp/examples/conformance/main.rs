//! The fixture server of the official conformance suite: the tools, prompts and resources that the suite calls by name.
//!
//! An organization's server has only its own tools; what else the protocol has is shown here, on two paths:
//! `/mcp` is `guildhall_mcp::Transport`, which serves hosted servers too, in both eras. `/sessions/mcp` is rmcp's mode
//! with sessions, which **hosted servers do not use**: only there a server of 2025-11-25 can put requests of its own to
//! a client (sampling, elicitation), and remember what a client set before (log level, subscriptions).
//! The suite's client is trusted: this listens on loopback only, and looks at neither Host nor Origin on `/mcp`.
mod answers;
mod fixture;
mod offers;
mod rounds;
mod sessions;
mod tools;

use std::{error::Error, net::Ipv4Addr};

use axum::{
    Router,
    extract::{Request, State},
    routing::{any_service, post},
};
use guildhall_mcp::Transport;
use tokio::net::TcpListener;

use crate::fixture::Fixture;

const MAX_BODY_BYTES: usize = 1024 * 1024;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let fixture = Fixture::new()?;
    let sessions = sessions::service(fixture.clone());
    let hosted = Router::new().route("/mcp", post(answer)).with_state((Transport::new(MAX_BODY_BYTES), fixture));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("The fixture server listens on http://{}", listener.local_addr()?);
    axum::serve(listener, hosted.route("/sessions/mcp", any_service(sessions))).await?;
    Ok(())
}

/// As for a hosted server: a handler made for this request.
async fn answer(
    State((transport, fixture)): State<(Transport, Fixture)>,
    request: Request,
) -> axum::response::Response {
    transport.answer(fixture, request).await
}
