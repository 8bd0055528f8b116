//! How often end users may call. Their calls are counted already, as they are kept: nothing is written for these limits,
//! and nothing more is asked, for the statement that finds a visitor tells the counts. Only people who are new are counted
//! for themselves.

use std::net::IpAddr;

use guildhall_domain::{Error, Id, Result, Timestamp, id};
use guildhall_repositories::Access;

use crate::{App, EachFiveMinutes, pipeline::network};

/// Calls in these five minutes so far.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallsSoFar {
    /// Of the server.
    pub(super) server: i64,
    /// By the person, at all servers of the organization.
    pub(super) person: i64,
}

impl App {
    /// When these five minutes by the clock began, and when they are over.
    pub(super) fn five_minutes(&self) -> (Timestamp, Timestamp) {
        let length = i64::try_from(EachFiveMinutes::LENGTH.as_millis()).unwrap_or(i64::MAX);
        let began = self.now().floor(length);
        (began, began.plus(EachFiveMinutes::LENGTH))
    }

    /// Refuses one more call where there were enough.
    pub(super) fn pace(&self, calls: CallsSoFar) -> Result<()> {
        let limits = &self.settings().limits;
        if calls.server < limits.mcp_server.0.into() && calls.person < limits.mcp_user.0.into() {
            return Ok(());
        }
        let (_, over) = self.five_minutes();
        let left = over.millis().saturating_sub(self.now().millis());
        Err(Error::TooManyRequests { retry_after_ms: u64::try_from(left).unwrap_or(0).max(1) })
    }

    /// Counts somebody whom nobody knew, in the transaction that makes them known: each is a row that stays. Where there
    /// were enough the transaction must end, and with it the count.
    pub(super) async fn count_new_person(
        &self,
        access: &Access,
        server: Id<id::McpServer>,
        address: Option<IpAddr>,
    ) -> Result<()> {
        let place = format!("{server} {}", address.map(network).unwrap_or_default());
        let rate = self.settings().limits.mcp_visitor_address;
        match self.use_up(access, "mcp-visitor-address", &place, rate).await? {
            0 => Ok(()),
            retry_after_ms => Err(Error::TooManyRequests { retry_after_ms }),
        }
    }
}
