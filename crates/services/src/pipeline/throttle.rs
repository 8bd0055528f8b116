//! How often something may be done, counted in the database for all nodes together.

use guildhall_domain::{Error, Result, Timestamp};
use guildhall_repositories::Access;

use super::{App, Caller, Throttle, reach::Known};
use crate::{secrets::hash, settings::Rate};

impl App {
    /// Counts the call, for good: an attempt counts whether or not it succeeds.
    pub(super) async fn throttle(&self, caller: &Caller, known: &Known, throttles: Vec<Throttle>) -> Result<()> {
        if throttles.is_empty() {
            return Ok(());
        }
        let access = self.database().write().await?;
        let mut wait = 0;
        for throttle in throttles {
            let (name, key, rate) = match throttle {
                Throttle::Key(name, key, rate) => (name, key, rate),
                Throttle::Address(name, rate) => match caller.address {
                    Some(address) => (name, network(address), rate),
                    // Unknown to programs that call without a network: they are one place.
                    None => (name, String::new(), rate),
                },
                Throttle::Caller(name, rate) => match known.user() {
                    Some(user) => (name, user.to_string(), rate),
                    None => continue,
                },
            };
            wait = wait.max(self.use_up(&access, name, &key, rate).await?);
        }
        access.commit().await?;
        if wait > 0 { Err(Error::TooManyRequests { retry_after_ms: wait }) } else { Ok(()) }
    }

    /// Uses a limit once; answers 0, or in how many milliseconds it can be used again.
    pub(crate) async fn use_up(&self, access: &Access, name: &str, key: &str, rate: Rate) -> Result<u64> {
        use_limit(access, &throttle_key(name, key), rate, self.now()).await
    }
}

/// What a limit's uses are counted under.
pub(crate) fn throttle_key(name: &str, key: &str) -> Vec<u8> {
    hash(&[b"limit", name.as_bytes(), key.as_bytes()])
}

/// Uses a limit once; answers 0, or in how many milliseconds it can be used again.
pub(crate) async fn use_limit(access: &Access, key: &[u8], rate: Rate, now: Timestamp) -> Result<u64> {
    let window = i64::try_from(rate.window.as_millis()).unwrap_or(i64::MAX);
    let (uses, since) = access.system().use_limit(key, window, now).await?;
    if uses <= i64::from(rate.uses) {
        return Ok(0);
    }
    let left = since.plus(rate.window).millis().saturating_sub(now.millis());
    Ok(u64::try_from(left).unwrap_or(0).max(1))
}

/// An address as it is counted: all of an IPv6 /64 is one.
#[must_use]
pub fn network(address: std::net::IpAddr) -> String {
    match address.to_canonical() {
        std::net::IpAddr::V4(v4) => v4.to_string(),
        std::net::IpAddr::V6(v6) => format!("{:x?}", v6.segments().first_chunk::<4>()),
    }
}
