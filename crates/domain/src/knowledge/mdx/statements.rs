//! Whole lines that say something to a renderer.

use super::code;

/// Without `import`, `export` and the fences of notes.
pub(super) fn without(mdx: &str) -> String {
    lines(mdx, |rest, line, unbalanced| {
        if is_import(line) {
            Some(line.len())
        } else if line.starts_with("import ") {
            import(rest)
        } else if is_export(line) {
            Some(export(rest, unbalanced))
        } else {
            None
        }
    })
}

/// Without `import` and the fences of notes.
pub(super) fn without_imports(markdown: &str) -> String {
    lines(markdown, |_, line, _| is_import(line).then_some(line.len()))
}

/// Leaves out as many bytes as `statement` says, wherever one may begin: at the start, and behind an empty line.
fn lines(text: &str, statement: impl Fn(&str, &str, &mut bool) -> Option<usize>) -> String {
    let code = code::ranges(text);
    let mut fences = code.iter().peekable();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut open, mut unbalanced) = (0_usize, true, false);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let line = rest.split_inclusive('\n').next().unwrap_or_default();
        while fences.next_if(|range| range.end <= at).is_some() {}
        let in_code = fences.peek().is_some_and(|range| range.start <= at);
        let left_out = if open && !in_code { statement(rest, line, &mut unbalanced) } else { None };
        if let Some(length) = left_out {
            at = at.saturating_add(length.max(line.len()));
            continue;
        }
        match note(line).filter(|_| !in_code) {
            Some(note) => out.extend([&note, "\n"]),
            None => out.push_str(line),
        }
        open = line.trim().is_empty() && !in_code;
        at = at.saturating_add(line.len());
    }
    out
}

/// What the fence of a note says: `:::note[Title]` is `Note: Title`, and its end says nothing.
fn note(line: &str) -> Option<String> {
    let words = line.trim().strip_prefix(":::")?.trim_start_matches(':').trim_start();
    let end = words.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(words.len());
    let (kind, title) = words.split_at(end);
    let title = title.trim();
    let title = title.strip_prefix('[').and_then(|title| title.strip_suffix(']')).unwrap_or(title);
    let mut letters = kind.chars();
    let Some(first) = letters.next() else {
        return (title.is_empty() || title.starts_with('{')).then(String::new);
    };
    let kind: String = first.to_uppercase().chain(letters).collect();
    Some(if title.is_empty() { format!("{kind}:") } else { format!("{kind}: {title}") })
}

/// `import … from "…"`, which is no sentence.
fn is_import(line: &str) -> bool {
    let Some(what) = line.strip_prefix("import ") else { return false };
    let what = what.trim().trim_end_matches(';').trim_end();
    let quoted = |text: &str| {
        ['"', '\''].iter().any(|quote| text.len() > 1 && text.starts_with(*quote) && text.ends_with(*quote))
    };
    quoted(what.rsplit_once(" from ").map_or(what, |(_, module)| module.trim()))
}

/// The length of an `import` of several lines.
fn import(rest: &str) -> Option<usize> {
    let mut length = 0_usize;
    for line in rest.split_inclusive('\n').take(100) {
        if line.trim().is_empty() {
            return None;
        }
        length = length.saturating_add(line.len());
        if line.starts_with('}') {
            return is_import(&format!("import {line}")).then_some(length);
        }
    }
    None
}

fn is_export(line: &str) -> bool {
    const DECLARED: [&str; 10] =
        ["const ", "let ", "var ", "function ", "function* ", "async ", "class ", "default ", "{", "* "];
    line.strip_prefix("export ").is_some_and(|what| DECLARED.iter().any(|word| what.starts_with(word)))
}

/// The length of an `export`: until an empty line where no bracket is open. Where one never is closed, and in all that
/// follows, until the next empty line.
fn export(rest: &str, unbalanced: &mut bool) -> usize {
    let (mut length, mut depth, mut first) = (0_usize, 0_usize, None);
    for line in rest.split_inclusive('\n') {
        if line.trim().is_empty() {
            if depth == 0 || *unbalanced {
                return length;
            }
            first = first.or(Some(length));
        }
        for c in line.chars() {
            match c {
                '(' | '[' | '{' => depth = depth.saturating_add(1),
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        length = length.saturating_add(line.len());
    }
    *unbalanced |= depth > 0;
    first.filter(|_| depth > 0).unwrap_or(length)
}
