//! Finding: which stems a query stands for, which passages may answer, and which answer best. The same on every database:
//! that only says which words there are and which passages have them.

use std::collections::{HashMap, HashSet};

use guildhall_domain::{
    Error, Id, Result, id,
    knowledge::{Corpus, Hit, Passage, Scorer, Sought, is_empty_word, is_like, mistakes, snippet, stem, terms},
};
use guildhall_repositories::{FoundPassage, KnownWord, StoredNamespace, Tenant};

/// As many words of a query as are looked for.
const MOST_WORDS: usize = 16;
/// As many words as the last one may be the beginning of.
const MOST_ENDINGS: usize = 8;
/// As many words as one that nobody wrote may have meant, and as many such words of a query.
const MOST_MEANT: usize = 3;
const MOST_MISTAKEN: usize = 4;
/// The last word is looked at as a beginning from this many letters on.
const SHORTEST_BEGINNING: usize = 3;
/// How sure it is that a word is meant that only begins so, or that is only like what was typed.
const BEGUN: f64 = 0.6;
const MEANT: f64 = 0.7;
/// Passages are looked up by their rarest words first, until these are in so many passages: the common ones then still
/// count, and cost no looking up.
const ENOUGH: i64 = 5000;
/// How much the second and the third best passage of a document count for it.
const ALSO: [f64; 2] = [0.2, 0.1];

/// What answers `query` in these namespaces, the best first: one passage of every document that does, and then further
/// ones.
pub(super) async fn find(
    tenant: Tenant<'_>,
    namespaces: &[StoredNamespace],
    query: &str,
    limit: usize,
) -> Result<Vec<Hit>> {
    let ids: Vec<Id<id::Namespace>> = namespaces.iter().map(|stored| stored.namespace.id).collect();
    let sought = sought(tenant, &ids, query).await?;
    let passages = tenant.searches().candidates(&ids, &worth_looking_up(&sought)).await?;
    let corpus = namespaces.iter().fold(Corpus::default(), |sum, stored| Corpus {
        passages: sum.passages.saturating_add(stored.namespace.chunk_count),
        words: sum.words.saturating_add(stored.word_count),
    });
    // Some hundred passages are read closely: too long for a thread that others wait for.
    let ranked = tokio::task::spawn_blocking(move || ranked(&sought, corpus, passages, limit));
    ranked.await.map_err(Error::internal)
}

/// The words of a query as a gap is known by.
pub(super) fn words_of(query: &str) -> String {
    terms(query).join(" ")
}

/// What the words of a query stand for.
async fn sought(tenant: Tenant<'_>, namespaces: &[Id<id::Namespace>], query: &str) -> Result<Vec<Sought>> {
    let mut words = terms(query);
    let mut seen = HashSet::new();
    words.retain(|word| !stem(word).is_empty() && seen.insert(stem(word)));
    if !words.iter().all(|word| is_empty_word(word)) {
        words.retain(|word| !is_empty_word(word));
    }
    words.truncate(MOST_WORDS);
    if words.is_empty() || namespaces.is_empty() {
        return Ok(Vec::new());
    }
    let stems: Vec<String> = words.iter().map(|word| stem(word)).collect();
    let known = by_stem(tenant.searches().words_of(namespaces, &stems).await?);
    let mut sought = Vec::new();
    for (word, stem) in stems.iter().enumerate() {
        if let Some(passages) = known.get(stem) {
            sought.push(Sought { stem: stem.clone(), word, passages: *passages, sureness: 1.0 });
        }
    }
    let last = words.len().saturating_sub(1);
    if let Some(begun) = words.get(last).filter(|word| word.chars().count() >= SHORTEST_BEGINNING) {
        let typed = stems.get(last).and_then(|stem| known.get(stem)).copied();
        let mut endings = by_stem(tenant.searches().words_beginning(namespaces, begun).await?);
        endings.retain(|stem, _| !stems.contains(stem));
        // Where the word itself is written, a rare longer one says no more than it.
        let passages = |passages: i64| passages.max(typed.unwrap_or(0));
        let ending = |(stem, count)| Sought { stem, word: last, passages: passages(count), sureness: BEGUN };
        sought.extend(most_used(endings, MOST_ENDINGS).into_iter().map(ending));
    }
    let unknown: Vec<usize> = (0..words.len()).filter(|word| sought.iter().all(|one| one.word != *word)).collect();
    for word in unknown.into_iter().take(MOST_MISTAKEN) {
        let Some(typed) = words.get(word) else { continue };
        let meant = meant(tenant, namespaces, typed).await?;
        sought.extend(meant.into_iter().map(|(stem, passages)| Sought { stem, word, passages, sureness: MEANT }));
    }
    Ok(sought)
}

