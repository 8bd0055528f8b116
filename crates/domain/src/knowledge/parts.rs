//! A long text in parts that an agent can read one after the other.

/// As many bytes as a part has, some lines more or less.
const PART: usize = 20_000;

/// The part of that number, from 1, and how many there are; no part where there are fewer. Parts end with a line where
/// lines are not longer than a part.
#[must_use]
pub fn part_of(text: &str, number: usize) -> (Option<&str>, usize) {
    let (mut rest, mut parts, mut wanted) = (text, 0_usize, None);
    loop {
        let (part, after) = rest.split_at(end_of_part(rest));
        parts = parts.saturating_add(1);
        if parts == number {
            wanted = Some(part);
        }
        if after.is_empty() {
            return (wanted, parts);
        }
        rest = after;
    }
}

fn end_of_part(text: &str) -> usize {
    if text.len() <= PART {
        return text.len();
    }
    let end = text.floor_char_boundary(PART);
    let lines = text.get(..end).and_then(|part| part.rfind('\n'));
    lines.map_or(end, |line| line.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::{PART, part_of};

    #[test]
    fn the_parts_together_are_the_text() {
        let lines = "a line of text, ä\n".repeat(5000);
        for text in [String::new(), "short".to_owned(), lines, "ä".repeat(PART)] {
            let (_, parts) = part_of(&text, 1);
            let together: String = (1..=parts).map(|number| part_of(&text, number).0.unwrap()).collect();
            assert_eq!(together, text);
            assert_eq!((part_of(&text, 0).0, part_of(&text, parts + 1).0), (None, None));
        }
        assert!(part_of(&"a line\n".repeat(5000), 1).0.unwrap().ends_with("line\n"));
    }
}
