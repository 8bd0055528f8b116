//! Who may call what, and who may do what to whom: two tables for a person to read in review.
mod roles;

use std::{fmt::Write, fs};

use anyhow::{Context, Result, ensure};
use guildhall_domain::access::Role;

use crate::process::{root, say};

const ACCESS: &str = "tests/it/snapshots/access.txt";
const ROLES: &str = "tests/it/snapshots/roles.txt";
const HEAD: &str = "# Who may call what. A change here is a change of rights; `cargo xtask matrix --write` writes it.";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Write tests/it/snapshots/access.txt and roles.txt
    #[arg(long)]
    write: bool,
    /// Fail where tests/it/snapshots/access.txt or roles.txt says something else.
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
    let tables = [(ACCESS, table()?), (ROLES, roles::table()?)];
    if options.check {
        return check(&tables);
    }
    for (name, table) in tables {
        if options.write {
            let file = root()?.join(name);
            fs::create_dir_all(file.parent().context("a file lies in a folder")?)?;
            fs::write(&file, table).with_context(|| format!("cannot write {name}"))?;
            println!("{name} is written");
        } else {
            say(&table)?;
        }
    }
    Ok(())
}

/// Says of every file how it differs, before it fails.
fn check(tables: &[(&str, String)]) -> Result<()> {
    let mut differ = Vec::new();
    for (name, table) in tables {
        match differences(table, &fs::read_to_string(root()?.join(name)).unwrap_or_default()) {
            None => println!("{name} is what the code says: {} lines", table.lines().count()),
            Some(lines) => {
                eprint!("{lines}");
                differ.push(*name);
            }
        }
    }
    let files = differ.join(" and ");
    ensure!(differ.is_empty(), "not what the code says: {files}; if it is meant: cargo xtask matrix --write");
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

/// The lines that only one of them has; none where the two are the same.
fn differences(now: &str, kept: &str) -> Option<String> {
    let only = |these: &str, those: &str, sign: &str| {
        let lines = these.lines().filter(|line| !those.lines().any(|other| other == *line));
        lines.map(|line| format!("{sign} {line}\n")).collect::<String>()
    };
    (now != kept).then(|| format!("{}{}", only(kept, now, "-"), only(now, kept, "+")))
}

#[cfg(test)]
mod tests {
    use super::{differences, table};

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
    fn another_table_is_noticed() {
        assert_eq!(differences("a\nb\n", "a\nb\n"), None);
        assert_eq!(differences("a\nb\n", "a\nc\n").unwrap(), "- c\n+ b\n");
        assert!(differences("a\nb\n", "b\na\n").is_some(), "another order is another table");
    }
}
