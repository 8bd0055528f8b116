//! How well documents are found, beside plain BM25: forty questions of a customer's, each with the page that answers it.
//! Then what it costs: reading the documents, reading them again, and one that changed.
mod baseline;
mod library;
mod questions;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::{Ground, Options, load::Figures, table::Table};
use crate::{
    api::{Api, text},
    process,
};
use library::Page;
use questions::Question;

const NAME: &str = "bench";
/// As many documents as one call takes, and fewer where they are long.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 4_000_000;
const PATIENCE: Duration = Duration::from_secs(600);

pub(super) async fn run(options: &Options, ground: &Ground) -> Result<()> {
    let folder = options.docs.as_deref().context("which documents? give --docs <folder>")?;
    let (mut pages, questions) = (library::pages(folder)?, questions::all()?);
    let missing = questions.iter().find(|asked| !pages.iter().any(|page| asked.is_answered_by(page.path.as_str())));
    ensure!(missing.is_none(), "{} has no {}", folder.display(), missing.map_or("", Question::page));

    let (node, data) = ground.start(NAME, &[])?;
    let owner = Api::new(&node.url)?.seed(1).await?.owner;
    let outcome = async {
        let namespace = owner.call("knowledge.createNamespace", &json!({ "name": "Documentation" })).await?;
        let library = Library { owner: &owner, namespace: text(&namespace["id"])? };
        let before = size(ground, &data)?;
        let mut readings = Table::new(&["reading", "seconds", "read", "skipped", "chunks", "chunks per s"]);
        let first = library.ingest("all", &pages, &mut readings).await?;
        let grown = size(ground, &data)?.saturating_sub(before);
        let chunks = pages.iter().map(|page| page.reading().sections.len()).sum();
        ensure!(first == (pages.len(), 0, chunks), "{first:?} of {} documents in {chunks} chunks", pages.len());

        let again = library.ingest("again", &pages, &mut readings).await?;
        ensure!(again == (0, pages.len(), 0), "what is there already was read again: {again:?}");
        let ours = library.ask(&questions).await?;
        let last = pages.last_mut().context("no page")?;
        last.content.push_str("\n\n## Added\n\nOne more paragraph.\n");
        let chunks = last.reading().sections.len();
        let changed = library.ingest("one changed", &pages, &mut readings).await?;
        ensure!(changed == (1, pages.len().saturating_sub(1), chunks), "more than one page changed: {changed:?}");
        Ok((readings, ours, grown))
    };
    let (readings, ours, grown) = outcome.await.with_context(|| format!("the log ends\n{}", node.last_words()))?;
    let (theirs, each) = baseline::ask(&pages, &questions)?;

    let hits = hits(&questions, &ours.pages, &theirs);
    let missed = missed(&questions, &ours.pages, &theirs);
    let (database, cores) = (options.database(), thread::available_parallelism()?.get());
    let Figures { p50, p99, .. } = Figures::of(ours.delays, ours.took).context("nothing was asked")?;
    if options.json {
        println!(
            "{:#}",
            json!({ "database": database, "cores": cores, "documents": pages.len(), "questions": questions.len(),
                "hits": hits.json(), "missed": missed.json(), "readings": readings.json(), "p50Ms": p50, "p99Ms": p99,
                "bm25Ms": each, "grownBytes": grown })
        );
        return Ok(());
    }
    println!("{database}, {cores} cores shared with the client, {} documents\n", pages.len());
    println!("{}\n{}\n{}", hits.text(), missed.text(), readings.text());
    println!("a question takes {p50:.2} ms (p50), {p99:.2} ms (p99) over HTTP; plain BM25 {each:.2} ms in memory");
    println!("the database has grown by {} KB", grown / 1024);
    Ok(())
}

/// A namespace of a running node.
struct Library<'a> {
    owner: &'a Api,
    namespace: String,
}

/// What the node answered.
struct Asked {
    /// For each question, the pages of the best chunks, the best first.
    pages: Vec<Vec<String>>,
    delays: Vec<Duration>,
    took: Duration,
}

