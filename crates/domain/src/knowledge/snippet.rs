//! The part of a passage that answers a query, with the words that were looked for marked.

use std::collections::HashSet;

use super::{stem, terms};

/// What stands around each word that was looked for. Where a text has these characters of its own, they are left out.
pub const MARKS: [char; 2] = ['⟦', '⟧'];

/// As many words as a snippet has.
const WORDS: usize = 36;

struct Word<'a> {
    /// What is between it and the word before, and the word itself.
    before: &'a str,
    text: &'a str,
    stem: Option<String>,
}

/// The best part of `text` for these stems.
#[must_use]
pub fn snippet(text: &str, stems: &HashSet<&str>) -> String {
    let words = words(text, stems);
    let from = best_start(&words);
    let to = from.saturating_add(WORDS).min(words.len());
    let shown = words.get(from..to).unwrap_or_default();
    let mut snippet = String::new();
    if from > 0 {
        snippet.push('…');
    }
    for (index, word) in shown.iter().enumerate() {
        let between = if index == 0 { "" } else { word.before };
        push(&mut snippet, between);
        if word.stem.is_some() {
            snippet.push(MARKS[0]);
            push(&mut snippet, word.text);
            snippet.push(MARKS[1]);
        } else {
            push(&mut snippet, word.text);
        }
    }
    if to < words.len() {
        snippet.push('…');
    } else if let Some(last) = words.last() {
        push(&mut snippet, rest(text, last.text));
    }
    snippet.trim().to_owned()
}

/// Runs of white space become one space; our own marks are left out.
fn push(snippet: &mut String, text: &str) {
    for c in text.chars().filter(|c| !MARKS.contains(c)) {
        let c = if c.is_whitespace() { ' ' } else { c };
        if c != ' ' || !snippet.ends_with(' ') {
            snippet.push(c);
        }
    }
}

/// What comes after the last word, which is a part of `text`.
fn rest<'a>(text: &'a str, last: &str) -> &'a str {
    text.rfind(last).and_then(|at| text.get(at.saturating_add(last.len())..)).unwrap_or_default()
}

fn words<'a>(text: &'a str, stems: &HashSet<&str>) -> Vec<Word<'a>> {
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(begin) = rest.find(char::is_alphanumeric) {
        let (before, tail) = rest.split_at(begin);
        let end = tail.find(|c: char| !c.is_alphanumeric()).unwrap_or(tail.len());
        let (word, tail) = tail.split_at(end);
        let stem = terms(word).iter().map(|term| stem(term)).find(|stem| stems.contains(stem.as_str()));
        words.push(Word { before, text: word, stem });
        rest = tail;
    }
    words
}

/// Where the part begins that has the most of the different stems; of equal ones the first.
fn best_start(words: &[Word<'_>]) -> usize {
    let (mut best, mut most) = (0, (0, 0));
    let marked = words.iter().enumerate().filter(|(_, word)| word.stem.is_some()).map(|(at, _)| at);
    for at in marked.take(500) {
        let from = at.saturating_sub(WORDS / 6);
        let part = words.get(from..from.saturating_add(WORDS).min(words.len())).unwrap_or_default();
        let found: Vec<&str> = part.iter().filter_map(|word| word.stem.as_deref()).collect();
        let different = found.iter().collect::<HashSet<_>>().len();
        if (different, found.len()) > most {
            (best, most) = (from, (different, found.len()));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::snippet;

    #[test]
    fn the_part_with_the_most_of_the_words_is_shown_and_they_are_marked() {
        let filler = "nothing to see here ".repeat(30);
        let text = format!("Webhooks are one way. {filler}\n\nTo verify a webhook, check its <signature>!  {filler}");
        let stems = HashSet::from(["webhook", "signatur"]);

        let shown = snippet(&text, &stems);

        assert!(shown.contains("To verify a ⟦webhook⟧, check its <⟦signature⟧>! nothing"), "{shown}");
        assert!(shown.starts_with('…') && shown.ends_with('…'));
    }

    #[test]
    fn marks_of_the_text_itself_do_not_mark() {
        assert_eq!(snippet("a ⟦b⟧ c.", &HashSet::from(["c"])), "a b ⟦c⟧.");
        assert_eq!(snippet("", &HashSet::new()), "");
        assert_eq!(snippet("?! …", &HashSet::new()), "");
    }
}
