//! The rules; each gives a line for each problem, and the line says what to do.

use super::Source;

const LONGEST: usize = 400;
const LIST: &str = "crates/catalogue/src/list.rs";
const DOOR: &str = "crates/repositories/src/tenant.rs";
const SAYS_NOTHING: [&str; 4] = ["utils", "helpers", "common", "types"];
// In two parts, so that this file does not offend against itself.
const EXCEPTION: &str = concat!("clippy::", "disallowed_methods");
const UNFINISHED: [(&str, &str); 4] = [
    (concat!("todo", "!("), "finish it, or answer with an error that says so"),
    (concat!("unimplemented", "!("), "finish it, or answer with an error that says so"),
    (concat!("#[", "ignore"), "a test that is not run proves nothing: mend it or delete it"),
    (concat!("[", "allow("), "use #[expect(…, reason = \"…\")], which fails once it is no longer needed"),
];

/// How many exceptions from the bans of `.clippy.toml` a file may have. May only shrink.
const PINS: &[(&str, usize)] = &[
    ("crates/repositories/src/asked.rs", 1),
    ("crates/repositories/src/database.rs", 1),
    ("crates/repositories/src/executor.rs", 1),
    ("crates/repositories/src/person/account.rs", 1),
    ("crates/repositories/src/person/mod.rs", 1),
    ("crates/repositories/src/system/admission.rs", 1),
    ("crates/repositories/src/system/guards.rs", 1),
    ("crates/repositories/src/system/jobs.rs", 1),
    ("crates/repositories/src/system/letters.rs", 1),
    ("crates/repositories/src/system/live.rs", 1),
    ("crates/repositories/src/system/mod.rs", 1),
    ("crates/repositories/src/system/retention.rs", 1),
    ("crates/repositories/src/system/upkeep.rs", 1),
    ("crates/repositories/src/tenant.rs", 1),
    ("crates/services/src/ports.rs", 1),
    ("migrations/src/lib.rs", 2),
];

/// Everything that is wrong with these files.
pub(super) fn problems(files: &[Source]) -> Vec<String> {
    let list = files.iter().find(|file| file.path == LIST).map_or("", |file| file.text.as_str());
    let mut found = Vec::new();
    for file in files {
        if file.path.ends_with("Cargo.toml") {
            found.extend(lints(file));
        } else {
            found.extend(length(file).into_iter().chain(name(file)).chain(unlisted(file, list)));
            found.extend(unfinished(file).into_iter().chain(exceptions(file)).chain(tenants(file)));
        }
    }
    let gone = PINS.iter().filter(|(path, _)| !files.iter().any(|file| file.path == *path));
    found.extend(gone.map(|(path, _)| format!("{path} is no longer there: delete its line in xtask's PINS")));
    found
}

fn length(file: &Source) -> Option<String> {
    let lines = file.text.lines().count();
    (lines > LONGEST).then(|| format!("{}: {lines} lines; split it by procedure or by table", file.path))
}

fn name(file: &Source) -> Vec<String> {
    let rename = |name: &str| format!("{}: {name} says nothing; name it after what is in it", file.path);
    let parts = file.path.trim_end_matches(".rs").split('/');
    let of_path = parts.filter(|part| SAYS_NOTHING.contains(part)).map(rename);
    let modules = file.text.lines().filter_map(|line| {
        let line = line.trim_start();
        let (_, name) = line.split_once("mod ").filter(|(before, _)| before.is_empty() || before.starts_with("pub"))?;
        let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        SAYS_NOTHING.contains(&name).then(|| rename(name))
    });
    of_path.chain(modules).collect()
}

fn unlisted(file: &Source, list: &str) -> Vec<String> {
    let names = file.text.lines().filter_map(|line| {
        let line = line.trim_start();
        let rest =
            ["Procedure", "Tool", "Feed"].iter().find_map(|kind| line.strip_prefix(&format!("impl {kind} for ")))?;
        rest.split(|c: char| !c.is_alphanumeric() && c != '_').next()
    });
    let missing = names.filter(|name| !list.contains(&format!("::{name}>()")));
    missing.map(|name| format!("{}: {name} is not in {LIST}; add .with::<…::{name}>()", file.path)).collect()
}

