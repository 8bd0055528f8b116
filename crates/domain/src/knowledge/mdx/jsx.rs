//! Elements and expressions.

use std::ops::Range;

use super::code;

/// The most bytes of a tag, besides its expressions and texts.
const LONGEST_TAG: usize = 4_096;
/// The most bytes of a text that an attribute has.
const LONGEST_VALUE: usize = 16_384;

/// Without components, expressions and comments; what stands in a component stays, moved to the component's column:
/// four spaces more would make it code.
pub(super) fn without(text: &str) -> String {
    let code = code::ranges(text);
    let expressions = expressions(text, &code);
    let mut reader = Reader { text, expressions, out: String::with_capacity(text.len()), nests: Vec::new() };
    let mut spans = code.iter().peekable();
    let (mut at, mut fresh) = (0_usize, true);
    while at < text.len() {
        if fresh {
            at = at.saturating_add(reader.surplus(at));
        }
        while spans.next_if(|range| range.end <= at).is_some() {}
        let stop = spans.peek().map_or(text.len(), |range| if range.start <= at { range.end } else { range.start });
        let rest = text.get(at..stop).unwrap_or_default();
        let length = match spans.peek() {
            Some(range) if range.start <= at => reader.copy(rest, &['\n']),
            _ => reader.step(at, rest),
        };
        at = at.saturating_add(length.max(1));
        fresh = text.get(..at).is_some_and(|before| before.ends_with('\n'));
    }
    reader.out
}

struct Reader<'a> {
    text: &'a str,
    expressions: Vec<Range<usize>>,
    out: String,
    nests: Vec<Nest>,
}

/// A component that is open.
struct Nest {
    /// Where its lines begin now.
    column: usize,
    /// Where they began.
    inner: Option<usize>,
}

impl Reader<'_> {
    /// How many of the spaces at the start of the line at `at` are due to the component around it.
    fn surplus(&mut self, at: usize) -> usize {
        let Some(nest) = self.nests.last_mut() else { return 0 };
        let rest = self.text.get(at..).unwrap_or_default();
        let inner = rest.trim_start_matches(' ');
        let indent = rest.len().saturating_sub(inner.len());
        if inner.starts_with('\n') {
            return 0;
        }
        let first =
            if inner.starts_with("</") { nest.inner.unwrap_or(indent) } else { *nest.inner.get_or_insert(indent) };
        first.saturating_sub(nest.column).min(indent)
    }

    /// Copies until behind one of these characters.
    fn copy(&mut self, rest: &str, until: &[char]) -> usize {
        let end = rest.find(until).map_or(rest.len(), |end| end.saturating_add(1));
        self.out.push_str(rest.get(..end).unwrap_or_default());
        end
    }

    /// Takes what stands at `at`, which is `rest`, and says how long it was.
    fn step(&mut self, at: usize, rest: &str) -> usize {
        if rest.starts_with('{')
            && let Some(length) = self.expression(at)
        {
            return length;
        }
        if rest.starts_with('<')
            && let Some(tag) = tag(self.text, at, &self.expressions)
        {
            return self.element(&tag);
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        // What is escaped is copied with its backslash.
        let second = rest.get(first..).and_then(|rest| rest.chars().next()).filter(|_| rest.starts_with('\\'));
        let taken = first.saturating_add(second.map_or(0, char::len_utf8));
        let plain = rest.get(taken..).unwrap_or_default();
        let end = match plain.find(['{', '<', '\\', '\n']) {
            _ if rest.starts_with('\n') || second == Some('\n') => 0,
            Some(end) if plain.get(end..).is_some_and(|rest| rest.starts_with('\n')) => end.saturating_add(1),
            Some(end) => end,
            None => plain.len(),
        };
        let length = taken.saturating_add(end);
        self.out.push_str(rest.get(..length).unwrap_or_default());
        length
    }

    fn expression(&mut self, at: usize) -> Option<usize> {
        let range = find(&self.expressions, at)?;
        let inner = self.text.get(range.clone())?.trim_matches(['{', '}']);
        let quoted = inner.trim_matches(['"', '\'', '`']);
        // `{" "}` is how JSX writes a space.
        if quoted.len() < inner.len() && quoted.trim().is_empty() {
            self.out.push(' ');
        }
        Some(range.len())
    }

    fn element(&mut self, tag: &Tag<'_>) -> usize {
        let is_html = tag.name.starts_with(|c: char| c.is_ascii_lowercase()) && !tag.name.contains('.');
        if is_html {
            let bare = format!("<{}{}>", if tag.closing { "/" } else { "" }, tag.name);
            self.out.push_str(if tag.has_expression { &bare } else { tag.text });
        } else if tag.closing {
            self.nests.pop();
        } else if !tag.closed {
            let line = self.out.rsplit('\n').next().unwrap_or_default();
            let around = self.nests.last().map_or(0, |nest| nest.column);
            self.nests.push(Nest { column: if line.trim().is_empty() { line.len() } else { around }, inner: None });
        }
        tag.text.len()
    }
}

