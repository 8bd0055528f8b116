//! The templates, and how a letter is written from them.

use std::{
    error::Error as _,
    fmt, fs, io,
    path::{Path, PathBuf},
};

use guildhall_domain::{Id, Timestamp, access::Role, mail::Matter};
use minijinja::{Environment, Error, UndefinedBehavior, syntax::SyntaxConfig};

use crate::{
    Unusable,
    values::{Place, Values, values},
};

macro_rules! built_in {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("../templates/", $name)))),*] };
}

/// Each matter has a text and a page; the pages share the first one.
const BUILT_IN: [(&str, &str); 21] = built_in!(
    "letter.html"
    "invitation.txt" "invitation.html"
    "membership.txt" "membership.html"
    "password-reset.txt" "password-reset.html"
    "email-verification.txt" "email-verification.html"
    "sign-in-code.txt" "sign-in-code.html"
    "already-registered.txt" "already-registered.html"
    "password-changed.txt" "password-changed.html"
    "ticket-answer.txt" "ticket-answer.html"
    "ticket-assigned.txt" "ticket-assigned.html"
    "ticket-reply.txt" "ticket-reply.html"
);

/// The templates of every letter there is, each known to work.
pub struct Letters {
    templates: Environment<'static>,
    folder: Option<PathBuf>,
}

/// A letter in words.
pub(crate) struct Written {
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) html: String,
}

impl Letters {
    /// The built-in templates, with those of `folder` in the place of the ones they are named like.
    ///
    /// Their language is [Jinja](https://docs.rs/minijinja/3/minijinja/syntax/). A `.txt` begins with `Subject: …` and
    /// an empty line.
    /// `message` is `none` where nothing was said; it, `content` and `summary` come quoted in text and with `<br>` in HTML.
    ///
    /// # Errors
    /// Where a template cannot write each of its letters, or a file is named like none.
    pub fn open(folder: Option<&Path>) -> Result<Self, Unusable> {
        let mut templates = Environment::new();
        templates.set_undefined_behavior(UndefinedBehavior::Strict);
        let syntax = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build();
        let mut letters = Self { templates, folder: folder.map(Path::to_owned) };
        letters.templates.set_syntax(syntax.map_err(|error| letters.fault(&error, ""))?);
        if let Some(folder) = folder {
            refuse_strangers(folder)?;
        }
        for (name, built_in) in BUILT_IN {
            let source = letters.own(name)?.unwrap_or_else(|| built_in.to_owned());
            letters.templates.add_template_owned(name, source).map_err(|error| letters.fault(&error, name))?;
        }
        for matter in samples() {
            letters.write(&matter)?;
        }
        Ok(letters)
    }

    /// The letter about `matter`.
    pub(crate) fn write(&self, matter: &Matter) -> Result<Written, Unusable> {
        let (txt, html) = names(matter);
        // Names are shorter in the subject, so the template is filled in twice and one half of each is kept.
        let short = self.fill(txt, values(matter, Place::Subject))?;
        let full = self.fill(txt, values(matter, Place::Text))?;
        let headless = || Unusable::Template {
            file: self.shown(txt),
            line: 1,
            problem: "a text begins with a line “Subject: …” and an empty line, and says something".to_owned(),
        };
        let (subject, _) = halves(&short).ok_or_else(headless)?;
        let (_, text) = halves(&full).ok_or_else(headless)?;
        let mut values = values(matter, Place::Html);
        values.insert("subject", subject.into());
        Ok(Written { subject: subject.to_owned(), text: text.to_owned(), html: self.fill(html, values)? })
    }

    fn fill(&self, name: &str, values: Values) -> Result<String, Unusable> {
        let filled = self.templates.get_template(name).and_then(|template| template.render(values));
        filled.map_err(|error| self.fault(&error, name))
    }

    /// The template that the folder has in the place of the built-in one.
    fn own(&self, name: &str) -> Result<Option<String>, Unusable> {
        let Some(path) = self.folder.as_ref().map(|folder| folder.join(name)) else { return Ok(None) };
        match fs::read_to_string(&path) {
            Ok(source) => Ok(Some(source.replace("\r\n", "\n"))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Unusable::path(&path)(error)),
        }
    }

    fn fault(&self, error: &Error, name: &str) -> Unusable {
        // A problem in a block is wrapped by one of whatever shows the block; the innermost says the place.
        let mut inner = error;
        while let Some(cause) = inner.source().and_then(|cause| cause.downcast_ref()) {
            inner = cause;
        }
        let problem = match inner.detail() {
            Some(detail) => format!("{}: {detail}", inner.kind()),
            None => inner.kind().to_string(),
        };
        let file = self.shown(inner.name().unwrap_or(name));
        Unusable::Template { file, line: inner.line().unwrap_or(1), problem }
    }

