//! How well a passage answers a query: BM25 (Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009) with
//! fields, the same whatever database found the passage.

use std::collections::{HashMap, HashSet};

use super::{stem, terms};

/// How much a word in a title counts, compared with one in the text.
const TITLE: f64 = 4.0;
/// The same of a word in a heading.
const HEADING: f64 = 2.5;
/// How soon more of the same word stops to count more.
const K1: f64 = 1.2;
/// How much long passages are held against themselves.
const B: f64 = 0.75;

/// How much there is to search in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Corpus {
    /// Passages.
    pub passages: i64,
    /// Words of their texts.
    pub words: i64,
}

/// A stem that is looked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Sought {
    /// The stem.
    pub stem: String,
    /// Which word of the query it stands for; of several stems for one word the best one counts.
    pub word: usize,
    /// In how many passages it is.
    pub passages: i64,
    /// How sure it is that the word means this stem: 1 where it was typed so.
    pub sureness: f64,
}

/// What may answer.
#[derive(Clone, Copy, Debug)]
pub struct Passage<'a> {
    /// Its document's title.
    pub title: &'a str,
    /// The headings above it.
    pub heading: &'a str,
    /// What it says.
    pub text: &'a str,
}

/// Scores passages for one query.
#[derive(Debug)]
pub struct Scorer<'a> {
    sought: &'a [Sought],
    weights: Vec<f64>,
    initials: HashSet<Option<char>>,
    average: f64,
    all: f64,
}

impl<'a> Scorer<'a> {
    /// For the query that `sought` stands for.
    #[must_use]
    pub fn new(sought: &'a [Sought], corpus: Corpus) -> Self {
        let weights: Vec<f64> = sought.iter().map(|one| rarity(one.passages, corpus.passages) * one.sureness).collect();
        let all = best_of_each_word(sought, &weights).into_values().sum();
        let average = as_float(corpus.words) / as_float(corpus.passages.max(1));
        let initials = sought.iter().map(|one| one.stem.chars().next()).collect();
        Self { sought, weights, initials, average: average.max(1.0), all }
    }

    /// How well `passage` answers; 0 where none of the words is in it.
    #[must_use]
    pub fn score(&self, passage: Passage<'_>) -> f64 {
        let ((title, _), (heading, _)) = (self.counts(passage.title), self.counts(passage.heading));
        let (text, length) = self.counts(passage.text);
        let shortness = 1.0 - B + B * length / self.average;
        let of = |counted: &HashMap<String, u32>, stem: &str| f64::from(counted.get(stem).copied().unwrap_or(0));
        let mut found = Vec::with_capacity(self.sought.len());
        let mut present = Vec::with_capacity(self.sought.len());
        for (one, weight) in self.sought.iter().zip(&self.weights) {
            // A title says a word once or not at all.
            let often = TITLE * of(&title, &one.stem).min(1.0)
                + HEADING * of(&heading, &one.stem).min(1.0)
                + of(&text, &one.stem) / shortness;
            found.push(weight * often * (K1 + 1.0) / (often + K1));
            present.push(if often > 0.0 { *weight } else { 0.0 });
        }
        let sum: f64 = best_of_each_word(self.sought, &found).into_values().sum();
        let there: f64 = best_of_each_word(self.sought, &present).into_values().sum();
        // All the words together say more than one of them often.
        if self.all > 0.0 { sum * (0.5 + 0.5 * there / self.all) } else { 0.0 }
    }

    /// How often each stem that is looked for is in `text`, and how many words there are.
    fn counts(&self, text: &str) -> (HashMap<String, u32>, f64) {
        let (mut counts, mut length) = (HashMap::new(), 0.0);
        for term in terms(text) {
            length += 1.0;
            // A stem begins as its word does, so most words need not be stemmed.
            if self.initials.contains(&term.chars().next()) {
                let count: &mut u32 = counts.entry(stem(&term)).or_default();
                *count = count.saturating_add(1);
            }
        }
        (counts, length)
    }
}

/// How much a stem says that so many of all passages have (BM25's inverse document frequency, never negative).
fn rarity(having: i64, all: i64) -> f64 {
    let all = as_float(all.max(having).max(1));
    (1.0 + (all - as_float(having) + 0.5) / (as_float(having) + 0.5)).ln()
}

fn best_of_each_word(sought: &[Sought], values: &[f64]) -> HashMap<usize, f64> {
    let mut best: HashMap<usize, f64> = HashMap::new();
    for (one, value) in sought.iter().zip(values) {
        let known = best.entry(one.word).or_default();
        *known = known.max(*value);
    }
    best
}

#[expect(clippy::cast_precision_loss, reason = "no collection of documents has 2^52 words")]
const fn as_float(count: i64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::{Corpus, Passage, Scorer, Sought};

    fn sought(words: &[(&str, i64)]) -> Vec<Sought> {
        let one = |(word, (stem, passages)): (usize, &(&str, i64))| Sought {
            stem: (*stem).to_owned(),
            word,
            passages: *passages,
            sureness: 1.0,
        };
        words.iter().enumerate().map(one).collect()
    }

    fn passage<'a>(title: &'a str, heading: &'a str, text: &'a str) -> Passage<'a> {
        Passage { title, heading, text }
    }

    #[test]
    fn title_before_heading_before_text_before_nothing() {
        let sought = sought(&[("webhook", 10)]);
        let scorer = Scorer::new(&sought, Corpus { passages: 100, words: 1000 });
        let text = "how to send webhooks to your own server when something happens";
        let scores = [
            scorer.score(passage("Webhooks", "", "how things are sent to your own server")),
            scorer.score(passage("Sending", "Webhooks", "how things are sent to your own server")),
            scorer.score(passage("Sending", "", text)),
            scorer.score(passage("Sending", "", "nothing of it")),
        ];
        assert!(scores[0] > scores[1] && scores[1] > scores[2] && scores[2] > scores[3], "{scores:?}");
        assert_eq!(scores[3].to_bits(), 0.0_f64.to_bits());
    }

    #[test]
    fn a_rare_word_says_more_than_a_common_one_and_both_more_than_either() {
        let sought = sought(&[("the", 99), ("quota", 2)]);
        let scorer = Scorer::new(&sought, Corpus { passages: 100, words: 600 });
        let of = |text: &str| scorer.score(passage("", "", text));
        assert!(of("a quota for all of them here") > of("the end the end the end"));
        assert!(of("the quota for all of them") > of("a quota for all of them"));
    }
}