/// The words that somebody may have meant who typed one that nobody wrote: those with the fewest mistakes.
async fn meant(tenant: Tenant<'_>, namespaces: &[Id<id::Namespace>], typed: &str) -> Result<Vec<(String, i64)>> {
    let most = mistakes(typed.chars().count());
    if most == 0 || typed.chars().any(|c| c.is_ascii_digit()) {
        return Ok(Vec::new()); // a number means itself
    }
    let typed_stem = stem(typed);
    let compared = tenant.searches().words_like(namespaces, typed).await?;
    for mistakes in 1..=most {
        let like: Vec<KnownWord> = compared
            .iter()
            .filter(|known| is_like(typed, &known.word, mistakes) || is_like(&typed_stem, &known.stem, mistakes))
            .cloned()
            .collect();
        if !like.is_empty() {
            return Ok(most_used(by_stem(like), MOST_MEANT));
        }
    }
    Ok(Vec::new())
}

/// In how many passages each stem is, no fewer.
fn by_stem(words: Vec<KnownWord>) -> HashMap<String, i64> {
    let mut stems: HashMap<String, i64> = HashMap::new();
    for word in words {
        let sum = stems.entry(word.stem).or_default();
        *sum = sum.saturating_add(word.chunks);
    }
    stems
}

fn most_used(stems: HashMap<String, i64>, most: usize) -> Vec<(String, i64)> {
    let mut stems: Vec<(String, i64)> = stems.into_iter().collect();
    stems.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    stems.truncate(most);
    stems
}

/// The stems by which passages are looked up.
fn worth_looking_up(sought: &[Sought]) -> Vec<&str> {
    let mut rarest: Vec<&Sought> = sought.iter().collect();
    rarest.sort_by_key(|one| one.passages);
    let mut sum: i64 = 0;
    let worth = rarest.into_iter().take_while(|one| {
        let first = sum == 0;
        sum = sum.saturating_add(one.passages.max(1));
        first || sum <= ENOUGH
    });
    worth.map(|one| one.stem.as_str()).collect()
}

fn ranked(sought: &[Sought], corpus: Corpus, passages: Vec<FoundPassage>, limit: usize) -> Vec<Hit> {
    let scorer = Scorer::new(sought, corpus);
    let mut documents: HashMap<Id<id::Document>, Vec<(f64, FoundPassage)>> = HashMap::new();
    for passage in passages {
        let heading = format!("{} {}", passage.heading, passage.tags.join(" "));
        let score = scorer.score(Passage { title: &passage.title, heading: &heading, text: &passage.text });
        if score > 0.0 {
            documents.entry(passage.document).or_default().push((score, passage));
        }
    }
    let (mut first, mut further) = (Vec::new(), Vec::new());
    for mut passages in documents.into_values() {
        passages.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.place.cmp(&b.1.place)));
        let also: f64 = passages.iter().skip(1).zip(ALSO).map(|((score, _), share)| score * share).sum();
        let mut passages = passages.into_iter();
        first.extend(passages.next().map(|(score, passage)| (score + also, passage)));
        further.extend(passages);
    }
    for list in [&mut first, &mut further] {
        list.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.path.cmp(&b.1.path)));
    }
    let stems: HashSet<&str> = sought.iter().map(|one| one.stem.as_str()).collect();
    let hit = |(score, passage): (f64, FoundPassage)| Hit {
        document_id: passage.document,
        path: passage.path,
        title: passage.title,
        heading: passage.heading,
        snippet: snippet(&passage.text, &stems),
        score: (score * 1000.0).round() / 1000.0,
    };
    first.into_iter().chain(further).take(limit).map(hit).collect()
}
