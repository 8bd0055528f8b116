//! Where names lead.

use std::{io, net::IpAddr, pin::Pin};

/// Says where names lead: the system's resolver, or a test's.
pub(super) trait Names: Send + Sync + 'static {
    /// The addresses of `name`. Asked once for a question, so it may as well answer something else each time.
    fn look_up<'a>(&'a self, name: &'a str) -> Looking<'a>;
}

/// Addresses on their way in.
pub(super) type Looking<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// The system's own resolver.
#[derive(Clone, Copy, Debug)]
pub(super) struct SystemNames;

impl Names for SystemNames {
    fn look_up<'a>(&'a self, name: &'a str) -> Looking<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect()) })
    }
}
