//! Words as the search knows them: their stems, and which others somebody may have meant.

use rust_stemmers::{Algorithm, Stemmer};

/// The stem of a term of [`terms`](super::terms): what "install", "installs" and "installing" have in common (Snowball's
/// English stemmer, which leaves most words of other languages alone). Only letters and digits are left of it.
#[must_use]
pub fn stem(term: &str) -> String {
    let stemmed = Stemmer::create(Algorithm::English).stem(term);
    stemmed.chars().filter(|c| c.is_alphanumeric()).take(LONGEST).collect()
}

/// Words of questions that say nothing about the answer.
const EMPTY: &[&str] = &[
    "a", "about", "am", "an", "and", "any", "are", "as", "at", "be", "but", "by", "can", "could", "did", "do", "does",
    "for", "from", "get", "had", "has", "have", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "not",
    "of", "on", "or", "our", "should", "so", "some", "that", "the", "their", "them", "then", "there", "these", "they",
    "this", "to", "was", "we", "were", "what", "when", "where", "which", "who", "why", "will", "with", "would", "you",
    "your",
];

/// Whether a term says nothing about what is looked for, as "how" and "the" do.
#[must_use]
pub fn is_empty_word(term: &str) -> bool {
    EMPTY.binary_search(&term).is_ok()
}

/// Longer words are not told apart beyond this.
const LONGEST: usize = 64;

/// How many mistakes a word of that many characters may have: none where everything is like everything.
#[must_use]
pub const fn mistakes(length: usize) -> usize {
    match length {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// Whether `typed` is `word` with at most `most` letters left out, added, changed, or swapped with the next one
/// (the restricted Damerau-Levenshtein distance).
#[must_use]
pub fn is_like(typed: &str, word: &str, most: usize) -> bool {
    let (typed, word): (Vec<char>, Vec<char>) = (typed.chars().collect(), word.chars().collect());
    if typed.len().abs_diff(word.len()) > most {
        return false;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=word.len()).collect();
    for (row, typed_char) in typed.iter().enumerate() {
        let mut next = vec![row + 1];
        for (column, word_char) in word.iter().enumerate() {
            let changed = last[column] + usize::from(typed_char != word_char);
            let mut least = changed.min(last[column + 1] + 1).min(next[column] + 1);
            if row > 0 && column > 0 && typed[row - 1] == *word_char && *typed_char == word[column - 1] {
                least = least.min(before[column - 1] + 1);
            }
            next.push(least);
        }
        if next.iter().all(|cost| *cost > most) {
            return false;
        }
        before = std::mem::replace(&mut last, next);
    }
    last.last().is_some_and(|cost| *cost <= most)
}

#[cfg(test)]
mod tests {
    use super::{EMPTY, is_empty_word, is_like, stem};

    #[test]
    fn words_that_say_nothing_are_known() {
        assert!(EMPTY.is_sorted());
        assert!(is_empty_word("how") && !is_empty_word("install"));
    }

    #[test]
    fn forms_of_a_word_have_one_stem() {
        for form in ["install", "installs", "installed", "installing"] {
            assert_eq!(stem(form), "instal", "{form}");
        }
        assert_eq!(stem("o'clock-ish"), "oclockish", "letters and digits only");
        assert_eq!(stem(&"x".repeat(500)).len(), 64);
    }

    #[test]
    fn a_mistake_is_a_letter_too_many_too_few_another_or_two_swapped() {
        for typed in ["webhok", "webhoook", "webhoak", "wbehook", "ewbhook", "webhoo"] {
            assert!(is_like(typed, "webhook", 1), "{typed}");
        }
        assert!(!is_like("wbhok", "webhook", 1) && is_like("wbhok", "webhook", 2));
        assert!(!is_like("web", "webhook", 2) && is_like("", "", 0) && !is_like("a", "b", 0));
    }
}
