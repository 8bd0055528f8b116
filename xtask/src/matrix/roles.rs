//! Who may do what to whom: one line for each who and whom, from the functions of the domain crate that decide it.

use std::fmt::Write;

use anyhow::Result;
use guildhall_domain::access::{Permission, Role};

const HEAD: &str = "\
# Who may do what to whom in an organization. A change here is a change of rights; `cargo xtask matrix --write` writes it.
#
# yes        it happens
# same       it may be asked for, and it already is so: nothing happens
# no         the role does not allow it
# not found  to an outsider the organization is not there
#
# Where `self` is an owner, stepping down and leaving need another owner who stays.
";

/// Who acts: nobody of the organization, then its members, weakest first.
const WHO: [Option<Role>; 5] = [None, Some(Role::Viewer), Some(Role::Member), Some(Role::Admin), Some(Role::Owner)];

/// On whom: somebody else of that role, or oneself.
const WHOM: [Option<Role>; 5] = [Some(Role::Viewer), Some(Role::Member), Some(Role::Admin), Some(Role::Owner), None];

pub(super) fn table() -> Result<String> {
    let mut text = HEAD.to_owned();
    writeln!(text, "\nmake another role of somebody's")?;
    line(&mut text, "who", "whose", Role::ALL.map(|to| format!("to {}", word(Some(to)))))?;
    for (who, whom) in WHO.into_iter().flat_map(|who| WHOM.map(|whom| (who, whom))) {
        line(&mut text, actor(who), target(whom), Role::ALL.map(|to| change(who, whom, to)))?;
    }
    writeln!(text, "\nremove somebody, or leave")?;
    line(&mut text, "who", "", WHOM.map(target))?;
    for who in WHO {
        line(&mut text, actor(who), "", WHOM.map(|whom| remove(who, whom)))?;
    }
    writeln!(text, "\ninvite somebody, or send an invitation again, or take one back")?;
    line(&mut text, "who", "", Role::ALL.map(|role| format!("as {}", word(Some(role)))))?;
    for who in WHO {
        line(&mut text, actor(who), "", Role::ALL.map(|role| cell(who, |who| who.may_grant(role))))?;
    }
    Ok(text)
}

fn change(who: Option<Role>, whom: Option<Role>, to: Role) -> &'static str {
    let may = |who: Role| {
        let own = whom.is_none() && who.may_become(to);
        who.may(Permission::ManagePeople) && (own || whom.is_some_and(|whom| who.may_change(whom, to)))
    };
    match cell(who, may) {
        "yes" if whom.or(who) == Some(to) => "same",
        other => other,
    }
}

fn remove(who: Option<Role>, whom: Option<Role>) -> &'static str {
    cell(who, |who| whom.is_none_or(|whom| who.may_remove(whom)))
}

fn cell(who: Option<Role>, may: impl FnOnce(Role) -> bool) -> &'static str {
    match who.map(may) {
        None => "not found",
        Some(true) => "yes",
        Some(false) => "no",
    }
}

fn actor(who: Option<Role>) -> &'static str {
    if who.is_none() { "outsider" } else { word(who) }
}

fn target(whom: Option<Role>) -> &'static str {
    match whom {
        Some(Role::Owner) => "other owner",
        other => word(other),
    }
}

const fn word(role: Option<Role>) -> &'static str {
    match role {
        None => "self",
        Some(Role::Viewer) => "viewer",
        Some(Role::Member) => "member",
        Some(Role::Admin) => "admin",
        Some(Role::Owner) => "owner",
    }
}

/// A line whose columns are at least two spaces apart.
fn line<const N: usize>(text: &mut String, who: &str, whom: &str, cells: [impl AsRef<str>; N]) -> Result<()> {
    write!(text, "{who:<10}")?;
    if !whom.is_empty() {
        write!(text, "{whom:<13}")?;
    }
    let cells = cells.iter().map(|cell| format!("{:<13}", cell.as_ref())).collect::<String>();
    writeln!(text, "{}", cells.trim_end())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn there_are_a_hundred_changes_twenty_five_removals_and_twenty_invitations() {
        let table = table().unwrap();
        let cells = |title: &str, names: usize| -> usize {
            let rows = table.lines().skip_while(|line| !line.starts_with(title)).skip(2);
            let rows = rows.take_while(|line| !line.is_empty());
            rows.map(|row| row.split("  ").filter(|cell| !cell.is_empty()).count() - names).sum()
        };

        assert_eq!((cells("make", 2), cells("remove", 1), cells("invite", 1)), (100, 25, 20));
    }

    #[test]
    fn an_admin_manages_those_below_and_may_step_down() {
        let table = table().unwrap();
        let has = |line: &str| table.lines().any(|row| row.split_whitespace().eq(line.split(' ')));

        for line in ["admin member yes same no no", "admin admin no no no no", "admin self yes yes same no"] {
            assert!(has(line), "{line}: {table}");
        }
        for line in ["owner other owner yes yes yes same", "member self no no no no", "admin yes yes no no yes"] {
            assert!(has(line), "{line}: {table}");
        }
    }
}
