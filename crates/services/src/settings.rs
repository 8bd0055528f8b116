//! What an operator decides.

use std::{str::FromStr, time::Duration};

use guildhall_domain::text::WebUrl;

use crate::{oauth::Face, secrets::hash};

/// What an operator decides about the services.
#[derive(Clone)]
pub struct Settings {
    /// Where people and programs reach Guildhall, without a slash at the end.
    pub public_url: String,
    /// The domain whose subdomains are the published MCP servers.
    pub base_domain: String,
    /// Seals what must be read again but not by whoever reads the database; 32 bytes, the same on every node.
    pub secret: [u8; 32],
    /// Whether an address must be verified before its account can sign in.
    pub verify_email: bool,
    /// Whether what tenants name may be an address of this machine: for development.
    pub allow_loopback: bool,
    /// Where Linear's GraphQL API is.
    pub linear_url: WebUrl,
    /// How long the calls of end users are kept; their counts stay.
    pub keep_calls: KeptDays,
    /// How often things may be done.
    pub limits: Limits,
}

/// How many days something is kept; 0 is for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeptDays(u32);

/// How often something may be done.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// So often…
    pub uses: u32,
    /// … in this time.
    pub window: Duration,
}

/// How often something may be done in each five minutes by the clock: what is counted in those anyway has no window of
/// its own. What is under way at once may go a little beyond it.
#[derive(Clone, Copy, Debug)]
pub struct EachFiveMinutes(pub u32);

impl EachFiveMinutes {
    /// How long they are.
    pub const LENGTH: Duration = Duration::from_mins(5);
}

/// How often things may be done.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sign-ins to one account.
    pub sign_in_account: Rate,
    /// Sign-ins from one address.
    pub sign_in_address: Rate,
    /// Sign-ups with one email address.
    pub sign_up_account: Rate,
    /// Sign-ups from one address.
    pub sign_up_address: Rate,
    /// Refreshes from one address.
    pub refresh_address: Rate,
    /// Requests for a new password for one account.
    pub reset_account: Rate,
    /// Requests for a new password from one address.
    pub reset_address: Rate,
    /// Uses of the links in letters from one address.
    pub link_address: Rate,
    /// Times that somebody who is signed in gives the account's own password.
    pub password_account: Rate,
    /// Invitations sent by one account.
    pub invite_account: Rate,
    /// Invitations sent from one address.
    pub invite_address: Rate,
    /// Invitations sent to one email address, by all organizations together.
    pub invite_recipient: Rate,
    /// Invitations made by one organization.
    pub invite_organization: Rate,
    /// Organizations founded, and slugs changed, by one account.
    pub organization_account: Rate,
    /// Authorization servers asked for their metadata for one account.
    pub metadata_account: Rate,
    /// Clients registered at hosted servers from one address.
    pub client_address: Rate,
    /// Clients registered at one hosted server.
    pub client_server: Rate,
    /// Documents of clients read for one address.
    pub client_document_address: Rate,
    /// Codes mailed to one email address.
    pub code_recipient: Rate,
    /// Codes mailed for one address.
    pub code_address: Rate,
    /// Codes mailed for one hosted server.
    pub code_server: Rate,
    /// Answers that one organization mails to one email address.
    pub ticket_recipient: Rate,
    /// Replies on one ticket that are mailed to whoever is on it.
    pub ticket_reply: Rate,
    /// Calls of tools of one hosted server.
    pub mcp_server: EachFiveMinutes,
    /// Calls of tools by one end user.
    pub mcp_user: EachFiveMinutes,
    /// End users whom nobody knew before, at one hosted server from one address.
    pub mcp_visitor_address: Rate,
}

impl std::fmt::Debug for Settings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings").field("public_url", &self.public_url).finish_non_exhaustive()
    }
}

impl KeptDays {
    /// The least that is kept: whoever looks back a month sees all of it.
    const LEAST: u32 = 32;

    /// How long that is; none where it is for ever.
    #[must_use]
    pub fn span(self) -> Option<Duration> {
        (self.0 > 0).then(|| Duration::from_hours(u64::from(self.0) * 24))
    }
}

impl Default for KeptDays {
    fn default() -> Self {
        Self(90)
    }
}

