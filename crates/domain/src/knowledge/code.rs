//! Where code stands in Markdown, which nobody may touch; in one pass, whatever is never closed.

use std::{collections::HashMap, ops::Range};

/// Fenced blocks and spans, in order, none within another.
pub(super) fn ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut fence: Option<(char, usize, usize)> = None;
    let mut paragraph = 0;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        match (fence, mark(line)) {
            (Some((mark, length, start)), found) => {
                paragraph = end;
                let closes = |(again, longer, rest): (char, usize, &str)| {
                    again == mark && longer >= length && rest.trim().is_empty()
                };
                if found.is_some_and(closes) {
                    ranges.push(start..end);
                    fence = None;
                }
            }
            (None, Some((mark, length, rest))) if mark == '~' || !rest.contains('`') => {
                spans(text, paragraph..at, &mut ranges);
                fence = Some((mark, length, at));
            }
            _ if line.trim().is_empty() => {
                spans(text, paragraph..at, &mut ranges);
                paragraph = end;
            }
            _ => {}
        }
        at = end;
    }
    match fence {
        Some((_, _, start)) => ranges.push(start..at),
        None => spans(text, paragraph..at, &mut ranges),
    }
    ranges
}

/// The fence that a line has, its length and what follows; also behind the marks of quotes and lists.
fn mark(line: &str) -> Option<(char, usize, &str)> {
    let inner = line.trim_start_matches(|c: char| c.is_ascii_digit() || " \t>-*+.)".contains(c));
    let mark = inner.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let rest = inner.trim_start_matches(mark);
    let length = inner.len() - rest.len();
    (length >= 3).then_some((mark, length, rest))
}

/// Adds the code spans of a paragraph: from a run of backticks to the next of the same length.
fn spans(text: &str, paragraph: Range<usize>, ranges: &mut Vec<Range<usize>>) {
    let offset = paragraph.start;
    let bytes = text.as_bytes().get(paragraph).unwrap_or_default();
    let mut runs: Vec<Range<usize>> = Vec::new();
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate() {
        match runs.last_mut() {
            _ if *byte != b'`' || escaped => {}
            Some(run) if run.end == at => run.end = at + 1,
            _ => runs.push(at..at + 1),
        }
        escaped = *byte == b'\\' && !escaped;
    }
    let mut next = vec![None; runs.len()];
    let mut seen = HashMap::new();
    for (index, run) in runs.iter().enumerate().rev() {
        if let Some(next) = next.get_mut(index) {
            *next = seen.insert(run.len(), index);
        }
    }
    let mut index = 0;
    while let Some(run) = runs.get(index) {
        let closing = next.get(index).copied().flatten();
        if let Some(end) = closing.and_then(|closing| runs.get(closing)) {
            ranges.push(offset + run.start..offset + end.end);
        }
        index = closing.unwrap_or(index) + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn code_is_found_where_it_stands() {
        for (text, code) in [
            ("a `b` c ``d ` e`` f", &["`b`", "``d ` e``"][..]),
            ("a `b\nc` d\n\n`e\n\nf`", &["`b\nc`"]),
            ("x\n```sh\n`a\n``\n```\ny `z`", &["```sh\n`a\n``\n```\n", "`z`"]),
            ("1. ~~~\n   a\n   ~~~\nb", &["1. ~~~\n   a\n   ~~~\n"]),
            ("> ```\n> a", &["> ```\n> a"]),
            (r"\`a b \\`c`", &["`c`"]),
            ("```a```", &["```a```"]),
        ] {
            let found: Vec<&str> = ranges(text).into_iter().map(|range| &text[range]).collect();
            assert_eq!(found, code, "{text}");
        }
    }
}
