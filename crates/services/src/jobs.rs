//! What must happen in the world: written down in the transaction that it follows from, carried out until done.
//!
//! **Invariant:** a job that was committed is carried out at least once, whatever process dies when; what a job changes
//! here and that it is done are one transaction.

use std::time::Duration;

use guildhall_domain::{
    Error, Id, Result,
    error::chain,
    event::{Actor, Audience, Event},
    id,
    mail::{Letter, Matter},
    text::Email,
    ticket_destinations::DestinationKind,
};
use guildhall_repositories::{Access, Lane, Purpose, StoredJob};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    auth::links::{self, Opens},
    knowledge::{erasure, ingestion},
    ports::Undelivered,
    secrets::{open, seal},
    tickets::deliver as delivery,
};

/// Something to be done.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Job {
    /// Sending a letter.
    Letter {
        /// To whom.
        to: Email,
        /// What about.
        matter: Matter,
    },
    /// Looking whether there is such an account, and mailing it a link for a new password.
    PasswordReset {
        /// The address that was typed.
        email: Email,
    },
    /// Reading documents that were handed in.
    Ingestion,
    /// Taking a ticket where its server sends tickets besides Guildhall.
    TicketDelivery {
        /// Which ticket.
        ticket: Id<id::Ticket>,
        /// What is there.
        to: DestinationKind,
    },
    /// Doing away with a namespace that was deleted.
    Erasure {
        /// Which namespace.
        namespace: Id<id::Namespace>,
    },
}

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long nobody else tries: longer than an attempt may take.
pub(crate) const LEASE: Duration = Duration::from_secs(90);
/// The wait after the first failure; each is twice the one before, up to [`LONGEST_WAIT`].
const FIRST_WAIT: Duration = Duration::from_secs(10);
const LONGEST_WAIT: Duration = Duration::from_hours(4);
/// Attempts in all: some two days of a mail server that is away.
const MOST_ATTEMPTS: u32 = 24;
/// How long the link of a letter about a password works.
const RESET_LIFE: Duration = Duration::from_hours(1);

/// Writes `job` down in the transaction of `access`; answers its id.
pub(crate) async fn write(
    app: &App,
    access: &Access,
    job: &Job,
    organization: Option<Id<id::Organization>>,
) -> Result<Id<id::Job>> {
    let input = serde_json::to_vec(job).map_err(Error::internal)?;
    let id = app.fresh_id();
    let new = StoredJob {
        id,
        organization,
        kind: job.kind().to_owned(),
        sealed_input: seal(&app.settings().secret, app.random(), &input)?,
        attempts: 0,
    };
    access.system().add_job(new, app.now()).await?;
    Ok(id)
}

impl Job {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Letter { .. } => "letter",
            Self::PasswordReset { .. } => "password_reset",
            Self::Ingestion => ingestion::KIND,
            Self::TicketDelivery { .. } => delivery::KIND,
            Self::Erasure { .. } => "erasure",
        }
    }
}

/// How an attempt failed.
pub(crate) enum Failed {
    /// Worth another.
    For(String),
    /// Not worth another.
    ForGood(String),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::For(chain(&error))
    }
}

impl App {
    /// Carries out the job that is due longest, if one is; answers whether there was one. Any number of workers on any
    /// number of nodes may do this at once.
    ///
    /// # Errors
    /// Where the database fails; the job is tried again later.
    pub async fn carry_out_next(&self) -> Result<bool> {
        self.carry_out_next_in(Lane { slow: delivery::KIND, takes_slow: true }).await
    }

    /// The same without what waits for servers that tenants name: however slow those are, some workers are free for
    /// letters.
    ///
    /// # Errors
    /// As for [`App::carry_out_next`].
    pub async fn carry_out_next_of_ours(&self) -> Result<bool> {
        self.carry_out_next_in(Lane { slow: delivery::KIND, takes_slow: false }).await
    }

    async fn carry_out_next_in(&self, lane: Lane) -> Result<bool> {
        if !self.database().read().system().is_job_due(lane, self.now()).await? {
            return Ok(false);
        }
        let lease = self.random::<16>();
        let access = self.database().write().await?;
        let taken = access.system().take_job(lane, &lease, self.now().plus(LEASE), self.now()).await?;
        access.commit().await?;
        let Some(job) = taken else { return Ok(false) };
        if job.attempts > MOST_ATTEMPTS {
            // It never came to say how it failed: it ended its worker each time.
            self.put_off(&job, &lease, Failed::ForGood("no attempt came to its end".to_owned())).await?;
            return Ok(true);
        }
        let attempt = tokio::time::timeout(PATIENCE, self.carry_out(&job, &lease));
        let failed = match attempt.await {
            Ok(Ok(())) => return Ok(true),
            Ok(Err(failed)) => failed,
            Err(_) => Failed::For(format!("took longer than {} s", PATIENCE.as_secs())),
        };
        self.put_off(&job, &lease, failed).await?;
        Ok(true)
    }

