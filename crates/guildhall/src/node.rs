//! One running Guildhall.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use guildhall_catalogue::{Catalogue, catalogue};
use guildhall_domain::error::chain;
use guildhall_outbound::{Fetcher, Letters, Post, make_private};
use guildhall_repositories::{Database, Observer};
use guildhall_services::{
    App, Seats, Settings as ServiceSettings,
    ports::{Ports, SystemClock, SystemRandom},
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::{net::TcpListener, task::JoinSet};

use crate::{
    demo::{self, Demo},
    secret,
    settings::Settings,
};

/// How often histograms are folded, so that they do not grow when nobody asks for them.
const METRICS_PACE: Duration = Duration::from_secs(5);
/// Where letters are without a mail server, in the data folder.
const MAIL: &str = "mail";
/// How often rows that nobody needs any more are swept away.
const SWEEP_PACE: Duration = Duration::from_hours(1);

/// Guildhall, opened: callable from Rust through [`Guildhall::app`], and ready to serve.
pub struct Guildhall {
    /// The services.
    pub app: App,
    /// The list of all procedures.
    pub catalogue: Arc<Catalogue>,
    /// Where people reach it.
    pub public_url: String,
    settings: Settings,
    listen: SocketAddr,
}

impl Guildhall {
    /// Opens the database, brings its schema up to date and readies the services.
    ///
    /// # Errors
    /// Where the data folder or the database cannot be used; the message says what to do.
    pub async fn open(settings: &Settings) -> Result<Self> {
        Self::open_at(settings, settings.listen, None).await
    }

    /// The same, for an address that is already listened on, with somebody who sees every statement.
    ///
    /// # Errors
    /// As for [`Guildhall::open`].
    pub async fn open_at(settings: &Settings, listen: SocketAddr, observer: Option<Observer>) -> Result<Self> {
        make_private(&settings.data)
            .with_context(|| format!("cannot make the data folder {}", settings.data.display()))?;
        let database = Database::open(&settings.location(), observer).await.context("cannot open the database")?;
        if settings.no_migrate {
            let behind = guildhall_migrations::is_behind(database.writer()).await?;
            ensure!(!behind, "the database's schema is behind: start once without --no-migrate");
        } else {
            guildhall_migrations::migrate(database.writer()).await.context("cannot bring the schema up to date")?;
        }
        let public_url = settings.public_url(listen);
        let for_services = ServiceSettings {
            public_url: public_url.clone(),
            base_domain: settings.base_domain.clone(),
            secret: secret::find(settings.secret.as_deref(), &settings.data)?,
            verify_email: settings.verify_email,
            allow_loopback: settings.allow_loopback,
            keep_calls: settings.keep_calls,
            linear_url: settings.linear_url.clone(),
            limits: settings.limits.limits(),
        };
        let ports = Ports {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            mail: Arc::new(post(settings)?),
            fetch: Arc::new(Fetcher::new(settings.allow_loopback).context("cannot set TLS up")?),
        };
        let app = App::open(database, for_services, ports).await;
        let app = app.map_err(|error| match error {
            guildhall_domain::Error::Internal(cause) => anyhow::anyhow!(cause),
            other => anyhow::anyhow!(other),
        })?;
        Ok(Self { app, catalogue: Arc::new(catalogue()), public_url, settings: settings.clone(), listen })
    }

    /// Makes the demo organization where nobody has an account yet; answers what to print about it, now or from an
    /// earlier start.
    ///
    /// # Errors
    /// Where the demo cannot be made.
    pub async fn demo(&self) -> Result<Option<Demo>> {
        if self.settings.no_demo {
            return Ok(None);
        }
        demo::find_or_make(&self.app, &self.settings.data).await
    }

    /// Serves every face of Guildhall on `listener` until `shutdown`.
    ///
    /// # Errors
    /// Where the listener fails.
    pub async fn serve(
        &self,
        listener: TcpListener,
        metrics: PrometheusHandle,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<()> {
        if self.settings.smtp_url.is_none() {
            let folder = self.settings.data.join(MAIL);
            tracing::info!(folder = %folder.display(), "there is no mail server: letters are files");
        }
        let http = Arc::new(guildhall_http::Settings {
            base_domain: self.settings.base_domain.clone(),
            public_url: self.public_url.clone(),
            allowed_origins: self.settings.allowed_origins.clone(),
            trusted_proxies: self.settings.trusted_proxies.clone(),
            listen: self.listen,
            max_in_flight: self.settings.max_in_flight,
            max_connections: self.settings.max_connections,
            ..guildhall_http::Settings::default()
        });
        let closing = guildhall_mcp::Closing::new();
        // End users and colleagues do not take each other's places.
        let seats = || Seats::new(self.settings.max_listeners, self.settings.max_listeners_per_address);
        let hosted = guildhall_mcp::router(
            self.app.clone(),
            Arc::new(guildhall_mcp::Settings {
                public_url: self.public_url.clone(),
                base_domain: self.settings.base_domain.clone(),
                allowed_origins: self.settings.allowed_origins.clone(),
                max_body_bytes: http.max_body_bytes,
                seats: seats(),
            }),
            closing.clone(),
        );
        let streams = guildhall_http::Streams { seats: seats(), closing: closing.clone() };
        let shutdown = async move {
            shutdown.await;
            closing.cancel();
        };
        let mut beside = JoinSet::new(); // ends with this function
        beside.spawn(keep_up(metrics.clone(), self.app.clone()));
        beside.spawn(guildhall_workers::run(self.app.clone()));
        let page = Arc::new(move || metrics.render());
        let (app, catalogue) = (self.app.clone(), self.catalogue.clone());
        let router = guildhall_http::router(app, catalogue, http.clone(), streams, hosted, page);
        Ok(guildhall_http::serve(listener, router, http, shutdown).await?)
    }

    /// Carries out what waits to be done, such as letters, for as long as this is awaited. [`Guildhall::serve`] does so
    /// itself.
    pub async fn work(&self) {
        guildhall_workers::run(self.app.clone()).await;
    }

    /// Makes the process count what it does; once a process.
    ///
    /// # Errors
    /// Where something else counts already.
    pub fn count() -> Result<PrometheusHandle> {
        Ok(PrometheusBuilder::new().install_recorder()?)
    }
}

/// What carries letters: a mail server, or a folder to look into.
fn post(settings: &Settings) -> Result<Post> {
    let letters = Letters::open(settings.mail_templates.as_deref()).context("cannot use the letter templates")?;
    let from = settings.mail_from();
    match &settings.smtp_url {
        Some(url) => Post::smtp(url, &from, letters).context("cannot use the mail server's URL"),
        None => Post::folder(&settings.data.join(MAIL), &from, letters).context("cannot use the folder for letters"),
    }
}

/// What must be done from time to time for as long as a node serves.
async fn keep_up(metrics: PrometheusHandle, app: App) {
    let (mut often, mut seldom) = (tokio::time::interval(METRICS_PACE), tokio::time::interval(SWEEP_PACE));
    loop {
        tokio::select! {
            _ = often.tick() => metrics.run_upkeep(),
            _ = seldom.tick() => {
                if let Err(error) = app.sweep().await {
                    tracing::warn!(error = chain(&error), "old rows were not swept; the next sweep will");
                }
            }
        }
    }
}