impl Library<'_> {
    /// Hands the pages in, and waits until they are read: how many were, how many were skipped, and in how many chunks.
    async fn ingest(&self, what: &str, pages: &[Page], table: &mut Table) -> Result<(usize, usize, usize)> {
        let began = Instant::now();
        let (mut read, mut skipped, mut chunks) = (0_usize, 0_usize, 0_usize);
        for batch in batches(pages) {
            let documents: Vec<Value> = batch.iter().map(Page::json).collect::<Result<_>>()?;
            let input = json!({ "namespaceId": self.namespace, "documents": documents });
            let job = self.owner.call("knowledge.ingest", &input).await?["jobId"].clone();
            let done = self.finished(&job).await?;
            let count = |name: &str| done[name].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
            read = read.saturating_add(count("processed"));
            skipped = skipped.saturating_add(count("skipped"));
            chunks = chunks.saturating_add(count("chunkCount"));
        }
        let seconds = began.elapsed().as_secs_f64();
        let rate = u32::try_from(chunks).map(f64::from)? / seconds;
        table.push(vec![what.into(), seconds.into(), read.into(), skipped.into(), chunks.into(), rate.into()]);
        Ok((read, skipped, chunks))
    }

    async fn finished(&self, job: &Value) -> Result<Value> {
        let began = Instant::now();
        loop {
            ensure!(!process::interrupted(), "interrupted");
            let seen = self.owner.call("knowledge.getJob", &json!({ "jobId": job })).await?;
            match seen["status"].as_str() {
                Some("completed") => {
                    ensure!(seen["failed"].as_array().is_some_and(Vec::is_empty), "some failed: {}", seen["failed"]);
                    return Ok(seen);
                }
                Some("failed") => anyhow::bail!("the job failed: {seen}"),
                _ => ensure!(began.elapsed() < PATIENCE, "the job takes too long: {seen}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Asks everything twice, and counts the second time, when connections and caches are warm.
    async fn ask(&self, questions: &[Question]) -> Result<Asked> {
        self.ask_once(questions).await?;
        self.ask_once(questions).await
    }

    async fn ask_once(&self, questions: &[Question]) -> Result<Asked> {
        let (mut pages, mut delays, began) = (Vec::new(), Vec::new(), Instant::now());
        for question in questions {
            let input = json!({ "query": question.text, "namespaceIds": [self.namespace], "limit": 10 });
            let from = Instant::now();
            let found = self.owner.call("knowledge.search", &input).await?;
            delays.push(from.elapsed());
            let mut answer: Vec<String> = Vec::new();
            for hit in found.as_array().context("a search answers a list")? {
                let path = text(&hit["path"])?;
                if !answer.contains(&path) {
                    answer.push(path);
                }
            }
            pages.push(answer);
        }
        Ok(Asked { pages, delays, took: began.elapsed() })
    }
}

fn batches(pages: &[Page]) -> Vec<&[Page]> {
    let (mut batches, mut start, mut bytes) = (Vec::new(), 0, 0_usize);
    for (place, page) in pages.iter().enumerate() {
        bytes = bytes.saturating_add(page.content.len());
        if place - start == BATCH || bytes > BATCH_BYTES && place > start {
            batches.extend(pages.get(start..place));
            (start, bytes) = (place, page.content.len());
        }
    }
    batches.extend(pages.get(start..).filter(|rest| !rest.is_empty()));
    batches
}

/// At which place the right page stands, from 0.
fn place(question: &Question, answer: &[String]) -> Option<usize> {
    answer.iter().position(|path| question.is_answered_by(path))
}

/// How many of each kind were answered by the first page, and by one of the first five.
fn hits(questions: &[Question], ours: &[Vec<String>], theirs: &[Vec<String>]) -> Table {
    let mut kinds: BTreeMap<&str, [usize; 5]> = BTreeMap::new();
    for ((question, ours), theirs) in questions.iter().zip(ours).zip(theirs) {
        let [first, five, bm25_first, bm25_five] = [(ours, 1), (ours, 5), (theirs, 1), (theirs, 5)]
            .map(|(answer, within)| usize::from(place(question, answer).is_some_and(|place| place < within)));
        for kind in [question.kind, "~ all"] {
            let sums = kinds.entry(kind).or_default();
            for (sum, more) in sums.iter_mut().zip([1, first, five, bm25_first, bm25_five]) {
                *sum = sum.saturating_add(more);
            }
        }
    }
    let mut table = Table::new(&["questions", "asked", "hit@1", "hit@5", "BM25 hit@1", "BM25 hit@5"]);
    for (kind, sums) in kinds {
        let mut row: Vec<Value> = vec![kind.trim_start_matches("~ ").into()];
        row.extend(sums.map(Value::from));
        table.push(row);
    }
    table
}

/// Where the first page was another one.
fn missed(questions: &[Question], ours: &[Vec<String>], theirs: &[Vec<String>]) -> Table {
    let mut table = Table::new(&["not first", "place", "BM25 place", "answered by", "first was"]);
    for ((question, ours), theirs) in questions.iter().zip(ours).zip(theirs) {
        let found = place(question, ours);
        if found != Some(0) {
            let shown = |place: Option<usize>| place.map_or(Value::Null, |place| place.saturating_add(1).into());
            let first = ours.first().map_or("nothing", String::as_str);
            let places = [shown(found), shown(place(question, theirs))];
            let [ours, theirs] = places;
            table.push(vec![question.text.into(), ours, theirs, question.page().into(), first.into()]);
        }
    }
    table
}

/// The bytes that the database has on its disk.
fn size(ground: &Ground, data: &Path) -> Result<u64> {
    if let Some(cluster) = &ground.cluster {
        return cluster.size(NAME);
    }
    let mut sum = 0_u64;
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().contains(".sqlite") {
            sum = sum.saturating_add(entry.metadata()?.len());
        }
    }
    Ok(sum)
}
