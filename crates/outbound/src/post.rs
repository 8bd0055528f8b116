//! Two ways for a letter to leave: by a mail server, or into a folder that somebody looks into.

use std::{
    error::Error as StdError,
    fmt, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use guildhall_domain::mail::Letter;
use guildhall_services::ports::{Mail, Sending, Undelivered};
use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
    transport::smtp::{self, AsyncSmtpTransportBuilder, extension::ClientId, response::Category},
};

use crate::{Letters, Unusable};

/// How long a letter may take from the first packet to the mail server's answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long one address of the mail server may take to answer, so that another one gets its turn.
const CONNECT_PATIENCE: Duration = Duration::from_secs(10);

/// Writes letters and hands them over.
pub struct Post {
    letters: Letters,
    from: Mailbox,
    way: Way,
}

enum Way {
    Smtp { server: Box<AsyncSmtpTransportBuilder>, patience: Duration },
    Folder(PathBuf),
}

impl Post {
    /// Hands letters to a mail server: `smtps://user:password@host`, or `smtp://…?tls=required` for STARTTLS.
    ///
    /// `smtp://` alone is not encrypted: for a server on the same machine. A path is the name in `EHLO`; without one,
    /// it is the domain of `from`. The server's certificate must be one that browsers trust.
    ///
    /// # Errors
    /// Where `url` or `from` cannot be used. Nobody is called yet.
    pub fn smtp(url: &str, from: &str, letters: Letters) -> Result<Self, Unusable> {
        let from = sender(from)?;
        let server = AsyncSmtpTransport::<Tokio1Executor>::from_url(url);
        let mut server = server.map_err(|error| Unusable::Server(error.to_string()))?.timeout(Some(CONNECT_PATIENCE));
        let path = url.splitn(4, '/').nth(3).and_then(|rest| rest.split('?').next()).unwrap_or_default();
        if path.is_empty() && from.email.domain().is_ascii() {
            server = server.hello_name(ClientId::Domain(from.email.domain().to_owned()));
        }
        Ok(Self { letters, from, way: Way::Smtp { server: Box::new(server), patience: PATIENCE } })
    }

    /// Lays each letter into `folder` as `<its id>.eml`; links are in there, so only the owner may read it.
    ///
    /// # Errors
    /// Where `folder` cannot be made or `from` cannot be used.
    pub fn folder(folder: &Path, from: &str, letters: Letters) -> Result<Self, Unusable> {
        let from = sender(from)?;
        make_private(folder).map_err(Unusable::path(folder))?;
        Ok(Self { letters, from, way: Way::Folder(folder.to_owned()) })
    }

    fn compose(&self, letter: &Letter) -> Result<Message, Box<dyn StdError + Send + Sync>> {
        let written = self.letters.write(&letter.matter)?;
        let header = |name, value: &str| HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned());
        let mut message = Message::builder();
        if let Some(ticket) = letter.matter.thread() {
            // A letter that was never sent stands at the root, so that those that were are shown together, in whatever
            // order they come (RFC 5322 §3.6.4).
            let root = format!("<{ticket}@{}>", self.from.email.domain());
            message = message.in_reply_to(root.clone()).references(root);
        }
        let message = message
            .from(self.from.clone())
            .to(Mailbox::new(None, letter.to.as_str().parse::<Address>()?))
            .subject(written.subject)
            .message_id(Some(format!("<{}@{}>", letter.id, self.from.email.domain())))
            // So that nobody's holiday answers (RFC 3834 §5; the second is what Exchange reads).
            .raw_header(header("Auto-Submitted", "auto-generated"))
            .raw_header(header("X-Auto-Response-Suppress", "All"))
            .multipart(MultiPart::alternative_plain_html(written.text, written.html))?;
        Ok(message)
    }
}

impl Mail for Post {
    fn send<'a>(&'a self, letter: &'a Letter) -> Sending<'a> {
        Box::pin(async move {
            let message = self.compose(letter).map_err(Undelivered::Never)?;
            match &self.way {
                Way::Smtp { server, patience } => hand_over(server, *patience, &message).await,
                Way::Folder(folder) => lay_down(folder.clone(), format!("{}.eml", letter.id), message).await,
            }
        })
    }
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let way: &dyn fmt::Debug = match &self.way {
            Way::Smtp { .. } => &"smtp", // the builder knows the password
            Way::Folder(folder) => folder,
        };
        f.debug_struct("Post").field("from", &self.from.to_string()).field("way", way).finish_non_exhaustive()
    }
}

fn sender(from: &str) -> Result<Mailbox, Unusable> {
    from.parse().map_err(|_| Unusable::Sender(from.to_owned()))
}

/// Each letter has a connection of its own. lettre's pool would take back one whose conversation was cut off, by our
/// patience or because the process stops, and the next letter would be spoken into the middle of this one.
async fn hand_over(
    server: &AsyncSmtpTransportBuilder,
    patience: Duration,
    message: &Message,
) -> Result<(), Undelivered> {
    let transport: AsyncSmtpTransport<Tokio1Executor> = server.clone().build();
    match tokio::time::timeout(patience, transport.send_raw(message.envelope(), &message.formatted())).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(undelivered(error)),
        Err(elapsed) => Err(Undelivered::Later(elapsed.into())),
    }
}

fn undelivered(error: smtp::Error) -> Undelivered {
    // 53x is about our password, 52x about the connection: an administrator mends that, and the letter is still good.
    let ours = |code: smtp::response::Code| matches!(code.category, Category::Connections | Category::Unspecified3);
    if error.is_permanent() && !error.status().is_some_and(ours) {
        Undelivered::Never(error.into())
    } else {
        Undelivered::Later(error.into())
    }
}

async fn lay_down(folder: PathBuf, name: String, message: Message) -> Result<(), Undelivered> {
    let written = tokio::task::spawn_blocking(move || -> io::Result<()> {
        // Appears whole or not at all; private from the first byte.
        let mut file = tempfile::Builder::new().prefix(".").tempfile_in(&folder)?;
        file.write_all(&message.formatted())?;
        file.persist(folder.join(name))?;
        Ok(())
    });
    written.await.map_err(io::Error::other).flatten().map_err(|error| Undelivered::Later(error.into()))
}

/// Makes a folder that only its owner can look into.
///
/// # Errors
/// Where the file system refuses.
pub fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(test)]
mod tests;
