//! Everything an operator can decide, as flags and as environment variables.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

use clap::Args;
use guildhall_domain::text::WebUrl;
use guildhall_repositories::Location;
use guildhall_services::{KeptDays, Settings as ServiceSettings};

use crate::limits::LimitSettings;

/// Where and how Guildhall runs. Every flag has an environment variable; none is needed to start.
#[derive(Clone, Args)]
pub struct Settings {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "GUILDHALL_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,
    /// Folder for the embedded database and the installation's secret.
    #[arg(long, env = "GUILDHALL_DATA", default_value = "./data")]
    pub data: PathBuf,
    /// `postgres://…` for PostgreSQL; SQLite in the data folder without.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Domain whose subdomains are the published MCP servers.
    #[arg(long, env = "GUILDHALL_BASE_DOMAIN", default_value = "localhost")]
    pub base_domain: String,
    /// Where people reach Guildhall; http://<base domain>:<port> without.
    #[arg(long, env = "GUILDHALL_PUBLIC_URL")]
    pub public_url: Option<String>,
    /// Seals what is secret in the database, at least 32 characters, the same on every node; a file in the data folder
    /// without.
    #[arg(long, env = "GUILDHALL_SECRET", hide_env_values = true)]
    pub secret: Option<String>,
    /// Origins of browser pages that may call, besides the public URL's own.
    #[arg(long, env = "GUILDHALL_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<String>,
    /// Proxies whose X-Forwarded-For is believed.
    #[arg(long, env = "GUILDHALL_TRUSTED_PROXIES", value_delimiter = ',')]
    pub trusted_proxies: Vec<IpAddr>,
    /// Do not make a demo organization on the first start.
    #[arg(long, env = "GUILDHALL_NO_DEMO")]
    pub no_demo: bool,
    /// Refuse to start on a database whose schema is behind, rather than bring it up to date.
    #[arg(long, env = "GUILDHALL_NO_MIGRATE")]
    pub no_migrate: bool,
    /// Log as JSON lines.
    #[arg(long, env = "GUILDHALL_LOG_JSON")]
    pub log_json: bool,
    /// Requests worked on at once; more are told to try again.
    #[arg(long, env = "GUILDHALL_MAX_IN_FLIGHT", default_value_t = 1024)]
    pub max_in_flight: usize,
    /// Connections open at once.
    #[arg(long, env = "GUILDHALL_MAX_CONNECTIONS", default_value_t = 10_000)]
    pub max_connections: usize,
    /// Clients that listen at once, each with a connection of its own: MCP clients for changes, people for tickets.
    #[arg(long, env = "GUILDHALL_MAX_LISTENERS", default_value_t = 2048)]
    pub max_listeners: usize,
    /// Of those, as many at one MCP server, or of one feed, from one address.
    #[arg(long, env = "GUILDHALL_MAX_LISTENERS_PER_ADDRESS", default_value_t = 64)]
    pub max_listeners_per_address: usize,
    /// Mail server, such as smtps://user:password@mail.example:465; without, letters are files in the data folder.
    #[arg(long, env = "GUILDHALL_SMTP_URL", hide_env_values = true)]
    pub smtp_url: Option<String>,
    /// Whom letters are from; Guildhall <no-reply@<base domain>> without.
    #[arg(long, env = "GUILDHALL_MAIL_FROM")]
    pub mail_from: Option<String>,
    /// Folder with letter templates that take the place of the built-in ones of the same name.
    #[arg(long, env = "GUILDHALL_MAIL_TEMPLATES")]
    pub mail_templates: Option<PathBuf>,
    /// An address must be verified before its account can sign in.
    #[arg(long, env = "GUILDHALL_VERIFY_EMAIL")]
    pub verify_email: bool,
    /// Call addresses of this machine too where an organization names one, such as an authorization server in development.
    #[arg(long, env = "GUILDHALL_ALLOW_LOOPBACK")]
    pub allow_loopback: bool,
    /// Where Linear's GraphQL API is.
    #[arg(long, env = "GUILDHALL_LINEAR_URL", default_value = ServiceSettings::LINEAR_URL)]
    pub linear_url: WebUrl,
    /// Days for which calls of end users are kept, at least 32; 0 is for ever. What was counted of them stays.
    #[arg(long, env = "GUILDHALL_KEEP_CALLS", default_value_t)]
    pub keep_calls: KeptDays,
    /// How often things may be done.
    #[command(flatten)]
    pub limits: LimitSettings,
}

impl Settings {
    pub(crate) fn location(&self) -> Location {
        match &self.database_url {
            Some(url) => Location::Postgres(url.clone()),
            None => Location::Sqlite(self.data.join("guildhall.sqlite")),
        }
    }

    pub(crate) fn public_url(&self, listening: SocketAddr) -> String {
        let url = match &self.public_url {
            Some(url) => url.clone(),
            None => format!("http://{}:{}", self.base_domain, listening.port()),
        };
        url.trim_end_matches('/').to_owned()
    }

    pub(crate) fn mail_from(&self) -> String {
        self.mail_from.clone().unwrap_or_else(|| format!("Guildhall <no-reply@{}>", self.base_domain))
    }
}
