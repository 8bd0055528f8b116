//! Statements in our own words, where a query builder has none: many rows written at once, or whole tables counted again.
//!
//! Such a text is the same however many rows there are, so it is composed once a process and prepared once a connection.
//! `$1` is the organization, always: [`crate::Tenant`] alone carries a text out. `$2` are rows, as JSON: an array of
//! arrays. What the two databases call differently is in braces: `{rows}`, the table of the rows (`{rows 3}`: of those
//! in `$3`), and what stands at a place of one: `{id 0}`, `{text 1}`, `{number 2}`, `{flag 3}`; `{uuid}` is the type of an id, and `{hex x}` shows one.

use std::sync::OnceLock;

use sea_orm::DbBackend;

/// A statement's text, for both databases.
#[derive(Debug)]
pub(crate) struct Words {
    parts: &'static [&'static str],
    sqlite: OnceLock<String>,
    postgres: OnceLock<String>,
}

impl Words {
    pub(crate) const fn new(parts: &'static [&'static str]) -> Self {
        Self { parts, sqlite: OnceLock::new(), postgres: OnceLock::new() }
    }

    pub(crate) fn of(&self, backend: DbBackend) -> &str {
        let postgres = backend == DbBackend::Postgres;
        let composed = if postgres { &self.postgres } else { &self.sqlite };
        composed.get_or_init(|| compose(&self.parts.concat(), postgres))
    }
}

fn compose(text: &str, postgres: bool) -> String {
    let mut parts = text.split('{');
    let mut composed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (word, rest) = part.split_once('}').unwrap_or((part, ""));
        composed.push_str(&said(word, postgres));
        composed.push_str(rest);
    }
    composed
}

fn said(word: &str, postgres: bool) -> String {
    let (kind, place) = word.split_once(' ').unwrap_or((word, ""));
    match (kind, postgres) {
        ("rows", _) if place.is_empty() => said("rows 2", postgres),
        ("rows", true) => format!("jsonb_array_elements(${place}::jsonb) as r (value)"),
        ("rows", false) => format!("jsonb_each(${place}) as r"),
        ("uuid", true) => "uuid".to_owned(),
        ("uuid", false) => "blob".to_owned(),
        ("hex", true) => format!("replace(cast({place} as text), '-', '')"),
        ("hex", false) => format!("lower(hex({place}))"),
        ("id", true) => format!("(r.value ->> {place})::uuid"),
        ("id", false) => format!("unhex(r.value ->> {place})"),
        ("number", true) => format!("(r.value ->> {place})::bigint"),
        ("flag", true) => format!("(r.value ->> {place})::boolean"),
        // Text; and a number or a truth of JSON is one of SQLite too.
        _ => format!("(r.value ->> {place})"),
    }
}

#[cfg(test)]
mod tests {
    use super::compose;

    #[test]
    fn each_database_is_spoken_to_in_its_own_words() {
        let text = "insert into t select $1, {id 0}, {text 1}, {number 2} from {rows} where {flag 3}";
        assert_eq!(
            compose(text, true),
            "insert into t select $1, (r.value ->> 0)::uuid, (r.value ->> 1), (r.value ->> 2)::bigint \
             from jsonb_array_elements($2::jsonb) as r (value) where (r.value ->> 3)::boolean"
        );
        assert_eq!(
            compose(text, false),
            "insert into t select $1, unhex(r.value ->> 0), (r.value ->> 1), (r.value ->> 2) from jsonb_each($2) as r \
             where (r.value ->> 3)"
        );
    }
}