struct Tag<'a> {
    text: &'a str,
    /// Empty for a fragment.
    name: &'a str,
    closing: bool,
    /// Begun and ended at once.
    closed: bool,
    has_expression: bool,
}

/// The tag that begins at `at`, if one does.
fn tag<'a>(text: &'a str, at: usize, expressions: &[Range<usize>]) -> Option<Tag<'a>> {
    let rest = text.get(at.saturating_add(1)..)?;
    let (closing, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_$.-".contains(c))?;
    let name = rest.get(..end).filter(|name| !name.starts_with(|c: char| c.is_ascii_digit() || "-.".contains(c)))?;
    let begin = text.len().saturating_sub(rest.len()).saturating_add(end);
    let bytes = text.as_bytes();
    if !matches!(bytes.get(begin), Some(b'>' | b'/' | b' ' | b'\n' | b'\t'))
        || name.is_empty() && bytes.get(begin) != Some(&b'>')
    {
        return None;
    }
    let (mut place, mut has_expression) = (begin, false);
    for _ in 0..LONGEST_TAG {
        match bytes.get(place)? {
            b'>' => {
                let text = text.get(at..=place)?;
                return Some(Tag { text, name, closing, closed: text.ends_with("/>"), has_expression });
            }
            b'<' | b'`' => return None,
            quote @ (b'"' | b'\'') => {
                let value = bytes.get(place.saturating_add(1)..)?.iter().take(LONGEST_VALUE);
                place = place.saturating_add(2).saturating_add(value.copied().position(|byte| byte == *quote)?);
            }
            b'{' => {
                has_expression = true;
                place = find(expressions, place)?.end;
            }
            _ => place = place.saturating_add(1),
        }
    }
    None
}

fn find(ranges: &[Range<usize>], at: usize) -> Option<Range<usize>> {
    let found = ranges.binary_search_by_key(&at, |range| range.start).ok()?;
    ranges.get(found).cloned()
}

/// Braces with what is between them, outside of code and in order. One that is open at an empty line is no expression,
/// unless it is a comment.
fn expressions(text: &str, code: &[Range<usize>]) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let (mut found, mut open) = (Vec::new(), Vec::new());
    let mut spans = code.iter().peekable();
    let (mut at, mut commented) = (0_usize, true);
    while let Some(byte) = bytes.get(at) {
        while spans.next_if(|range| range.end <= at).is_some() {}
        if let Some(range) = spans.peek().filter(|range| range.start <= at) {
            at = range.end;
            continue;
        }
        match byte {
            b'{' if commented && text.get(at..).is_some_and(|rest| rest.starts_with("{/*")) => {
                match text.get(at..).and_then(|rest| rest.find("*/}")) {
                    Some(length) => {
                        let end = at.saturating_add(length).saturating_add(3);
                        found.push(at..end);
                        at = end;
                        continue;
                    }
                    None => commented = false,
                }
            }
            b'{' => open.push(at),
            b'}' => found.extend(open.pop().map(|start| start..at.saturating_add(1))),
            b'\\' => at = at.saturating_add(1),
            b'\n' if bytes.get(at.saturating_add(1)) == Some(&b'\n') => open.clear(),
            _ => {}
        }
        at = at.saturating_add(1);
    }
    found.sort_unstable_by_key(|range| range.start);
    found
}
