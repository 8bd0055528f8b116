//! Who may call what: one line a procedure, for a person to read in review.

use std::{fmt::Write, fs};

use anyhow::{Context, Result, bail};
use guildhall_domain::access::Role;

use crate::process::{root, say};

const FILE: &str = "tests/it/snapshots/access.txt";
const HEAD: &str = "# Who may call what. A change here is a change of rights; `cargo xtask matrix --write` writes it.";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write tests/it/snapshots/access.txt
    #[arg(long)]
    write: bool,
    /// Fail where tests/it/snapshots/access.txt says something else.
    #[arg(long, conflicts_with = "write")]
    check: bool,
}

impl Options {
    /// As CI asks.
    pub(crate) const fn check() -> Self {
        Self { write: false, check: true }
    }
}

pub(crate) fn run(options: Options) -> Result<()> {
    let (table, file) = (table()?, root()?.join(FILE));
    if options.write {
        fs::create_dir_all(file.parent().context("a file lies in a folder")?)?;
        fs::write(&file, table).with_context(|| format!("cannot write {FILE}"))?;
        println!("{FILE} is written");
    } else if options.check {
        compare(&table, &fs::read_to_string(&file).unwrap_or_default())?;
        println!("{FILE} is what the code says: {} lines", table.lines().count());
    } else {
        say(&table)?;
    }
    Ok(())
}

fn table() -> Result<String> {
    let mut text = format!("{HEAD}\n\n");
    let roles = ["viewer", "member", "admin", "owner"];
    let [viewer, member, admin, owner] = roles;
    writeln!(
        text,
        "{:<34} {:<9} {:<7} {viewer:<7} {member:<7} {admin:<7} {owner:<7} needs",
        "procedure", "effect", "reach"
    )?;
    for entry in guildhall_catalogue::catalogue().iter() {
        write!(text, "{:<34} {:<9} {:<7}", entry.name, entry.effect, entry.reach)?;
        for role in Role::ALL {
            let may = match entry.permission {
                Some(needed) if role.may(needed) => "yes",
                Some(_) => "no",
                None => "-",
            };
            write!(text, " {may:<7}")?;
        }
        let needs = entry.permission.map_or(Ok("-".into()), serde_json::to_value)?;
        writeln!(text, " {}", needs.as_str().unwrap_or_default())?;
    }
    writeln!(text, "\n{:<34} {:<9} reach", "tool of a hosted server", "effect")?;
    for tool in guildhall_catalogue::tools().iter() {
        let effect = if tool.read_only { "query" } else { "mutation" };
        writeln!(text, "{:<34} {effect:<9} server", tool.name)?;
    }
    Ok(text)
}

fn compare(now: &str, kept: &str) -> Result<()> {
    if now == kept {
        return Ok(());
    }
    let only = |these: &str, those: &str, sign: &str| {
        let lines = these.lines().filter(|line| !those.lines().any(|other| other == *line));
        lines.map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    eprint!("{}{}", only(kept, now, "-"), only(now, kept, "+"));
    bail!("{FILE} is not what the code says; if the change of rights is meant: cargo xtask matrix --write")
}

#[cfg(test)]
mod tests {
    use super::{compare, table};

    #[test]
    fn a_viewer_reads_tickets_and_does_not_work_on_them() {
        let table = table().unwrap();
        let line = |name: &str| {
            let line = table.lines().find(|line| line.starts_with(name)).unwrap();
            line.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
        };

        assert_eq!(line("supportTickets.list ")[3..7], ["yes", "yes", "yes", "yes"]);
        assert_eq!(line("supportTickets.updateStatus ")[3..7], ["no", "yes", "yes", "yes"]);
        assert_eq!(line("auth.signUp ")[2..], ["public", "-", "-", "-", "-", "-"]);
        assert_eq!(line("get_support ")[1..], ["mutation", "server"]);
    }

    #[test]
    fn another_table_is_refused() {
        assert!(compare("a\nb\n", "a\nb\n").is_ok());
        assert!(compare("a\nb\n", "a\nc\n").is_err());
    }
}