    /// How many jobs wait or are being carried out.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn jobs_left(&self) -> Result<u64> {
        Ok(self.database().read().system().count_jobs().await?)
    }

    async fn carry_out(&self, job: &StoredJob, lease: &[u8]) -> Result<(), Failed> {
        let what = self.read(job).map_err(|why| Failed::ForGood(format!("cannot be read: {}", chain(&why))))?;
        match what {
            Job::Letter { to, matter } => {
                if matter.expires_at().is_some_and(|end| end <= self.now()) {
                    return Err(Failed::ForGood("its link does not work any more".to_owned()));
                }
                if !self.still_wanted(job).await.map_err(|why| Failed::For(chain(&why)))? {
                    return Err(Failed::ForGood("its organization is gone".to_owned()));
                }
                let letter = Letter { id: job.id, to, matter };
                self.mail().send(&letter).await.map_err(|undelivered| match undelivered {
                    Undelivered::Later(why) => Failed::For(why.to_string()),
                    Undelivered::Never(why) => Failed::ForGood(why.to_string()),
                })?;
                self.finish(job, lease).await.map_err(|why| Failed::For(chain(&why)))
            }
            Job::PasswordReset { email } => {
                self.offer_reset(job, lease, &email).await.map_err(|why| Failed::For(chain(&why)))
            }
            Job::Ingestion => ingestion::go_on(self, job, lease).await,
            Job::TicketDelivery { ticket, to } => delivery::carry_out(self, (job, lease), ticket, to).await,
            Job::Erasure { namespace } => erasure::go_on(self, job, lease, namespace).await,
        }
    }

    fn read(&self, job: &StoredJob) -> Result<Job> {
        let input = open(&self.settings().secret, &job.sealed_input)?;
        serde_json::from_slice(&input).map_err(Error::internal)
    }

    /// What an organization wrote goes out while there is such an organization.
    async fn still_wanted(&self, job: &StoredJob) -> Result<bool> {
        let Some(organization) = job.organization else { return Ok(true) };
        Ok(self.database().read().tenant(organization).profile().find().await?.is_some())
    }

    async fn finish(&self, job: &StoredJob, lease: &[u8]) -> Result<()> {
        let access = self.database().write().await?;
        access.system().finish_job(job.id, lease).await?;
        Ok(access.commit().await?)
    }

    /// Makes the link and writes the letter down, where there is such an account.
    async fn offer_reset(&self, job: &StoredJob, lease: &[u8], email: &Email) -> Result<()> {
        let access = self.database().write().await?;
        if !access.system().finish_job(job.id, lease).await? {
            return Ok(()); // somebody else has taken over
        }
        let mut happened = None;
        // Held first, as all do who use up or renew what its letters carry.
        if let Some((account, ..)) = access.system().hold_user_by_email(email).await? {
            let (link, hash) = links::fresh(self, Opens::PasswordReset);
            let expires_at = self.now().plus(RESET_LIFE);
            access.system().keep_token(&hash, Purpose::PasswordReset, account.id, self.now(), expires_at).await?;
            let letter = Job::Letter { to: account.email, matter: Matter::PasswordReset { link, expires_at } };
            write(self, &access, &letter, None).await?;
            let event = Event::PasswordResetRequested { user_id: account.id };
            happened = Some(self.note(&access, Actor::Nobody, Audience::Account(account.id), event).await?);
        }
        access.commit().await?;
        if let Some(happened) = happened {
            self.announce(happened);
        }
        Ok(())
    }

    async fn put_off(&self, job: &StoredJob, lease: &[u8], failed: Failed) -> Result<()> {
        let access = self.database().write().await?;
        let jobs = access.system();
        let mut happened = None;
        match failed {
            Failed::For(why) if job.attempts < MOST_ATTEMPTS => {
                let due_at = self.now().plus(self.wait(job.attempts));
                tracing::info!(job = %job.id, kind = job.kind, attempts = job.attempts, why, "a job is put off");
                jobs.postpone_job(job.id, lease, &short(&why), due_at).await?;
            }
            Failed::For(why) | Failed::ForGood(why) => {
                tracing::warn!(job = %job.id, kind = job.kind, attempts = job.attempts, why, "a job is given up");
                if !jobs.give_up_job(job.id, lease, &short(&why), self.now()).await? {
                    return Ok(()); // somebody else has taken over
                }
                if job.kind == ingestion::KIND {
                    happened = ingestion::give_up(self, &access, job, &short(&why)).await?;
                }
                if let Ok(Job::TicketDelivery { ticket, to }) = self.read(job) {
                    happened = delivery::give_up(self, &access, job.organization, (ticket, to), &short(&why)).await?;
                }
            }
        }
        access.commit().await?;
        if let Some(happened) = happened {
            self.announce(happened);
        }
        Ok(())
    }

    /// Longer each time, and not the same for jobs that failed together.
    fn wait(&self, attempts: u32) -> Duration {
        let doubled = FIRST_WAIT.saturating_mul(1 << attempts.saturating_sub(1).min(12));
        let [chance] = self.random::<1>();
        doubled.min(LONGEST_WAIT) + Duration::from_millis(u64::from(chance) * 20)
    }
}

fn short(why: &str) -> String {
    why.chars().take(1000).collect()
}