impl std::fmt::Display for KeptDays {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for KeptDays {
    type Err = String;
    /// Days: 32 or more, or 0.
    fn from_str(text: &str) -> Result<Self, String> {
        let days = text.parse().ok().filter(|days| *days == 0 || *days >= Self::LEAST);
        days.map(Self).ok_or_else(|| format!("{text}: not a number of days, at least {}, or 0 for ever", Self::LEAST))
    }
}

impl FromStr for Rate {
    type Err = String;
    /// `uses/time`, the time in seconds, minutes or hours: `10/15m`.
    fn from_str(text: &str) -> Result<Self, String> {
        let parse = || {
            let (uses, time) = text.split_once('/')?;
            let unit = match time.chars().last()? {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                _ => return None,
            };
            let count: u64 = time.get(..time.len().checked_sub(1)?)?.parse().ok()?;
            let window = Duration::from_secs(count.checked_mul(unit)?);
            Some(Self { uses: uses.parse().ok()?, window }).filter(|rate| !rate.window.is_zero())
        };
        parse().ok_or_else(|| format!("{text}: not a rate like 10/15m"))
    }
}

impl FromStr for EachFiveMinutes {
    type Err = String;
    /// A rate whose time is five minutes: `600/5m`.
    fn from_str(text: &str) -> Result<Self, String> {
        let rate = text.parse().ok().filter(|rate: &Rate| rate.window == Self::LENGTH);
        let rate =
            rate.ok_or_else(|| format!("{text}: not a rate like 600/5m; these calls are counted by five minutes"));
        rate.map(|rate| Self(rate.uses))
    }
}

impl Default for Limits {
    fn default() -> Self {
        let minutes = |n: u64| Duration::from_secs(n * 60);
        Self {
            sign_in_account: Rate { uses: 10, window: minutes(15) },
            sign_in_address: Rate { uses: 100, window: minutes(15) },
            sign_up_account: Rate { uses: 5, window: minutes(60) },
            sign_up_address: Rate { uses: 60, window: minutes(60) },
            refresh_address: Rate { uses: 600, window: minutes(15) },
            reset_account: Rate { uses: 3, window: minutes(60) },
            reset_address: Rate { uses: 30, window: minutes(60) },
            link_address: Rate { uses: 100, window: minutes(15) },
            password_account: Rate { uses: 10, window: minutes(15) },
            invite_account: Rate { uses: 100, window: minutes(60) },
            invite_address: Rate { uses: 300, window: minutes(60) },
            invite_recipient: Rate { uses: 10, window: minutes(24 * 60) },
            invite_organization: Rate { uses: 500, window: minutes(24 * 60) },
            organization_account: Rate { uses: 30, window: minutes(60) },
            metadata_account: Rate { uses: 30, window: minutes(15) },
            client_address: Rate { uses: 60, window: minutes(60) },
            client_server: Rate { uses: 5_000, window: minutes(24 * 60) },
            client_document_address: Rate { uses: 60, window: minutes(15) },
            code_recipient: Rate { uses: 6, window: minutes(60) },
            code_address: Rate { uses: 60, window: minutes(60) },
            code_server: Rate { uses: 2_000, window: minutes(60) },
            ticket_recipient: Rate { uses: 100, window: minutes(24 * 60) },
            ticket_reply: Rate { uses: 10, window: minutes(60) },
            mcp_server: EachFiveMinutes(60_000),
            mcp_user: EachFiveMinutes(600),
            mcp_visitor_address: Rate { uses: 600, window: minutes(60) },
        }
    }
}

impl Limits {
    /// The longest time that anything is counted over.
    pub(crate) fn longest(&self) -> Duration {
        let Self {
            sign_in_account,
            sign_in_address,
            sign_up_account,
            sign_up_address,
            refresh_address,
            reset_account,
            reset_address,
            link_address,
            password_account,
            invite_account,
            invite_address,
            invite_recipient,
            invite_organization,
            organization_account,
            metadata_account,
            client_address,
            client_server,
            client_document_address,
            code_recipient,
            code_address,
            code_server,
            ticket_recipient,
            ticket_reply,
            mcp_server: EachFiveMinutes(_),
            mcp_user: EachFiveMinutes(_),
            mcp_visitor_address,
        } = self;
        let rates = [
            sign_in_account,
            sign_in_address,
            sign_up_account,
            sign_up_address,
            refresh_address,
            reset_account,
            reset_address,
            link_address,
            password_account,
            invite_account,
            invite_address,
            invite_recipient,
            invite_organization,
            organization_account,
            metadata_account,
            client_address,
            client_server,
            client_document_address,
            code_recipient,
            code_address,
            code_server,
            ticket_recipient,
            ticket_reply,
            mcp_visitor_address,
        ];
        rates.into_iter().map(|rate| rate.window).max().unwrap_or_default()
    }
}

impl Settings {
    /// Where Linear's GraphQL API is, for everybody but tests and those behind a proxy.
    pub const LINEAR_URL: &str = "https://api.linear.app/graphql";