    fn shown(&self, name: &str) -> String {
        let own = self.folder.as_ref().map(|folder| folder.join(name)).filter(|path| path.exists());
        own.map_or_else(|| name.to_owned(), |path| path.display().to_string())
    }
}

impl fmt::Debug for Letters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letters").field("folder", &self.folder).finish_non_exhaustive()
    }
}

const fn names(matter: &Matter) -> (&'static str, &'static str) {
    match matter {
        Matter::Invitation { .. } => ("invitation.txt", "invitation.html"),
        Matter::Membership { .. } => ("membership.txt", "membership.html"),
        Matter::PasswordReset { .. } => ("password-reset.txt", "password-reset.html"),
        Matter::EmailVerification { .. } => ("email-verification.txt", "email-verification.html"),
        Matter::SignInCode { .. } => ("sign-in-code.txt", "sign-in-code.html"),
        Matter::AlreadyRegistered { .. } => ("already-registered.txt", "already-registered.html"),
        Matter::PasswordChanged { .. } => ("password-changed.txt", "password-changed.html"),
        Matter::TicketAnswer { .. } => ("ticket-answer.txt", "ticket-answer.html"),
        Matter::TicketAssigned { .. } => ("ticket-assigned.txt", "ticket-assigned.html"),
        Matter::TicketReply { .. } => ("ticket-reply.txt", "ticket-reply.html"),
    }
}

/// Subject and text of what a `.txt` became.
fn halves(filled: &str) -> Option<(&str, &str)> {
    let (head, text) = filled.split_once('\n')?;
    let (subject, text) = (head.strip_prefix("Subject:")?.trim(), text.strip_prefix('\n')?);
    (!subject.is_empty() && !text.trim().is_empty()).then_some((subject, text))
}

/// Refuses a file that is named like no template: somebody waits for it to take effect.
fn refuse_strangers(folder: &Path) -> Result<(), Unusable> {
    for entry in fs::read_dir(folder).map_err(Unusable::path(folder))? {
        let file = entry.map_err(Unusable::path(folder))?.path();
        let template = file.extension().is_some_and(|kind| kind == "txt" || kind == "html");
        if template && !BUILT_IN.iter().any(|(name, _)| file.ends_with(name)) {
            let names = BUILT_IN.map(|(name, _)| name).join(", ");
            return Err(Unusable::path(&file)(io::Error::other(format!("no template has this name, but {names}"))));
        }
    }
    Ok(())
}

/// A letter of every kind, with and without what may be missing.
fn samples() -> [Matter; 14] {
    let (link, expires_at) = (|| "https://guildhall.example/sample".to_owned(), Timestamp::from_millis(0));
    let said = || Some("Hello!\nWe look forward to you.".to_owned());
    let invitation = |message| Matter::Invitation {
        organization: "Acme".to_owned(),
        inviter: "Ann Smith".to_owned(),
        role: Role::Member,
        message,
        link: link(),
        expires_at,
    };
    let membership = |message| Matter::Membership {
        organization: "Acme".to_owned(),
        inviter: "Ann Smith".to_owned(),
        role: Role::Member,
        message,
        link: link(),
    };
    let (ticket, title) = (Id::from_uuid(Default::default()), || "A sample".to_owned());
    let answer = |server: Option<&str>, author: Option<&str>, settled| Matter::TicketAnswer {
        organization: "Acme".to_owned(),
        server: server.map(str::to_owned),
        ticket,
        number: 12,
        title: title(),
        author: author.map(str::to_owned),
        content: "Like this.".to_owned(),
        settled,
    };
    let assigned = |by: Option<&str>| Matter::TicketAssigned {
        organization: "Acme".to_owned(),
        ticket,
        number: 12,
        title: title(),
        summary: "It broke.".to_owned(),
        by: by.map(str::to_owned),
    };
    [
        invitation(None),
        invitation(said()),
        membership(None),
        membership(said()),
        Matter::PasswordReset { link: link(), expires_at },
        Matter::EmailVerification { link: link(), expires_at },
        Matter::SignInCode {
            server: "Sample server".to_owned(),
            organization: "Sample organization".to_owned(),
            site: link(),
            code: "012345".to_owned(),
            expires_at,
        },
        Matter::AlreadyRegistered { link: link() },
        Matter::PasswordChanged { link: link() },
        answer(None, None, true),
        answer(Some("Acme help"), Some("Ann Smith"), false),
        assigned(None),
        assigned(Some("Ann Smith")),
        Matter::TicketReply {
            organization: "Acme".to_owned(),
            ticket,
            number: 12,
            title: title(),
            content: "It still does.".to_owned(),
        },
    ]
}

#[cfg(test)]
mod tests;