fn unfinished(file: &Source) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    let found = lines.flat_map(|(index, line)| {
        let offences = UNFINISHED.iter().filter(move |(word, _)| line.contains(word));
        offences.map(move |(word, remedy)| format!("{}:{}: {word}…: {remedy}", file.path, index.saturating_add(1)))
    });
    found.collect()
}

fn exceptions(file: &Source) -> Option<String> {
    let there = file.text.matches(EXCEPTION).count();
    let pinned = PINS.iter().find(|(path, _)| *path == file.path).map_or(0, |(_, count)| *count);
    let path = &file.path;
    match there.cmp(&pinned) {
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Less => {
            Some(format!("{path}: {there} exceptions, {pinned} pinned: lower it in xtask's PINS"))
        }
        std::cmp::Ordering::Greater => Some(format!(
            "{path}: {there} exceptions from the bans of .clippy.toml, {pinned} pinned; start from Tenant, Person or System"
        )),
    }
}

fn tenants(file: &Source) -> Vec<String> {
    if file.path == DOOR {
        return Vec::new();
    }
    let dense: String = file.text.split_whitespace().collect();
    let assignments = dense.split("col_expr(").skip(1).filter_map(|rest| rest.split(',').next());
    let crossing = assignments.filter(|column| column.ends_with("::OrganizationId"));
    crossing.map(|_| format!("{}: a row does not change its organization; only {DOOR} sets it", file.path)).collect()
}

fn lints(file: &Source) -> Option<String> {
    let dense: String = file.text.split_whitespace().collect();
    let inherits = dense.contains("[lints]workspace=true");
    (!inherits).then(|| format!("{}: add [lints] workspace = true", file.path))
}

#[cfg(test)]
mod tests {
    use super::{EXCEPTION, LIST, PINS, Source, UNFINISHED, problems};

    fn found(path: &str, text: &str) -> Vec<String> {
        let list = Source { path: LIST.to_owned(), text: ".with::<tickets::Listed>()".to_owned() };
        let pinned = PINS
            .iter()
            .filter(|(pinned, _)| *pinned != path)
            .map(|(pinned, count)| Source { path: (*pinned).to_owned(), text: EXCEPTION.repeat(*count) });
        let mut files: Vec<Source> = pinned.collect();
        files.extend([list, Source { path: path.to_owned(), text: text.to_owned() }]);
        problems(&files)
    }

    #[test]
    fn each_offence_is_found_once_and_in_its_file() {
        let long = "\n".repeat(401);
        let exception = format!("#[expect({EXCEPTION}, reason = \"\")]");
        let set = concat!("q.col_expr", "(\n  ticket::Column::OrganizationId, x)");
        let todo = UNFINISHED[0].0;
        for (path, text) in [
            ("crates/a/src/long.rs", long.as_str()),
            ("crates/a/src/utils.rs", ""),
            ("crates/a/src/types/mod.rs", ""),
            ("crates/a/src/lib.rs", "pub(crate) mod helpers;"),
            ("crates/services/src/a.rs", "impl Procedure for Forgotten {"),
            ("crates/services/src/a.rs", "impl Tool for Forgotten {"),
            ("crates/services/src/a.rs", "impl Feed for Forgotten {"),
            ("crates/a/src/lib.rs", exception.as_str()),
            ("crates/a/src/lib.rs", todo),
            ("crates/a/src/lib.rs", set),
            ("crates/a/Cargo.toml", "[package]"),
        ] {
            let problems = found(path, text);
            assert_eq!(problems.len(), 1, "{path} {text}: {problems:?}");
            assert!(problems[0].starts_with(path), "{problems:?}");
        }
    }

    #[test]
    fn what_is_in_order_is_not_mentioned() {
        let fine = "mod sessions;\nimpl Procedure for Listed {\nq.col_expr(Column::ActiveOrganizationId, x)";
        assert_eq!(found("crates/a/src/lib.rs", fine), [""; 0]);
        assert_eq!(found("crates/a/Cargo.toml", "[lints]\nworkspace = true"), [""; 0]);
    }

    #[test]
    fn a_pin_shrinks_with_what_it_pins() {
        let (path, count) = PINS[0];
        assert_eq!(found(path, &EXCEPTION.repeat(count)), [""; 0]);
        assert_eq!(found(path, "").len(), 1);
    }
}