    /// The secret that a text stands for: hashed, so that any text of enough randomness will do.
    #[must_use]
    pub fn secret_of(text: &str) -> [u8; 32] {
        hash(&[b"guildhall secret", text.as_bytes()]).try_into().unwrap_or_default()
    }

    /// Where somebody who cannot sign in any more begins.
    pub(crate) fn reset_page(&self) -> String {
        format!("{}/reset-password", self.public_url)
    }

    /// What a person pastes into an MCP client to reach the server of that subdomain. Machines rarely resolve names
    /// below `localhost`, so there the server's path on the main host stands for it.
    #[must_use]
    pub fn server_url(&self, slug: &str) -> String {
        let face = if self.base_domain == "localhost" { Face::Path } else { Face::Host };
        format!("{}/mcp", self.issuer(slug, face))
    }

    /// Where the server of that subdomain is under `face`, without a slash at the end; its authorization server calls
    /// itself that.
    #[must_use]
    pub fn issuer(&self, slug: &str, face: Face) -> String {
        let (scheme, rest) = self.public_url.split_once("://").unwrap_or(("http", &self.public_url));
        if face == Face::Path {
            return format!("{scheme}://{rest}/s/{slug}");
        }
        let port = rest.rsplit_once(':').map(|(_, port)| port).filter(|port| port.bytes().all(|b| b.is_ascii_digit()));
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{scheme}://{slug}.{}{port}", self.base_domain)
    }
}

#[cfg(test)]
mod tests {
    use super::{EachFiveMinutes, KeptDays, Limits, Rate, Settings};

    #[test]
    fn a_rate_is_uses_in_a_time() {
        let rate: Rate = "10/15m".parse().unwrap();
        assert_eq!((rate.uses, rate.window.as_secs()), (10, 900));
        for bad in ["", "10", "10/", "10/m", "x/1s", "1/1d", "1/0s", "-1/1s"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
        assert_eq!("600/300s".parse::<EachFiveMinutes>().unwrap().0, 600);
        assert!("600/1m".parse::<EachFiveMinutes>().is_err(), "is not counted by the minute");
    }

    #[test]
    fn what_is_kept_is_kept_for_a_month_at_least() {
        let span = |text: &str| text.parse().map(KeptDays::span).map(|span| span.map(|span| span.as_secs() / 86_400));
        assert_eq!((span("0"), span("32"), span("4000000000")), (Ok(None), Ok(Some(32)), Ok(Some(4_000_000_000))));
        assert_eq!(KeptDays::default().to_string(), "90");
        for bad in ["", "31", "1", "-90", "90d", "1e3", "5000000000"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_server_has_a_name_of_its_own_where_names_resolve() {
        let at = |public_url: &str, base_domain: &str| Settings {
            public_url: public_url.to_owned(),
            base_domain: base_domain.to_owned(),
            secret: [0; 32],
            verify_email: false,
            allow_loopback: false,
            linear_url: Settings::LINEAR_URL.parse().unwrap(),
            keep_calls: KeptDays::default(),
            limits: Limits::default(),
        };
        let url = |url, base| at(url, base).server_url("acme-help");
        assert_eq!(url("https://app.example.test", "mcp.example.test"), "https://acme-help.mcp.example.test/mcp");
        assert_eq!(url("http://example.test:8080", "example.test"), "http://acme-help.example.test:8080/mcp");
        assert_eq!(url("http://localhost:3000", "localhost"), "http://localhost:3000/s/acme-help/mcp");
    }
}
