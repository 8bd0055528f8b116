//! What of a document can be found: the terms of its passages, and which words there are.

use std::collections::{BTreeMap, BTreeSet};

use super::{Reading, Section, stem, terms};
use crate::id::{self, Id};

/// Words longer than this are kept cut off.
const LONGEST_WORD: usize = 64;

/// A document as it is found.
#[derive(Clone, Debug, Default)]
pub struct Indexed {
    /// Its passages, in order.
    pub passages: Vec<IndexedPassage>,
    /// In how many passages each word is, in order, with its stem.
    pub words: BTreeMap<String, (String, i64)>,
    /// How many words the texts of all passages have.
    pub word_count: i64,
}

/// A passage as it is found: its terms, each of which belongs to one namespace, with spaces between.
#[derive(Clone, Debug)]
pub struct IndexedPassage {
    /// The headings above it.
    pub heading: String,
    /// What it says.
    pub text: String,
    /// The terms of the document's title.
    pub title_terms: String,
    /// The terms of the headings and the tags.
    pub heading_terms: String,
    /// The terms of the text.
    pub text_terms: String,
}

/// What is found of `reading` in that namespace.
#[must_use]
pub fn index(namespace: Id<id::Namespace>, reading: &Reading) -> Indexed {
    let mut indexed = Indexed::default();
    let (title, tags) = (terms(&reading.title), terms(&reading.tags.join(" ")));
    // A document without any text is found by its title.
    let untold = [Section { heading: String::new(), text: String::new() }];
    let sections = if reading.sections.is_empty() { &untold[..] } else { &reading.sections };
    for section in sections {
        let mut heading = terms(&section.heading);
        heading.extend(tags.iter().cloned());
        let text = terms(&section.text);
        indexed.word_count = indexed.word_count.saturating_add(i64::try_from(text.len()).unwrap_or(i64::MAX));
        let all: BTreeSet<&String> = title.iter().chain(&heading).chain(&text).collect();
        for term in all {
            let word = term.chars().take(LONGEST_WORD).collect();
            let (_, passages) = indexed.words.entry(word).or_insert_with(|| (stem(term), 0));
            *passages = passages.saturating_add(1);
        }
        indexed.passages.push(IndexedPassage {
            heading: section.heading.clone(),
            text: section.text.clone(),
            title_terms: scoped(namespace, &title),
            heading_terms: scoped(namespace, &heading),
            text_terms: scoped(namespace, &text),
        });
    }
    indexed
}

/// How the stem is spelled in the index of that namespace. No two namespaces of an organization share a spelling, so
/// looking something up costs what there is of it in the namespaces asked for, whatever others have.
#[must_use]
pub fn spelled(namespace: Id<id::Namespace>, stem: &str) -> String {
    let id = namespace.uuid().as_u128() & 0xff_ffff_ffff;
    format!("n{id:010x}{stem}")
}

fn scoped(namespace: Id<id::Namespace>, terms: &[String]) -> String {
    let stems = terms.iter().map(|term| stem(term)).filter(|stem| !stem.is_empty());
    stems.map(|stem| spelled(namespace, &stem)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{index, spelled};
    use crate::{
        Id,
        knowledge::{Reading, Section},
    };

    #[test]
    fn a_passage_is_found_by_title_headings_tags_and_text() {
        let namespace = Id::from_uuid(uuid::Uuid::from_u128(7));
        let section = |heading: &str, text: &str| Section { heading: heading.to_owned(), text: text.to_owned() };
        let reading = Reading {
            title: "Billing".to_owned(),
            tags: vec!["money".to_owned()],
            text: String::new(),
            sections: vec![section("", "Invoices, invoices."), section("Refunds", "Ask for an invoice.")],
        };

        let indexed = index(namespace, &reading);

        let of = |stem: &str| spelled(namespace, stem);
        assert_eq!(of("bill"), "n0000000007bill");
        assert_eq!(indexed.passages[0].title_terms, of("bill"));
        assert_eq!(indexed.passages[1].heading_terms, format!("{} {}", of("refund"), of("money")));
        assert_eq!(indexed.passages[0].text_terms, format!("{0} {0}", of("invoic")));
        assert_eq!(indexed.words["invoices"], ("invoic".to_owned(), 1));
        assert_eq!(indexed.words["billing"], ("bill".to_owned(), 2));
        assert_eq!(indexed.word_count, 6);

        let empty = Reading { sections: Vec::new(), ..reading };
        assert_eq!(index(namespace, &empty).passages.len(), 1, "found by its title");
    }
}
